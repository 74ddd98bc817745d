"""How long the timeout of a caller is while the channel is occupied with a prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.domain.commands import Answer, Play, TelephonyCommand
from acd.domain.ids import ContactId, Language, LegId, PlaybackId, PromptKey, RecordingName
from acd.domain.sound_commands import PlayTake, StartTake
from acd.settings.values import PromptsSettings
from acd.telephony.occupied import LONGEST_S, UNKNOWN_S, Occupied
from acd.telephony.sounds import WAV_BYTES_PER_S, Sounds

ID = Language("id")
C1, L1, P1 = ContactId("c1"), LegId("c1"), PlaybackId("p1")
LIMIT_S = 10.0
SECONDS = {"short": 2.0, "long": 30.0, "endless": 1000.0, "unseen": None}


@dataclass
class Channel:
    occupied: Occupied
    now: list[float] = field(default_factory=lambda: [1000.0])

    def begins(self, *prompts: str, leg: LegId = L1, what: str = "p1") -> float | None:
        return self.occupied.begins(play(*prompts, leg=leg), what)


def play(*prompts: str, leg: LegId = L1) -> Play:
    return Play(C1, leg, P1, tuple(map(PromptKey, prompts)), ID)


def made(folder: Path, limit_s: float = LIMIT_S) -> Channel:
    settings = PromptsSettings(folder, None, "acd", {}, {PromptKey(key): {ID: key} for key in SECONDS})
    for key, seconds in SECONDS.items():
        wav = settings.file(PromptKey(key), ID, settings.wording(PromptKey(key), ID))
        wav.parent.mkdir(parents=True)
        if seconds is not None:
            with wav.open("wb") as file:
                file.truncate(int(seconds * WAV_BYTES_PER_S))
    now = [1000.0]
    return Channel(Occupied(Sounds(lambda: settings), lambda: now[0], limit_s), now)


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    return made(tmp_path)


@pytest.mark.parametrize(
    ("prompts", "timeout_s"),
    [
        (("short",), None),
        (("short", "short"), 4.0 + LIMIT_S),
        (("long",), 30.0 + LIMIT_S),
        (("endless",), LONGEST_S + LIMIT_S),
        (("unseen",), UNKNOWN_S + LIMIT_S),
    ],
)
def test_the_timeout_outlasts_a_prompt_that_needs_it(
    channel: Channel, prompts: tuple[str, ...], timeout_s: float | None
) -> None:
    assert channel.begins(*prompts) == timeout_s


def test_while_a_prompt_plays_no_renewal_is_shorter_than_it_and_afterwards_each_is_as_it_was(channel: Channel) -> None:
    channel.begins("long")
    channel.now[0] += 5
    assert channel.occupied.provided_for(L1)
    assert channel.occupied.outlasting(L1, 8.0) == 25.0 + 4.0
    channel.now[0] += 20
    assert channel.occupied.outlasting(L1, 8.0) == 5.0 + 4.0
    assert channel.occupied.outlasting(L1, 9.5) == 9.5
    channel.now[0] += 3
    assert not channel.occupied.provided_for(L1)
    channel.now[0] += 3
    assert channel.occupied.outlasting(L1, 1.0) == 1.0
    assert channel.occupied.outlasting(LegId("c2"), 1.0) == 1.0


def test_the_end_of_a_prompt_that_was_cut_short_is_not_that_of_the_next_one(channel: Channel) -> None:
    channel.begins("long", what="p1")
    channel.begins("long", what="p2")
    channel.occupied.ended("p1", "channel:c1")
    assert channel.occupied.provided_for(L1)
    channel.occupied.ended("p2", "channel:c1")
    assert not channel.occupied.provided_for(L1)


@pytest.mark.parametrize("forgets", [lambda occupied: occupied.gone(L1), lambda occupied: occupied.clear()])
def test_a_channel_that_is_gone_or_no_longer_heard_of_is_forgotten(channel: Channel, forgets: object) -> None:
    channel.begins("long")
    assert callable(forgets)
    forgets(channel.occupied)
    assert channel.occupied.outlasting(L1, 1.0) == 1.0


def test_nobody_gets_a_timeout_whom_nobody_renews_it_for(channel: Channel) -> None:
    """A customer or agent we called, an agent who dials a code."""
    agent = LegId("a1")
    channel.occupied.free(agent)
    assert channel.begins("long", leg=agent) is None
    assert channel.begins("long", leg=LegId("acd-l-c1-1")) is None
    channel.occupied.gone(agent)
    assert channel.begins("long", leg=agent) is not None


def test_without_a_dead_man_there_is_no_timeout(tmp_path: Path) -> None:
    channel = made(tmp_path, 0.0)
    assert channel.begins("long") is None
    assert channel.occupied.outlasting(L1, 0.0) == 0.0


@pytest.mark.parametrize(
    ("command", "timeout_s"),
    [
        (StartTake(C1, L1, RecordingName("r"), 90.0, 3.0, "#"), 90.0 + LIMIT_S),
        (PlayTake(C1, L1, P1, RecordingName("r"), (), ID), UNKNOWN_S + LIMIT_S),
        (Answer(C1, L1), None),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_dead_engine_keeps_nobody_for_a_recording_that_has_no_sound(
    channel: Channel, command: TelephonyCommand, timeout_s: float | None
) -> None:
    assert channel.occupied.begins(command, "r") == timeout_s
    assert channel.occupied.outlasting(L1, 8.0) == 8.0, "what is known to sound is nothing"
