"""Whatever policies, levels, reservations and wishes: who looks plainly at everybody chooses as the matcher does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.domain.ids import AgentId, ContactId, LegId, NodeId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Capacity, Plan, QueuePlan, RelaxationStep, Reservation
from acd.domain.skills import SkillLevel
from acd.engine.matching import STANDARD, Matcher
from acd.engine.rating import rate
from acd.engine.roster import Roster
from acd.engine.state import Agent, Contact, EngineState, Free, InCall, Offered, Position, Waiting, Work, WrapUp
from tests.engine_kit import make_plan

SKILLS = [SkillId(name) for name in "ab"]
QUEUES = [QueueId(name) for name in ("q1", "q2", "q3")]
OTHER = ContactId("other")
MINE = ContactId("mine")

levels = st.lists(
    st.builds(SkillLevel, st.sampled_from(SKILLS), st.integers(1, 3)), max_size=2, unique_by=lambda s: s.skill
)
demands = levels.map(lambda found: tuple(sorted(found, key=lambda s: s.skill)))
AGENTS = [AgentId(f"agent{n}") for n in range(7)]


@st.composite
def agent_plans(draw: st.DrawFn, agent: AgentId) -> AgentPlan:
    queues = tuple(draw(st.lists(st.sampled_from(QUEUES), max_size=2, unique=True)))
    tiers = {queue: draw(st.integers(1, 3)) for queue in queues if draw(st.booleans())}
    capacity = draw(
        st.sampled_from([(), (), (), (Capacity("email", 2),), (Capacity("voice", 1), Capacity("email", 1))])
    )
    return AgentPlan(agent, agent, f"PJSIP/{agent}", draw(demands), queues, tiers=tiers, capacity=capacity)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    steps = st.builds(
        RelaxationStep,
        st.just(5.0),
        lower=st.just((SkillLevel(SKILLS[0], 0),)),
        tier=st.sampled_from([None, 2, 3]),
        helpers=st.sampled_from([(), (QUEUES[2],)]),
    )
    queues = {
        queue: QueuePlan(
            queue,
            queue,
            (),
            policy=draw(st.sampled_from([*STANDARD.agent, "gone:Policy"])),
            relaxation=tuple(draw(st.lists(steps, max_size=2))),
        )
        for queue in QUEUES[: draw(st.integers(2, 3))]
    }
    reservations = st.builds(
        Reservation,
        st.sampled_from(SKILLS),
        st.integers(1, 2),
        st.integers(1, 3),
        st.sampled_from([(), (QUEUES[0],)]),
        st.sampled_from([None, 5]),
    )
    agents = {agent: draw(agent_plans(agent)) for agent in AGENTS[: draw(st.integers(1, len(AGENTS)))]}
    kept = tuple(draw(st.lists(reservations, max_size=2)))
    return replace(make_plan(), agents=agents, queues=queues, reservations=kept)


@st.composite
def agents(draw: st.DrawFn, agent: AgentId) -> Agent:
    since = draw(st.integers(0, 3)) * 10.0
    taken: list[Work] = [Offered(since, OTHER, since), Offered(since, MINE, since), InCall(since, OTHER)]
    work = draw(st.sampled_from([*taken, WrapUp(since, OTHER, 99.0), *[Free(since)] * 8]))
    return Agent(
        agent,
        work,
        presence=draw(st.sampled_from(["ready"] * 8 + ["paused", "logged_out"])),
        leg=draw(st.sampled_from([None] * 8 + [LegId("x")])),
        reachable=draw(st.integers(0, 9)) > 0,
        busy=draw(st.integers(0, 9)) == 0,
        resting=draw(st.integers(0, 9)) == 0,
        leaving=draw(st.integers(0, 19)) == 0,
        contacts=draw(st.integers(0, 2)),
        logged_in_at=-100.0,
        worked_s=draw(st.sampled_from([0.0, 20.0])),
        last_offer=draw(st.integers(0, 2)),
    )


@st.composite
def scenes(draw: st.DrawFn) -> tuple[EngineState, Contact, Waiting]:
    state = EngineState(plan=draw(plans()))
    assert state.plan is not None
    for agent in state.plan.agents:
        if draw(st.integers(0, 9)):
            state.agents[agent] = draw(agents(agent))
    waiting = Waiting(
        0.0,
        draw(st.sampled_from(QUEUES)),
        draw(demands),
        draw(st.sampled_from([0, 5])),
        Position("f", NodeId("n")),  # type: ignore[arg-type]
        tried=tuple(draw(st.lists(st.sampled_from(AGENTS), max_size=3, unique=True))),
        prefers=draw(demands),
        tier=draw(st.sampled_from([None, 1, 2])),
        helpers=draw(st.sampled_from([(), (), (QUEUES[1],), tuple(QUEUES[1:])])),
        medium=draw(st.sampled_from(["voice"] * 5 + ["email"])),
        named=draw(st.sampled_from([None] * 6 + AGENTS[:2])),
    )
    contact = Contact(MINE, waiting, "1", None, "", 0.0, offers=draw(st.integers(0, 3)))
    return state, contact, waiting


@settings(max_examples=400, deadline=None)
@given(scene=scenes())
def test_the_first_by_this_account_is_the_matchers_choice_and_everybody_is_accounted_for(
    scene: tuple[EngineState, Contact, Waiting],
) -> None:
    state, contact, waiting = scene
    assert state.plan is not None
    chosen = Matcher(state).best_agent(contact)
    rating = rate(Roster(state.plan), STANDARD, contact, waiting, state.agents)
    best = min(rating.ranks, default=None)
    assert (best[-1] if best is not None else None) == (chosen.id if chosen is not None else None)
    assert best == (chosen.rank if chosen is not None else None)
    assert rating.able == len(rating.ranks)
    assert rating.able + sum(passed.count for passed in rating.passed) == len(state.plan.agents)
    assert all(len(rank) in {len(rating.parts), len(rating.parts) - 1} for rank in rating.ranks)
