"""What is given when a caller comes: the moment, the number, calendars, who waits, who works, what other systems say.

Decides how each of these is brought about on a real engine: agents log in, further callers stand in queues, the memory
of a queue's pace says what an estimate needs. Must not know what the caller does then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from acd.domain.calendar_plan import CalendarPlan, OpeningHours
from acd.domain.data import DataOutcome
from acd.domain.errors import AcdError
from acd.domain.events import AgentRequested, CallArrived, Event
from acd.domain.flow import AnswerNode, FlowPlan, Node, QueueNode
from acd.domain.ids import AgentId, CalendarId, FlowId, Language, LegId, NodeId, QueueId, RequestId
from acd.domain.plan import AccessCodePlan, Plan
from acd.engine import numbers
from acd.engine.earlier import Earlier
from acd.engine.estimate import ENOUGH, line_of
from acd.engine.matching.facts import Requirement
from acd.engine.matching.fit import fit, group_of
from acd.engine.matching.requirement import preferences, requirement
from acd.engine.pace import Pace, Passage
from acd.engine.state import EngineState

CalendarState: TypeAlias = Literal["open", "closed", "holiday"]
_ALL_DAY = (0, 24 * 60)
_WEEK = range(1, 8)
_SERVED = 1e9
"""Departures that an estimate given by hand rests on: so many that what happens in the call changes nothing of it."""
_JUST_BELOW = 1 - 1e-6
"""Announcements round up."""
_FILL = "acd-given-"
TRY = FlowId("acd-given-flow")
"""Stands before a flow that no access code leads to."""


class CannotBeGiven(AcdError):  # noqa: N818 - says what it is
    """What a test gives contradicts itself or the configuration."""


@dataclass(frozen=True, slots=True)
class QueueGiven:
    """A queue as the caller finds it; None: as it comes."""

    length: int = 0
    agents_ready: int = 0
    estimated_wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class DataGiven:
    """What another system answers: values as text, by variable, or a ``body`` of JSON to find them in."""

    outcome: DataOutcome = "ok"
    values: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Given:
    """What is given; ``at`` in seconds since the epoch. A flow that no access code leads to is called all the same."""

    at: float
    flow: FlowId
    caller: str = "+628110000001"
    access_code: str | None = None
    calendars: dict[CalendarId, CalendarState] = field(default_factory=dict)
    queues: dict[QueueId, QueueGiven] = field(default_factory=dict)
    agents: tuple[AgentId, ...] = ()
    """Logged in and ready, beside those the queues ask for."""
    data: dict[NodeId, DataGiven] = field(default_factory=dict)
    """By the node that asks."""
    earlier: Earlier | None = None
    """What is remembered of the caller's number."""
    recordings_fail: bool = False
    """No recording of the caller can be kept."""
    errors: frozenset[NodeId] = frozenset()
    """Nodes whose expressions have no value."""


def arranged(plan: Plan, given: Given) -> tuple[Plan, str]:
    """Make the plan of a call under what is given, and the access code to dial. Nobody is at work in it yet.

    Raises:
        CannotBeGiven: there are not as many agents as are given.
    """
    codes = plan.access_codes
    for queue in given.queues:
        if queue not in plan.queues:
            raise CannotBeGiven(f"there is no queue '{queue}'")
    code = given.access_code or next((code for code, to in codes.items() if to.flow == given.flow), None)
    if code is None:
        code = str(TRY)
        codes = {**codes, code: AccessCodePlan(code, given.flow)}
    fill = {queue: wanted for queue, wanted in given.queues.items() if wanted.length}
    flows = {**plan.flows, **{FlowId(f"{_FILL}{queue}"): _filling(plan, queue, given.flow) for queue in fill}}
    codes = {**codes, **{f"{_FILL}{queue}": AccessCodePlan("", FlowId(f"{_FILL}{queue}")) for queue in fill}}
    calendars = {**plan.calendars}
    for name, state in given.calendars.items():
        if name not in calendars:
            raise CannotBeGiven(f"there is no calendar '{name}'")
        calendars[name] = _calendar(calendars[name], state, given.at)
    # Who is not at work serves nobody; a small plan is quickly loaded.
    there = {*_at_work(plan, given), *_named(plan)}
    agents = {name: replace(agent, login_at_start=False) for name, agent in plan.agents.items() if name in there}
    # As many callers wait at once as the test says.
    plan = replace(plan, overload=None)
    return replace(plan, access_codes=codes, flows=flows, calendars=calendars, agents=agents), code


def _filling(plan: Plan, queue: QueueId, flow: FlowId) -> FlowPlan:
    answer, wait = NodeId("answer"), NodeId("wait")
    nodes: dict[NodeId, Node] = {answer: AnswerNode(answer, wait), wait: QueueNode(wait, queue)}
    return FlowPlan(FlowId(f"{_FILL}{queue}"), answer, plan.flows[flow].languages[:1], nodes)


def _calendar(calendar: CalendarPlan, state: CalendarState, at: float) -> CalendarPlan:
    today = datetime.fromtimestamp(at, ZoneInfo(calendar.time_zone)).date().isoformat()
    hours = tuple(OpeningHours(day, *_ALL_DAY) for day in _WEEK) if state == "open" else ()
    return CalendarPlan(calendar.id, calendar.time_zone, hours, (today,) if state == "holiday" else ())


def bring_about(plan: Plan, given: Given, state: EngineState, do: Callable[[Event], None]) -> None:
    """Let callers wait and agents come to work, once the plan is loaded.

    Raises:
        CannotBeGiven: it does not come out as it was given.
    """
    for queue, wanted in given.queues.items():
        for number in range(wanted.length):
            name = f"{_FILL}{queue}"
            do(CallArrived(given.at, LegId(f"{name}-{number}"), f"Local/{name}", name, ""))
    for agent in _at_work(plan, given):
        do(AgentRequested(given.at, RequestId(f"{_FILL}{agent}"), agent, "login"))
    caller = numbers.of_caller(given.caller, plan.numbers)
    if given.earlier is not None and caller:
        state.earlier[caller] = given.earlier
    for queue, wanted in given.queues.items():
        if wanted.estimated_wait_s is not None:
            _estimate(plan, state, queue, wanted.estimated_wait_s, given.at)


def _at_work(plan: Plan, given: Given) -> list[AgentId]:
    ready = dict.fromkeys(given.agents)
    for queue, wanted in given.queues.items():
        if wanted.agents_ready:
            able = _able(plan, queue)
            if len(able) < wanted.agents_ready:
                raise CannotBeGiven(f"only {len(able)} agents can serve '{queue}', not {wanted.agents_ready}")
            ready.update(dict.fromkeys(able[: wanted.agents_ready]))
    return list(ready)


def _named(plan: Plan) -> set[AgentId]:
    nodes = (node for flow in plan.flows.values() for node in flow.nodes.values())
    return {agent for node in nodes if (agent := getattr(node, "agent", None)) is not None}


def _able(plan: Plan, queue: QueueId) -> list[AgentId]:
    asked = plan.queues[queue]
    need = Requirement(queue, requirement(plan, asked, None, None), preferences(asked, None), asked.tier)
    return [name for name, agent in plan.agents.items() if not isinstance(fit(group_of(agent), need), str)]


def _estimate(plan: Plan, state: EngineState, queue: QueueId, wait_s: float, at: float) -> None:
    """Give each line of the queue a past in which somebody behind it had to wait so long."""
    for language in (None, *plan.language_skills):
        line = line_of(queue, requirement(plan, plan.queues[queue], None, Language(language) if language else None))
        pace = state.paces.get(line, Pace())
        past = Passage(served=_SERVED, busy_s=_SERVED * wait_s * _JUST_BELOW / (pace.waiting + 1))
        state.paces[line] = replace(pace, since=at, past=past, departures=ENOUGH, departed_at=at)
