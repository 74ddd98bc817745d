"""Estimated waits: what events teach about a line, and what is made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.events import PlanLoaded
from acd.domain.exits import Exit
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, ContactId, LegId, QueueId, SkillId, TrunkId
from acd.domain.plan import RelaxationStep, TreatmentPlan
from acd.domain.skills import SkillLevel
from acd.engine import estimate, views
from acd.engine.estimate import ENOUGH
from acd.engine.pace import Pace
from acd.engine.score import EstimateScore
from acd.engine.state import Announced, CallingBack, EngineState, Promised, Told, Waiting
from tests.engine_kit import Bench, levels, make_plan, n, with_node, with_queue

BILLING = QueueId("billing")
LINE = "billing billing:1 lang_id:1"
GW_TRUNK = TrunkId("gw")


def steady(every_s: float, served: int = 20, *, left: int = 0, ring_s: float = 0.0) -> Pace:
    """A line that was served at a steady pace up to the moment 0, with two waiting all the time."""
    pace = Pace(since=-every_s * served, ring_s=ring_s).came(-every_s * served).came(-every_s * served)
    for number in range(served):
        at = -every_s * (served - 1 - number)
        if left:
            pace = pace.went(at).came(at)
            left -= 1
        pace = pace.served(at).came(at)
    return replace(pace, waiting=0)


def knowing(**paces: Pace) -> EngineState:
    return EngineState(paces={line.replace("_", " "): pace for line, pace in paces.items()})


def waits(state: EngineState, line: str, *places: int, at: float = 0.0) -> list[float]:
    found = [estimate.at_place(state, line, place, at) for place in places]
    return [round(e.wait_s, 3) for e in found if e is not None]


# ---------------------------------------------------------------- estimating


def test_the_wait_grows_with_the_place() -> None:
    assert waits(knowing(billing_a=steady(30.0)), "billing a", 0, 1, 9) == [30.0, 60.0, 300.0]


def test_those_who_leave_before_one_shorten_the_wait() -> None:
    leaving = steady(30.0, left=10)  # 10 of 2 waiting over 600 s
    assert waits(knowing(billing_a=leaving), "billing a", 0, 1) == pytest.approx(
        [30.0, 30 + 1 / (1 / 30 + 1 / 120)], rel=0.01
    )


def test_ringing_is_part_of_the_wait() -> None:
    assert waits(knowing(billing_a=steady(30.0, ring_s=4.0)), "billing a", 1) == [64.0]


def test_a_line_with_few_departures_is_judged_by_its_queue_and_believed_half() -> None:
    few, many = steady(10.0, served=ENOUGH - 1), steady(30.0, ring_s=5.0)
    state = knowing(billing_a=few, billing_b=many, tech_a=steady(1.0))
    assert waits(state, "billing a", 0) == pytest.approx([(3 * 10 + 20 * 30) / 23 + 5], rel=0.01)
    alone = estimate.at_place(knowing(billing_b=many), "billing b", 0, 0.0)
    shared = estimate.at_place(state, "billing a", 0, 0.0)
    assert alone is not None
    assert shared is not None
    assert shared.confidence < alone.confidence


def test_nothing_is_estimated_before_enough_departures() -> None:
    assert waits(knowing(billing_a=steady(10.0, served=ENOUGH - 1)), "billing a", 0) == []
    assert waits(EngineState(), "billing a", 0) == []


def test_confidence_is_the_chance_of_being_right_within_thirty_seconds() -> None:
    # An exponential time of 60 s lies between 30 and 90 s with probability 0.383; the unknown rate lowers that.
    (state, line) = knowing(billing_a=steady(60.0, served=64)), "billing a"
    first, tenth = estimate.at_place(state, line, 0, 0.0), estimate.at_place(state, line, 9, 0.0)
    assert first is not None
    assert tenth is not None
    assert first.confidence == 0.38
    assert tenth.confidence < 0.15
    sure = estimate.at_place(knowing(billing_a=steady(2.0, served=64)), "billing a", 0, 0.0)
    assert sure is not None
    assert sure.confidence == 1.0


# ---------------------------------------------------------------- learning


def served_after(bench: Bench, seconds: float, agent: str = "ana") -> None:
    """A caller waits so long, talks and is done, and so is the agent."""
    leg = bench.queued(endpoint="DAHDI/i1/7")
    bench.sleep(seconds)
    bench.login(agent)
    bench.pick_up(agent)
    bench.request(agent, "logout")
    bench.hang_up(leg)
    bench.sleep(11)


def test_the_pace_is_learnt_from_waits_and_not_from_callers_who_find_an_agent_at_once() -> None:
    bench = Bench()
    for _ in range(5):
        served_after(bench, 20.0)
    pace = bench.state.paces[LINE]
    assert (pace.departures, pace.last.busy_s) == (5, 20.0)
    assert pace.past.busy_s == pytest.approx(20.0 * pace.past.served)
    for _ in range(3):
        bench.login("ana")
        leg = bench.queued()
        bench.sleep(2)
        bench.pick_up("ana")
        bench.request("ana", "logout")
        bench.hang_up(leg)
        bench.sleep(30)
    after = bench.state.paces[LINE]
    assert (after.departures, after.past, after.waiting) == (5, pace.past, 0)
    assert after.ring_s > 0


def test_an_offer_nobody_takes_is_no_departure() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_wait_s=None))
    bench.queued()
    bench.sleep(10)
    bench.login("ana")
    assert bench.state.paces[LINE].departures == 1
    bench.sleep(16)  # nobody answers
    pace = bench.state.paces[LINE]
    assert (pace.departures, pace.waiting, pace.until(bench.at).now.busy_s) == (0, 1, 10.0 + 1.0)


def test_an_offer_made_at_once_and_refused_begins_a_wait() -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued()
    bench.sleep(15)
    assert bench.state.paces[LINE] == Pace(since=bench.at, waiting=1)


def test_leaving_overflowing_and_a_key_count_as_leaving_the_line() -> None:
    bench = Bench()
    first = bench.queued()
    bench.queued(endpoint="DAHDI/i1/1")
    bench.sleep(5)
    bench.hang_up(first)
    bench.sleep(25)
    pace = bench.state.paces[LINE]
    assert (pace.waiting, pace.now.left, pace.now.waited_s) == (0, 2, 35.0)
    assert bench.state.paces["general"].waiting == 1


def test_relaxation_leaves_a_contact_in_its_line_and_waiting_for_one_agent_is_a_line_of_its_own() -> None:
    eased = (RelaxationStep(5.0, lower=levels(lang_id=0)),)
    plan = with_queue(make_plan(), "billing", relaxation=eased, max_length=None, max_wait_s=None)
    bench = Bench(with_node(plan, QueueNode(n("q_tech"), BILLING, agent=AgentId("dewi"), agent_wait_s=8.0)))
    bench.login("dewi")
    bench.request("dewi", "pause", "lunch")
    legs = [ContactId(bench.queued(endpoint="DAHDI/i1/1")) for _ in range(2)]
    named = ContactId(bench.queued("2", endpoint="DAHDI/i1/1"))
    assert estimate.lines(bench.state) == {LINE: legs, f"{LINE} @dewi": [named]}
    bench.sleep(6)
    first = bench.state.contacts[legs[0]].phase
    assert isinstance(first, Waiting)
    assert first.requires == levels(billing=1)
    assert estimate.lines(bench.state)[LINE] == legs
    assert bench.state.paces[LINE].now.left == 0
    bench.sleep(3)
    assert estimate.lines(bench.state) == {LINE: [*legs, named]}
    assert (bench.state.paces[f"{LINE} @dewi"].waiting, bench.state.paces[f"{LINE} @dewi"].now.left) == (0, 0)


def test_a_callback_stands_aside_without_leaving_and_what_its_caller_was_told_is_scored_once() -> None:
    bench = Bench()
    leg = announced(bench, 30.0)
    contact = bench.contact(leg)
    place = contact.phase
    assert isinstance(place, Waiting)
    aside = replace(contact, phase=Promised(bench.at + 5, place, "goodbye"))
    state = bench.state
    for old, new, at in (
        (contact, aside, 5.0),
        (aside, replace(contact, away=True), 10.0),
        (replace(contact, away=True), replace(contact, away=True, phase=CallingBack(1.0, place, GW_TRUNK, None)), 20.0),
    ):
        state.contacts[contact.id] = new
        estimate.learn(state, [(contact.id, old)], bench.at + at)
    pace = state.paces[LINE]
    assert (pace.waiting, pace.departures, pace.past.left, pace.past.busy_s) == (0, 1, 0, 15.0)
    assert (score_of(bench).censored_total, score_of(bench).answered_total) == (1, 0)


def test_how_many_are_ahead_is_counted_in_ones_own_line() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_length=None))
    legs = [bench.queued(endpoint="DAHDI/i1/1") for _ in range(3)]
    bench.queued(language="2", endpoint="DAHDI/i1/1")
    contact = bench.contact(legs[2])
    assert isinstance(contact.phase, Waiting)
    assert estimate.ahead(bench.state, contact, contact.phase) == 2
    assert estimate.lines(bench.state)[LINE] == [ContactId(leg) for leg in legs]


def test_a_newcomer_stands_behind_everybody() -> None:
    bench = Bench()
    for _ in range(5):
        served_after(bench, 20.0)
    bench.queued(endpoint="DAHDI/i1/1")
    bench.queued(endpoint="DAHDI/i1/1")
    found = estimate.newcomer(bench.state, BILLING, levels(billing=1, lang_id=1), bench.at)
    assert found is not None
    assert round(found.wait_s, 3) == 60.0


def test_lines_are_bounded_and_those_of_a_queue_taken_away_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "MOST_LINES", 2)
    bench = Bench()
    bench.queued()
    bench.queued(language="2")
    tech = bench.queued("2")
    assert list(bench.state.paces) == ["billing billing:1 lang_en:1", "tech lang_id:1 tech:1"]
    plan = make_plan()
    bench.feed(PlanLoaded(bench.at, replace(plan, queues={BILLING: plan.queues[BILLING]})))
    # Somebody stands in the tech queue's line yet.
    assert list(bench.state.paces) == ["billing billing:1 lang_en:1", "tech lang_id:1 tech:1"]
    bench.hang_up(tech)
    bench.feed(PlanLoaded(bench.at, replace(plan, queues={BILLING: plan.queues[BILLING]})))
    assert list(bench.state.paces) == ["billing billing:1 lang_en:1"]
    assert estimate.line_of(BILLING, (SkillLevel(SkillId("a"), 2),)) == "billing a:2"


# ---------------------------------------------------------------- scoring


def announced(bench: Bench, wait_s: float, **call: str) -> LegId:
    """A waiting caller who was told a wait."""
    leg = bench.queued(**call)
    contact = bench.contact(leg)
    assert isinstance(contact.phase, Waiting)
    told = Told(estimates=(Announced(bench.at, BILLING, wait_s),))
    bench.state.contacts[contact.id] = replace(contact, phase=replace(contact.phase, told=told))
    return leg


def score_of(bench: Bench, queue: str = "billing") -> EstimateScore:
    return bench.state.figures.queues[QueueId(queue)].estimates


def test_an_announced_wait_is_scored_when_the_agent_answers() -> None:
    bench = Bench()
    announced(bench, 30.0)
    bench.sleep(20)
    bench.login("ana")
    bench.sleep(5)
    bench.pick_up("ana")
    score = score_of(bench)
    assert (score.answered_total, score.censored_total, score.mean_error_s) == (1, 0, -5.0)


def test_who_leaves_or_goes_elsewhere_is_censored_and_counted_once() -> None:
    bench = Bench()
    leg = announced(bench, 30.0)
    bench.sleep(10)
    bench.hang_up(leg)
    assert bench.records[0].exit is Exit.ABANDONED
    assert (score_of(bench).censored_total, sum(score_of(bench).censored_sum_s)) == (1, -20.0)
    bench.sleep(100)
    assert score_of(bench).censored_total == 1


def test_an_overflow_to_another_queue_goes_on_counting_for_the_queue_that_announced() -> None:
    bench = Bench()
    announced(bench, 40.0)
    bench.sleep(35)
    bench.login("dewi")
    bench.pick_up("dewi")
    assert score_of(bench).mean_error_s == -5.0
    assert score_of(bench, "general") == EstimateScore()


def test_a_score_of_a_queue_without_figures_is_dropped() -> None:
    bench = Bench()
    announced(bench, 40.0)
    bench.state.figures = replace(bench.state.figures, queues={})
    bench.login("ana")
    bench.pick_up("ana")
    assert not [q for q in bench.state.figures.queues.values() if q.estimates != EstimateScore()]


# ---------------------------------------------------------------- what is shown


def test_the_view_shows_place_and_estimate_of_everybody_who_waits_and_of_a_newcomer() -> None:
    told = TreatmentPlan(estimate=True)
    bench = Bench(with_queue(make_plan(), "billing", treatment=told, max_length=None))
    for _ in range(5):
        served_after(bench, 20.0)
    legs = [bench.queued(endpoint="DAHDI/i1/1") for _ in range(2)]
    seen = views.view(bench.state, bench.at)
    assert seen is not None
    shown = {c.id: (c.position, c.estimated_wait_s) for c in seen.contacts}
    assert shown == {ContactId(legs[0]): (1, 20.0), ContactId(legs[1]): (2, 40.0)}
    assert all(c.estimate_confidence is not None and 0 < c.estimate_confidence <= 1 for c in seen.contacts)
    billing = next(q for q in seen.queues if q.id == "billing")
    assert [(who.language, who.ahead, who.estimated_wait_s) for who in billing.newcomers] == [
        ("id", 2, 60.0),
        ("en", 0, 20.0),
    ]
    tech = next(q for q in seen.queues if q.id == "tech")
    assert {who.estimated_wait_s for who in tech.newcomers} == {None}


def test_a_newcomer_who_finds_a_free_agent_waits_for_nothing() -> None:
    bench = Bench(replace(make_plan(), language_skills={}))
    bench.login("ana")
    seen = views.view(bench.state, bench.at)
    assert seen is not None
    billing = next(q for q in seen.queues if q.id == "billing")
    assert [(w.language, w.estimated_wait_s, w.estimate_confidence) for w in billing.newcomers] == [(None, 0.0, 1.0)]
