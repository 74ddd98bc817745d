"""Arrivals taken from call records: the same callers again, under the same or another routing.

Decides what a record says of a caller. Known are when the call came, how long it was in the flow, which queue it came
to, how long a conversation took and when somebody gave up. What a record cannot know is drawn: the conversation of
somebody who was not answered is one of those of the same queue, and the patience of somebody who was answered goes on
from the answer, exponentially, at the rate at which callers of that queue gave up per second of waiting (the estimate
of greatest likelihood for waits that were cut short by an answer). An agent is at work on a day, from its first call
until an hour after its last, if that agent took a call on it.
Must not know where records are kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from math import ceil, floor
from zoneinfo import ZoneInfo

from acd.domain.errors import AcdError
from acd.domain.exits import Exit
from acd.domain.flow import QueueNode
from acd.domain.ids import Language, NodeId, QueueId
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.sim.chance import Distribution, Empirical, Exponential
from acd.sim.crews import DAY_S, Roster
from acd.sim.deployment import need_for
from acd.sim.model import Given, Kind, Model
from acd.sim.parts import Frame, Parts
from acd.sim.tally import Outcome, Tally

HOUR_S = 3600.0
_GAVE_UP = (Exit.ABANDONED, Exit.SHORT_ABANDONED)
_NO_TRAFFIC = (Exit.UNKNOWN_NUMBER, Exit.REFUSED, Exit.FALLBACK_ANSWERED, Exit.FALLBACK_ABANDONED)
"""Refused at once, or carried by Asterisk while the engine was away: nothing is known of what they wanted."""


class NoTrafficError(AcdError):
    """The records hold nobody who came to a queue."""


@dataclass(slots=True)
class _Stream:
    """Everybody who came to a queue with a language, in the order of their arrival."""

    queue: QueueId
    language: Language | None
    node: QueueNode
    calls: list[CallRecord] = field(default_factory=list)


class Traffic:
    """The traffic of some records, for any plan that has the same queues."""

    def __init__(self, records: Iterable[CallRecord], plan: Plan, time_zone: str, target_s: float) -> None:
        kept = sorted(
            (r for r in records if r.exit not in _NO_TRAFFIC), key=lambda record: (record.arrived_at, record.contact_id)
        )
        self._streams: dict[str, _Stream] = {}
        self._lines: list[CallRecord] = []
        blocked: list[CallRecord] = []
        languages = {record.language for record in kept if record.queue is not None}
        for record in kept:
            if record.queue is None:
                (blocked if record.exit is Exit.BLOCKED else self._lines).append(record)
                continue
            node = _node(plan, record)
            queue = node.queue
            name = f"{queue}-{record.language}" if len(languages) > 1 else str(queue)
            self._streams.setdefault(name, _Stream(queue, record.language, node)).calls.append(record)
        if not self._streams:
            raise NoTrafficError("These records hold nobody who came to a queue.")
        self._share(blocked)
        self._known = frozenset(plan.agents)
        self._zero = _midnight(kept[0].arrived_at, time_zone)
        self._kept = kept
        self.frame = self._frame(target_s)

    def _share(self, blocked: Sequence[CallRecord]) -> None:
        """Give each blocked call a queue, in proportion to those who got through: nobody knows what it wanted."""
        names = sorted(self._streams)
        sizes = list(accumulate(len(self._streams[name].calls) for name in names))
        total = sizes[-1]
        for number, record in enumerate(blocked):
            place = number * sizes[-1] // len(blocked) if len(blocked) < total else number % total
            self._streams[names[bisect_right(sizes, place)]].calls.append(record)
        for stream in self._streams.values():
            stream.calls.sort(key=lambda record: (record.arrived_at, record.contact_id))

    def _frame(self, target_s: float) -> Frame:
        """Hours of a day; days where there are more."""
        first, last = (self._kept[n].arrived_at - self._zero for n in (0, -1))
        unit = HOUR_S if last - first < DAY_S else DAY_S
        start = floor(first / unit) * unit
        count = max(1, ceil((last - start + 1e-6) / unit))
        return Frame(start, (unit,) * count, 0.0, None, target_s)

    def parts(self, plan: Plan) -> Parts:
        """The traffic as it meets a plan. Raises ``NoTrafficError`` when a queue is missing there."""
        missing = sorted({s.queue for s in self._streams.values()} - set(plan.queues))
        if missing:
            raise NoTrafficError(
                f"The configuration has no queue {', '.join(missing)}, to which recorded callers came."
            )
        kinds = tuple(self._kind(plan, name, stream) for name, stream in self._streams.items())
        lines = tuple((r.arrived_at - self._zero, r.ended_at - r.arrived_at) for r in self._lines)
        capacity = sum(trunk.capacity for trunk in plan.trunks.values()) if plan.trunks else None
        return Parts(plan, kinds, self._rosters(plan), capacity, lines=lines)

    def _kind(self, plan: Plan, name: str, stream: _Stream) -> Kind:
        talks = [talk for talk in (r.talk_s for r in stream.calls) if talk is not None]
        everybody = [talk for s in self._streams.values() for talk in (r.talk_s for r in s.calls) if talk is not None]
        queue = plan.queues[stream.queue]
        return Kind(
            name=name,
            need=need_for(plan, stream.queue, stream.language),
            language=stream.language,
            priority=queue.priority,
            rates=(),
            service=Empirical(tuple(talks or everybody or [queue.service_time_s])),
            patience=_patience(stream.calls),
            node=replace(stream.node, queue=queue.id, agent=None, last_agent_within_s=None),
            given=tuple(self._given(record, stream) for record in stream.calls),
        )

    def _given(self, record: CallRecord, stream: _Stream) -> Given:
        at = record.arrived_at - self._zero - self.frame.start_s
        if record.queued_at is None:
            known = [r.queued_at - r.arrived_at for r in stream.calls if r.queued_at is not None]
            return Given(at, ivr_s=sorted(known)[len(known) // 2] if known else 0.0)
        return Given(
            at=at,
            ivr_s=record.queued_at - record.arrived_at,
            service_s=record.talk_s,
            patience_s=record.wait_s if record.exit in _GAVE_UP else None,
            waited_s=record.wait_s or 0.0,
        )

    def lived(self, model: Model) -> Outcome:
        """What the callers really lived through, counted as a replication of the model is."""
        tally = Tally(model)
        for cells, stream in zip(tally.cells, self._streams.values(), strict=True):
            for record in stream.calls:
                cell = cells[self._period(record)]
                cell.offered += 1
                if record.wait_s is None:
                    cell.blocked += 1
                elif record.exit is Exit.ANSWERED:
                    cell.served.append(record.wait_s)
                else:
                    (cell.left if record.exit in _GAVE_UP else cell.diverted).append(record.wait_s)
        tally.teams = [(0.0, 0.0) for _ in model.crews]
        return tally.outcome()

    def _period(self, record: CallRecord) -> int:
        return int((record.arrived_at - self._zero - self.frame.start_s) // self.frame.periods_s[0])

    def _rosters(self, plan: Plan) -> tuple[Roster, ...]:
        """Each agent a crew of one, on the days on which that agent took a call; new agents on all days."""
        days: dict[int, list[CallRecord]] = {}
        for record in self._kept:
            days.setdefault(int((record.arrived_at - self._zero) // DAY_S), []).append(record)
        last_day = max(days)
        # Who took no call and is new to this plan is at work on every day; who is not new was not there.
        seen = {record.agent for record in self._kept if record.agent is not None}
        rosters = []
        for agent in plan.agents:
            planned: list[tuple[float, int]] = [(0.0, 0)]
            for day, calls in days.items():
                if agent in {call.agent for call in calls} or (agent not in seen and agent not in self._known):
                    planned.append((min(call.arrived_at for call in calls) - self._zero, 1))
                    # After the last day nobody goes before everybody is served.
                    if day != last_day:
                        planned.append((max(call.ended_at for call in calls) - self._zero + HOUR_S, 0))
            rosters.append(Roster(agent, (agent,), tuple(planned)))
        return tuple(rosters)


def _node(plan: Plan, record: CallRecord) -> QueueNode:
    """The flow's node that put the caller into a queue; the record names the last queue waited in."""
    flow = plan.flows.get(record.flow) if record.flow is not None else None
    node = flow.nodes.get(record.last_node) if flow is not None and record.last_node is not None else None
    return node if isinstance(node, QueueNode) else QueueNode(NodeId(""), QueueId(str(record.queue)))


def _patience(calls: Iterable[CallRecord]) -> Distribution | None:
    waited, gave_up = 0.0, 0
    for record in calls:
        waited += record.wait_s or 0.0
        gave_up += record.exit in _GAVE_UP
    return Exponential((waited / gave_up,)) if gave_up and waited else None


def _midnight(at: float, time_zone: str) -> float:
    """The seconds since the epoch at the beginning of the local day."""
    local = datetime.fromtimestamp(at, ZoneInfo(time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
