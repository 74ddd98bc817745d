"""Whatever the scenario, nobody is lost, nobody is served twice, and nobody waits beside an agent who is free."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, NodeId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Plan, QueuePlan, RelaxationStep
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement
from acd.engine.matching.policies import STANDARD
from acd.sim.arrivals import arrivals
from acd.sim.chance import Exponential, Gamma
from acd.sim.loop import Replication
from acd.sim.model import Crew, Kind, Model

SKILLS = tuple(SkillId(name) for name in "abc")
PERIODS = 3
LENGTH_S = 600.0


@st.composite
def models(draw: st.DrawFn) -> Model:
    kinds, queues = [], {}
    for number in range(draw(st.integers(1, 3))):
        queue = QueueId(f"q{number}")
        wanted = draw(st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5), max_size=2))
        levels = tuple(SkillLevel(skill, level) for skill, level in sorted(wanted.items()))
        policy = draw(st.sampled_from(sorted(STANDARD.agent)))
        queues[queue] = QueuePlan(
            queue,
            queue,
            levels,
            policy=policy,
            share=draw(st.integers(1, 3)),
            wrap_up_s=draw(st.sampled_from([0.0, 30.0])),
            max_wait_s=draw(st.sampled_from([None, 20.0, 120.0])),
            max_length=draw(st.sampled_from([None, 2])),
            overflow_queue=QueueId(f"q{draw(st.integers(0, 3))}"),
            relaxation=draw(st.sampled_from([(), (RelaxationStep(15.0, lower=(SkillLevel(SKILLS[0], 0),)),)])),
        )
        kinds.append(
            Kind(
                name=queue,
                need=Requirement(queue, levels),
                priority=draw(st.integers(0, 2)),
                rates=tuple(draw(st.floats(0, 0.1)) for _ in range(PERIODS)),
                service=Exponential((draw(st.floats(1, 200)),)),
                patience=Gamma(2.0, (draw(st.floats(1, 300)),)),
                ivr=draw(st.sampled_from([None, Exponential((20.0,))])),
                node=draw(st.sampled_from([None, QueueNode(NodeId("n"), queue)])),
            )
        )
    agents: dict[AgentId, AgentPlan] = {}
    crews = []
    for number in range(draw(st.integers(1, 3))):
        counts = [draw(st.integers(0, 4)) for _ in range(PERIODS)]
        known = draw(st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5), min_size=1))
        skills = tuple(SkillLevel(skill, level) for skill, level in known.items())
        ids = tuple(AgentId(f"g{number}-{n}") for n in range(max(counts)))
        agents |= {agent: AgentPlan(agent, agent, "", skills) for agent in ids}
        crews.append(Crew(f"g{number}", ids, tuple((n * LENGTH_S, count) for n, count in enumerate(counts))))
    contact_policy = draw(st.sampled_from(sorted(STANDARD.contact)))
    return Model(
        plan=Plan("", agents, queues, {}, {}, {}, {}, contact_policy=contact_policy),
        kinds=tuple(kinds),
        crews=tuple(crews),
        capacity=draw(st.sampled_from([None, 0, 3, 20])),
        start_s=0.0,
        periods_s=(LENGTH_S,) * PERIODS,
        warm_up_s=draw(st.sampled_from([0.0, 300.0])),
        day_factor=None,
        target_s=20.0,
    )


@settings(max_examples=150, deadline=None)
@given(models(), st.integers(0, 1000))
def test_offered_is_served_and_abandoned_and_blocked(model: Model, seed: int) -> None:
    tally = Replication(model, seed, 0).run()
    outcome = tally.outcome()
    counted = [one for one in arrivals(model, seed, 0) if one[0] >= model.warm_up_s]
    assert outcome.total.offered == len(counted)
    for number, (whole, periods) in enumerate(outcome.kinds):
        assert whole.offered == sum(one[1] == number for one in counted)
        for part in (whole, *periods):
            assert part.offered == part.answered + part.abandoned + part.blocked + part.overflowed
            assert part.answered_in <= part.answered
            assert part.abandoned_5s <= part.abandoned_in <= part.abandoned
        assert sum(part.offered for part in periods) == whole.offered
    for busy, staffed in outcome.crews:
        assert 0 <= busy <= staffed + 1e-6
    if all(kind.node is None for kind in model.kinds):
        assert outcome.total.overflowed == 0


@settings(max_examples=60, deadline=None)
@given(models(), st.integers(0, 1000))
def test_nobody_waits_beyond_the_own_patience(model: Model, seed: int) -> None:
    tally = Replication(model, seed, 0).run()
    patience: dict[tuple[int, int], list[float]] = {}
    for one in arrivals(model, seed, 0):
        if one[0] >= model.warm_up_s:
            patience.setdefault((one[1], one[2]), []).append(one[4])
    for (kind, period), longest in patience.items():
        cell = tally.cells[kind][period]
        assert max([0.0, *cell.served]) <= max(longest) + 1e-6
        assert {round(wait, 6) for wait in cell.left} <= {round(wait, 6) for wait in longest}


@settings(max_examples=60, deadline=None)
@given(models(), st.integers(0, 1000))
def test_the_same_seed_lives_through_the_same(model: Model, seed: int) -> None:
    assert Replication(model, seed, 3).run().outcome() == Replication(model, seed, 3).run().outcome()


@settings(max_examples=60, deadline=None)
@given(models(), st.integers(0, 1000))
def test_more_lines_never_block_more(model: Model, seed: int) -> None:
    blocked = [Replication(replace(model, capacity=c), seed, 0).run().outcome().total.blocked for c in (2, None)]
    assert blocked[0] >= blocked[1] == 0
