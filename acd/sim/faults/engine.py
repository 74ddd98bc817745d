"""One life of an engine: the real dispatcher, timers and auditor on a loop of their own, between simulated outsides.

Decides the order of a start and of an orderly end, as ``acd.app`` does for the real one. When it is killed nothing of
it runs any more; what it had made durable is on the disk and in the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from acd.domain.commands import TelephonyCommand
from acd.domain.events import (
    CallArrived,
    DrainRequested,
    Event,
    FallbackSeen,
    LinkChanged,
    Resynced,
)
from acd.domain.ids import AgentId, ContactId, LegId
from acd.domain.plan import AgentAction, Plan
from acd.engine.state import EngineState
from acd.ports import Row
from acd.runtime.audit import Auditor
from acd.runtime.clock import AnchoredClock
from acd.runtime.clock_keeper import ClockKeeper, Sign
from acd.runtime.dead_man import DeadMan
from acd.runtime.dispatcher import Codec, Dispatcher
from acd.runtime.gaps import GapLedger
from acd.runtime.receipts import Receipts
from acd.runtime.standby import HeldRecords, Standby
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.clock import Killed, Scheduler, engine_loop
from acd.sim.faults.disk import Database, Disk, EventCodec, SimJournal, SimRecords
from acd.sim.faults.hearing import Patience
from acd.sim.faults.manager import ManagerLink
from acd.sim.faults.neighbours import Files, OtherSystems
from acd.sim.faults.pair import Lease, Reader, Seat, SeatSeen, Succession
from acd.sim.faults.points import Points
from acd.sim.faults.wire import Network, Wire

HOUSEKEEPING_S = 1.0
RETIRE_S = 5.0
CLOCK_PATIENCE_S = 20.0
"""Shorter than the real engine's, so that a clock that was set is followed amid calls, too."""


@dataclass(frozen=True, slots=True)
class Codecs:
    """How states and events are written down."""

    state: Codec
    event: EventCodec
    succession: Succession
    """How two engines take turns."""
    ari: Patience
    ami: Patience


@dataclass
class Outside:
    """What engines find around them and leave behind."""

    scheduler: Scheduler
    asterisk: Asterisk
    network: Network
    disk: Disk
    database: Database
    codecs: Codecs
    plan: Plan
    seat: Seat | None
    """With two engines."""
    points: Points
    chance: Random
    heard: Callable[[bytes], None]
    ordered: Callable[[Life, TelephonyCommand], None]
    synced: Callable[[Life], None]
    died: Callable[[Life], None]
    told: Callable[[Life, Event], None]
    recovered: Callable[[Life], None]
    unsynced: Callable[[Life], None]
    kept: Callable[[Life, Row], None]
    arrived: Callable[[Life, CallArrived], None]
    draining: Callable[[Life, bool], None]
    activated: Callable[[Life], None]
    clock_told: Callable[[Life, float], None]
    """An engine takes another time for the right one, by so many seconds, or begins with one."""


class Life:
    """An engine from its start to its end."""

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.loop = engine_loop(outside.scheduler, self._before)
        self.began = outside.scheduler.time
        self.recovered = False
        self.replayed = 0
        self.told_of: dict[ContactId, None] = {}
        """Contacts whose record it made, or made again."""
        self.token = 0
        self.lease = outside.seat.rules.lease(lambda: outside.scheduler.time) if outside.seat is not None else None
        self.clock = AnchoredClock(outside.scheduler.system, outside.scheduler.elapsed)
        self._unseen_since = self.clock.now()
        self._decide()
        self._connect()
        self.auditor = Auditor(self.clock, self.dispatcher, self, on_synced=self._synced)

    def _decide(self) -> None:
        """Make the store's writers and what decides."""
        outside, chance = self.outside, self.outside.chance
        self.journal = SimJournal(
            outside.scheduler, self.loop, outside.disk, outside.codecs.event, outside.points, outside.heard, self.kill
        )
        self.records = SimRecords(
            outside.scheduler,
            self.loop,
            outside.database,
            chance,
            outside.points,
            self.kill,
            self._kept,
            outside.disk if outside.seat is None else None,  # another engine would not see it
        )
        self._held = HeldRecords(self.records)
        self.dispatcher = Dispatcher(
            self.clock,
            self.journal,
            self._held,
            Files(outside.asterisk, chance),
            outside.codecs.state,
            policies_for,
            evaluate_in_flow,
            self.lease.holds if self.lease is not None else lambda: True,
        )
        self.dispatcher.attach_data(OtherSystems(chance))
        self.gaps = GapLedger(self.clock, self.records.write)
        self.keeper = ClockKeeper(
            self.clock, self.dispatcher, self.gaps, outside.scheduler.elapsed, self._moved, CLOCK_PATIENCE_S
        )

    def _connect(self) -> None:
        """Make the two ways to Asterisk, and what keeps callers there."""
        outside = self.outside
        world = (outside.scheduler, self.loop, outside.asterisk, outside.network, outside.chance, self._emit)
        ari, ami = outside.codecs.ari, outside.codecs.ami
        self.wire = Wire(*world, self._on_state, self._taken, ari, self.clock)
        self.manager = ManagerLink(*world, self.wire.expect, lambda: self.dead_man.forget(), ami, self.clock)  # noqa: PLW0108 - made below
        self.wire.by_manager = self.manager
        self.receipts = Receipts(
            self.journal,
            lambda leg: self.dispatcher.caller(ContactId(leg)) is not None,
            self.manager.acknowledge,
        )
        self.dead_man = DeadMan(self.dispatcher.callers, self.dispatcher.caller, self.wire, outside.asterisk.dead_man_s)
        self.wire.on_unwritten = self.dead_man.forget

    # ------------------------------------------------------------ its life

    def start(self) -> None:
        """Begin."""
        self.spawn(self._start())

    async def _start(self) -> None:
        if self.outside.seat is not None and self.lease is not None:
            await self._succeed(self.outside.seat, self.lease)
        else:
            self._held.release()
            snapshot, events = await self.journal.load()
            self.dispatcher.restore(snapshot)
            self.dispatcher.replay(events)
            self.replayed = len(events)
            sign = self.outside.disk.sign
            self._resume_clock(sign)
            self.dispatcher.begin(self.outside.plan)
            self._begin_ledger(sign.at if sign is not None else None)
        self.outside.activated(self)
        self.recovered = True
        self.outside.recovered(self)
        self.dispatcher.attach(self)
        if self.dispatcher.draining:
            self.drain(on=False)
        self.spawn(self._keep_house())
        self.wire.connect()
        self.manager.connect()

    async def _succeed(self, seat: Seat, lease: Lease) -> None:
        """Be the standby until it is our turn."""
        now = lambda: self.outside.scheduler.time  # noqa: E731 - a clock
        reached = SeatSeen(seat, now)
        reader = Reader(self.outside.disk, self.outside.codecs.event)
        turn = seat.rules.turn(reached, lease, now)
        self.token = await Standby(reader, turn, self.dispatcher, self._held).until_active()
        self.journal.own(reader.after)
        for writer in (self.journal, self.records):
            writer.ours = self.active
        self.journal.on_deposed = self._deposed
        self.wire.permitted, self.wire.rightful = lease.holds, lease.verified
        self.spawn(self._keep_seat(reached, lease))
        self.spawn(self._be_witnessed(seat, lease))
        self._resume_clock(None)
        self.dispatcher.begin(self.outside.plan)
        self._begin_ledger(None)
        self.auditor.settle_s = seat.rules.witness_s if turn.seized else 0.0

    async def _keep_seat(self, reached: SeatSeen, lease: Lease) -> None:
        await reached.keep(self.token, lease)
        self._deposed()

    async def _be_witnessed(self, seat: Seat, lease: Lease) -> None:
        """Without the database, Asterisk tells that nobody took our place."""
        while True:
            if lease.wants_witness():
                self.wire.probe(partial(lease.witnessed, self.outside.scheduler.time))
            await asyncio.sleep(seat.rules.witness_s / 5)

    def _deposed(self) -> None:
        """Another engine is the active one: end, and begin anew as its standby."""
        if self.lease is not None:
            self.lease.refused()
        self.kill()

    def active(self) -> bool:
        """Whether this is the engine that may write and command."""
        return self.outside.seat is None or self.token == self.outside.seat.token

    def _resume_clock(self, sign: Sign | None) -> None:
        self.keeper.resume(sign)
        self._unseen_since = self.clock.now()
        self.outside.clock_told(self, 0.0)

    def _moved(self, by_s: float) -> None:
        self.manager.moved(by_s)
        self.outside.clock_told(self, by_s)

    def _begin_ledger(self, alive: float | None) -> None:
        """Nobody saw what happened since an engine was alive last."""
        known = [at for at in (alive, self.dispatcher.replayed_until) if at is not None]
        if known:
            self._unseen_since = min(max(known), self._unseen_since)
            self.gaps.open("engine", self._unseen_since)
        self.gaps.adopt(self.outside.database.gaps.values(), self._unseen_since)

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            now = self.clock.now()
            if self.journal.gap:
                self.gaps.open("journal", now - HOUSEKEEPING_S)
                self.dispatcher.snapshot()
            else:
                self.gaps.close("journal")
            self.keeper.look()
            self._sign()

    def _sign(self) -> None:
        self.outside.disk.sign, self.outside.disk.signed_at = self.keeper.sign(), self.outside.scheduler.time

    def drain(self, *, on: bool) -> None:
        """Take no calls and hand over who waits; or go back to normal."""
        self.wire.claiming = not on
        self.outside.draining(self, on)
        self.dispatcher.submit(DrainRequested(self.clock.now(), on=on))

    async def stop(self, *, hand_over: bool = False) -> None:
        """End in order."""
        self.wire.claiming = False
        if hand_over:
            self.drain(on=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(RETIRE_S):
                    while self.dispatcher.on_the_way():  # noqa: ASYNC110 - told by AMI, in events of the engine
                        await asyncio.sleep(0.02)
        await self.auditor.close()
        await self.receipts.close()
        await self.dead_man.close()
        await self.dispatcher.close()
        self._sign()
        await self.journal.close()
        if self.outside.seat is not None:
            self.outside.seat.give_back(self.token)
        self.kill()

    def kill(self) -> None:
        """End at once; when called from within the engine, what it was doing never goes on."""
        if self.loop.dead:
            return
        self.loop.die()
        session, connection = self.wire.session, self.manager.connection
        asterisk = self.outside.asterisk
        # The kernel closes the sockets; Asterisk lets the application go at once. What was sent arrives all the same.
        if session is not None and asterisk.client is session:
            asterisk.client = None
        if connection is not None and connection in asterisk.managers:
            asterisk.managers.remove(connection)
        self.outside.died(self)

    @property
    def state(self) -> EngineState:
        """What the engine believes."""
        return self.dispatcher.state

    @property
    def serving(self) -> bool:
        """Alive, and compared with Asterisk since it connected."""
        return not self.loop.dead and not self.loop.stopped and self.auditor.synced

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something run in it, if it can."""
        if self.loop.dead:
            work.close()
        else:
            self.loop.create_task(work)

    def ask(self, agent: str, action: AgentAction, reason: str) -> None:
        """Ask for something for an agent, as the API does."""
        self.spawn(self.dispatcher.request_agent(AgentId(agent), action, reason))

    def _before(self, task: asyncio.Task[Any]) -> bool:
        if self.outside.points.step(task):
            self.kill()
            return True
        return False

    # ------------------------------------------------------------ between it and the wire

    def _emit(self, event: Event) -> None:
        if not self.loop.dead:
            if isinstance(event, FallbackSeen) and self.outside.asterisk.dead_man_s:
                self.wire.outside(event.leg_id)
            if isinstance(event, LinkChanged):
                self._ami_changed(up=event.up)
            self.outside.told(self, event)
            self.dispatcher.submit(event)
            if isinstance(event, CallArrived):
                self.outside.arrived(self, event)

    def _ami_changed(self, *, up: bool) -> None:
        if up:
            self.gaps.close("ami")
        else:
            self.gaps.open("ami", self.clock.now() - self.outside.codecs.ami.unseen_s)
            self.dead_man.again()

    def _synced(self) -> None:
        self.gaps.close("engine")
        self.gaps.close("ari")
        if not self.dispatcher.ami_up():
            self.gaps.open("ami", self._unseen_since)
        self.dead_man.start()
        self.outside.synced(self)

    def _on_state(self, up: bool) -> None:  # noqa: FBT001 - the link's word
        if up:
            self.auditor.connected()
        else:
            if self.auditor.synced:
                self.gaps.open("ari", self.clock.now() - self.outside.codecs.ari.unseen_s)
            self.outside.unsynced(self)
            self.auditor.disconnected()
            self.dead_man.stop()

    def _taken(self, leg: LegId) -> None:
        self.manager.claim(leg)
        self.receipts.due(leg)

    def execute(self, command: TelephonyCommand) -> None:
        """Fulfil ``ports.CallControl``; a command's two sides are kill points."""
        self._point(f"execute {command.kind}, before")
        self.outside.ordered(self, command)
        self.wire.execute(command)
        self._point(f"execute {command.kind}, after")

    async def resync(self, *, after_gap: bool) -> Resynced:
        """Look at what exists. Raises ``TelephonyError``."""
        seen = await self.wire.resync(after_gap=after_gap)
        self.outside.told(self, seen)
        return seen

    def _kept(self, row: Row) -> None:
        self.outside.kept(self, row)

    def _point(self, place: str) -> None:
        if self.outside.points.here(place):
            self.kill()
        if self.loop.dead:
            raise Killed
