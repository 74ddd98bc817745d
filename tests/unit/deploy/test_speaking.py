"""Sounds made while calls go on."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acd.deploy.prompts import build_prompts, prompts_of, speech_of
from acd.deploy.speaking import KEPT_S, PromptMaker
from acd.domain.commands import Spoken
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey
from acd.settings.values import PromptsSettings
from tests.unit.deploy.stand_ins import calls, stand_ins

ID, BYE = Language("id"), PromptKey("bye")
HELLO = Spoken("Halo", ID)


class Studio:
    """A maker with programs that only pretend, and a time of its own."""

    def __init__(self, folder: Path) -> None:
        self.tools = stand_ins(folder)
        self.settings = PromptsSettings(folder / "sounds", None, "x", {ID: "id"}, {BYE: {ID: "Sampai jumpa"}})
        self.cache = folder / "cache"
        self.time = 1e9
        self.maker = PromptMaker(self.cache, lambda: self.time, lambda _: self.tools)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_a_prompt_that_was_built_comes_from_the_cache_else_it_is_spoken(studio: Studio) -> None:
    settings = studio.settings
    assert studio.maker.make(settings, BYE, ID) == "synthesised"
    assert (settings.dir / "id/bye.wav").read_text() == "Sampai jumpa"
    newer = replace(settings, versions={BYE: 2})
    build_prompts(prompts_of(newer), newer.dir, studio.cache, speech_of(newer, studio.tools))
    (settings.dir / "id/bye.wav").unlink()
    spoken = calls(studio.tools)
    assert studio.maker.make(newer, BYE, ID) == "cache"
    assert calls(studio.tools) == spoken
    assert (settings.dir / "id/bye.wav").read_text() == "Sampai jumpa"


def test_a_text_is_spoken_once_into_a_folder_of_its_own(studio: Studio) -> None:
    file = studio.maker.spoken_file(studio.settings, HELLO)
    assert file.parent == studio.settings.dir / "spoken"
    for _ in range(2):
        assert studio.maker.make(studio.settings, HELLO, ID) == "synthesised"
    assert file.read_text() == "Halo"
    assert file.stat().st_mode & 0o777 == 0o644
    assert calls(studio.tools).count("espeak id") == 1
    assert list(studio.cache.glob("*")) == []


def test_texts_are_removed_after_a_day(studio: Studio) -> None:
    studio.maker.make(studio.settings, HELLO, ID)
    file = studio.maker.spoken_file(studio.settings, HELLO)
    os.utime(file, (studio.time, studio.time))
    (file.parent / "kept").mkdir()
    for later, there in ((KEPT_S - 1, True), (KEPT_S + 1, True), (KEPT_S + 700, False)):
        studio.time = 1e9 + later
        studio.maker.make(studio.settings, Spoken(f"Halo {later}", ID), ID)
        assert file.exists() is there


def test_what_has_no_text_or_no_program_is_refused(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeployError, match="the prompt bye has no text in en"):
        studio.maker.make(studio.settings, BYE, Language("en"))
    alone = PromptMaker(studio.cache, lambda: 0.0, lambda _: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DeployError, match=r"cannot be made: .*espeak-ng"):
        alone.make(studio.settings, BYE, ID)


def test_programs_of_the_machine_do_where_none_were_fetched(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    root = studio.tools.root
    assert root is not None
    monkeypatch.setenv("PATH", str(root), prepend=":")
    alone = PromptMaker(studio.cache, lambda: 0.0, lambda _: None)
    assert alone.make(studio.settings, BYE, ID) == "synthesised"


def test_a_program_that_is_slow_is_given_up_for_the_caller_who_waits(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.deploy.speaking._PROGRAM_S", 0.2)
    slow = replace(studio.settings, command=(sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(DeployError, match=r"took longer than 0\.2 s"):
        studio.maker.make(slow, HELLO, ID)
