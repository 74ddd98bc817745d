from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from acd.cli import prompts as command

ROOT = Path(__file__).parents[3]
FOLDERS = ["--config", str(ROOT / "config"), "--flows", str(ROOT / "ivr_flows")]


def test_every_prompt_is_listed_with_its_source_and_text() -> None:
    done = CliRunner().invoke(command.app, ["list", *FOLDERS])
    assert done.exit_code == 0
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(row) for row in rows} == {4}
    assert ["id", "welcome", "espeak-ng id"] in [row[:3] for row in rows]


def test_prompts_without_a_sound_file_are_named_and_fail(tmp_path: Path) -> None:
    done = CliRunner().invoke(command.app, ["missing", "--into", str(tmp_path), *FOLDERS])
    assert done.exit_code == 1
    assert "not recorded: id/welcome\n" in done.stdout
    assert "no sound file: id/welcome\n" in done.stdout
