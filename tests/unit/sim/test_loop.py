"""The loop on virtual time, with recorded arrivals so that every second is known."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from acd.domain.flow import QueueNode
from acd.domain.ids import Language, NodeId, QueueId, SkillId
from acd.domain.limits import Limits, ToBranch, ToQueue
from acd.domain.plan import Plan, QueuePlan, RelaxationStep, Reservation
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement
from acd.sim.chance import Deterministic, Exponential
from acd.sim.loop import Replication
from acd.sim.model import Crew, Given, Kind, Model
from acd.sim.parts import group
from acd.sim.tally import Tally

A = (SkillLevel(SkillId("a"), 1),)


def given(*arrivals: tuple[float, float] | tuple[float, float, float], name: str = "A", priority: int = 0) -> Kind:
    """Arrivals of (when, service) or (when, service, patience)."""
    return Kind(
        name=name,
        need=Requirement(QueueId("A"), A),
        priority=priority,
        rates=(),
        service=Deterministic((1.0,)),
        given=tuple(Given(one[0], 0.0, one[1], one[2] if len(one) > 2 else inf) for one in arrivals),
    )


def model(*kinds: Kind, staffing: tuple[tuple[float, int], ...] = ((0.0, 1),), size: int = 9) -> Model:
    agents = group("G", size, A)
    return Model(
        plan=Plan("", {a.id: a for a in agents}, {QueueId("A"): QueuePlan(QueueId("A"), "A", A)}, {}, {}, {}, {}),
        kinds=kinds,
        crews=(Crew("G", tuple(a.id for a in agents), staffing),),
        capacity=None,
        start_s=0.0,
        periods_s=(100.0, 100.0),
        warm_up_s=0.0,
        day_factor=None,
        target_s=20.0,
    )


def deployed(
    *kinds: Kind, staffing: tuple[tuple[float, int], ...] = ((0.0, 1),), after: QueuePlan | None = None, **queue: Any
) -> Model:
    """The same as a deployment's: with a queue of these properties, and perhaps one behind it for skill b."""
    made = model(*(replace(kind, node=QueueNode(NodeId("A"), QueueId("A"))) for kind in kinds), staffing=staffing)
    queues = {QueueId("A"): QueuePlan(QueueId("A"), "A", A, **{"wrap_up_s": 0.0, **queue})}
    crews = made.crews
    agents = made.plan.agents
    if after is not None:
        queues[after.id] = after
        helpers = group("H", 1, (SkillLevel(SkillId("b"), 1),))
        agents = {**agents, helpers[0].id: helpers[0]}
        crews = (*crews, Crew("H", (helpers[0].id,), ((0.0, 1),)))
    return replace(made, plan=replace(made.plan, queues=queues, agents=agents), crews=crews)


BEHIND = QueuePlan(QueueId("B"), "B", (SkillLevel(SkillId("b"), 1),), wrap_up_s=0.0)


def run(asked: Model) -> Tally:
    return Replication(asked, 1, 0).run()


def waits(tally: Tally, kind: int = 0) -> list[list[float]]:
    return [cell.served for cell in tally.cells[kind]]


def test_who_comes_while_the_agent_is_busy_waits_until_the_agent_is_free() -> None:
    tally = run(model(given((0, 30), (10, 30), (20, 5))))
    assert waits(tally) == [[0, 20, 40], []]
    assert tally.teams == [(65.0, 200.0)]


def test_patience_ends_a_wait_and_the_next_one_moves_up() -> None:
    tally = run(model(given((0, 50), (10, 30, 15), (20, 5))))
    assert waits(tally) == [[0, 30], []]
    assert tally.cells[0][0].left == [15]
    assert tally.outcome().total.abandoned == 1


def test_a_contact_counts_in_the_period_of_its_arrival_also_when_served_after_the_last() -> None:
    tally = run(model(given((90, 200), (95, 10), (150, 10))))
    assert waits(tally) == [[0, 195], [150]]
    # The drain counts: until 310 the agent is busy for all but the first 90 seconds.
    assert tally.teams == [(220.0, 310.0)]


def test_a_full_trunk_blocks_and_a_waiting_contact_holds_its_channel() -> None:
    tally = run(replace(model(given((0, 50), (10, 10), (20, 10), (55, 10))), capacity=2))
    assert waits(tally) == [[0, 40, 5], []]
    assert tally.cells[0][0].blocked == 1
    assert tally.cells[0][0].offered == 4


def test_the_channel_is_free_in_the_wrap_up_but_the_agent_is_not() -> None:
    tally = run(replace(deployed(given((0, 10), (12, 10)), wrap_up_s=20.0), capacity=1))
    assert waits(tally) == [[0, 18], []]
    assert tally.teams == [(60.0, 200.0)]


def test_an_agent_with_a_wrap_up_of_the_own_takes_that() -> None:
    asked = deployed(given((0, 10), (1, 10)), wrap_up_s=20.0)
    agents = {name: replace(agent, wrap_up_s=5.0) for name, agent in asked.plan.agents.items()}
    tally = run(replace(asked, plan=replace(asked.plan, agents=agents)))
    assert waits(tally) == [[0, 14], []]


def test_time_in_the_ivr_takes_a_channel_but_is_no_wait() -> None:
    kind = given((0, 10), (5, 10))
    kind = replace(kind, given=tuple(replace(one, ivr_s=30.0) for one in kind.given))
    tally = run(model(kind))
    assert waits(tally) == [[0, 5], []]
    tally = run(replace(model(kind), capacity=1))
    assert tally.cells[0][0].blocked == 1


def test_nobody_who_arrives_in_the_warm_up_is_counted_and_its_work_before_the_end_of_it_neither() -> None:
    tally = run(replace(model(given((0, 50), (10, 30), (60, 5))), warm_up_s=40.0))
    assert waits(tally) == [[20], []]
    assert tally.cells[0][0].offered == 1
    assert tally.teams == [(45.0, 160.0)]


def test_who_is_busy_at_a_cut_finishes_first_and_who_is_idle_goes_at_once() -> None:
    tally = run(model(given((0, 150), (1, 60), (105, 10)), staffing=((0.0, 3), (100.0, 1))))
    # Two go of three: the idle one and the one who finished at 61; the busy one stays, so the third contact waits.
    assert waits(tally) == [[0, 0], [45]]
    assert tally.teams == [(220.0, 400.0)]


def test_of_more_busy_agents_than_are_wanted_the_first_to_finish_go() -> None:
    tally = run(model(given((0, 150), (1, 119), (2, 138), (105, 10)), staffing=((0.0, 3), (100.0, 1))))
    assert waits(tally) == [[0, 0, 0], [45]]
    assert tally.teams == [(150.0 + 119 + 138 + 10, 300.0 + 20 + 40 + 100)]


def test_who_is_asked_to_stay_before_the_last_contact_ended_stays() -> None:
    staffing = ((0.0, 2), (100.0, 1), (120.0, 2))
    tally = run(model(given((0, 150), (1, 140), (130, 5)), staffing=staffing))
    assert waits(tally) == [[0, 0], [11]]


def test_agents_who_come_take_those_who_wait() -> None:
    tally = run(model(given((0, 50), (1, 50), (2, 10)), staffing=((0.0, 1), (30.0, 3))))
    assert waits(tally) == [[0, 29, 28], []]


def test_a_contact_that_asks_for_less_gets_an_agent_who_was_free_all_the_time() -> None:
    """The second step lets it have a beginner; nobody else is asked, and waited time goes on."""
    asked = model(given((10, 30), (20, 5)))
    steps = (RelaxationStep(5.0, levels(3)), RelaxationStep(12.0, levels(1)))
    queue = replace(asked.plan.queues[QueueId("A")], requires=levels(5), relaxation=steps, wrap_up_s=0.0)
    kind = replace(asked.kinds[0], node=QueueNode(NodeId("A"), queue.id))
    tally = run(replace(asked, kinds=(kind,), plan=replace(asked.plan, queues={queue.id: queue})))
    assert waits(tally) == [[12, 32], []]


def test_who_waits_asks_for_less_too_when_an_agent_comes_free() -> None:
    asked = model(given((0, 50), (10, 30), (45, 9), (46, 9, 3)))
    queue = replace(asked.plan.queues[QueueId("A")], requires=levels(5), wrap_up_s=0.0)
    queue = replace(queue, relaxation=(RelaxationStep(20.0, levels(1)),))
    strict = QueueNode(NodeId("A"), queue.id)
    easy = replace(given((0, 50)), name="B")
    late = replace(given((10, 30), (45, 9), (46, 9, 3)), node=strict)
    tally = run(replace(asked, kinds=(late, easy), plan=replace(asked.plan, queues={queue.id: queue})))
    # The agent is free at 50 and at 80; who came at 45 may have it from 65 on, who came at 46 has given up at 49.
    assert waits(tally) == [[40, 35], []]
    assert tally.cells[0][0].left == [3]


def levels(level: int) -> tuple[SkillLevel, ...]:
    return (SkillLevel(SkillId("a"), level),)


def test_priority_comes_before_waiting_time() -> None:
    tally = run(model(given((0, 50), (1, 10)), given((2, 10), name="B", priority=5)))
    assert waits(tally, 0) == [[0, 59], []]
    assert waits(tally, 1) == [[48], []]


def test_who_waits_for_nobody_is_offered_and_nothing_else() -> None:
    tally = run(model(given((150, 10)), staffing=((0.0, 1), (100.0, 0))))
    total = tally.outcome().total
    assert (total.offered, total.answered, total.abandoned, total.p50) == (1, 0, 0, None)


@pytest.mark.parametrize("policy", ["longest_idle", "fixed_order", "round_robin", "weighted_random", "least_occupied"])
def test_every_agent_policy_of_the_live_engine_can_be_simulated(policy: str) -> None:
    kind = Kind("A", Requirement(QueueId("A"), A), 0, (0.1,), Exponential((20.0,)))
    asked = model(kind, staffing=((0.0, 3),))
    queue = replace(asked.plan.queues[QueueId("A")], policy=policy)
    tally = run(replace(asked, plan=replace(asked.plan, queues={queue.id: queue})))
    total = tally.outcome().total
    assert total.answered == total.offered > 0


# ---------------------------------------------------------------- queues of a deployment


def test_an_overflow_keeps_the_waited_time_and_asks_for_what_the_other_queue_asks() -> None:
    asked = deployed(given((0, 90), (10, 10)), after=BEHIND, max_wait_s=25.0, overflow_queue=QueueId("B"))
    tally = run(asked)
    assert waits(tally) == [[0, 25], []]
    assert tally.teams == [(90.0, 200.0), (10.0, 200.0)]


def test_without_another_queue_the_contact_goes_where_the_flow_says_and_is_overflowed() -> None:
    tally = run(deployed(given((0, 90), (10, 10), (95, 5)), max_wait_s=25.0))
    assert waits(tally) == [[0, 0], []]
    assert tally.cells[0][0].diverted == [25]
    assert tally.outcome().total.overflowed == 1


def test_one_more_than_the_queue_holds_goes_on_at_once_or_away() -> None:
    arrivals_ = given((0, 50), (10, 10), (11, 10), (12, 10))
    alone = run(deployed(arrivals_, max_length=1))
    assert waits(alone) == [[0, 40], []]
    assert alone.cells[0][0].diverted == [0, 0]
    behind = run(deployed(arrivals_, after=BEHIND, max_length=1, overflow_queue=QueueId("B")))
    assert sorted(waits(behind)[0]) == [0, 0, 9, 40]


def test_an_overflow_may_drop_the_language_and_a_language_may_have_its_own_longest_wait() -> None:
    english = replace(given((0, 10)), language=Language("en"))
    asked = deployed(
        english,
        after=BEHIND,
        max_wait_s=90.0,
        max_wait_by_language={Language("en"): 15.0},
        overflow_queue=QueueId("B"),
        overflow_drops_language=True,
    )
    plan = replace(asked.plan, language_skills={Language("en"): SkillId("lang_en")})
    assert waits(run(replace(asked, plan=plan))) == [[15], []]


def test_relaxation_steps_widen_what_is_asked_as_time_goes_by() -> None:
    steps = (RelaxationStep(20.0, lower=(SkillLevel(SkillId("a"), 2),)), RelaxationStep(30.0, lower=A))
    asked = deployed(given((0, 10)), relaxation=steps)
    plan = replace(
        asked.plan,
        queues={QueueId("A"): replace(asked.plan.queues[QueueId("A")], requires=(SkillLevel(SkillId("a"), 3),))},
    )
    assert waits(run(replace(asked, plan=plan))) == [[30], []]


def test_steps_and_overflows_of_who_was_answered_meanwhile_do_nothing() -> None:
    asked = deployed(
        given((0, 10), (1, 10)),
        after=BEHIND,
        max_wait_s=60.0,
        overflow_queue=QueueId("B"),
        relaxation=(RelaxationStep(50.0),),
    )
    assert waits(run(asked)) == [[0, 9], []]


def test_patience_ends_the_wait_also_in_the_queue_behind() -> None:
    busy = given((0, 100, inf), (10, 10, 40))
    behind = replace(BEHIND, requires=(SkillLevel(SkillId("b"), 5),))
    tally = run(deployed(busy, after=behind, max_wait_s=25.0, overflow_queue=QueueId("B")))
    assert tally.cells[0][0].left == [40]


def test_a_limit_of_length_leads_to_another_queue_or_away() -> None:
    arrivals_ = given((0, 50), (10, 10), (11, 10), (12, 10))
    away = run(deployed(arrivals_, limits=Limits(length=1)))
    assert (waits(away), away.cells[0][0].diverted) == ([[0, 40], []], [0, 0])
    asked = deployed(arrivals_, after=BEHIND, limits=Limits(length=1, length_to=ToQueue(QueueId("B"))))
    assert sorted(waits(run(asked))[0]) == [0, 0, 9, 40]


def test_nobody_joins_a_queue_whose_agents_are_all_away_and_who_waited_too_long_goes_where_the_limit_says() -> None:
    nobody = run(deployed(given((10, 10), (60, 10)), staffing=((0.0, 0), (50.0, 1)), limits=Limits(join="logged_in")))
    assert (waits(nobody), nobody.cells[0][0].diverted) == ([[0], []], [0])
    limit = Limits(wait_to=ToQueue(QueueId("B")))
    moved = run(deployed(given((0, 90), (10, 10)), after=BEHIND, max_wait_s=25.0, limits=limit))
    assert waits(moved) == [[0, 25], []]
    gone = run(deployed(given((0, 90), (10, 10)), after=BEHIND, max_wait_s=25.0, limits=Limits(wait_to=ToBranch())))
    assert gone.cells[0][0].diverted == [25]


def test_limits_that_lead_round_in_circles_send_the_contact_away() -> None:
    round_ = Limits(length=0, length_to=ToQueue(QueueId("A")))
    assert run(deployed(given((0, 10)), limits=round_)).cells[0][0].diverted == [0]


def test_agents_kept_in_reserve_are_not_taken_by_others() -> None:
    keep = Reservation(SkillId("a"), 1, keep=1, priority=5)
    low, high = given((0, 50), (5, 50)), given((10, 20), name="B", priority=5)
    asked = model(low, high, staffing=((0.0, 2),))
    tally = run(replace(asked, plan=replace(asked.plan, reservations=(keep,))))
    assert waits(tally, 0) == [[0, 45], []]
    assert waits(tally, 1) == [[0], []]
