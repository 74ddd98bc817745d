"""The dispatcher: the single writer of the engine's state.

Every input goes through ``submit``: journaled, applied, its commands carried out, in that order and never two at once.
A commit of the journal is never awaited on this path. Knows nothing of Asterisk, SQL or HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

import structlog

from acd.domain.commands import (
    CallbackReply,
    CancelTimer,
    CheckRecording,
    Command,
    CorrectRecord,
    FetchData,
    Ignored,
    MarkVoicemail,
    Reply,
    SendHook,
    StartTimer,
    TelephonyCommand,
    WriteAttempt,
    WriteDecision,
    WriteDisposition,
    WriteRecord,
    WriteRecording,
    WriteStory,
    WriteVoicemail,
)
from acd.domain.errors import AcdError
from acd.domain.events import (
    AgentRequested,
    CallbackCancelled,
    CallbackRequested,
    ClockShifted,
    DataFetched,
    Event,
    LinkChanged,
    PlanLoaded,
    SupervisorRequested,
    VoicemailMarked,
)
from acd.domain.ids import (
    ONLY_PBX,
    AgentId,
    ContactId,
    Language,
    PbxId,
    QueueId,
    RequestId,
    VoicemailId,
)
from acd.domain.orders import CloseCalendar, Order, ReopenCalendar, ResetSkills, SetSkills
from acd.domain.plan import (
    AgentAction,
    Plan,
)
from acd.domain.record import HookRow, RecordCorrection
from acd.domain.voicemail import Marking
from acd.engine import dead_man
from acd.engine.account import Explanation
from acd.engine.core import Engine, PoliciesFor
from acd.engine.dead_man import Caller
from acd.engine.ivr import Evaluator, no_evaluator
from acd.engine.matching import standard
from acd.engine.state import EngineState, InFallback
from acd.engine.view_shapes import EngineView
from acd.engine.views import PlanIndex, index_of, view
from acd.ports import Clock, Commands, DataSource, Journal, Recordings, RecordWriter, Row
from acd.runtime.foresight import Foresight
from acd.runtime.timers import Timers

log = structlog.get_logger(__name__)
_log_of_this_room = logging.getLogger(__name__)

Kept: TypeAlias = (
    WriteRecord
    | CorrectRecord
    | WriteRecording
    | WriteDisposition
    | WriteAttempt
    | WriteVoicemail
    | MarkVoicemail
    | WriteDecision
    | WriteStory
    | SendHook
)
SNAPSHOT_EVERY = 2_000
"""Events between snapshots, over restarts too: so many are replayed at most, and those since the store last took every
record. An engine that is killed again and again must not start more slowly each time."""
_UNDECIDED = "the engine could not decide; see its log"
EXPLAIN_AFTER_S = 0.02
"""How long after an event its offers are explained, one by one, so that calls get through."""
BEHIND = 16
"""Each waits with a picture of all agents: for every so many that wait, one more is explained in the loop's turn."""
LARGE_SITE = 200
"""Agents from which on a restart serves callers before it explains again what it replayed."""
RESUME_S = 0.01
"""While this engine may not decide: how often to look whether it may again."""
LAST_RECORDS_S = 2.0
"""At the end: how long to wait for the store to take the last records."""


STRETCH_BYTES = 65_536
"""So much of a snapshot is made at a stretch, well under a millisecond; counted in bytes, as no clock is as steady."""
PIECE_BYTES = 256
"""What the smallest piece counts for."""
BETWEEN_S = 0.002
"""How long others have the loop between two stretches."""


@dataclass(frozen=True, slots=True)
class Codec:
    """State to bytes and back, for snapshots. The bytes come in short pieces, of a state that must not change."""

    pieces: Callable[[EngineState], Iterator[bytes]]
    decode: Callable[[bytes], EngineState]

    def encode(self, state: EngineState) -> bytes:
        """All bytes at once."""
        return b"".join(self.pieces(state))


class Dispatcher:
    """Owns the engine. Not thread-safe: everything happens on one event loop."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        records: RecordWriter,
        recordings: Recordings,
        codec: Codec,
        policies: PoliciesFor = standard,
        evaluate: Evaluator = no_evaluator,
        permitted: Callable[[], bool] = lambda: True,
    ) -> None:
        """``permitted``: whether this engine may decide in this instant. While not, inputs wait."""
        self.clock = clock
        self._permitted = permitted
        self._resuming: asyncio.TimerHandle | None = None
        self._journal = journal
        self._records = records
        self._recordings = recordings
        self._codec = codec
        self._control: Commands | None = None
        self._foresight: Foresight | None = None
        self._data: DataSource | None = None
        self._policies = policies
        self._evaluate = evaluate
        self._engine = Engine(policies=policies, evaluate=evaluate)
        self._timers = Timers(clock, self.submit)
        self._inbox: deque[Event] = deque()
        self._busy = False
        self._index: PlanIndex | None = None
        self._since_snapshot = 0
        self._snapshot: asyncio.Task[None] | None = None
        """One that is being made."""
        self.replayed_until: float | None = None
        """When the last event happened that was made good from the journal."""
        self._requests = 0
        self._replies: dict[RequestId, Reply] = {}
        self._callback_replies: dict[RequestId, CallbackReply] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unexplained: deque[Explanation] = deque()
        self._explaining: asyncio.Handle | None = None
        self._explained = 0
        """How many left ``_unexplained``."""

    # ------------------------------------------------------------ start and stop

    async def recover(self, plan: Plan) -> int:
        """Make the state again from the journal, then load ``plan``. Returns the number of events replayed."""
        snapshot, events = await self._journal.load()
        self.restore(snapshot)
        self.replay(events)
        self.begin(plan)
        return len(events)

    def restore(self, snapshot: bytes | None) -> None:
        """Take the state of a snapshot; without one, that before the first event."""
        state = self._codec.decode(snapshot) if snapshot is not None else None
        self._engine = Engine(state, self._policies, self._evaluate)
        self._since_snapshot = 0
        self._unexplained.clear()

    def replay(self, events: Iterable[Event]) -> None:
        """Bring the state forward by what was journaled; nothing is sent, and rows are written as they were then."""
        for event in events:
            self.replayed_until = event.at
            self._since_snapshot += 1
            # Written before the crash or not, nobody knows: writing again is harmless, ids decide.
            for command in self._decide(event):
                if isinstance(command, Kept):
                    self._keep(command)
            self._unexplained.extend(self._account())
            if len(self._engine.state.agents) <= LARGE_SITE:
                self._explain_all()

    def begin(self, plan: Plan) -> None:
        """Go on from the state that there is, by ``plan``."""
        for key, timer in self._engine.state.timers.items():
            self._timers.start(StartTimer(key, timer.generation, timer.due))
        # Whatever the links were then, they are down now: nothing may be offered before they are up.
        for pbx in (ONLY_PBX, *plan.pbxs):
            self.submit(LinkChanged(self.clock.now(), "ari", up=False, pbx=pbx))
            self.submit(LinkChanged(self.clock.now(), "ami", up=False, pbx=pbx))
        self.submit(PlanLoaded(self.clock.now(), plan))
        for name, work in self._engine.state.recordings.items():
            if work.checking:
                self._start(self._check(CheckRecording(name, work.expected_s(self.clock.now()))))

    def attach(self, control: Commands, prepare: Callable[[Collection[str]], None] | None = None) -> None:
        """Give the way to Asterisk. Commands before that are dropped; the resync after connecting makes up for them.

        Args:
            control: carries out commands.
            prepare: told which phones ring next, where that is of use; see ``Foresight``.
        """
        self._control = control
        if prepare is not None:
            self._foresight = Foresight(lambda: self._engine, prepare)

    def attach_data(self, data: DataSource) -> None:
        """Give the way to other systems. Without it every question to one fails."""
        self._data = data

    def release_timers(self) -> None:
        """Let timers run: the first resync is done."""
        self._timers.release()

    async def close(self) -> None:
        """Let no timer run any more and keep a snapshot, unless the store still lacks records made of older events."""
        self._timers.close()
        if self._foresight is not None:
            self._foresight.close()
        for waking in (self._explaining, self._resuming):
            if waking is not None:
                waking.cancel()
        self._explain_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._records.flush(), LAST_RECORDS_S)
        if self._engine.state.plan is not None and self._records.durable():
            self.snapshot()

    # ------------------------------------------------------------ input

    def submit(self, event: Event) -> None:
        """Take an input. Safe to call from within the carrying out of a command: it waits its turn."""
        self._inbox.append(event)
        if not self._busy:
            self._work_off()

    def _work_off(self) -> None:
        self._busy, self._resuming = True, None
        try:
            while self._inbox:
                if not self._permitted():
                    # Another engine may have decided about these calls since: see first, or end.
                    self._resuming = asyncio.get_running_loop().call_later(RESUME_S, self._work_off)
                    return
                self._process(self._inbox.popleft())
        finally:
            # Whoever waits for permission is busy with that; what comes meanwhile joins the queue.
            self._busy = self._resuming is not None

    async def request_agent(
        self, agent_id: AgentId, action: AgentAction, reason: str = "", *, seconds: float = 0.0, disposition: str = ""
    ) -> tuple[bool, str]:
        """Ask for something for an agent. Returns whether it was done, and why not."""
        self._requests += 1
        request_id = RequestId(f"r{self._requests}")
        # A task never runs in the middle of another event, so the reply is there when submit returns.
        self.submit(AgentRequested(self.clock.now(), request_id, agent_id, action, reason, seconds, disposition))
        reply = self._replies.pop(request_id, None)
        return (reply.ok, reply.message) if reply is not None else (False, _UNDECIDED)

    async def request_callback(
        self, number: str, queue: QueueId, language: Language | None, not_before: float | None, not_after: float | None
    ) -> tuple[ContactId | None, str]:
        """Have a customer called. Returns the contact's id, or None and why not."""
        self._requests += 1
        request = RequestId(f"r{self._requests}")
        at = self.clock.now()
        self.submit(CallbackRequested(at, request, number, queue, language, not_before, not_after))
        reply = self._callback_replies.pop(request, None)
        return (reply.contact_id, reply.message) if reply is not None else (None, _UNDECIDED)

    async def cancel_callback(self, contact_id: ContactId) -> tuple[bool, str]:
        """Take a callback back. Returns whether it was done, and why not."""
        self._requests += 1
        request = RequestId(f"r{self._requests}")
        self.submit(CallbackCancelled(self.clock.now(), request, contact_id))
        reply = self._callback_replies.pop(request, None)
        return (reply.ok, reply.message) if reply is not None else (False, _UNDECIDED)

    async def order(self, order: Order, by: str, request_id: str | None = None) -> tuple[bool, str]:
        """Carry out a supervisor's order. The same ``request_id`` of one supervisor is done once, answered alike."""
        known = RequestId(f"{by}:{request_id or uuid4().hex}")
        self.submit(SupervisorRequested(self.clock.now(), known, by, order))
        reply = self._replies.pop(known, None)
        done, message = (reply.ok, reply.message) if reply is not None else (False, _UNDECIDED)
        log.info("supervisor_ordered", by=by, order=order.kind, subject=_subject(order), done=done, message=message)
        return done, message

    async def mark_voicemail(self, voicemail: VoicemailId, queue: QueueId, state: Marking, by: str) -> bool:
        """Note that a message was heard, or is done, by whose token. Returns whether that was noted."""
        self._requests += 1
        request = RequestId(f"r{self._requests}")
        self.submit(VoicemailMarked(self.clock.now(), request, voicemail, queue, state, by))
        log.info("voicemail_marked", voicemail=voicemail, queue=queue, state=state, by=by)
        reply = self._replies.pop(request, None)
        return reply is not None and reply.ok

    def serves(self, agent: AgentId, queue: QueueId) -> bool:
        """Whether an agent serves a queue and has its skills."""
        index = self._current_index()
        return index is not None and agent in index.able.get(queue, frozenset())

    def view(self) -> EngineView | None:
        """Everything at this moment; None before a plan is loaded."""
        return view(self._engine.state, self.clock.now(), self._current_index())

    def callers(self, pbx: PbxId = ONLY_PBX) -> list[Caller]:
        """Who is on the line at an Asterisk, in the order in which they should leave if the engine died."""
        plan, line = self._engine.state.plan, dead_man.callers(self._engine.state)
        return [caller for caller in line if plan is not None and plan.pbx_of(caller.contact) == pbx]

    @property
    def draining(self) -> bool:
        """Whether no calls are taken, by order."""
        return self._engine.state.draining

    def on_the_way(self) -> int:
        """Count the callers handed over to Asterisk's own queue who are not there yet."""
        phases = [contact.phase for contact in self._engine.state.contacts.values()]
        return sum(isinstance(phase, InFallback) and not phase.channel and phase.gone is None for phase in phases)

    def caller(self, contact_id: ContactId) -> Caller | None:
        """One of them, None when there is no such caller any more."""
        contact = self._engine.state.contacts.get(contact_id)
        return dead_man.caller(contact) if contact is not None else None

    def _current_index(self) -> PlanIndex | None:
        plan = self._engine.state.plan
        if plan is not None and (self._index is None or self._index.plan is not plan):
            self._index = index_of(plan)
        return self._index

    @property
    def state(self) -> EngineState:
        """What the engine believes, for who compares it with what is; to be read only."""
        return self._engine.state

    @property
    def at_leisure(self) -> bool:
        """Whether no input waits: what is told now is decided now."""
        return not self._busy

    def clock_was_set(self, by_s: float) -> None:
        """Let all that goes on have the new time; to be called ``at_leisure``, at the moment the clock is set."""
        self._timers.moved(by_s)
        self.submit(ClockShifted(self.clock.now(), by_s))

    @property
    def going_on(self) -> bool:
        """Whether there is anything with a time that must not be broken: contacts, or timers."""
        return bool(self._engine.state.contacts or self._engine.state.timers)

    def ami_up(self, pbx: PbxId = ONLY_PBX) -> bool:
        """Whether AMI of an Asterisk has told everything and goes on telling."""
        return self._engine.state.links(pbx).ami

    def lost(self, pbx: PbxId) -> bool:
        """Whether one of several Asterisks counts as lost, and its calls as ended."""
        return self._engine.state.links(pbx).lost

    # ------------------------------------------------------------ work

    def _process(self, event: Event) -> None:
        self._journal.append(event)
        for command in self._decide(event):
            try:
                self._carry_out(command)
            except Exception:
                # One command must not take the others with it; the audit finds what is missing.
                log.exception("command_failed", command=command.kind)
        self._settle()
        self._explain()
        if self._foresight is not None:
            self._foresight.happened()
        self._since_snapshot += 1
        # A record is made again from its event after a crash: until it is durable, no snapshot may take its place.
        if self._since_snapshot >= SNAPSHOT_EVERY and self._snapshot is None and self._records.durable():
            self._begin_snapshot()

    def _decide(self, event: Event) -> list[Command]:
        try:
            return self._engine.handle(event)
        except Exception:
            # A defect in one event's handling must not end all calls; the audit brings belief and reality together.
            log.exception("event_failed", event_kind=event.kind)
            return []

    def _settle(self) -> None:
        """Let the engine learn, now that nobody waits for its commands."""
        try:
            self._engine.settle()
        except Exception:
            log.exception("learning_failed")  # a figure is wrong then, and no call

    def _explain(self) -> None:
        """Keep how the event's offers came about, a moment later: the call being connected needs the processor now."""
        self._unexplained.extend(self._account())
        if self._unexplained and self._explaining is None:
            self._explaining = asyncio.get_running_loop().call_later(EXPLAIN_AFTER_S, self._explain_more)

    def _explain_more(self) -> None:
        """Explain one offer, then let others have a turn; more at a time when a busy loop has got behind."""
        self._explaining = None
        for _ in range(1 + len(self._unexplained) // BEHIND):
            self._explain_one()
        if self._unexplained:
            self._explaining = asyncio.get_running_loop().call_soon(self._explain_more)

    def _explain_all(self) -> None:
        while self._unexplained:
            self._explain_one()

    def _explain_one(self) -> None:
        if self._unexplained:
            self._explained += 1
            self._work_out(self._unexplained.popleft())

    def _account(self) -> list[Explanation]:
        """Explanations are for people: no call depends on them, whatever goes wrong."""
        try:
            return self._engine.account()
        except Exception:
            log.exception("account_failed")
            return []

    def _work_out(self, explain: Explanation) -> None:
        try:
            self._keep(explain())
        except Exception:
            log.exception("explanation_failed")

    def snapshot(self) -> None:
        """Keep the state now and at once, whoever waits: at the end, and when the journal lost some events."""
        if self._snapshot is not None:
            self._snapshot.cancel()
            self._snapshot = None
        self._since_snapshot = 0
        self._explain_all()  # the events they come from are not replayed after this
        try:
            self._journal.snapshot(self._codec.encode(self._engine.state))
        except AcdError as error:
            log.error("snapshot_failed", error=str(error))  # noqa: TRY400 - the reason says it all

    def _begin_snapshot(self) -> None:
        """Keep the state of this moment, without holding the loop for longer than a stretch."""
        self._since_snapshot = 0
        unexplained = self._explained + len(self._unexplained)
        work = self._make_snapshot(self._engine.state.copy(), self._journal.place(), unexplained)
        self._snapshot = self._start(work)

    async def _make_snapshot(self, state: EngineState, place: int, unexplained: int) -> None:
        """Write down a copy of the state; events appended meanwhile come after it in the journal."""
        made, stretch = list[bytes](), 0
        try:
            for piece in self._codec.pieces(state):
                made.append(piece)
                stretch += max(PIECE_BYTES, len(piece))
                if stretch > STRETCH_BYTES:
                    await asyncio.sleep(BETWEEN_S)
                    stretch = 0
            while self._explained < unexplained:  # their events are not replayed after this
                self._explain_one()
                await asyncio.sleep(0)
            await self._records.flush()
            self._journal.snapshot(b"".join(made), place)
        except AcdError as error:
            log.error("snapshot_failed", error=str(error))  # noqa: TRY400 - the reason says it all

    def _carry_out(self, command: Command) -> None:
        match command:
            case StartTimer():
                self._timers.start(command)
            case CancelTimer():
                self._timers.cancel(command.key)
            case (
                WriteRecord() | WriteRecording() | WriteDisposition() | WriteAttempt() | WriteDecision() | WriteStory()
            ):
                self._keep(command)
            case WriteVoicemail() | MarkVoicemail() | CorrectRecord():
                self._keep(command)
            case CheckRecording():
                self._start(self._check(command))
            case FetchData():
                self._start(self._fetch(command))
            case SendHook():
                self._keep(command)
                if self._data is not None:
                    self._data.send(command)
            case Reply():
                self._replies[command.request_id] = command
            case CallbackReply():
                self._callback_replies[command.request_id] = command
            case Ignored():
                if not _log_of_this_room.isEnabledFor(logging.DEBUG):
                    return  # every second event or so is ignored: do not even begin to log it
                log.debug("event_ignored", event_kind=command.event, reason=command.reason)
            case _:
                self._to_telephony(command)

    def _keep(self, command: Kept) -> None:
        kept: Row
        match command:
            case (
                WriteRecord(kept)
                | WriteRecording(kept)
                | WriteDisposition(kept)
                | WriteAttempt(kept)
                | WriteVoicemail(kept)
                | MarkVoicemail(kept)
                | WriteStory(kept)
            ):
                pass
            case CorrectRecord(record):
                kept = RecordCorrection(record.contact_id, record)
            case WriteDecision(kept):
                if kept.best != kept.agent:
                    log.error("choice_disputed", contact_id=kept.contact_id, offer=kept.offer)
            case SendHook():
                kept = HookRow(command.event_id, command.hook, command.at, command.body)
        self._records.write([kept])

    def _to_telephony(self, command: TelephonyCommand) -> None:
        if self._control is not None:
            self._control.execute(command)

    async def _check(self, command: CheckRecording) -> None:
        self.submit(await self._recordings.check(command.name, command.talk_s, self.clock.now))

    async def _fetch(self, question: FetchData) -> None:
        answer = DataFetched(self.clock.now(), question.contact_id, question.request_id, "failed")
        try:
            if self._data is not None:
                answer = await self._data.fetch(question, self.clock.now)
        except Exception:
            # A caller waits for this; the question itself is not for the log.
            log.exception("fetch_failed", node=question.node)
        self.submit(answer)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task is self._snapshot:
            self._snapshot = None
        if not task.cancelled() and task.exception() is not None:
            log.error("task_failed", exc_info=task.exception())


def _subject(order: Order) -> str:
    """Whom or what an order is about."""
    match order:
        case SetSkills() | ResetSkills():
            return order.agent_id
        case CloseCalendar() | ReopenCalendar():
            return order.calendar
        case _:
            return order.contact_id
