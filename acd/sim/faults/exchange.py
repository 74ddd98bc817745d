"""What exists in an Asterisk and what a request comes to there: it is done, refused, or there is nothing to do it with.

Decides as the real one was measured to do. Must not know time, chance or who is told of anything: the simulated
Asterisk builds on this, and so does the perfect one of the tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar

from acd.domain.commands import (
    AddToBridge,
    Answer,
    ContinueInDialplan,
    CreateBridge,
    DestroyBridge,
    HandOver,
    HangUp,
    Originate,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlay,
    StopRing,
    TakeBack,
    TelephonyCommand,
)
from acd.domain.ids import BridgeId, LegId, PlaybackId, RecordingName
from acd.domain.sound_commands import (
    Beep,
    DiscardTake,
    PlayTake,
    SeekTake,
    StartListening,
    StartTake,
    StopListening,
    StopTake,
)

Failure = Literal["gone", "refused"]
ToChannel = (
    Answer
    | Beep
    | ContinueInDialplan
    | HandOver
    | Play
    | PlayTake
    | Ring
    | StartListening
    | StartMusic
    | StartTake
    | StopListening
    | StopMusic
    | StopRing
)
"""What can be asked only of a channel that our application has."""


class Line(Protocol):
    """A channel."""

    in_app: bool


C = TypeVar("C", bound=Line)


@dataclass
class Exchange(ABC, Generic[C]):
    """Channels, bridges, playbacks and recordings, by the names we choose."""

    channels: dict[LegId, C] = field(default_factory=dict, init=False)
    bridges: dict[BridgeId, list[LegId]] = field(default_factory=dict, init=False)
    """In the order they came."""
    playbacks: dict[PlaybackId, LegId] = field(default_factory=dict, init=False)
    recordings: dict[RecordingName, BridgeId] = field(default_factory=dict, init=False)
    takes: dict[RecordingName, LegId] = field(default_factory=dict, init=False)
    """Callers' own recordings that go on."""
    files: dict[RecordingName, None] = field(default_factory=dict, init=False)
    """Finished and begun."""

    # ------------------------------------------------------------ who is told

    @abstractmethod
    def dial(self, command: Originate) -> Failure | None:
        """Ring somebody; there is no channel of that name."""

    @abstractmethod
    def end(self, leg: LegId, cause: int = 16) -> None:
        """End a channel that there is."""

    @abstractmethod
    def enter(self, bridge: BridgeId, leg: LegId) -> None:
        """Lead a channel into a bridge, out of any other."""

    @abstractmethod
    def emptied(self, members: list[LegId]) -> None:
        """The bridge of these is gone."""

    @abstractmethod
    def recording_ended(self, name: RecordingName) -> None:
        """A bridge that was recorded is gone."""

    @abstractmethod
    def end_playback(self, playback: PlaybackId, *, ok: bool = True) -> None:
        """End a playback that there is."""

    @abstractmethod
    def end_take(self, name: RecordingName) -> None:
        """End a recording that there is."""

    @abstractmethod
    def to_channel(self, channel: C, command: ToChannel) -> None:
        """Do what was asked of a channel that our application has."""

    # ------------------------------------------------------------ requests

    def do(self, command: TelephonyCommand) -> Failure | None:
        """Carry out a request, or refuse it."""
        match command:
            case Originate(leg_id=leg):
                return "refused" if leg in self.channels else self.dial(command)
            case HangUp(leg_id=leg, cause=cause):
                if leg not in self.channels:
                    return "gone"
                self.end(leg, cause)
            case CreateBridge(bridge_id=bridge):
                self.bridges.setdefault(bridge, [])
            case AddToBridge(bridge_id=bridge, leg_ids=legs):
                return self._join(bridge, legs)
            case DestroyBridge(bridge_id=bridge):
                return self._destroy(bridge)
            case StartRecording(bridge_id=bridge, name=name):
                return "gone" if bridge not in self.bridges else self._record(name, bridge)
            case StopPlay(playback_id=playback):
                if playback not in self.playbacks:
                    return "gone"
                self.end_playback(playback)
            case StopTake(name=name) | SeekTake(name=name):
                if name not in self.takes:
                    return "gone"
                if isinstance(command, StopTake):
                    self.end_take(name)
            case DiscardTake(name=name):
                if name not in self.files:
                    return "gone"
                del self.files[name]
            case TakeBack():
                return None  # by AMI, which tells nobody what becomes of it
            case _:
                return self._of_channel(command)
        return None

    def _record(self, name: RecordingName, bridge: BridgeId) -> Failure | None:
        if name in self.files:
            return "refused"
        self.files[name] = None
        self.recordings[name] = bridge
        return None

    def _join(self, bridge: BridgeId, legs: tuple[LegId, ...]) -> Failure | None:
        if bridge not in self.bridges:
            return "gone"
        if not all(leg in self.channels and self.channels[leg].in_app for leg in legs):
            return "refused"
        for leg in legs:
            if leg not in self.bridges[bridge]:
                self.enter(bridge, leg)
        return None

    def _destroy(self, bridge: BridgeId) -> Failure | None:
        members = self.bridges.pop(bridge, None)
        if members is None:
            return "gone"
        self.emptied(members)
        for name in [name for name, where in self.recordings.items() if where == bridge]:
            del self.recordings[name]
            self.recording_ended(name)
        return None

    def _of_channel(self, command: ToChannel) -> Failure | None:
        channel = self.channels.get(command.leg_id)
        if channel is None:
            return "gone"
        if not channel.in_app:
            return "refused"
        match command:
            case Play(playback_id=playback) | PlayTake(playback_id=playback) | Beep(playback_id=playback):
                if playback in self.playbacks:
                    return "refused"
                self.playbacks[playback] = command.leg_id
            case StartTake(name=name):
                if name in self.files:
                    return "refused"
                self.files[name] = None
                self.takes[name] = command.leg_id
            case _:
                pass
        self.to_channel(channel, command)
        return None
