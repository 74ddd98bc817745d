from __future__ import annotations

import re
import shutil
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.cli import prompts as command
from tests.unit.deploy.stand_ins import stand_ins

ROOT = Path(__file__).parents[3]
FOLDERS = ["--config", str(ROOT / "config"), "--flows", str(ROOT / "ivr_flows")]


def test_every_prompt_is_listed_with_its_source_and_text() -> None:
    done = CliRunner().invoke(command.app, ["list", *FOLDERS])
    assert done.exit_code == 0
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(row) for row in rows} == {5}
    assert ["id", "welcome", "1", "espeak-ng id"] in [row[:4] for row in rows]


def test_prompts_without_a_sound_file_are_named_and_fail(tmp_path: Path) -> None:
    done = CliRunner().invoke(command.app, ["missing", "--into", str(tmp_path), *FOLDERS])
    assert done.exit_code == 1
    assert "not recorded: id/welcome\n" in done.stdout
    assert "no sound file: id/welcome\n" in done.stdout


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sample deployment with a silent recording, sounds in a folder of its own, and programs that only pretend."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    acd = tmp_path / "config/acd.yaml"
    given = acd.read_text().replace(
        "prompts:\n", f"prompts:\n  recorded_dir: {tmp_path}/voices\n  command: [speaker, '{{file}}']\n", 1
    )
    acd.write_text(given.replace("dir: /var/lib/asterisk/sounds/acd", f"dir: {tmp_path}/sounds", 1))
    (tmp_path / "voices/id").mkdir(parents=True)
    with wave.open(str(tmp_path / "voices/id/welcome.wav"), "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(8000))
    speaker = tmp_path / "speaker"
    speaker.write_text('#!/bin/sh\ncat > "$1"\n')
    speaker.chmod(0o755)
    tools = stand_ins(tmp_path)
    monkeypatch.setattr(command, "fetch_tools", lambda *_: tools)
    monkeypatch.setenv("ACD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return ["--config", str(tmp_path / "config"), "--flows", str(ROOT / "ivr_flows")]


def test_building_says_how_many_prompts_another_program_spoke(folders: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(command.app, ["build", *folders])
    assert done.exit_code == 0, done.output
    assert f"prompts in {tmp_path}/sounds (wav, alaw, ulaw), " in done.output
    assert done.output.rstrip().endswith("of them spoken by speaker")
    assert (tmp_path / "sounds/en/welcome.alaw").read_text().startswith("Welcome to 169")
    assert CliRunner().invoke(command.app, ["missing", *folders]).exit_code == 0


def test_faults_of_recordings_are_told_and_the_programs_own_prompts_counted(folders: list[str], tmp_path: Path) -> None:
    listed = CliRunner().invoke(command.app, ["list", *folders])
    assert f"id\twelcome\t1\t{tmp_path}/voices/id/welcome.wav; silent\tSelamat datang" in listed.output
    lacking = CliRunner().invoke(command.app, ["missing", *folders])
    assert "recording: id/welcome: silent\n" in lacking.output
    assert "not recorded: id/welcome\n" not in lacking.output
    assert "not recorded: en/welcome\n" in lacking.output
    assert re.search(r"not recorded: \d+ prompts of numbers", lacking.output)
    assert "not recorded: id/say_" not in lacking.output


def test_a_prompt_is_written_to_a_file_or_says_what_is_wrong(folders: list[str], tmp_path: Path) -> None:
    def play(*arguments: str) -> Result:
        return CliRunner().invoke(command.app, ["play", *arguments, *folders])

    assert play("bye", "--language", "id", "--to", f"{tmp_path}/bye.wav").exit_code == 0
    assert (tmp_path / "bye.wav").read_text() == "Terima kasih telah menghubungi 169."
    unknown, mute = play("by"), play("bye", "--language", "fr")
    assert (unknown.exit_code, mute.exit_code) == (1, 1)
    assert unknown.output == "there is no prompt 'by'; did you mean 'bye'?\n"
    assert mute.output == "the prompt 'bye' has no text in 'fr'; it has one in en, id\n"


def test_a_prompt_is_played_here(folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(command, "play_here", lambda path: heard.append(path.read_text()))
    done = CliRunner().invoke(command.app, ["play", "bye", *folders])
    assert done.output == "en/bye: Thank you for calling 169.\n"
    assert heard == ["Thank you for calling 169."]
