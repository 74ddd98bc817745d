"""What goes on in the simulated Asterisk: calls, bridges, sounds and the dialplan around them.

Decides which events a request causes and what goes on by itself, as the real one was measured to do. It goes on serving
whether anybody is connected or not: what nobody hears is lost. Must not know the engine, nor how its requests arrive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from acd.domain.commands import (
    AddToBridge,
    Answer,
    ContinueInDialplan,
    HandOver,
    Originate,
    Play,
    Ring,
    StartMusic,
    StopMusic,
    StopRing,
    TelephonyCommand,
)
from acd.domain.events import BridgeSeen, ChannelSeen
from acd.domain.ids import OUR_LEG_PREFIX, BridgeId, LegId, PlaybackId, RecordingName
from acd.domain.sound_commands import Beep, PlayTake, StartTake
from acd.sim.faults.channels import (
    CLAIM_S,
    CONTEXT,
    FALLBACK,
    FROM_AGENTS,
    REFUSALS,
    Channel,
    Client,
    EventName,
    LeftCall,
    Manager,
    Onlooker,
    People,
)
from acd.sim.faults.clock import Entry, Scheduler
from acd.sim.faults.exchange import Exchange, Failure, ToChannel
from acd.sim.faults.own_queue import OwnQueue


def dialled_name(device: str) -> str:
    """What a channel is called that dials a device: a number at a trunk bears the trunk's name."""
    user, _, endpoint = device.rpartition("@")
    return f"{user.partition('/')[0]}/{endpoint}" if user else device


@dataclass
class Asterisk(Exchange[Channel]):
    """One Asterisk, its dialplan and its phones' states."""

    scheduler: Scheduler
    chance: Random
    codes: tuple[str, ...]
    """Access codes its dialplan knows."""
    devices: tuple[str, ...]
    people: People | None = None
    onlooker: Onlooker | None = None
    dead_man_s: float = 0.0
    """How long a caller who comes in stays with an engine that says nothing; 0: for ever."""
    client: Client | None = None
    managers: list[Manager] = field(default_factory=list)
    up: bool = True
    taking: dict[RecordingName, tuple[float, Entry]] = field(default_factory=dict)
    """When callers' own recordings began, and when they end by themselves."""
    left: dict[LegId, LeftCall] = field(default_factory=dict)
    """Its database, which outlives it."""
    unwritten: dict[LegId, None] = field(default_factory=dict)
    """Callers whose end it could not, or need not, write down there though no engine had said that it knows of them."""
    reachable: dict[str, bool] = field(default_factory=dict)
    queue: OwnQueue = field(default_factory=OwnQueue)
    serial: int = 0
    lives: int = 1

    def __post_init__(self) -> None:
        self.reachable = dict.fromkeys(self.devices, True)

    # ------------------------------------------------------------ channels

    def new_channel(self, leg: LegId, endpoint: str, **about: Any) -> Channel:
        """Make a channel."""
        self.serial += 1
        channel = Channel(leg, f"{endpoint}-{self.serial:08x}", self.scheduler.now(), **about)
        channel.quiet_since = self.scheduler.time
        self.channels[leg] = channel
        self._device_changed(channel)
        return channel

    def call(self, endpoint: str, code: str, caller: str) -> Channel:
        """Let a caller come in on a trunk and go through the dialplan."""
        leg = LegId(f"{1717383600 + self.lives}.{self.serial + 1}")
        channel = self.new_channel(leg, endpoint, extension=code, caller=caller)
        self.manage("newcomer", channel)
        if code not in self.codes:
            self.scheduler.after(0.002, self._end_if_there, channel, 1)
        else:
            self._come_in(channel)
        return channel

    def _come_in(self, channel: Channel) -> None:
        """Let the engine have a caller, who leaves it unless it says otherwise in time."""
        channel.context = CONTEXT
        if self.dead_man_s:
            self.set_timeout(channel.id, self.dead_man_s)
        if self.client is None:
            self.to_fallback(channel)
        else:
            channel.claim = self.scheduler.after(CLAIM_S, self.to_fallback, channel)
            self.client.tell("broadcast", channel)

    def dial_code(self, device: str, code: str) -> Channel | None:
        """Let an agent's phone dial a feature code."""
        leg = LegId(f"{1717383600 + self.lives}.{self.serial + 1}")
        channel = self.new_channel(leg, device, extension=code, context=FROM_AGENTS)
        if self.client is None:
            self.scheduler.after(0.01, self._end_if_there, channel, 42)
        else:
            channel.in_app = channel.followed = True
            self.client.tell("dialled", leg, channel.name, code)
        return channel

    def claim(self, leg: LegId) -> Failure | None:
        """Take a caller that was offered into our application."""
        channel = self.channels.get(leg)
        if channel is None or channel.claim is None:
            return "gone"
        channel.claim.cancel()
        channel.claim = None
        channel.in_app = channel.followed = True
        self.tell("start", leg)
        return None

    def to_fallback(self, channel: Channel) -> None:
        """Nobody takes the caller: Asterisk's own queue does."""
        if self.channels.get(channel.id) is not channel:
            return
        channel.claim = None
        self.set_timeout(channel.id, 0.0)
        channel.context = FALLBACK
        channel.up = channel.music = True
        channel.known = False
        self.left[channel.id] = LeftCall(channel, fell=True)
        self.queue.join(channel.id, channel.rank)
        self.manage("fell", channel)
        if self.people is not None:
            self.people.in_fallback(channel)

    def serve(self, leg: LegId, device: str) -> Channel:
        """Let an agent of its own queue answer a caller. Gives the agent's channel."""
        channel = self.channels[leg]
        if self.onlooker is not None:
            self.onlooker.served(channel)
        self.queue.leave(leg)
        self.relieve(leg)
        channel.served = True
        member = self.new_channel(LegId(f"{leg}.q{self.serial}"), device, context="", device="queue", up=True)
        self.left[leg].answered_at = self.scheduler.now()
        self.manage("connected", channel)
        return member

    def relieve(self, leg: LegId) -> None:
        """An agent of its own queue answers: the dialplan takes a timeout away that was written for the wait."""
        self.set_timeout(leg, 0.0)

    def press_back(self, name: str) -> None:
        """Have a caller leave its own queue for an engine: the key means nothing to who is there no more."""
        channel = next((c for c in self.channels.values() if c.name == name), None)
        if channel is not None and channel.id in self.queue:
            self.queue.leave(channel.id)
            self.left.pop(channel.id, None)
            channel.music = False
            channel.quiet_since = self.scheduler.time
            self._come_in(channel)

    # ------------------------------------------------------------ what is written on a channel

    def set_timeout(self, leg: LegId, seconds: float) -> Failure | None:
        """Have a channel leave in so many seconds; 0: never."""
        channel = self.channels.get(leg)
        if channel is None:
            return "gone"
        if channel.timeout is not None:
            channel.timeout.cancel()
        channel.timeout = self.scheduler.after(seconds, self._time_out, channel) if seconds else None
        return None

    def set_rank(self, leg: LegId, rank: int) -> Failure | None:
        """Say where a caller stands, should it come into the queue."""
        channel = self.channels.get(leg)
        if channel is None:
            return "gone"
        channel.rank = rank
        return None

    def in_turn(self, leg: LegId, write: Callable[[], object]) -> Failure | None:
        """Write by ARI: in the channel's own thread, when what it plays is over."""
        channel = self.channels.get(leg)
        if channel is None:
            return "gone"
        if leg in self.playbacks.values():
            channel.deferred.append(write)
        else:
            write()
        return None

    def _time_out(self, channel: Channel) -> None:
        if self.channels.get(channel.id) is not channel:
            return
        if self.onlooker is not None:
            self.onlooker.timed_out(channel)
        if channel.context == FALLBACK:
            if not channel.served:
                self.queue.leave(channel.id)
                self.to_fallback(channel)
            return
        if channel.claim is not None:
            channel.claim.cancel()
        if channel.in_app:
            for playback in [p for p, where in self.playbacks.items() if where == channel.id]:
                self.end_playback(playback, ok=False)
            for name in [n for n, where in self.takes.items() if where == channel.id]:
                self.end_take(name)
            self._leave_app(channel)
        self.to_fallback(channel)

    def answer_phone(self, leg: LegId) -> None:
        """The party we rang picks up and enters our application."""
        channel = self.channels[leg]
        channel.up = channel.in_app = True
        channel.quiet_since = self.scheduler.time
        self.tell("start", leg)

    def press(self, leg: LegId, digit: str) -> None:
        """A key is pressed."""
        channel = self.channels.get(leg)
        if channel is not None and channel.in_app:
            self.tell("digit", leg, digit)

    def end(self, leg: LegId, cause: int = 16, sip_code: int | None = None) -> None:
        """A channel ends."""
        channel = self.channels.pop(leg)
        self.queue.leave(leg)
        for entry in (channel.claim, channel.timeout):
            if entry is not None:
                entry.cancel()
        for playback in [p for p, where in self.playbacks.items() if where == leg]:
            self._forget_playback(playback)
        for name in [n for n, where in self.takes.items() if where == leg]:
            self.end_take(name)
        self._leave_bridge(channel)
        if channel.in_app or channel.followed:
            self.tell("ended", leg, cause, sip_code, channel.context == FALLBACK)
        if not channel.device and channel.context in (CONTEXT, FALLBACK) and not channel.known:
            self._remember(channel, cause)
        self.manage("hangup", channel, cause, sip_code)
        self._device_changed(channel)
        if self.people is not None:
            self.people.gone(channel)

    def _remember(self, channel: Channel, cause: int) -> None:
        if channel.in_app and cause in REFUSALS:
            self.unwritten[channel.id] = None
            return
        left = self.left.setdefault(channel.id, LeftCall(channel))
        left.ended_at, left.cause = self.scheduler.now(), cause

    def _end_if_there(self, channel: Channel, cause: int) -> None:
        if self.channels.get(channel.id) is channel:
            self.end(channel.id, cause)

    def _leave_bridge(self, channel: Channel) -> None:
        members = self.bridges.get(channel.bridge) if channel.bridge is not None else None
        if members is not None and channel.id in members:
            members.remove(channel.id)
            channel.parted_at = self.scheduler.time
            self._parted([channel.id, *members])
        channel.bridge = None
        channel.quiet_since = self.scheduler.time

    def _device_changed(self, channel: Channel) -> None:
        device = channel.name.rpartition("-")[0]
        if device in self.reachable:
            self.manage("device", device)

    def busy(self, device: str) -> bool:
        """Whether a phone has a channel."""
        return any(c.name.rpartition("-")[0] == device for c in self.channels.values())

    def set_reachable(self, device: str, *, reachable: bool) -> None:
        """A phone comes or goes."""
        self.reachable[device] = reachable
        self.manage("device", device)

    # ------------------------------------------------------------ who listens

    def tell(self, what: EventName, *about: Any) -> None:
        """Send an event to our application; without one it is lost."""
        if self.client is not None:
            self.client.tell(what, *about)

    def manage(self, what: str, *about: Any) -> None:
        """Send an event to who is connected to AMI."""
        for manager in self.managers:
            manager.tell(what, *about)

    def restart(self) -> None:
        """Everything in it ends, unheard by anybody."""
        self.client = None
        self.managers.clear()
        for channel in list(self.channels.values()):
            for waiting in (channel.claim, channel.timeout):
                if waiting is not None:
                    waiting.cancel()
        for _, entry in self.taking.values():
            entry.cancel()
        gone = list(self.channels.values())
        self.unwritten.update((channel.id, None) for channel in gone if channel.id not in self.left)
        self.channels.clear()
        self.bridges.clear()
        self.playbacks.clear()
        self.recordings.clear()
        self.takes.clear()
        self.taking.clear()
        self.queue.clear()
        self.lives += 1
        if self.people is not None:
            for channel in gone:
                self.people.gone(channel)

    # ------------------------------------------------------------ sound

    def end_playback(self, playback: PlaybackId, *, ok: bool = True) -> None:
        """A playback is over."""
        leg = self._forget_playback(playback)
        if leg in self.channels:
            self.channels[leg].quiet_since = self.scheduler.time
        self.tell("play_ended", playback, ok)

    def _forget_playback(self, playback: PlaybackId) -> LegId:
        leg = self.playbacks.pop(playback)
        channel = self.channels.get(leg)
        if channel is not None:
            writes, channel.deferred = channel.deferred, []
            for write in writes:
                write()
        return leg

    def end_take(self, name: RecordingName) -> None:
        """A recording of a caller is over."""
        leg = self.takes.pop(name)
        begun, entry = self.taking.pop(name)
        entry.cancel()
        if leg in self.channels:
            self.channels[leg].quiet_since = self.scheduler.time
        self.tell("recording_ended", name, True, float(int(self.scheduler.time - begun) + 1))  # noqa: FBT003 - ok

    def hears_something(self, channel: Channel) -> bool:
        """Whether a party is told anything, or talks with somebody."""
        if channel.music or channel.ringing:
            return True
        if channel.bridge is not None and len(self.bridges.get(channel.bridge, ())) > 1:
            return True
        return channel.id in self.playbacks.values() or channel.id in self.takes.values()

    # ------------------------------------------------------------ requests

    def do(self, command: TelephonyCommand) -> Failure | None:
        """Carry out a request, or refuse it."""
        if self.onlooker is not None:
            self.onlooker.requested(command)
        failure = super().do(command)
        if failure is None and isinstance(command, AddToBridge) and self.people is not None:
            self.people.joined(self.bridges[command.bridge_id])
        return failure

    def dial(self, command: Originate) -> Failure | None:
        """Ring a phone that can be reached."""
        if not self.reachable.get(command.device, True):
            return "refused"
        name = dialled_name(command.device)
        channel = self.new_channel(command.leg_id, name, device=command.device, caller=command.caller)
        channel.followed = True
        self.scheduler.after(command.timeout_s, self._rang_out, channel)
        if self.people is not None:
            self.people.rung(channel)
        return None

    def _rang_out(self, channel: Channel) -> None:
        if not channel.up:
            self._end_if_there(channel, 19)

    def enter(self, bridge: BridgeId, leg: LegId) -> None:
        """Lead a channel into a bridge, out of any other."""
        channel = self.channels[leg]
        self._leave_bridge(channel)
        channel.bridge = bridge
        self.bridges[bridge].append(leg)

    def emptied(self, members: list[LegId]) -> None:
        """The bridge of these is gone."""
        for leg in members:
            channel = self.channels[leg]
            channel.bridge = None
            channel.parted_at = channel.quiet_since = self.scheduler.time
        self._parted(members)

    def _parted(self, members: list[LegId]) -> None:
        if self.people is not None:
            self.people.parted(members)

    def recording_ended(self, name: RecordingName) -> None:
        """A bridge that was recorded is gone."""
        self.tell("recording_ended", name, True, 0.0)  # noqa: FBT003 - ok

    def to_channel(self, channel: Channel, command: ToChannel) -> None:
        """Do what was asked of a channel that our application has."""
        match command:
            case Answer():
                channel.up, channel.ringing = True, False
            case Ring() | StopRing():
                channel.ringing = isinstance(command, Ring)
            case StartMusic() | StopMusic():
                channel.music = isinstance(command, StartMusic)
            case ContinueInDialplan(context=context):
                self._continue(channel, context)
            case HandOver():
                self._continue(channel, FALLBACK)
            case Play(playback_id=playback) | PlayTake(playback_id=playback) | Beep(playback_id=playback):
                if self.people is not None:
                    self.people.played(channel, playback)
                return
            case StartTake():
                over = self.scheduler.after(command.most_s, self.end_take, command.name)
                self.taking[command.name] = (self.scheduler.time, over)
                return
            case _:
                return
        channel.quiet_since = self.scheduler.time

    def _continue(self, channel: Channel, context: str) -> None:
        self.set_timeout(channel.id, 0.0)
        self._leave_app(channel)
        channel.context = context
        if context == FALLBACK:
            self.to_fallback(channel)

    def _leave_app(self, channel: Channel) -> None:
        channel.in_app = channel.music = False
        self._leave_bridge(channel)
        self.tell("left", channel.id)

    # ------------------------------------------------------------ lists

    def list_channels(self) -> tuple[ChannelSeen, ...]:
        """All channels, as ARI lists them."""
        return tuple(
            ChannelSeen(
                c.id,
                c.name,
                c.up,
                c.in_app or c.id.startswith(OUR_LEG_PREFIX),
                c.context,
                c.extension,
                c.caller,
                c.created_at,
            )
            for c in self.channels.values()
        )

    def list_bridges(self) -> tuple[BridgeSeen, ...]:
        """All bridges."""
        return tuple(BridgeSeen(bridge, tuple(members)) for bridge, members in self.bridges.items())

    def ours(self) -> list[Channel]:
        """The channels our application made."""
        return [c for c in self.channels.values() if c.id.startswith(OUR_LEG_PREFIX)]
