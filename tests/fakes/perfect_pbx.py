"""A tiny perfect PBX for tests of pure decisions: it obeys commands at once and queues what it would report.

What a command comes to is the simulated Asterisk's to say. This one has no clock: who holds it says what time it is.
With ``connected`` False it goes on serving but reports and obeys nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from acd.domain.commands import Answer, ContinueInDialplan, HandOver, Originate, TakeBack, TelephonyCommand
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
from acd.domain.sound_commands import StartListening, StopListening
from acd.sim.faults.asterisk import dialled_name
from acd.sim.faults.exchange import Exchange, ToChannel
from acd.sim.faults.exchange import Failure as Refusal
from acd.sim.faults.targets import target_of

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
class PerfectPbx(Exchange[Channel]):
    """What exists, and the reports not yet delivered."""

    now: float = 0.0
    connected: bool = True
    started: str = "2024-06-03T00:00:00.000+0700"
    listened_to: set[LegId] = field(default_factory=set)
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

    def end(self, leg: LegId, cause: int = 16) -> None:
        channel = self.channels.pop(leg)
        for playback in [p for p, where in self.playbacks.items() if where == leg]:
            self.end_playback(playback, ok=False)
        for name in [n for n, where in self.takes.items() if where == leg]:
            self.end_take(name)
        self._leave_bridge(leg)
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

    def _leave_bridge(self, leg: LegId) -> None:
        for members in self.bridges.values():
            if leg in members:
                members.remove(leg)

    def leave_app(self, leg: LegId) -> None:
        self.channels[leg].in_app = False
        self._leave_bridge(leg)
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

    def _take_back(self, leg: LegId) -> Refusal | None:
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

    def _carry_out(self, command: TelephonyCommand) -> Refusal | None:
        return self._take_back(command.leg_id) if isinstance(command, TakeBack) else self.do(command)

    def dial(self, command: Originate) -> Refusal | None:
        name = command.phone or dialled_name(command.device)  # another Asterisk's: the adapter calls it so
        self.new_channel(command.leg_id, name, agent_device=command.device).in_app = False
        return None

    def enter(self, bridge: BridgeId, leg: LegId) -> None:
        self._leave_bridge(leg)
        self.bridges[bridge].append(leg)

    def emptied(self, members: list[LegId]) -> None:
        """Who was in it is in none."""

    def recording_ended(self, name: RecordingName) -> None:
        self._report(RecordingEnded(self.now, name, ok=True))

    def to_channel(self, channel: Channel, command: ToChannel) -> None:
        match command:
            case Answer():
                channel.up = True
            case ContinueInDialplan():
                self.leave_app(channel.id)
            case HandOver():
                self.leave_app(channel.id)
                self.fall(channel.id)
            case StartListening():
                self.listened_to.add(channel.id)
            case StopListening():
                self.listened_to.discard(channel.id)
            case _:
                pass

    # ------------------------------------------------------------ what one sees

    def resync(self, *, after_gap: bool) -> Resynced:
        channels = tuple(
            ChannelSeen(c.id, c.name, c.up, c.in_app, "acd-from-trunk", c.extension, c.caller, c.created_at)
            for c in self.channels.values()
        )
        bridges = tuple(BridgeSeen(bridge, tuple(sorted(members))) for bridge, members in self.bridges.items())
        return Resynced(self.now, channels, bridges, after_gap, asterisk_started=self.started)
