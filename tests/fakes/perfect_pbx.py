"""A tiny perfect PBX for tests of pure decisions: it obeys commands at once and queues what it would report.

It knows channels, bridges, playbacks and recordings, refuses what Asterisk refuses, and reports in order. It has no
clock: who holds it says what time it is. With ``connected`` False it goes on serving but reports and obeys nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

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
from acd.domain.events import (
    BridgeSeen,
    CallArrived,
    ChannelSeen,
    CommandFailed,
    Event,
    FallbackSeen,
    LegAnswered,
    LegEnded,
    LegLeft,
    PlaybackEnded,
    RecordingEnded,
    Resynced,
    UnroutedEnded,
)
from acd.domain.ids import BridgeId, LegId, PlaybackId, RecordingName
from acd.domain.sound_commands import (
    Beep,
    DiscardTake,
    PlayTake,
    SeekTake,
    SoundCommand,
    StartListening,
    StartTake,
    StopListening,
    StopTake,
)
from acd.sim.faults.targets import target_of

ToCaller: TypeAlias = Answer | Ring | StopRing | Play | StartMusic | StopMusic | ContinueInDialplan | HandOver
Failure = Literal["gone", "refused", "timeout", "unavailable"]


@dataclass
class Channel:
    """One channel; ``agent_device`` is set for the ones we originate, to agents or to customers."""

    id: LegId
    name: str
    created_at: float
    extension: str = ""
    caller: str = ""
    up: bool = False
    in_app: bool = True
    in_queue: bool = False
    """In Asterisk's own queue."""
    connected_at: float | None = None
    """Answered there."""
    agent_device: str = ""


@dataclass
class PerfectPbx:
    """What exists, and the reports not yet delivered."""

    now: float = 0.0
    connected: bool = True
    started: str = "2024-06-03T00:00:00.000+0700"
    channels: dict[LegId, Channel] = field(default_factory=dict)
    bridges: dict[BridgeId, set[LegId]] = field(default_factory=dict)
    playbacks: dict[PlaybackId, LegId] = field(default_factory=dict)
    recordings: dict[RecordingName, BridgeId] = field(default_factory=dict)
    takes: dict[RecordingName, LegId] = field(default_factory=dict)
    """Callers' own recordings that go on."""
    listened_to: set[LegId] = field(default_factory=set)
    files: set[RecordingName] = field(default_factory=set)
    reports: deque[Event] = field(default_factory=deque)
    manager_reports: deque[Event] = field(default_factory=deque)
    """What AMI tells, which keeps no order with what ARI tells."""
    serial: int = 0
    mishaps: deque[tuple[Failure, bool]] = field(default_factory=deque)
    """What becomes of the next commands: how they fail, and whether they are carried out all the same."""

    def new_channel(self, leg: LegId, endpoint: str, **about: str) -> Channel:
        self.serial += 1
        self.channels[leg] = Channel(leg, f"{endpoint}-{self.serial:08x}", self.now, **about)  # type: ignore[arg-type]
        return self.channels[leg]

    def _report(self, event: Event) -> None:
        if self.connected:
            self.reports.append(event)

    # ------------------------------------------------------------ what parties do

    def answer_phone(self, leg: LegId) -> None:
        channel = self.channels[leg]
        channel.up = channel.in_app = True
        self._report(LegAnswered(self.now, leg))

    def end_channel(self, leg: LegId, cause: int = 16) -> None:
        channel = self.channels.pop(leg)
        for playback in [p for p, where in self.playbacks.items() if where == leg]:
            self.end_playback(playback, ok=False)
        for name in [n for n, where in self.takes.items() if where == leg]:
            self.end_take(name)
        for members in self.bridges.values():
            members.discard(leg)
        if channel.in_app or channel.agent_device:
            self._report(LegEnded(self.now, leg, cause))
        else:
            self.manager_reports.append(
                UnroutedEnded(
                    self.now,
                    leg,
                    channel.name,
                    channel.extension,
                    channel.caller,
                    channel.created_at,
                    connected_at=channel.connected_at,
                    cause=cause,
                )
            )

    def leave_app(self, leg: LegId) -> None:
        self.channels[leg].in_app = False
        for members in self.bridges.values():
            members.discard(leg)
        self._report(LegLeft(self.now, leg))

    def fall(self, leg: LegId) -> None:
        """A caller outside our application comes to Asterisk's own queue."""
        channel = self.channels[leg]
        channel.in_app, channel.in_queue, channel.up = False, True, True
        self.tell_fallen(leg)

    def tell_fallen(self, leg: LegId) -> None:
        channel = self.channels[leg]
        self.manager_reports.append(
            FallbackSeen(
                self.now,
                leg,
                channel.name,
                channel.extension,
                channel.caller,
                channel.created_at,
                channel.connected_at,
            )
        )

    def _take_back(self, leg: LegId) -> Failure | None:
        channel = self.channels.get(leg)
        if channel is not None and channel.in_queue and channel.connected_at is None:
            channel.in_app, channel.in_queue = True, False
            self._report(CallArrived(self.now, leg, channel.name, channel.extension, channel.caller))
        return None  # nobody tells whether the key led anywhere

    def die(self) -> None:
        """Asterisk is killed, and another one starts."""
        for gone in (self.channels, self.bridges, self.playbacks, self.recordings, self.takes):
            gone.clear()
        self.started += "+"

    def end_playback(self, playback: PlaybackId, *, ok: bool = True) -> None:
        del self.playbacks[playback]
        self._report(PlaybackEnded(self.now, playback, ok))

    def end_take(self, name: RecordingName, duration_s: float = 0.0) -> None:
        del self.takes[name]
        self._report(RecordingEnded(self.now, name, ok=True, duration_s=duration_s))

    # ------------------------------------------------------------ what we order

    def fail(self, command: TelephonyCommand, reason: Failure) -> None:
        """Report that a command failed; whether it was carried out is the caller's business."""
        event = CommandFailed(self.now, command.kind, target_of(command), reason)
        self.reports.append(event)

    def execute(self, command: TelephonyCommand) -> None:
        """Carry out a command as Asterisk would, or report why not."""
        if not self.connected:
            return self.fail(command, "unavailable")
        if self.mishaps:
            reason, carried_out = self.mishaps.popleft()
            if carried_out:
                self._carry_out(command)
            return self.fail(command, reason)
        failure = self._carry_out(command)
        if failure is not None:
            self.fail(command, failure)
        return None

    def _carry_out(self, command: TelephonyCommand) -> Failure | None:
        match command:
            case Originate(leg_id=leg, device=device, phone=phone):
                if leg in self.channels:
                    return "refused"
                user, _, endpoint = device.rpartition("@")  # a number at a trunk: the channel bears the trunk's name
                name = f"{user.partition('/')[0]}/{endpoint}" if user else device
                name = phone or name  # another Asterisk's: the adapter calls it so
                self.new_channel(leg, name, agent_device=device).in_app = False
            case CreateBridge(bridge_id=bridge):
                self.bridges.setdefault(bridge, set())
            case AddToBridge(bridge_id=bridge, leg_ids=legs):
                if bridge not in self.bridges:
                    return "gone"
                if not all(leg in self.channels and self.channels[leg].in_app for leg in legs):
                    return "refused"
                self.bridges[bridge].update(legs)
            case DestroyBridge(bridge_id=bridge):
                if self.bridges.pop(bridge, None) is None:
                    return "gone"
                for name in [n for n, where in self.recordings.items() if where == bridge]:
                    del self.recordings[name]
                    self._report(RecordingEnded(self.now, name, ok=True))
            case StartRecording(bridge_id=bridge, name=name):
                if bridge not in self.bridges:
                    return "gone"
                if name in self.files:
                    return "refused"
                self.recordings[name] = bridge
                self.files.add(name)
            case StopPlay(playback_id=playback):
                if playback not in self.playbacks:
                    return "gone"
                self.end_playback(playback)
            case HangUp(leg_id=leg, cause=cause):
                if leg not in self.channels:
                    return "gone"
                self.end_channel(leg, cause)
            case TakeBack(leg_id=leg):
                return self._take_back(leg)
            case HandOver(leg_id=leg):
                failure = self._to_caller(command)
                if failure is None:
                    self.fall(leg)
                return failure
            case Answer() | Ring() | StopRing() | Play() | StartMusic() | StopMusic() | ContinueInDialplan():
                return self._to_caller(command)
            case _:
                return self._sound(command)
        return None

    def _sound(self, command: SoundCommand) -> Failure | None:
        match command:
            case StopTake(name=name) | SeekTake(name=name):
                if name not in self.takes:
                    return "gone"
                if isinstance(command, StopTake):
                    self.end_take(name)
                return None
            case DiscardTake(name=name):
                if name not in self.files:
                    return "gone"
                self.files.discard(name)
                return None
            case _:
                pass
        if command.leg_id not in self.channels:
            return "gone"
        match command:
            case Beep(playback_id=playback) | PlayTake(playback_id=playback):
                self.playbacks[playback] = command.leg_id
            case StartTake(name=name):
                if name in self.files:
                    return "refused"
                self.takes[name] = command.leg_id
                self.files.add(name)
            case StartListening():
                self.listened_to.add(command.leg_id)
            case StopListening():
                self.listened_to.discard(command.leg_id)
        return None

    def _to_caller(self, command: ToCaller) -> Failure | None:
        channel = self.channels.get(command.leg_id)
        if channel is None:
            return "gone"
        if not channel.in_app:
            return "refused"
        match command:
            case Answer():
                channel.up = True
            case Play(playback_id=playback):
                self.playbacks[playback] = channel.id
            case ContinueInDialplan() | HandOver():
                self.leave_app(channel.id)
            case _:
                pass
        return None

    # ------------------------------------------------------------ what one sees

    def resync(self, *, after_gap: bool) -> Resynced:
        channels = tuple(
            ChannelSeen(c.id, c.name, c.up, c.in_app, "acd-from-trunk", c.extension, c.caller, c.created_at)
            for c in self.channels.values()
        )
        bridges = tuple(BridgeSeen(bridge, tuple(sorted(members))) for bridge, members in self.bridges.items())
        return Resynced(self.now, channels, bridges, after_gap, asterisk_started=self.started)
