"""The simulated AMI link of one life of an engine: phones' states, new callers, and callers nobody took.

Decides what such a link tells the engine, as the real one does: nothing while it is lost, everything anew when it is
back, and the end of a caller whom no engine accounts for once it is clear that none does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

from acd.domain.events import Event, FallbackSeen, LinkChanged, PhoneChanged, UnroutedEnded
from acd.domain.ids import LegId
from acd.ports import Clock
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.channels import CONTEXT, FALLBACK, Channel
from acd.sim.faults.clock import EngineLoop, Scheduler
from acd.sim.faults.hearing import Ear, Patience
from acd.sim.faults.wire import FIRST_BACK_OFF_S, MOST_BACK_OFF_S, Network, Stream

AUDIT_S = 60.0
SETTLE_S = 2.0
"""How long an ended call waits for an engine to say that it is its own."""


@dataclass
class _Caller:
    channel: Channel
    started_at: float
    claimed: bool = False
    fell: bool = False
    answered_at: float | None = None


@dataclass(eq=False)
class Connection:
    """One connection to AMI, at Asterisk's end."""

    link: ManagerLink
    events: Stream
    orders: Stream
    ear: Ear | None = None
    cut: bool = False

    def order(self, do: Callable[..., object], *about: Any) -> None:
        """Have something done by Asterisk; what becomes of it is not told."""
        self.orders.send(self._take, do, about)

    def _take(self, do: Callable[..., object], about: tuple[Any, ...]) -> None:
        if not self.cut:
            do(*about)

    def tell(self, what: str, *about: Any) -> None:
        """Send an event."""
        if not self.cut:
            self.events.send(self._arrived, what, about)

    def _arrived(self, what: str, about: tuple[Any, ...]) -> None:
        if self.link.connection is self and not self.cut:
            if self.ear is not None:
                self.ear.hear()
            self.link.hear(what, *about)


class ManagerLink:
    """What the engine knows by AMI."""

    def __init__(
        self,
        scheduler: Scheduler,
        loop: EngineLoop,
        asterisk: Asterisk,
        network: Network,
        chance: Random,
        emit: Callable[[Event], None],
        expect: Callable[[Channel], None],
        on_synced: Callable[[], None],
        patience: Patience,
        clock: Clock,
    ) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._loop = loop
        self._asterisk = asterisk
        self._network = network
        self._chance = chance
        self._emit = emit
        self._expect = expect
        self._on_synced = on_synced
        self._patience = patience
        self.connection: Connection | None = None
        self.synced = False
        self._callers: dict[LegId, _Caller] = {}
        self._early: dict[LegId, None] = {}
        self._ended: dict[LegId, tuple[_Caller, UnroutedEnded]] = {}
        self._told: dict[str, tuple[bool, bool]] = {}
        self._told_left: dict[LegId, None] = {}

    # ------------------------------------------------------------ the connection

    def connect(self) -> None:
        """Try to connect, again and again."""
        if self.connection is not None:
            return
        if not (self._network.open() and self._asterisk.up):
            self._loop.call_later(MOST_BACK_OFF_S, self.connect)
            return
        events, orders = (Stream(self._scheduler, self._network, owner) for owner in (self._loop, None))
        connection = self.connection = Connection(self, events, orders)
        ask = partial(connection.order, connection.tell, "pong")
        connection.ear = Ear(self._loop, self._patience, ask, partial(self.lose, connection))
        self._asterisk.managers.append(connection)
        self._loop.call_later(0.02 + self._chance.random() * 0.2, self._load, connection)

    def write(self, write: Callable[[], object]) -> bool:
        """Have something written on a channel now; False while there is no connection."""
        if self.connection is None:
            return False
        self.connection.order(write)
        return True

    def take_back(self, channel_name: str) -> None:
        """Press the key that leads a caller out of Asterisk's own queue."""
        if self.connection is not None:
            self.connection.order(self._asterisk.press_back, channel_name)

    def lose(self, connection: Connection) -> None:
        """The link is found broken."""
        if self.connection is not connection:
            return
        connection.cut = True
        if connection.ear is not None:
            connection.ear.close()
        if connection in self._asterisk.managers:
            self._asterisk.managers.remove(connection)
        self.connection = None
        self._told.clear()
        if self.synced:
            self.synced = False
            self._emit(LinkChanged(self._clock.now(), "ami", up=False))
        self._loop.call_later(FIRST_BACK_OFF_S, self.connect)

    def _load(self, connection: Connection) -> None:
        """Read everything anew."""
        if self.connection is not connection or connection.cut:
            return
        now = self._clock.now()
        self._tell_callers()
        for device in self._asterisk.devices:
            self._device(device)
        self._tell_left()
        self.synced = True
        self._on_synced()
        self._emit(LinkChanged(now, "ami", up=True))
        self._loop.call_later(AUDIT_S, self._look_again, connection)

    def _look_again(self, connection: Connection) -> None:
        if self.connection is connection and not connection.cut:
            self._tell_callers()
            self._tell_left()
            self._loop.call_later(AUDIT_S, self._look_again, connection)

    def _tell_callers(self) -> None:
        """Tell who is in Asterisk's own queue, in the order they came, and whose end nobody saw."""
        there = self._asterisk.channels
        fallen = []
        for channel in there.values():
            if channel.context in (CONTEXT, FALLBACK) and not channel.device:
                caller = self._callers.setdefault(channel.id, _Caller(channel, channel.created_at + self._away()))
                if channel.context == FALLBACK:
                    caller.fell, caller.claimed = True, False
                    if channel.served:
                        caller.answered_at = caller.answered_at or self._clock.now()
                    fallen.append(caller)
                elif channel.in_app or channel.claim is not None:
                    caller.fell, caller.claimed = False, True
        for leg in [leg for leg in self._callers if leg not in there]:
            self._tell_later(self._callers.pop(leg), 0, None, self._clock.now())
        for caller in sorted(fallen, key=lambda one: (one.started_at, one.channel.id)):
            self._tell_fallen(caller)

    def _tell_fallen(self, caller: _Caller) -> None:
        channel = caller.channel
        about = (channel.id, channel.name, channel.extension, channel.caller, caller.started_at, caller.answered_at)
        self._emit(FallbackSeen(self._clock.now(), *about))

    def moved(self, by_s: float) -> None:
        """The engine's clock was set by so many seconds."""
        for caller in [*self._callers.values(), *(caller for caller, _ in self._ended.values())]:
            caller.started_at += by_s
            caller.answered_at = None if caller.answered_at is None else caller.answered_at + by_s
        for leg, (caller, told) in self._ended.items():
            answered = None if told.connected_at is None else told.connected_at + by_s
            moved = replace(told, at=told.at + by_s, arrived_at=told.arrived_at + by_s, connected_at=answered)
            self._ended[leg] = caller, moved

    def _away(self) -> float:
        """Seconds by which the engine's clock tells another time than it is."""
        return self._clock.now() - self._scheduler.now()

    def _tell_left(self) -> None:
        """Tell of calls that ended while nobody was there, and forget those told at the look before."""
        now, asterisk = self._clock.now(), self._asterisk
        for leg in [leg for leg in asterisk.left if leg in self._told_left]:
            del asterisk.left[leg], self._told_left[leg]
        for leg, left in list(asterisk.left.items()):
            if leg not in asterisk.channels:
                self._told_left[leg] = None
                away = self._away()
                ended = now if left.ended_at is None else left.ended_at + away
                answered = None if left.answered_at is None else left.answered_at + away
                self._emit(_unrouted(left.channel, left.channel.created_at + away, answered, ended, fell=left.fell))

    # ------------------------------------------------------------ events

    def claim(self, leg: LegId) -> None:
        """The engine accounts for a caller."""
        caller, ended = self._callers.get(leg), self._ended.get(leg)
        if caller is not None:
            caller.claimed = caller.claimed or not caller.fell
        elif ended is None:
            self._early[leg] = None
        elif not ended[0].fell:
            del self._ended[leg]

    def acknowledge(self, leg: LegId) -> None:
        """The engine makes the record of a caller."""
        if self.connection is not None:
            self._scheduler.after(self._network.delay(), self._acknowledged, self.connection, leg)

    def _acknowledged(self, connection: Connection, leg: LegId) -> None:
        channel = self._asterisk.channels.get(leg)
        if channel is not None and not connection.cut:
            channel.known = True

    def hear(self, what: str, *about: Any) -> None:
        """Take an event."""
        match what:
            case "newcomer":
                self._newcomer(about[0])
            case "fell":
                caller = self._callers.get(about[0].id) or self._begin(about[0])
                caller.fell, caller.claimed = True, False
                self._tell_fallen(caller)
            case "connected":
                caller = self._callers.get(about[0].id) or self._begin(about[0])
                caller.answered_at = caller.answered_at or self._clock.now()
                self._tell_fallen(caller)
            case "hangup":
                self._early.pop(about[0].id, None)
                gone = self._callers.pop(about[0].id, None)
                if gone is not None:
                    self._tell_later(gone, about[1], about[2], self._clock.now())
            case "device":
                self._device(about[0])

    def _newcomer(self, channel: Channel) -> None:
        if channel.id not in self._callers:
            self._begin(channel)
        if channel.extension in self._asterisk.codes:
            self._expect(channel)

    def _begin(self, channel: Channel) -> _Caller:
        caller = _Caller(channel, self._clock.now(), claimed=channel.id in self._early)
        self._early.pop(channel.id, None)
        self._callers[channel.id] = caller
        return caller

    def _device(self, device: str) -> None:
        state = (self._asterisk.reachable[device], self._asterisk.busy(device))
        if self._told.get(device) != state:
            self._told[device] = state
            self._emit(PhoneChanged(self._clock.now(), device, *state))

    def _tell_later(self, caller: _Caller, cause: int, sip_code: int | None, at: float) -> None:
        if caller.claimed:
            return
        channel = caller.channel
        ended = _unrouted(channel, caller.started_at, caller.answered_at, at, cause, sip_code, fell=caller.fell)
        self._ended[channel.id] = (caller, ended)
        self._loop.call_later(SETTLE_S, self._tell, channel.id)

    def _tell(self, leg: LegId) -> None:
        ended = self._ended.pop(leg, None)
        if ended is not None:
            self._emit(ended[1])


def _unrouted(
    channel: Channel,
    began: float,
    answered: float | None,
    ended: float,
    cause: int = 0,
    sip_code: int | None = None,
    *,
    fell: bool,
) -> UnroutedEnded:
    return UnroutedEnded(
        ended, channel.id, channel.name, channel.extension, channel.caller, began, answered, cause, sip_code, fell
    )
