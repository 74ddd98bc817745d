"""Makes what the outside may see of the engine, see ``view_shapes``, of its state at one moment.

Decides what an agent or contact is called that is in a state, and looks only at what changed since the last view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Literal, assert_never

from acd.domain.ids import AgentId, ContactId, Language, QueueId, TimerKey
from acd.domain.plan import Plan, QueuePlan
from acd.engine import estimate, matching, outbound, trunks
from acd.engine.calendar_views import calendar_views
from acd.engine.estimate import AT_ONCE, Estimate
from acd.engine.kept_views import KeptViews
from acd.engine.state import (
    Agent,
    CallingBack,
    Contact,
    EngineState,
    Free,
    Held,
    InCall,
    InFallback,
    InIvr,
    Leaving,
    Offered,
    Parting,
    Promised,
    SkillChange,
    Talking,
    TrunkState,
    Waiting,
    WrapUp,
)
from acd.engine.view_shapes import (
    IVR_TOTALS,
    Activity,
    AgentView,
    CallbackView,
    ContactPhase,
    ContactView,
    EngineView,
    IvrView,
    NewcomerView,
    QueueView,
    TrunkView,
    VoicemailsView,
)

Lines = dict[str, list[ContactId]]
"""Who waits without an offer and can be reached, by line, the next one first."""


@dataclass(slots=True)
class PlanIndex:
    """What every view of one plan needs; made once for each plan, because a view of many agents must be quick.

    ``agents`` and ``contacts`` are those of the latest view: what has not changed since is not looked at again.
    """

    plan: Plan
    skills: dict[AgentId, tuple[tuple[str, int], ...]]
    able: dict[QueueId, frozenset[AgentId]]
    """Who serves a queue and has its skills."""
    newcomers: dict[QueueId, tuple[Newcomer, ...]]
    agents: KeptViews[AgentId, Agent, SkillChange | None, AgentView] = field(init=False)
    contacts: KeptViews[ContactId, Contact, tuple[int, Estimate | None] | None, ContactView] = field(init=False)

    def __post_init__(self) -> None:
        self.agents = KeptViews(partial(_agent, self.plan, self.skills))
        self.contacts = KeptViews(_contact)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who comes to a queue having chosen a language: the line to stand in, and who could serve it."""

    language: Language | None
    line: str
    able: frozenset[AgentId]


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
    newcomers = {queue.id: tuple(_newcomers(plan, queue, able[queue.id], levels)) for queue in plan.queues.values()}
    return PlanIndex(plan, skills, able, newcomers)


def _newcomers(
    plan: Plan, queue: QueuePlan, able: frozenset[AgentId], levels: dict[AgentId, dict[str, int]]
) -> Iterator[Newcomer]:
    languages: tuple[Language | None, ...] = (*plan.language_skills,) or (None,)
    for language in languages:
        requires = matching.requirement(plan, queue, None, language)
        speaking = frozenset(a for a in able if all(levels[a].get(need.skill, 0) >= need.level for need in requires))
        yield Newcomer(language, estimate.line_of(queue.id, requires), speaking)


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


def _agent(
    plan: Plan, skills: Mapping[AgentId, tuple[tuple[str, int], ...]], agent: Agent, change: SkillChange | None
) -> AgentView:
    activity, since = activity_of(agent)
    known = plan.agents.get(agent.id)
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
        skills=skills.get(agent.id, ()),
        contact_id=None if isinstance(agent.work, Free) else agent.work.contact,
        contacts=agent.contacts,
        missed=agent.missed,
        wrap_up_until=agent.work.until if isinstance(agent.work, WrapUp) else None,
        skills_by=change.by if change is not None else None,
    )


def _places(state: EngineState, lines: Lines, at: float) -> dict[ContactId, tuple[int, Estimate | None]]:
    """Place and estimate of everybody who stands in a line."""
    return {
        contact: (place, known)
        for line, contacts in lines.items()
        for place, (contact, known) in enumerate(
            zip(contacts, chain(estimate.along(state, line, at), repeat(None)), strict=False), 1
        )
    }


def _contact(contact: Contact, place: tuple[int, Estimate | None] | None) -> ContactView:
    known = place[1] if place is not None else None
    phase: ContactPhase
    match contact.phase:
        case InIvr():
            phase = "ivr"
        case Promised():
            phase = "callback"
        case CallingBack():
            phase = "calling_back"
        case Waiting(offers=()) if contact.away:
            phase = "callback"
        case Waiting(offers=ringing):
            phase = "offered" if ringing else "waiting"
        case Talking():
            phase = "talking"
        case Leaving() | Parting():
            phase = "leaving"
        case InFallback():
            phase = "fallback"
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
        position=place[0] if place is not None else None,
        agent=contact.phase.named if isinstance(contact.phase, Waiting) else contact.agent,
        estimated_wait_s=known.wait_s if known is not None else None,
        estimate_confidence=known.confidence if known is not None else None,
        priority=contact.phase.priority if isinstance(contact.phase, Waiting) else None,
    )


def _newcomer(state: EngineState, who: Newcomer, waiting: int, ready: set[AgentId], at: float) -> NewcomerView:
    known = AT_ONCE if not waiting and who.able & ready else estimate.at_place(state, who.line, waiting, at)
    if known is None:
        return NewcomerView(who.language, waiting, None, None)
    return NewcomerView(who.language, waiting, known.wait_s, known.confidence)


def _callbacks(state: EngineState, places: Mapping[ContactId, tuple[int, Estimate | None]]) -> Iterator[CallbackView]:
    for contact in (state.contacts[contact_id] for contact_id in state.callbacks.values()):
        promise, phase = outbound.promise_of(contact), contact.phase
        held_by: Held | None = None
        now: Literal["waiting", "held", "offered", "calling"]
        match phase:
            case Promised(place=place, why=held_by):
                now = "held"
            case CallingBack(place=place):
                now = "calling"
            case Waiting() as place:
                now = "offered" if place.offers else "waiting"
            case _:
                continue
        timer = state.timers.get(TimerKey(f"back:{contact.id}")) if now == "held" else None
        yield CallbackView(
            contact_id=contact.id,
            queue=place.queue,
            number=masked(promise.number),
            state=now,
            held_by=held_by,
            waiting_since=place.since,
            asked_at=promise.asked_at,
            due_at=promise.due_at,
            next_at=None if timer is None else timer.due,
            expires_at=promise.expires_at,
            attempts=promise.attempts,
            last_outcome=promise.last,
            position=places[contact.id][0] if contact.id in places else None,
        )


def _queues(
    index: PlanIndex, state: EngineState, agents: Iterable[AgentView], lines: Lines, at: float
) -> Iterator[QueueView]:
    ready = {agent.id for agent in agents if agent.activity == "idle"}
    logged_in = {agent.id for agent in agents if agent.presence != "logged_out"}
    waits: dict[QueueId, list[float]] = {}
    for contact in state.contacts.values():
        if isinstance(contact.phase, Waiting) and not contact.away:
            waits.setdefault(contact.phase.queue, []).append(contact.phase.since)
    for queue in index.plan.queues.values():
        since = waits.get(queue.id, ())
        able = index.able[queue.id]
        yield QueueView(
            id=queue.id,
            name=queue.name,
            waiting=len(since),
            longest_wait_s=max((at - s for s in since), default=0.0),
            agents_ready=len(able & ready),
            agents_logged_in=len(able & logged_in),
            newcomers=tuple(
                _newcomer(state, who, len(lines.get(who.line, ())), ready, at) for who in index.newcomers[queue.id]
            ),
        )


def _trunks(plan: Plan, state: EngineState) -> Iterator[TrunkView]:
    for trunk in plan.trunks.values():
        known = state.trunks.get(trunk.id, TrunkState())
        used = trunks.in_use(state.leases, trunk.id)
        up = known.up and (not plan.pbxs or state.links(trunk.pbx).ari)
        yield TrunkView(trunk.id, trunk.capacity, used, known.peak, known.blocked, up)


def _voicemails(plan: Plan, state: EngineState) -> Iterator[VoicemailsView]:
    """Of the plan's queues, and of others that have messages."""
    count = Counter((message.queue, message.state) for message in state.voicemails.open.values())
    for queue in dict.fromkeys((*plan.queues, *state.voicemails.done, *(queue for queue, _ in count))):
        done = state.voicemails.done.get(queue, 0)
        yield VoicemailsView(queue, count[queue, "new"], count[queue, "heard"], done)


def view(state: EngineState, at: float, index: PlanIndex | None = None) -> EngineView | None:
    """Take the view of a state at ``at``; None before a plan is loaded. Without the plan's ``index``, makes one."""
    plan = state.plan
    if plan is None:
        return None
    if index is None or index.plan is not plan:
        index = index_of(plan)
    lines = estimate.lines(state)
    places = _places(state, lines, at)
    changes = state.skill_changes
    agents = index.agents.look((agent.id, agent, changes.get(agent.id)) for agent in state.agents.values())
    return EngineView(
        at=at,
        plan_version=plan.version,
        ari_up=state.ari_up,
        ami_up=state.ami_up,
        draining=state.draining,
        agents=agents,
        contacts=index.contacts.look((c.id, c, places.get(c.id)) for c in state.contacts.values()),
        queues=tuple(_queues(index, state, agents, lines, at)),
        trunks=tuple(_trunks(plan, state)),
        figures=state.figures,
        ivr=IvrView(**{name: dict(getattr(state.ivr, name)) for name in IVR_TOTALS}),
        callbacks=tuple(_callbacks(state, places)),
        voicemails=tuple(_voicemails(plan, state)),
        calendars=calendar_views(plan, at),
        pbxs=tuple((pbx, state.links(pbx)) for pbx in plan.pbxs),
    )
