"""The simulated way to Asterisk's REST interface: ``ports.CallControl`` of one life of an engine.

Decides when a request arrives, when its answer and the events come back, and what is lost with the connection. Events
keep their order, answers theirs; between the two there is none. What was sent and not answered has an unknown outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Any, Literal, Protocol, TypeAlias

from acd.domain.commands import AddToBridge, ContinueInDialplan, HandOver, Originate, TakeBack, TelephonyCommand
from acd.domain.errors import CommandTimeout, PbxUnavailable
from acd.domain.events import (
    AgentDialled,
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
    TalkingStarted,
)
from acd.domain.ids import OUR_LEG_PREFIX, ContactId, LegId
from acd.domain.overload import Load
from acd.engine.dead_man import Place
from acd.ports import Clock
from acd.runtime.dead_man import TALK_S
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.channels import Channel, EventName
from acd.sim.faults.clock import EngineLoop, Entry, Scheduler
from acd.sim.faults.hearing import Ear, Patience
from acd.sim.faults.targets import target_of

Reason: TypeAlias = Literal["gone", "refused", "timeout", "unavailable"]
OnResult: TypeAlias = Callable[[Reason | None], None]
Variable: TypeAlias = Literal["timeout", "rank"]
REQUEST_TIMEOUT_S = 5.0
"""As the real link has it."""
FIRST_BACK_OFF_S, MOST_BACK_OFF_S = 0.05, 1.0
EXPECT_S, ENTER_S = 1.0, 1.0
RIGHTFUL_S = 1.0
ALIVE_WITHIN_S = 1.0
"""As the real control has it: without a sign of life from ARI so soon nothing is written by AMI either."""
FIRST_HANDED_OVER = 1 << 29


class Network(Protocol):
    """What chance does to the wire."""

    def delay(self) -> float:
        """How long a message takes now."""

    def mishap(self) -> tuple[Literal["refused", "timeout"], bool] | None:
        """Whether the next request fails, and whether it is carried out all the same."""

    def open(self) -> bool:
        """Whether a connection can be made now."""


class ByManager(Protocol):
    """The way by AMI."""

    def write(self, write: Callable[[], object]) -> bool:
        """Have something written on a channel now; False while there is no connection."""

    def take_back(self, channel_name: str) -> None:
        """Press the key that leads a caller out of Asterisk's own queue."""


class Stream:
    """Messages that arrive in the order sent, each some time later."""

    def __init__(self, scheduler: Scheduler, network: Network, owner: EngineLoop | None) -> None:
        self._scheduler = scheduler
        self._network = network
        self._owner = owner
        self._last = 0.0

    def send(self, call: Callable[..., object], *args: Any) -> None:
        """Have something called when the message arrives."""
        self._last = max(self._last, self._scheduler.time + self._network.delay())
        self._scheduler.put(Entry(self._last, call, args, self._owner))


@dataclass(eq=False)
class Request:
    """One under way."""

    do: Callable[[], Reason | None]
    on_result: OnResult | None
    deadline: float
    look: bool

    def finish(self, reason: Reason | None) -> None:
        """Tell the result, once."""
        on_result, self.on_result = self.on_result, None
        if on_result is not None:
            on_result(reason)


@dataclass(eq=False)
class Session:
    """One WebSocket. ``cut``: nothing passes any more, in neither direction, whoever knows."""

    wire: Wire
    events: Stream
    requests: Stream
    answers: Stream
    cut: bool = False
    unanswered: list[Request] = field(default_factory=list)
    ear: Ear | None = None

    def tell(self, what: EventName, *about: Any) -> None:
        """Asterisk sends an event."""
        if not self.cut:
            self.wire.in_flight += 1
            self.events.send(self._arrived, what, about)

    def _arrived(self, what: EventName, about: tuple[Any, ...]) -> None:
        self.wire.in_flight -= 1
        if self.wire.session is self and not self.cut:
            self.heard()
            self.wire.hear(what, *about)

    def heard(self) -> None:
        """Something has come."""
        if self.ear is not None:
            self.ear.hear()


class Wire:
    """``ports.CallControl`` over a simulated connection that may break.

    Args:
        scheduler: the world's time.
        loop: of the engine this belongs to.
        asterisk: the other end.
        network: what lies between.
        chance: of the little differences.
        emit: takes domain events.
        on_state: told whether the connection is up.
        on_taken: told of each caller the engine accounts for.
        patience: when silence means that the connection is dead; None: never.
        clock: the engine's; None: the world's.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        loop: EngineLoop,
        asterisk: Asterisk,
        network: Network,
        chance: Random,
        emit: Callable[[Event], None],
        on_state: Callable[[bool], None],
        on_taken: Callable[[LegId], None] = lambda _leg: None,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._clock = clock or scheduler
        self._loop = loop
        self._asterisk = asterisk
        self._network = network
        self._chance = chance
        self._emit = emit
        self._on_state = on_state
        self._on_taken = on_taken
        self._patience = patience
        self.session: Session | None = None
        self.claiming = True
        """Whether calls are taken."""
        self.permitted: Callable[[], bool] = lambda: True
        """Whether this engine may command in this instant."""
        self.rightful: Callable[[], bool] | None = None
        """With two engines: whether this one may take the other's place in Asterisk."""
        self.by_manager: ByManager
        self.on_unwritten: Callable[[Iterable[ContactId]], None] = lambda _contacts: None
        """Told of callers of whom something was to be written on their channels, and was not."""
        self._to_write: list[tuple[LegId, Variable, Callable[[], object]]] = []
        self._asked_at = float("-inf")
        self._handed_over = 0
        self.in_flight = 0
        """Events that Asterisk sent and the engine has not heard yet."""
        self._held: dict[ContactId, list[TelephonyCommand]] = {}
        """What was ordered for callers who are on the way in."""
        self._announced: dict[LegId, None] = {}
        self._expected: dict[LegId, asyncio.TimerHandle] = {}
        self._expiring = False
        self._failures = 0

    # ------------------------------------------------------------ the connection

    def connect(self) -> None:
        """Try to connect, again and again."""
        if self.session is not None:
            return
        may = self.rightful is None or self.rightful()
        if not (self._network.open() and self._asterisk.up and may):
            self._failures += 1
            pause = min(MOST_BACK_OFF_S, FIRST_BACK_OFF_S * 2.0 ** min(self._failures, 5))
            self._loop.call_later(pause, self.connect)
            return
        self._failures = 0
        events, requests, answers = (
            Stream(self._scheduler, self._network, owner) for owner in (self._loop, None, self._loop)
        )
        session = self.session = Session(self, events, requests, answers)
        if self._patience is not None:
            session.ear = Ear(self._loop, self._patience, lambda: self.probe(lambda: None), partial(self.lose, session))
        if self._asterisk.client is not None:
            self._asterisk.client.tell("replaced")
        self._asterisk.client = session
        self._loop.call_later(0.005 + self._chance.random() * 0.03, self._connected, session)

    def _connected(self, session: Session) -> None:
        if self.session is session:
            self._on_state(True)  # noqa: FBT003 - up

    def lose(self, session: Session, again_s: float | None = FIRST_BACK_OFF_S) -> None:
        """The engine finds its connection broken; ``again_s``: when it makes another, None: never."""
        if self.session is not session:
            return
        session.cut = True
        if session.ear is not None:
            session.ear.close()
        if self._asterisk.client is session:
            self._asterisk.client = None
        self.session = None
        self._held.clear()
        for timer in self._expected.values():
            timer.cancel()
        self._expected.clear()
        self._on_state(False)  # noqa: FBT003 - down
        for request in session.unanswered:
            request.finish("timeout")
        session.unanswered.clear()
        if again_s is not None:
            self._loop.call_later(again_s, self.connect)

    @property
    def busy(self) -> bool:
        """Whether something is under way in either direction."""
        return self.in_flight > 0 or bool(self._held) or (self.session is not None and bool(self.session.unanswered))

    # ------------------------------------------------------------ requests

    def execute(self, command: TelephonyCommand) -> None:
        """Send a command without waiting."""
        held = self._held.get(command.contact_id)
        if held is not None and not isinstance(command, Originate):
            held.append(command)
            return
        if isinstance(command, TakeBack):
            if self.permitted():
                self.by_manager.take_back(command.channel_name)
            return

        def done(reason: Reason | None) -> None:
            if reason is not None:
                self._emit(CommandFailed(self._clock.now(), command.kind, target_of(command), reason))

        self._send(self._doing(command), done)

    def _doing(self, command: TelephonyCommand) -> Callable[[], Reason | None]:
        """What is to happen in Asterisk, with what goes there in the same packet."""
        asterisk = self._asterisk
        match command:
            case AddToBridge(leg_ids=legs) if asterisk.dead_man_s:
                callers = [leg for leg in legs if not leg.startswith(OUR_LEG_PREFIX)]
                self._forget_renewals(callers)

                def join() -> Reason | None:
                    failure = asterisk.do(command)
                    for leg in callers:
                        asterisk.set_timeout(leg, TALK_S)
                    return failure

                return join
            case HandOver(leg_id=leg):
                self._forget_writes(leg)
                self._handed_over += 1
                rank = FIRST_HANDED_OVER - self._handed_over

                def hand_over() -> Reason | None:
                    asterisk.set_rank(leg, rank)
                    return asterisk.do(command)

                return hand_over
            case ContinueInDialplan(leg_id=leg):
                self._forget_renewals([leg])
                return lambda: asterisk.do(command)
            case _:
                return lambda: asterisk.do(command)

    def probe(self, on_answer: Callable[[], None]) -> None:
        """Ask Asterisk for a sign of life, on the connection of the events and in order with these."""
        session = self.session
        if session is None:
            return

        def answered() -> None:
            if self.session is session and not session.cut:
                session.heard()
                on_answer()

        def asked() -> None:
            if not session.cut:
                session.events.send(answered)

        session.requests.send(asked)

    # ------------------------------------------------------------ the dead man's handle

    def renew(self, contact_id: ContactId, leg_id: LegId, seconds: float) -> None:  # noqa: ARG002 - the port's
        """Leave the caller in the application for so long."""
        self._write(leg_id, "timeout", lambda: self._asterisk.set_timeout(leg_id, seconds))

    def note(self, contact_id: ContactId, leg_id: LegId, place: Place | None, number: int) -> int:  # noqa: ARG002 - likewise
        """Keep a caller's place with its channel."""
        self._write(leg_id, "rank", lambda: self._asterisk.set_rank(leg_id, number if place is not None else 0))
        return 3

    def _write(self, leg: LegId, what: Variable, write: Callable[[], object]) -> None:
        """Write by AMI once ARI has given a sign of life, as the real control does; not before the caller is ours."""
        if ContactId(leg) in self._held or not self.permitted():
            self.on_unwritten([ContactId(leg)])
            return
        now = self._scheduler.time
        if self._to_write and now - self._asked_at > ALIVE_WITHIN_S:
            self._unwritten()
        if not self._to_write:
            self._asked_at = now
            self._send(lambda: None, self._alive, look=True)
        self._to_write.append((leg, what, write))

    def _alive(self, reason: Reason | None) -> None:
        if reason in ("timeout", "unavailable"):
            return
        if self._scheduler.time - self._asked_at > ALIVE_WITHIN_S:
            self._unwritten()
        writes, self._to_write = self._to_write, []
        for leg, _, write in writes:
            if not (self.permitted() and self.by_manager.write(write)):
                self._send(partial(self._asterisk.in_turn, leg, write), lambda _reason: None)

    def outside(self, leg: LegId) -> None:
        """A caller is in Asterisk's own queue: no timeout is to end that."""
        self._forget_writes(leg)
        if self.permitted():
            self.by_manager.write(lambda: self._asterisk.set_timeout(leg, TALK_S))

    def _unwritten(self) -> None:
        writes, self._to_write = self._to_write, []
        self.on_unwritten([ContactId(leg) for leg, *_ in writes])

    def _forget_writes(self, leg: LegId) -> None:
        self._to_write = [write for write in self._to_write if write[0] != leg]

    def _forget_renewals(self, legs: Collection[LegId]) -> None:
        """As the real control does when it sets the timeout otherwise."""
        self._to_write = [write for write in self._to_write if write[0] not in legs or write[1] != "timeout"]

    # ------------------------------------------------------------ how requests go

    def _send(self, do: Callable[[], Reason | None], on_result: OnResult, *, look: bool = False) -> None:
        """``look``: it changes nothing, so Asterisk has no reason to refuse it."""
        session = self.session
        if session is None or not (look or self.permitted()):
            self._loop.call_soon(on_result, "unavailable")
            return
        request = Request(do, on_result, self._scheduler.time + REQUEST_TIMEOUT_S, look)
        session.unanswered.append(request)
        session.requests.send(self._at_asterisk, session, request)
        if not self._expiring:
            self._expiring = True
            self._loop.call_later(REQUEST_TIMEOUT_S / 4, self._expire)

    def _at_asterisk(self, session: Session, request: Request) -> None:
        if session.cut:  # who has another's place taken by a newer one can still order
            return
        mishap = self._network.mishap()
        if mishap is None or (request.look and mishap[0] == "refused"):
            reason = request.do()
        else:
            reason, carried_out = mishap
            if carried_out:
                request.do()
            if reason == "timeout":
                return
        if not session.cut:
            session.answers.send(self._answered, session, request, reason)

    def _answered(self, session: Session, request: Request, reason: Reason | None) -> None:
        if self.session is session and not session.cut:
            session.heard()
            if request in session.unanswered:
                session.unanswered.remove(request)
            request.finish(reason)

    def _expire(self) -> None:
        self._expiring = False
        session = self.session
        if session is None or not session.unanswered:
            return
        late = [request for request in session.unanswered if request.deadline <= self._scheduler.time]
        for request in late:
            session.unanswered.remove(request)
            request.finish("timeout")
        self._expiring = True
        self._loop.call_later(REQUEST_TIMEOUT_S / 4, self._expire)

    # ------------------------------------------------------------ events

    def hear(self, what: EventName, *about: Any) -> None:
        """Translate an event of Asterisk's."""
        at = self._clock.now()
        match what:
            case "replaced" if self.session is not None:
                self.lose(self.session, None if self.rightful is None else RIGHTFUL_S)
            case "broadcast":
                self._broadcast(about[0])
            case "start":
                leg: LegId = about[0]
                if leg.startswith(OUR_LEG_PREFIX):
                    self._emit(LegAnswered(at, leg))
                else:
                    self._enter(leg)
            case "ended":
                self._emit(LegEnded(at, *about))
            case "left":
                self._emit(LegLeft(at, *about))
            case "dialled":
                self._emit(AgentDialled(at, *about))
            case "digit":
                self._emit(DigitPressed(at, *about))
            case "play_ended":
                self._emit(PlaybackEnded(at, *about))
            case "recording_ended":
                self._emit(RecordingEnded(at, *about))
            case "talking":
                self._emit(TalkingStarted(at, *about))

    def expect(self, channel: Channel) -> None:
        """AMI told of a new caller: the engine may begin before the channel comes in."""
        if self.claiming and self.session is not None and channel.id not in self._announced:
            self._expected[channel.id] = self._loop.call_later(EXPECT_S, self._did_not_come, channel.id)
            self._announce(channel)

    def _did_not_come(self, leg: LegId) -> None:
        self._expected.pop(leg, None)
        if self._held.pop(ContactId(leg), None) is not None:
            self._emit(CommandFailed(self._clock.now(), "claim", leg, "refused"))

    def _announce(self, channel: Channel) -> None:
        self._announced[channel.id] = None
        self._held.setdefault(ContactId(channel.id), [])
        at = self._clock.now()
        load = Load(0.0, len(self.session.unanswered) if self.session is not None else 0)
        self._emit(CallArrived(at, channel.id, channel.name, channel.extension, channel.caller, load=load))

    def _broadcast(self, channel: Channel) -> None:
        leg = channel.id
        if not self.claiming:
            return
        expected = self._expected.pop(leg, None)
        if expected is not None:
            expected.cancel()
        else:
            self._announce(channel)
        self._on_taken(leg)

        def done(reason: Reason | None) -> None:
            if reason is None:
                self._loop.call_later(ENTER_S, self._enter, leg)
            elif self._held.pop(ContactId(leg), None) is not None:
                self._send(lambda: None if leg in self._asterisk.channels else "gone", not_ours, look=True)

        def not_ours(reason: Reason | None) -> None:
            if reason is None:
                self._emit(CommandFailed(self._clock.now(), "claim", leg, "refused"))
            elif reason == "gone":
                self._emit(CommandFailed(self._clock.now(), "claim", leg, "gone"))
                self._emit(LegEnded(self._clock.now(), leg))

        self._send(lambda: self._asterisk.claim(leg), done)

    def _enter(self, leg: LegId) -> None:
        for command in self._held.pop(ContactId(leg), ()):
            self.execute(command)

    # ------------------------------------------------------------ what exists

    async def resync(self, *, after_gap: bool) -> Resynced:
        """Look at all channels, then at all bridges. Raises ``TelephonyError``."""
        asked_at = self._clock.now()
        session = self.session
        if session is None:
            raise PbxUnavailable("resync: no connection")
        channels = await self._look(session, self._asterisk.list_channels)
        bridges = await self._look(session, self._asterisk.list_bridges)
        away = self._clock.now() - self._scheduler.now()
        channels = tuple(replace(channel, created_at=channel.created_at + away) for channel in channels)
        if after_gap:
            for channel in self._asterisk.channels.values():
                channel.followed = channel.followed or channel.in_app
        return Resynced(self._clock.now(), channels, bridges, after_gap=after_gap, asked_at=asked_at)

    async def _look(self, session: Session, look: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Ask for a list over a connection of its own, so that it keeps no order with anything."""
        there, back = self._network.delay(), self._network.delay()
        if there + back > REQUEST_TIMEOUT_S or session.cut:
            await asyncio.sleep(REQUEST_TIMEOUT_S)
            raise CommandTimeout("resync: no answer")
        await asyncio.sleep(there)
        seen = look()
        await asyncio.sleep(back)
        if session.cut or self.session is not session:
            raise CommandTimeout("resync: the connection broke")
        return seen
