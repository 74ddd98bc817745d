from __future__ import annotations

import io
import os
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from acd.deploy.prompts import (
    Prompt,
    build_prompts,
    list_prompts,
    missing,
    programs,
    prompts_of,
    publish,
    speech_of,
    unrecorded,
)
from acd.deploy.speech import Speech
from acd.deploy.toolchain import ToolSet
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey
from acd.settings.values import PromptsSettings
from tests.unit.deploy.stand_ins import calls, stand_ins

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
def speech(tmp_path: Path) -> Speech:
    """Stand-ins that note how they were called: espeak-ng writes its text, sox writes what it read."""
    return Speech(stand_ins(tmp_path))


def _log(speech: Speech) -> list[str]:
    return calls(speech.tools)


def test_every_prompt_gets_its_file_and_its_path_without_ending(tmp_path: Path, speech: Speech) -> None:
    made = build_prompts(list_prompts(CATALOGUE), tmp_path / "out", tmp_path / "cache", speech)
    assert made == {
        (WELCOME, ID): tmp_path / "out/id/welcome",
        (WELCOME, EN): tmp_path / "out/en/welcome",
        (BYE, ID): tmp_path / "out/id/bye",
    }
    assert (tmp_path / "out/id/welcome.wav").read_text() == "Selamat datang"


def test_a_prompt_made_before_is_only_copied(tmp_path: Path, speech: Speech) -> None:
    build_prompts(list_prompts(CATALOGUE), tmp_path / "out", tmp_path / "cache", speech)
    calls = _log(speech)
    build_prompts(list_prompts(CATALOGUE), tmp_path / "other", tmp_path / "cache", speech)
    assert _log(speech) == calls
    assert (tmp_path / "other/en/welcome.wav").read_text() == "Welcome"


def test_a_changed_text_or_voice_is_spoken_again(tmp_path: Path, speech: Speech) -> None:
    for text, voice in (("Bye", "en-us"), ("Goodbye", "en-us"), ("Goodbye", "en-gb")):
        build_prompts(list_prompts({BYE: {EN: text}}, {EN: voice}), tmp_path / "out", tmp_path / "cache", speech)
    assert [call for call in _log(speech) if call.startswith("espeak")] == ["espeak en-gb", *["espeak en-us"] * 2]
    assert (tmp_path / "out/en/bye.wav").read_text() == "Goodbye"


def test_a_recording_wins_over_speech_and_is_only_levelled(tmp_path: Path, speech: Speech) -> None:
    voices = tmp_path / "voices"
    (voices / "id").mkdir(parents=True)
    (voices / "id/bye.wav").write_bytes(_wav())
    prompts = list_prompts({BYE: {ID: "Terima kasih"}}, None, voices)
    build_prompts(prompts, tmp_path / "out", tmp_path / "cache", speech)
    assert (tmp_path / "out/id/bye.wav").read_bytes() == _wav()
    assert _log(speech) == ["measure", "sox"]
    (voices / "id/bye.wav").write_bytes(_wav(frames=b"loud"))
    build_prompts(prompts, tmp_path / "out", tmp_path / "cache", speech)
    assert _log(speech) == ["measure", "measure", "sox", "sox gain -22.29"]
    assert unrecorded(prompts) == []


def test_every_form_asked_for_stands_beside_the_wav_and_no_old_one(tmp_path: Path, speech: Speech) -> None:
    prompts = list_prompts({BYE: {ID: "Terima kasih"}})
    wide = replace(speech, forms=("sln16", "alaw"))
    build_prompts(prompts, tmp_path / "out", tmp_path / "cache", wide)
    assert {path.name for path in (tmp_path / "out/id").iterdir()} == {"bye.wav", "bye.alaw", "bye.sln16"}
    build_prompts(prompts, tmp_path / "out", tmp_path / "cache", replace(speech, forms=("ulaw",)))
    assert {path.name for path in (tmp_path / "out/id").iterdir()} == {"bye.wav", "bye.ulaw"}


def test_a_configuration_names_versions_and_voices_of_single_prompts(tmp_path: Path) -> None:
    settings = PromptsSettings(
        tmp_path, None, "x", {ID: "id", EN: "en-us"}, CATALOGUE, {BYE: 3}, {WELCOME: {EN: "en-gb"}}, ("say", "{file}")
    )
    assert [(p.language, p.key, p.voice, p.version) for p in prompts_of(settings)] == [
        (ID, BYE, "id", 3),
        (EN, WELCOME, "en-gb", 1),
        (ID, WELCOME, "id", 1),
    ]
    assert programs(settings) == ("sox",)
    assert speech_of(settings, ToolSet(None, {}, {})).command == ("say", "{file}")
    assert programs(replace(settings, command=())) == ("espeak-ng", "sox")


def test_callers_files_are_named_by_the_wording_and_a_few_of_before_stay(tmp_path: Path, speech: Speech) -> None:
    def built(text: str) -> str:
        settings = PromptsSettings(tmp_path / "out", None, "x", {}, {BYE: {ID: text}})
        prompts = prompts_of(settings)
        wording = settings.wording(BYE, ID)
        if (file := tmp_path / f"out/id/bye/{wording}.wav").is_file():
            os.utime(file, (0, 0))  # made long ago, and now in force again
        build_prompts(prompts, tmp_path / "out", tmp_path / "cache", speech)
        assert missing(prompts, tmp_path / "out") == []
        assert prompts[0].worded(tmp_path / "out").read_bytes() == prompts[0].file(tmp_path / "out").read_bytes()
        return wording

    names = [built(text) for text in ("a", "b", "c", "d", "e")]
    for age, name in enumerate(reversed(names)):
        for file in (tmp_path / "out/id/bye").glob(f"{name}.*"):
            os.utime(file, (1000 - age, 1000 - age))
    names += [built("f"), built("d")]
    there = {file.stem for file in (tmp_path / "out/id/bye").iterdir()}
    assert there == {names[5], names[4], names[3], names[2]}


def test_a_program_that_fails_leaves_no_file_and_names_the_prompt(tmp_path: Path, speech: Speech) -> None:
    with pytest.raises(DeployError, match=r"The prompt bye \(id\) cannot be made"):
        build_prompts(list_prompts({BYE: {ID: "fail"}}), tmp_path / "out", tmp_path / "cache", speech)
    assert [path for path in tmp_path.rglob("*.wav") if "tools" not in path.parts] == []


def test_prompts_without_a_file_are_listed(tmp_path: Path) -> None:
    prompts = list_prompts(CATALOGUE)
    publish(_wav(), tmp_path / "id/bye.wav")
    assert [(p.language, p.key) for p in missing(prompts, tmp_path)] == [(EN, WELCOME), (ID, WELCOME)]


def test_a_key_that_leads_out_of_the_folder_is_refused() -> None:
    with pytest.raises(DeployError):
        list_prompts({PromptKey("../x"): {ID: "x"}})


def test_a_text_is_never_taken_for_an_option(tmp_path: Path, speech: Speech) -> None:
    prompt = Prompt(BYE, ID, "--version", "id", None)
    build_prompts([prompt], tmp_path / "out", tmp_path / "cache", speech)
    assert (tmp_path / "out/id/bye.wav").read_text() == "--version"


def test_a_text_without_words_is_a_pause_that_nobody_speaks(tmp_path: Path, speech: Speech) -> None:
    build_prompts(list_prompts({BYE: {ID: ","}}), tmp_path / "out", tmp_path / "cache", speech)
    assert _log(speech) == ["sox"]
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
