"""A stage for episodes: one caller, one agent's phone, call control in between, and what it tells.

Real or simulated, the stage says the same; names and times are taken out, and events are told by what they are about:
Asterisk keeps an order for each channel, and none between two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from acd.domain.commands import (
    AddToBridge,
    CreateBridge,
    DestroyBridge,
    HangUp,
    Originate,
    Play,
    StartRecording,
    StopPlay,
    TelephonyCommand,
)
from acd.domain.events import (
    CallArrived,
    CommandFailed,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegLeft,
    PlaybackEnded,
    RecordingEnded,
    Resynced,
)
from acd.domain.ids import BridgeId, ContactId, Language, LegId, PlaybackId, PromptKey, RecordingName

Story = dict[str, list[str]]
"""What happened, by what it was about."""
PHONE = "PJSIP/agent101"
SHORT, LONG = PromptKey("short"), PromptKey("long")
SHORT_S, LONG_S = 0.5, 30.0
NOBODY = LegId("nobody")


class Hands(Protocol):
    """What people and the network do."""

    async def call(self) -> None:
        """A caller dials 169."""

    def hang_up(self) -> None:
        """The caller does, or gives up."""

    async def nobody_calls(self) -> None:
        """Wait until Asterisk has let the caller go, without looking through call control."""

    async def press(self, digit: str) -> None:
        """The caller does."""

    async def phone(self, status: int) -> None:
        """The agent's phone is there, and treats calls so: 200 picks up, 180 only rings, others refuse."""

    def phone_hangs_up(self) -> None:
        """The agent does."""

    def execute(self, command: TelephonyCommand) -> None:
        """Order something."""

    async def lose(self) -> None:
        """The connection is gone, and with it the engine."""

    async def find(self) -> Resynced:
        """Another engine connects and looks."""


class Stage:
    """Orders, waits, and keeps what was told."""

    def __init__(self) -> None:
        self.hands: Hands
        self.events: list[Event] = []
        self._changed: list[asyncio.Future[None]] = []
        self.caller = NOBODY
        self.tag = ""
        """Makes names that nobody used before."""

    def emit(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event)
        if isinstance(event, CallArrived):
            self.caller = event.leg_id
        for waiting in self._changed:
            if not waiting.done():
                waiting.set_result(None)
        self._changed.clear()

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait."""
        async with asyncio.timeout(60):
            while not so():
                future = asyncio.get_running_loop().create_future()
                self._changed.append(future)
                await future

    async def told(self, who: str, what: str) -> None:
        """Wait until something was told of somebody."""
        await self.until(lambda: what in self.story().get(who, []))

    # ------------------------------------------------------------ names

    @property
    def contact(self) -> ContactId:
        return ContactId(self.caller)

    @property
    def bridge(self) -> BridgeId:
        return BridgeId(f"acd-b-{self.tag}")

    @property
    def recording(self) -> RecordingName:
        return RecordingName(f"r-{self.tag}")

    def leg(self, number: int = 1) -> LegId:
        return LegId(f"acd-l-{self.tag}-{number}")

    def playback(self, number: int = 1) -> PlaybackId:
        return PlaybackId(f"acd-p-{self.tag}-{number}")

    def plain(self, name: str) -> str:
        if name == self.caller != NOBODY:
            return "caller"
        for known, plain in ((self.bridge, "bridge"), (self.recording, "recording")):
            if name == known:
                return plain
        if name.startswith((f"acd-l-{self.tag}-", f"acd-p-{self.tag}-")):
            return ("leg" if name.startswith("acd-l") else "play") + name.rpartition("-")[2]
        return name

    # ------------------------------------------------------------ what is ordered

    def order(self, *commands: TelephonyCommand) -> None:
        for command in commands:
            self.hands.execute(command)

    def ring(self, number: int = 1, timeout_s: float = 30.0) -> Originate:
        return Originate(self.contact, self.leg(number), PHONE, "0811", timeout_s, alone=self.caller == NOBODY)

    def say(self, prompt: PromptKey, number: int = 1) -> Play:
        return Play(self.contact, self.caller, self.playback(number), (prompt,), Language("id"))

    def hush(self, number: int = 1) -> StopPlay:
        return StopPlay(self.contact, self.playback(number))

    def drop(self, leg: LegId, cause: int = 16) -> HangUp:
        return HangUp(self.contact, leg, cause)

    def join(self, *legs: LegId) -> tuple[CreateBridge, AddToBridge, StartRecording]:
        return (
            CreateBridge(self.contact, self.bridge),
            AddToBridge(self.contact, self.bridge, legs),
            StartRecording(self.contact, self.bridge, self.recording),
        )

    def part(self) -> DestroyBridge:
        return DestroyBridge(self.contact, self.bridge)

    async def barrier(self) -> None:
        """Wait until all that was ordered is answered: what is ordered last, of nobody, fails last."""
        before = self.story().get(NOBODY, []).count("hang_up failed: gone")
        self.order(HangUp(self.contact, NOBODY))
        await self.until(lambda: self.story().get(NOBODY, []).count("hang_up failed: gone") > before)

    # ------------------------------------------------------------ what was told

    def story(self) -> Story:
        """Everything, in order, by what it was about."""
        story: Story = {}
        for event in self.events:
            who, what = self._told(event)
            story.setdefault(self.plain(who), []).append(what)
        return story

    @staticmethod
    def _told(event: Event) -> tuple[str, str]:
        match event:
            case CallArrived(leg_id=leg, access_code=code):
                return leg, f"arrived at {code}"
            case LegAnswered(leg_id=leg):
                return leg, "answered"
            case LegEnded(leg_id=leg, cause=cause):
                return leg, f"ended: {cause}"
            case LegLeft(leg_id=leg):
                return leg, "left"
            case DigitPressed(leg_id=leg, digit=digit):
                return leg, f"pressed {digit}"
            case PlaybackEnded(playback_id=playback, ok=ok):
                return playback, "played" if ok else "not played"
            case RecordingEnded(name=name, ok=ok):
                return name, "recorded" if ok else "not recorded"
            case CommandFailed(command=command, target=target, reason=reason):
                return target, f"{command} failed: {reason}"
            case _:
                return "", event.kind
