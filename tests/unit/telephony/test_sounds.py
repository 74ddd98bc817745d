"""Where sounds are, and what callers hear in place of a missing one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from acd.domain.commands import Spoken
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey
from acd.settings.values import PromptsSettings
from acd.telephony import sounds as module
from acd.telephony.sounds import LONGEST_TEXT, Said, Sounds

ID, EN = Language("id"), Language("en")
BYE, SORRY = PromptKey("bye"), PromptKey("sorry")
HELLO = Spoken("Halo, Ibu Sari", ID)


@dataclass
class Maker:
    """Writes a file, when it may."""

    fails: Exception | None = None
    how: Literal["cache", "synthesised"] = "synthesised"
    gate: threading.Event = field(default_factory=threading.Event)
    made: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def spoken_file(self, settings: PromptsSettings, spoken: Spoken) -> Path:
        return settings.dir / "spoken" / f"{len(spoken.text)}.wav"

    def make(self, settings: PromptsSettings, said: Said, language: Language) -> Literal["cache", "synthesised"]:
        self.gate.wait(5)
        self.made.append(said)
        if self.fails is not None:
            raise self.fails
        put(self.spoken_file(settings, said) if isinstance(said, Spoken) else file(settings, said, language))
        return self.how


def file(settings: PromptsSettings, key: PromptKey, language: Language) -> Path:
    """Where a prompt's sound stands, in the wording of these settings."""
    return settings.dir / language / key / f"{settings.wording(key, language)}.wav"


def uri(settings: PromptsSettings, key: PromptKey, language: Language) -> str:
    return f"sound:acd/{language}/{key}/{settings.wording(key, language)}"


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def settings(tmp_path: Path) -> PromptsSettings:
    texts = {BYE: {ID: "Sampai jumpa", EN: "Bye"}, SORRY: {ID: "Maaf"}}
    return PromptsSettings(tmp_path, None, "acd", {}, texts, fallback=SORRY)


@pytest.fixture
async def made(settings: PromptsSettings) -> AsyncIterator[tuple[Sounds, Maker]]:
    maker = Maker()
    found = Sounds(lambda: settings, maker)
    yield found, maker
    await found.close()


def test_a_sound_is_found_in_any_form_and_not_in_a_language_without_text(settings: PromptsSettings) -> None:
    found = Sounds(lambda: settings)
    assert found.find(BYE, ID) is None
    put(file(settings, BYE, ID).with_suffix(".gsm"))
    assert found.find(BYE, ID) == uri(settings, BYE, ID)
    assert found.find(BYE, Language("fr")) is None
    assert found.find(PromptKey("unknown"), ID) is None
    assert found.find(HELLO, ID) is None


def test_a_sound_lasts_as_long_as_its_file_is_and_one_that_cannot_be_seen_for_an_unknown_time(
    settings: PromptsSettings,
) -> None:
    found = Sounds(lambda: settings, Maker())
    assert found.length_s(BYE, ID) is None
    put(wav := file(settings, BYE, ID))
    wav.write_bytes(bytes(40_000))
    assert found.length_s(BYE, ID) == 2.5
    assert found.length_s(BYE, ID, settings.wording(BYE, ID)) == 2.5
    assert found.length_s(BYE, Language("fr")) is None
    assert found.length_s(HELLO, ID) is None
    put(settings.dir / "spoken" / f"{len(HELLO.text)}.wav")
    assert found.length_s(HELLO, ID) == 0


def test_a_folder_that_only_asterisk_sees_is_taken_to_have_every_prompt(settings: PromptsSettings) -> None:
    elsewhere = replace(settings, dir=settings.dir / "mounted elsewhere")
    assert Sounds(lambda: elsewhere).find(BYE, EN) == uri(settings, BYE, EN)


def test_by_http_the_form_of_the_trunks_is_fetched_or_else_the_wav(settings: PromptsSettings) -> None:
    over = replace(settings, delivery="http", forms=("alaw", "ulaw"))
    found = Sounds(lambda: over, None, lambda path: f"http://a/{path.name}" if path.is_file() else None)
    assert found.find(BYE, ID) is None
    put(file(settings, BYE, ID).with_suffix(".wav"))
    assert found.find(BYE, ID) == f"sound:http://a/{over.wording(BYE, ID)}.wav"
    put(file(settings, BYE, ID).with_suffix(".alaw"))
    assert found.find(BYE, ID) == f"sound:http://a/{over.wording(BYE, ID)}.alaw"


@pytest.mark.parametrize("how", ["cache", "synthesised"])
async def test_a_missing_prompt_is_made_and_counted(
    made: tuple[Sounds, Maker], settings: PromptsSettings, how: Literal["cache", "synthesised"]
) -> None:
    found, maker = made
    maker.how = how
    assert await found.obtain(BYE, ID) == uri(settings, BYE, ID)
    assert found.fallbacks == {("bye", how): 1}


async def test_a_text_is_spoken_and_that_is_no_fallback(made: tuple[Sounds, Maker]) -> None:
    found, _ = made
    assert await found.obtain(HELLO, ID) == "sound:acd/spoken/14"
    assert found.find(HELLO, ID) == "sound:acd/spoken/14"
    assert not found.fallbacks


async def test_what_cannot_be_made_is_heard_in_another_language_else_as_the_fallback_prompt(
    made: tuple[Sounds, Maker], settings: PromptsSettings
) -> None:
    found, maker = made
    maker.fails = DeployError("espeak-ng is not here")
    assert await found.obtain(BYE, EN) is None
    put(file(settings, SORRY, ID).with_suffix(".wav"))
    assert await found.obtain(BYE, EN) == uri(settings, SORRY, ID)
    put(file(settings, BYE, ID).with_suffix(".wav"))
    assert await found.obtain(BYE, EN) == uri(settings, BYE, ID)
    assert found.fallbacks == {("bye", "fallback"): 1, ("bye", "other_language"): 1}
    assert found.instead(SORRY, EN) == uri(settings, SORRY, ID)
    put(file(settings, SORRY, ID).with_suffix(".wav"))
    maker.fails = OSError("disk full")
    assert await found.obtain(HELLO, ID) == uri(settings, SORRY, ID)
    assert found.fallbacks["(text)", "fallback"] == 1


async def test_nothing_of_a_text_is_logged(made: tuple[Sounds, Maker]) -> None:
    found, maker = made
    maker.fails = DeployError("cannot say 'Halo, Ibu Sari'")
    with capture_logs() as logs:
        await found.obtain(HELLO, ID)
        await found.obtain(Spoken("Sari " * LONGEST_TEXT, ID), ID)
    assert [line["event"] for line in logs] == ["sound_not_made", "text_too_long"]
    assert "Sari" not in str(logs)


async def test_a_text_that_is_too_long_is_not_spoken(made: tuple[Sounds, Maker]) -> None:
    found, maker = made
    assert await found.obtain(Spoken("a" * LONGEST_TEXT, ID), ID) is not None
    assert await found.obtain(Spoken("a" * (LONGEST_TEXT + 1), ID), ID) is None
    assert len(maker.made) == 1


async def test_a_sound_many_wait_for_is_made_once(made: tuple[Sounds, Maker], settings: PromptsSettings) -> None:
    found, maker = made
    maker.gate.clear()
    waiting = [asyncio.create_task(found.obtain(BYE, ID)) for _ in range(5)]
    await asyncio.sleep(0)
    maker.gate.set()
    assert await asyncio.gather(*waiting) == [uri(settings, BYE, ID)] * 5
    assert maker.made == [BYE]


async def test_a_sound_that_takes_too_long_is_replaced_and_there_the_next_time(
    made: tuple[Sounds, Maker], settings: PromptsSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, maker = made
    monkeypatch.setattr(module, "MAKE_S", 0.01)
    put(file(settings, SORRY, ID).with_suffix(".wav"))
    maker.gate.clear()
    assert await found.obtain(HELLO, ID) == uri(settings, SORRY, ID)
    maker.gate.set()
    monkeypatch.setattr(module, "MAKE_S", 5.0)
    assert await found.obtain(HELLO, ID) == "sound:acd/spoken/14"


async def test_a_flood_of_texts_does_not_pile_up(made: tuple[Sounds, Maker], monkeypatch: pytest.MonkeyPatch) -> None:
    found, maker = made
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    maker.gate.clear()
    waiting = [asyncio.create_task(found.obtain(Spoken("a" * n, ID), ID)) for n in range(1, 6)]
    await asyncio.sleep(0)
    maker.gate.set()
    assert sum(uri is not None for uri in await asyncio.gather(*waiting)) == 3
    assert len(maker.made) == 3


async def test_without_a_maker_nothing_is_made(settings: PromptsSettings) -> None:
    found = Sounds(lambda: settings)
    assert await found.obtain(BYE, ID) is None
    await found.close()


def test_a_wording_changes_with_all_that_is_heard_and_with_nothing_else(settings: PromptsSettings) -> None:
    same = replace(settings, dir=Path("/elsewhere"), recorded_dir=Path("/recorded"), forms=("alaw",))
    assert same.wording(BYE, ID) == settings.wording(BYE, ID)
    others = [
        replace(settings, texts={BYE: {ID: "Dah"}}),
        replace(settings, versions={BYE: 2}),
        replace(settings, voices={ID: "mb-id1"}),
        replace(settings, own_voices={BYE: {ID: "mb-id2"}}),
        replace(settings, command=("piper",)),
    ]
    assert len({found.wording(BYE, ID) for found in (settings, *others)}) == 6
    assert settings.wording(BYE, ID) != settings.wording(BYE, EN)


async def test_who_is_still_in_the_old_wording_hears_that_one_made_anew_if_need_be(settings: PromptsSettings) -> None:
    maker, now = Maker(), [settings]
    found = Sounds(lambda: now[0], maker)
    new = replace(settings, texts={BYE: {ID: "Sampai bertemu lagi"}, SORRY: {ID: "Maaf"}})
    old_wording = settings.wording(BYE, ID)
    now[0] = new
    put(file(new, BYE, ID))
    assert found.find(BYE, ID) == uri(new, BYE, ID)
    assert found.find(BYE, ID, old_wording) is None
    assert await found.obtain(BYE, ID, old_wording) == uri(settings, BYE, ID)
    assert file(settings, BYE, ID).is_file()
    await found.close()


async def test_a_wording_nobody_knows_any_more_is_not_replaced_by_the_new_words(
    made: tuple[Sounds, Maker], settings: PromptsSettings
) -> None:
    found, maker = made
    put(file(settings, BYE, ID))
    put(file(settings, SORRY, ID))
    assert await found.obtain(BYE, ID, "0123456789ab") == uri(settings, SORRY, ID)
    assert not maker.made
