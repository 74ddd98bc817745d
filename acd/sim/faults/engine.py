"""One life of an engine: the real dispatcher, timers and auditor on a loop of their own, between simulated outsides.

Decides the order of a start and of an orderly end, as ``acd.app`` does for the real one. When it is killed nothing of
it runs any more; what it had made durable is on the disk and in the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any

from acd.domain.commands import FetchData, SendHook, TelephonyCommand
from acd.domain.data import EMPTY, DataOutcome, DataType, Scalar
from acd.domain.events import DataFetched, Event, RecordingChecked, Resynced
from acd.domain.ids import AgentId, ContactId, LegId, RecordingName
from acd.domain.plan import AgentAction, Plan
from acd.engine.state import EngineState
from acd.ports import Row
from acd.runtime.audit import Auditor
from acd.runtime.dispatcher import Codec, Dispatcher
from acd.runtime.receipts import Receipts
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.clock import Killed, Scheduler, engine_loop
from acd.sim.faults.disk import Database, Disk, EventCodec, SimJournal, SimRecords
from acd.sim.faults.manager import ManagerLink
from acd.sim.faults.points import Points
from acd.sim.faults.wire import Network, Wire

HOUSEKEEPING_S = 1.0
CODE_OF_TAHAP = ("received", "verified", "approved", "issued", "returned")


@dataclass(frozen=True, slots=True)
class Codecs:
    """How states and events are written down."""

    state: Codec
    event: EventCodec


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
        chance = outside.chance
        self.journal = SimJournal(
            outside.scheduler, self.loop, outside.disk, outside.codecs.event, outside.points, outside.heard, self.kill
        )
        self.records = SimRecords(
            outside.scheduler, self.loop, outside.database, chance, outside.points, self.kill, self._kept
        )
        self.dispatcher = Dispatcher(
            outside.scheduler,
            self.journal,
            self.records,
            _Recordings(outside.asterisk, chance),
            outside.codecs.state,
            policies_for,
            evaluate_in_flow,
        )
        self.wire = Wire(
            outside.scheduler,
            self.loop,
            outside.asterisk,
            outside.network,
            chance,
            self._emit,
            self._on_state,
            self._taken,
        )
        self.manager = ManagerLink(
            outside.scheduler, self.loop, outside.asterisk, outside.network, chance, self._emit, self.wire.expect
        )
        self.receipts = Receipts(
            self.journal,
            lambda leg: self.dispatcher.caller(ContactId(leg)) is not None,
            self.manager.acknowledge,
        )
        self.auditor = Auditor(outside.scheduler, self.dispatcher, self, on_synced=lambda: outside.synced(self))
        self.dispatcher.attach_data(_Data(outside.scheduler, chance))

    # ------------------------------------------------------------ its life

    def start(self) -> None:
        """Begin."""
        self.spawn(self._start())

    async def _start(self) -> None:
        self.replayed = await self.dispatcher.recover(self.outside.plan)
        self.recovered = True
        self.outside.recovered(self)
        self.dispatcher.attach(self)
        self.spawn(self._keep_house())
        self.wire.connect()
        self.manager.connect()

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            if self.journal.gap:
                self.dispatcher.snapshot()

    async def stop(self) -> None:
        """End in order."""
        await self.auditor.close()
        await self.receipts.close()
        await self.dispatcher.close()
        await self.journal.close()
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
            session.sent_all = True
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
            self.outside.told(self, event)
            self.dispatcher.submit(event)

    def _on_state(self, up: bool) -> None:  # noqa: FBT001 - the link's word
        if up:
            self.auditor.connected()
        else:
            self.outside.unsynced(self)
            self.auditor.disconnected()

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
        return await self.wire.resync(after_gap=after_gap)

    def _kept(self, row: Row) -> None:
        self.outside.kept(self, row)

    def _point(self, place: str) -> None:
        if self.outside.points.here(place):
            self.kill()
        if self.loop.dead:
            raise Killed


class _Recordings:
    """Files, as long as what was recorded."""

    def __init__(self, asterisk: Asterisk, chance: Random) -> None:
        self._asterisk = asterisk
        self._chance = chance

    async def check(self, name: RecordingName, talk_s: float, now: Callable[[], float]) -> RecordingChecked:
        await asyncio.sleep(0.005 + self._chance.random() * 0.2)
        there = name in self._asterisk.files
        size, problem = (int(talk_s * 16_000) + 44, "") if there else (0, "no file")
        return RecordingChecked(now(), name, size, talk_s if there else 0.0, ok=there, problem=problem)


class _Data:
    """Other systems: mostly they answer."""

    def __init__(self, scheduler: Scheduler, chance: Random) -> None:
        self._scheduler = scheduler
        self._chance = chance

    async def fetch(self, question: FetchData, now: Callable[[], float]) -> DataFetched:
        await asyncio.sleep(self._chance.random() * question.timeout_s)
        luck = self._chance.random()
        outcome: DataOutcome = "ok" if luck < 0.8 else "not_found" if luck < 0.9 else "timeout"  # noqa: PLR2004 - chances
        values: dict[str, Scalar] = {}
        if outcome == "ok":
            values = {one.variable: self._value(one.type) for one in question.wanted}
        status = {"ok": 200, "not_found": 404}.get(outcome, 0)
        return DataFetched(now(), question.contact_id, question.request_id, outcome, values, status)

    def _value(self, type_: DataType) -> Scalar:
        match type_:
            case "date":
                return "2024-06-01"
            case "time":
                return "10:00"
            case "text":
                return self._chance.choice(CODE_OF_TAHAP)
            case _:
                return EMPTY[type_]

    def send(self, hook: SendHook) -> None:
        """Taken at once."""
