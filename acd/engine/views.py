"""What the outside may see of the engine: frozen, complete at one moment, free of the state's own types.

The HTTP API, the live table and the Prometheus collector read these and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from acd.domain.ids import AgentId, ContactId, Language, NodeId, QueueId, TrunkId
from acd.domain.plan import Plan
from acd.engine import matching, trunks
from acd.engine.kpi import Figures
from acd.engine.state import (
    Agent,
    Contact,
    EngineState,
    Free,
    InCall,
    InIvr,
    Leaving,
    Offered,
    Talking,
    TrunkState,
    Waiting,
    WrapUp,
)

Activity = Literal["logged_out", "paused", "idle", "offered", "talking", "wrap_up", "unavailable"]
"""``unavailable``: ready, but the phone is busy with another call, unreachable, or resting after a missed offer."""
ACTIVITIES: tuple[Activity, ...] = ("logged_out", "paused", "idle", "offered", "talking", "wrap_up", "unavailable")


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent now; ``since`` is when the activity began, seconds since the epoch."""

    id: AgentId
    name: str
    device: str
    presence: Literal["logged_out", "ready", "paused"]
    pause_reason: str
    activity: Activity
    since: float
    phone_reachable: bool
    phone_busy: bool
    skills: tuple[tuple[str, int], ...]
    contact_id: ContactId | None
    contacts: int
    """Contacts talked with since the counters began."""
    missed: int
    """Offers in a row that were not answered."""
    wrap_up_until: float | None = None


@dataclass(frozen=True, slots=True)
class ContactView:
    """One contact now; ``caller`` is masked to the last three digits."""

    id: ContactId
    phase: Literal["ivr", "waiting", "offered", "talking", "leaving"]
    since: float
    arrived_at: float
    caller: str
    access_code: str
    trunk: TrunkId | None
    language: Language | None
    node: NodeId | None
    queue: QueueId | None
    position: int | None
    """1 is next in its queue."""
    agent: AgentId | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue now."""

    id: QueueId
    name: str
    waiting: int
    longest_wait_s: float
    agents_ready: int
    """Agents with the queue's skills who are idle."""
    agents_logged_in: int


@dataclass(frozen=True, slots=True)
class TrunkView:
    """One trunk now; ``in_use`` and ``capacity`` count SST (channels)."""

    id: TrunkId
    capacity: int
    in_use: int
    peak: int
    blocked: int
    up: bool


@dataclass(frozen=True, slots=True)
class EngineView:
    """Everything at one moment."""

    at: float
    plan_version: str
    ari_up: bool
    ami_up: bool
    agents: tuple[AgentView, ...]
    contacts: tuple[ContactView, ...]
    queues: tuple[QueueView, ...]
    trunks: tuple[TrunkView, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class PlanIndex:
    """What every view of one plan needs; made once for each plan, because a view of many agents must be quick."""

    plan: Plan
    skills: dict[AgentId, tuple[tuple[str, int], ...]]
    able: dict[QueueId, frozenset[AgentId]]
    """Who serves a queue and has its skills."""


def index_of(plan: Plan) -> PlanIndex:
    """Make the index of a plan."""
    skills: dict[AgentId, tuple[tuple[str, int], ...]] = {
        agent.id: tuple((s.skill, s.level) for s in agent.skills) for agent in plan.agents.values()
    }
    levels = {agent: dict(pairs) for agent, pairs in skills.items()}
    able = {
        queue.id: frozenset(
            agent.id
            for agent in plan.agents.values()
            if (not agent.queues or queue.id in agent.queues)
            and all(levels[agent.id].get(need.skill, 0) >= need.level for need in queue.requires)
        )
        for queue in plan.queues.values()
    }
    return PlanIndex(plan, skills, able)


def masked(caller: str) -> str:
    """Hide a calling number but for its last three digits."""
    return "•" * max(0, len(caller) - 3) + caller[-3:]


def activity_of(agent: Agent) -> tuple[Activity, float]:
    """What an agent does now and since when."""
    match agent.work:
        case Offered(since=since):
            return "offered", since
        case InCall(since=since):
            return "talking", since
        case WrapUp(since=since):
            return "wrap_up", since
        case Free(since=since) if agent.presence == "ready":
            return ("idle" if matching.available(agent) else "unavailable"), since
        case Free():
            return ("paused" if agent.presence == "paused" else "logged_out"), agent.presence_since
        case _:
            assert_never(agent.work)


def _agent(index: PlanIndex, agent: Agent) -> AgentView:
    activity, since = activity_of(agent)
    known = index.plan.agents.get(agent.id)
    return AgentView(
        id=agent.id,
        name=known.name if known else agent.id,
        device=known.device if known else "",
        presence=agent.presence,
        pause_reason=agent.pause_reason,
        activity=activity,
        since=since,
        phone_reachable=agent.reachable,
        phone_busy=agent.busy or agent.dialling,
        skills=index.skills.get(agent.id, ()),
        contact_id=None if isinstance(agent.work, Free) else agent.work.contact,
        contacts=agent.contacts,
        missed=agent.missed,
        wrap_up_until=agent.work.until if isinstance(agent.work, WrapUp) else None,
    )


def _positions(state: EngineState) -> dict[ContactId, int]:
    lines: dict[QueueId, list[tuple[int, float, ContactId]]] = {}
    for contact in state.contacts.values():
        if isinstance(contact.phase, Waiting):
            lines.setdefault(contact.phase.queue, []).append(matching.contact_rank(contact, contact.phase))
    return {rank[-1]: place for line in lines.values() for place, rank in enumerate(sorted(line), 1)}


def _contact(contact: Contact, position: int | None) -> ContactView:
    phase: Literal["ivr", "waiting", "offered", "talking", "leaving"]
    match contact.phase:
        case InIvr():
            phase = "ivr"
        case Waiting(offers=ringing):
            phase = "offered" if ringing else "waiting"
        case Talking():
            phase = "talking"
        case Leaving():
            phase = "leaving"
        case _:
            assert_never(contact.phase)
    return ContactView(
        id=contact.id,
        phase=phase,
        since=contact.phase.since,
        arrived_at=contact.arrived_at,
        caller=masked(contact.caller),
        access_code=contact.access_code,
        trunk=contact.trunk,
        language=contact.language,
        node=contact.last_node,
        queue=contact.queue,
        position=position,
        agent=contact.agent,
    )


def _queues(index: PlanIndex, state: EngineState, at: float) -> Iterator[QueueView]:
    ready = {agent.id for agent in state.agents.values() if matching.available(agent)}
    logged_in = {agent.id for agent in state.agents.values() if agent.presence != "logged_out"}
    for queue in index.plan.queues.values():
        since = [
            c.phase.since for c in state.contacts.values() if isinstance(c.phase, Waiting) and c.phase.queue == queue.id
        ]
        able = index.able[queue.id]
        yield QueueView(
            id=queue.id,
            name=queue.name,
            waiting=len(since),
            longest_wait_s=max((at - s for s in since), default=0.0),
            agents_ready=len(able & ready),
            agents_logged_in=len(able & logged_in),
        )


def _trunks(plan: Plan, state: EngineState) -> Iterator[TrunkView]:
    for trunk in plan.trunks.values():
        known = state.trunks.get(trunk.id, TrunkState())
        used = trunks.in_use(state.leases, trunk.id)
        yield TrunkView(trunk.id, trunk.capacity, used, known.peak, known.blocked, known.up)


def view(state: EngineState, at: float, index: PlanIndex | None = None) -> EngineView | None:
    """Take the view of a state at ``at``; None before a plan is loaded. Without the plan's ``index``, makes one."""
    plan = state.plan
    if plan is None:
        return None
    if index is None or index.plan is not plan:
        index = index_of(plan)
    positions = _positions(state)
    return EngineView(
        at=at,
        plan_version=plan.version,
        ari_up=state.ari_up,
        ami_up=state.ami_up,
        agents=tuple(_agent(index, agent) for agent in state.agents.values()),
        contacts=tuple(_contact(c, positions.get(c.id)) for c in state.contacts.values()),
        queues=tuple(_queues(index, state, at)),
        trunks=tuple(_trunks(plan, state)),
        figures=state.figures,
    )
