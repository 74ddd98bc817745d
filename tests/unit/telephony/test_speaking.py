"""No play is silence: what Asterisk cannot play is replaced, and replaced again by a tone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.domain.commands import Play
from acd.domain.ids import ContactId, Language, LegId, PlaybackId, PromptKey
from acd.settings.values import PromptsSettings
from acd.telephony import speaking as module
from acd.telephony.sounds import Sounds
from acd.telephony.speaking import TONE, Speaker

ID, P1 = Language("id"), PlaybackId("p1")
BYE, SORRY, GONE = PromptKey("bye"), PromptKey("sorry"), PromptKey("gone")


class Room:
    """A speaker over sounds in a folder that only Asterisk sees, and what it asked of Asterisk."""

    def __init__(self) -> None:
        texts = {BYE: {ID: "Sampai jumpa"}, SORRY: {ID: "Maaf"}}
        settings = PromptsSettings(Path("/nowhere"), None, "acd", {}, texts, fallback=SORRY)
        self.sounds = Sounds(lambda: settings)
        self.bye, self.sorry = (f"sound:acd/id/{key}/{settings.wording(key, ID)}" for key in (BYE, SORRY))
        self.asked: list[tuple[str, list[str]]] = []
        self.stopped: list[str] = []
        self.speaker = Speaker(
            self.sounds,
            lambda _, playback, media: self.asked.append((playback, media)),
            lambda _, playback: self.stopped.append(playback),
        )

    def play(self, *prompts: PromptKey, playback: PlaybackId = P1) -> list[str] | None:
        return self.speaker.play(Play(ContactId("c1"), LegId("c1"), playback, prompts, ID))


@pytest.fixture
async def room(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(module, "TONE_S", 0.0)
    made = Room()
    yield made
    await made.speaker.close()
    await made.sounds.close()


async def test_sounds_that_are_there_are_played_at_once(room: Room) -> None:
    assert room.play(BYE, SORRY) == [room.bye, room.sorry]
    assert room.speaker.stop(P1) == P1
    assert room.speaker.ended(P1, failed=False) == P1


async def test_a_play_asterisk_fails_is_the_fallback_prompt_then_a_tone_then_over(room: Room) -> None:
    room.play(BYE)
    assert room.speaker.ended(P1, failed=True) is None
    assert room.asked == [("p1~2", [room.sorry])]
    assert room.speaker.stop(P1) == "p1~2"
    assert room.speaker.ended(PlaybackId("p1~2"), failed=True) is None
    assert room.asked[1:] == [("p1~3", [TONE])]
    await asyncio.sleep(0.01)
    assert room.stopped == ["p1~3"]
    assert room.speaker.ended(PlaybackId("p1~3"), failed=True) == P1
    assert room.sounds.fallbacks == {("bye", "fallback"): 1, ("bye", "tone"): 1}
    assert room.speaker.ended(P1, failed=True) == P1


async def test_a_second_try_that_is_heard_is_the_end_of_the_play(room: Room) -> None:
    room.play(BYE)
    room.speaker.ended(P1, failed=True)
    assert room.speaker.ended(PlaybackId("p1~2"), failed=False) == P1


async def test_one_missing_among_others_is_left_out_and_one_alone_is_replaced(room: Room) -> None:
    assert room.play(GONE, BYE) is None
    await asyncio.sleep(0.01)
    assert room.asked == [("p1", [room.sorry, room.bye])]
    assert room.sounds.fallbacks == {("gone", "fallback"): 1}


async def test_a_play_nobody_waits_for_any_more_is_not_played(room: Room) -> None:
    assert room.play(GONE) is None
    assert room.speaker.stop(P1) is None
    await asyncio.sleep(0.01)
    assert room.asked == []
    assert room.play(GONE, playback=PlaybackId("p2")) is None


async def test_plays_whose_end_is_never_told_are_forgotten(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 2)
    for name in ("p1", "p2", "p3"):
        room.play(BYE, playback=PlaybackId(name))
    assert room.speaker.ended(P1, failed=True) == P1
    assert room.speaker.ended(PlaybackId("p3"), failed=True) is None


async def test_each_prompt_is_played_in_the_wording_of_its_flow(room: Room) -> None:
    play = Play(ContactId("c1"), LegId("c1"), P1, (BYE, SORRY), ID, ("0123456789ab", ""))
    assert room.speaker.play(play) == ["sound:acd/id/bye/0123456789ab", room.sorry]
