from __future__ import annotations

import io
import wave
from pathlib import Path

import pytest

from acd.deploy.prompts import Prompt, build_prompts, list_prompts, missing, publish, unrecorded
from acd.deploy.toolchain import ToolSet
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey

ID, EN = Language("id"), Language("en")
WELCOME, BYE = PromptKey("welcome"), PromptKey("bye")
CATALOGUE = {WELCOME: {ID: "Selamat datang", EN: "Welcome"}, BYE: {ID: "Terima kasih"}}


def _wav(rate: int = 8000, frames: bytes = b"\1\0" * 80) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(frames)
    return file.getvalue()


@pytest.fixture
def tools(tmp_path: Path) -> ToolSet:
    """Stand-ins that note how they were called: espeak-ng writes its text, sox writes what it read."""
    log = tmp_path / "log"
    log.touch()
    espeak, sox = tmp_path / "espeak-ng", tmp_path / "sox"
    espeak.write_text(f'#!/bin/sh\necho "espeak $2" >> {log}\nfor last; do :; done\ncat > "$last"\n')
    sox.write_text(f'#!/bin/sh\necho sox >> {log}\ngrep -q fail "$2" && exit 2\ncp "$2" "$7"\n')
    for program in (espeak, sox):
        program.chmod(0o755)
    return ToolSet(tmp_path, {"espeak-ng": (str(espeak),), "sox": (str(sox),)}, {})


def _log(tools: ToolSet) -> list[str]:
    assert tools.root is not None
    return sorted((tools.root / "log").read_text().splitlines())


def test_every_prompt_gets_its_file_and_its_path_without_ending(tmp_path: Path, tools: ToolSet) -> None:
    made = build_prompts(list_prompts(CATALOGUE), tmp_path / "out", tmp_path / "cache", tools)
    assert made == {
        (WELCOME, ID): tmp_path / "out/id/welcome",
        (WELCOME, EN): tmp_path / "out/en/welcome",
        (BYE, ID): tmp_path / "out/id/bye",
    }
    assert (tmp_path / "out/id/welcome.wav").read_text() == "Selamat datang"


def test_a_prompt_made_before_is_only_copied(tmp_path: Path, tools: ToolSet) -> None:
    build_prompts(list_prompts(CATALOGUE), tmp_path / "out", tmp_path / "cache", tools)
    calls = _log(tools)
    build_prompts(list_prompts(CATALOGUE), tmp_path / "other", tmp_path / "cache", tools)
    assert _log(tools) == calls
    assert (tmp_path / "other/en/welcome.wav").read_text() == "Welcome"


def test_a_changed_text_or_voice_is_spoken_again(tmp_path: Path, tools: ToolSet) -> None:
    for text, voice in (("Bye", "en-us"), ("Goodbye", "en-us"), ("Goodbye", "en-gb")):
        build_prompts(list_prompts({BYE: {EN: text}}, {EN: voice}), tmp_path / "out", tmp_path / "cache", tools)
    assert _log(tools) == ["espeak en-gb", "espeak en-us", "espeak en-us", "sox", "sox", "sox"]
    assert (tmp_path / "out/en/bye.wav").read_text() == "Goodbye"


def test_a_recording_in_the_right_form_is_taken_as_it_is(tmp_path: Path, tools: ToolSet) -> None:
    voices = tmp_path / "voices"
    (voices / "id").mkdir(parents=True)
    (voices / "id/bye.wav").write_bytes(_wav())
    prompts = list_prompts({BYE: {ID: "Terima kasih"}}, None, voices)
    build_prompts(prompts, tmp_path / "out", tmp_path / "cache", tools)
    assert (tmp_path / "out/id/bye.wav").read_bytes() == _wav()
    assert _log(tools) == []
    assert unrecorded(prompts) == []


def test_a_recording_in_another_form_is_converted_and_not_spoken(tmp_path: Path, tools: ToolSet) -> None:
    voices = tmp_path / "voices"
    (voices / "id").mkdir(parents=True)
    (voices / "id/bye.wav").write_bytes(_wav(rate=44100))
    build_prompts(list_prompts({BYE: {ID: "x"}}, None, voices), tmp_path / "out", tmp_path / "cache", tools)
    assert _log(tools) == ["sox"]


def test_a_program_that_fails_leaves_no_file_and_names_the_prompt(tmp_path: Path, tools: ToolSet) -> None:
    with pytest.raises(DeployError, match=r"The prompt bye \(id\) cannot be made"):
        build_prompts(list_prompts({BYE: {ID: "fail"}}), tmp_path / "out", tmp_path / "cache", tools)
    assert [path for path in tmp_path.rglob("*.wav") if "tools" not in path.parts] == []


def test_prompts_without_a_file_are_listed(tmp_path: Path) -> None:
    prompts = list_prompts(CATALOGUE)
    publish(_wav(), tmp_path / "id/bye.wav")
    assert [(p.language, p.key) for p in missing(prompts, tmp_path)] == [(EN, WELCOME), (ID, WELCOME)]


def test_a_key_that_leads_out_of_the_folder_is_refused() -> None:
    with pytest.raises(DeployError):
        list_prompts({PromptKey("../x"): {ID: "x"}})


def test_a_text_is_never_taken_for_an_option(tmp_path: Path, tools: ToolSet) -> None:
    prompt = Prompt(BYE, ID, "--version", "id", None)
    build_prompts([prompt], tmp_path / "out", tmp_path / "cache", tools)
    assert (tmp_path / "out/id/bye.wav").read_text() == "--version"


def test_a_text_without_words_is_a_pause_that_nobody_speaks(tmp_path: Path, tools: ToolSet) -> None:
    build_prompts(list_prompts({BYE: {ID: ","}}), tmp_path / "out", tmp_path / "cache", tools)
    assert _log(tools) == ["sox"]
    with wave.open(str(tmp_path / "out/id/bye.wav"), "rb") as sound:
        assert sound.readframes(sound.getnframes()) == bytes(3200)


def test_a_file_that_is_the_same_stays_untouched(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    publish(b"sound", path)
    inode = path.stat().st_ino
    publish(b"sound", path)
    assert path.stat().st_ino == inode
    publish(b"other", path)
    assert path.stat().st_ino != inode
    assert path.stat().st_mode & 0o777 == 0o644
