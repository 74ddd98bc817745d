"""Whom a queue does not let in, or does not let wait on, and where they go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.commands import Play
from acd.domain.events import PlanLoaded
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, FlowId, LegId, NodeId, PromptKey, QueueId
from acd.domain.limits import BRANCH, Destination, Limits, ToCallback, ToNode, ToQueue
from acd.domain.orders import SetSkills
from acd.domain.plan import Plan, QueuePlan, RelaxationStep
from acd.domain.skills import SkillLevel
from acd.engine import arrival, kpi
from acd.engine import limits as limits_module
from acd.engine.state import Waiting
from tests.callback_kit import callback_plan
from tests.engine_kit import Bench, levels, make_plan, n, with_node, with_queue

GENERAL = ToQueue(QueueId("general"), drops_language=True, prompt=PromptKey("en_overflow"))
SORRY = ToNode(FlowId("main"), n("sorry"))


def limited(queue: str = "billing", plan: Plan | None = None, **limits: Any) -> Bench:
    """Billing's callers wait for ever but for these limits; without room they go to `general`."""
    made = with_queue(plan or make_plan(), queue, max_wait_s=None, overflow_queue=None, max_length=None)
    return Bench(with_queue(made, queue, limits=Limits(**limits)))


def where(bench: Bench, leg: LegId) -> str:
    """The queue a contact waits in, the node it is at, or how it ended."""
    contact = bench.state.contacts.get(bench.contact_id(leg))
    if contact is None:
        return {str(record.contact_id): record.exit.value for record in bench.records}[leg]
    return contact.phase.queue if isinstance(contact.phase, Waiting) else f"node {contact.last_node}"


def diverted(bench: Bench, queue: str = "billing") -> dict[str, int]:
    return bench.state.figures.queues[QueueId(queue)].diverted


# ---------------------------------------------------------------- at the door


@pytest.mark.parametrize(
    ("to", "expected"),
    [(GENERAL, "general"), (SORRY, "node sorry"), (BRANCH, "overflowed"), (ToCallback(), "overflowed")],
)
def test_a_queue_without_anybody_who_could_serve_lets_nobody_in(to: Destination, expected: str) -> None:
    bench = limited(join="logged_in", join_to=to)
    bench.login("citra")  # serves no billing
    leg = bench.queued()
    assert where(bench, leg) == expected
    assert diverted(bench) == {"join": 1}
    assert [record.queue for record in bench.records] == (["billing"] if expected == "overflowed" else [])


def test_an_agent_counts_by_the_callers_own_requirement_and_not_by_the_queue() -> None:
    bench = limited(join="logged_in", join_to=SORRY)
    bench.login("ana")  # speaks no English
    assert where(bench, bench.queued(language="1")) == "billing"
    assert where(bench, bench.queued(language="2")) == "node sorry"
    bench.login("budi")
    assert where(bench, bench.queued(language="2")) == "billing"


def test_paused_agents_count_where_it_is_enough_to_be_logged_in() -> None:
    for needs, expected in (("logged_in", "billing"), ("ready", "node sorry")):
        bench = limited(join=needs, join_to=SORRY)
        bench.login("ana")
        bench.request("ana", "pause")
        assert where(bench, bench.queued()) == expected


def test_an_agent_counts_who_will_qualify_after_relaxation() -> None:
    step = RelaxationStep(30.0, lower=(SkillLevel("billing", 3),))  # type: ignore[arg-type]
    plan = with_queue(make_plan(), "billing", requires=levels(billing=5), relaxation=(step,))
    bench = limited(plan=plan, join="logged_in", join_to=SORRY)
    bench.login("ana")
    leg = bench.queued()
    assert where(bench, leg) == "billing"
    bench.sleep(30)
    assert bench.agent("ana").leg is not None


def test_one_more_than_may_wait_goes_where_the_limit_says() -> None:
    bench = limited(length=1, length_to=GENERAL)
    first, second = bench.queued(), bench.queued()
    assert (where(bench, first), where(bench, second)) == ("billing", "general")
    assert bench.one(Play).prompts == ("en_overflow",)
    assert bench.contact(second).phase.requires == ()  # type: ignore[union-attr]
    assert diverted(bench) == {"length": 1}


def test_who_is_sent_on_keeps_the_branch_of_the_first_queues_node() -> None:
    plan = with_node(make_plan(), QueueNode(n("q_bill"), QueueId("billing"), overflow=n("sorry")))
    plan = with_queue(plan, "general", max_wait_s=5.0)
    bench = limited(plan=plan, length=0, length_to=ToQueue(QueueId("general")))
    leg = bench.queued()
    assert (where(bench, leg), bench.contact(leg).phase.requires) == ("general", levels(lang_id=1))  # type: ignore[union-attr]
    bench.sleep(5)
    assert where(bench, leg) == "node sorry"


@pytest.mark.parametrize(("calls", "expected"), [(0, "billing"), (1, "node sorry")])
def test_who_would_wait_too_long_is_not_let_in_while_nobody_is_free(calls: int, expected: str) -> None:
    bench = limited(estimate_s=20.0, estimate_to=SORRY)
    bench.login("ana")
    for _ in range(4 * calls):
        busy = bench.queued()
        bench.pick_up("ana")
        following = bench.queued()
        bench.sleep(300)
        bench.hang_up(busy)
        bench.request("ana", "end_wrap_up")
        bench.hang_up(following)
        bench.sleep(1)
    busy = bench.queued()
    assert where(bench, busy) == "billing", "ana is free"
    bench.pick_up("ana")
    if calls:
        bench.engine.settle()
    assert where(bench, bench.queued()) == expected


def test_limits_of_the_queue_sent_to_count_too_and_circles_end() -> None:
    plan = with_queue(make_plan(), "general", limits=Limits(length=0, length_to=ToQueue(QueueId("billing"))))
    bench = limited(plan=plan, length=0, length_to=ToQueue(QueueId("general")))
    leg = bench.queued()
    assert where(bench, leg) == "overflowed"


def test_a_full_queue_whose_node_leads_back_to_itself_ends_the_call() -> None:
    plan = with_node(make_plan(), QueueNode(n("q_bill"), QueueId("billing"), overflow=n("q_bill")))
    bench = limited(plan=plan, length=0)
    leg = bench.queued()
    assert where(bench, leg) == "overflowed"
    assert diverted(bench)["length"] == arrival.MOST_HOPS + 1


def test_a_queue_to_send_to_that_is_full_or_gone_leaves_the_branch() -> None:
    for change in ({"max_length": 0, "max_wait_s": None}, None):
        plan = make_plan()
        if change is None:
            plan = replace(plan, queues={k: v for k, v in plan.queues.items() if k != "general"})
        else:
            plan = with_queue(plan, "general", **change)
        bench = limited(plan=plan, join="ready", join_to=ToQueue(QueueId("general")))
        leg = bench.queued()
        assert where(bench, leg) == "overflowed"


# ---------------------------------------------------------------- while waiting


@pytest.mark.parametrize("how", ["logout", "pause", "no answer", "skills", "plan"])
def test_who_waits_goes_when_the_last_agent_for_this_contact_goes(how: str) -> None:
    plan = with_queue(make_plan(), "billing", max_no_answer=1)
    bench = limited(plan=plan, leave="ready", leave_to=SORRY)
    busy = bench.talking("ana")
    leg = bench.queued()
    bench.sleep(7)
    entered = bench.contact(leg).queued_at
    match how:
        case "no answer":
            bench.hang_up(busy)
            bench.request("ana", "end_wrap_up")
            bench.sleep(15)
        case "skills":
            bench.order(SetSkills(AgentId("ana"), levels(tech=1)))
        case "plan":
            bench.feed(PlanLoaded(bench.at, replace(bench.plan, agents={"citra": bench.plan.agents[AgentId("citra")]})))  # type: ignore[dict-item]
        case _:
            bench.request("ana", how)  # type: ignore[arg-type]
    assert where(bench, leg) == "node sorry"
    assert bench.contact(leg).queued_at == entered
    assert diverted(bench)["leave"] == 1


def test_who_waits_stays_while_somebody_who_could_serve_is_there() -> None:
    bench = limited(leave="ready", leave_to=SORRY)
    bench.talking("ana")
    bench.login("budi")
    english, indonesian = bench.queued(language="2"), bench.queued()
    assert where(bench, english) == "billing"
    bench.request("ana", "logout")
    assert (where(bench, english), where(bench, indonesian)) == ("billing", "billing")
    bench.request("budi", "pause")
    assert [where(bench, leg) for leg in (english, indonesian)] == ["node sorry", "node sorry"]


def test_who_leaves_for_another_queue_keeps_place_and_waited_time() -> None:
    bench = limited(leave="logged_in", leave_to=GENERAL)
    bench.talking("ana")
    leg = bench.queued()
    since = bench.contact(leg).phase.since
    bench.sleep(9)
    bench.request("ana", "logout")
    assert where(bench, leg) == "general"
    assert bench.contact(leg).phase.since == since
    assert bench.contact(leg).phase.requires == ()  # type: ignore[union-attr]
    assert bench.one(Play).prompts == ("en_overflow",)


def test_a_queue_that_says_nothing_of_leaving_keeps_its_callers() -> None:
    bench = limited(join="ready")
    bench.talking("ana")
    leg = bench.queued()
    bench.request("ana", "logout")
    assert where(bench, leg) == "billing"
    bench = limited("tech", leave="ready")
    bench.talking("ana")
    leg = bench.queued()
    bench.request("ana", "logout")
    assert where(bench, leg) == "billing"


@pytest.mark.parametrize(
    ("to", "expected"),
    [(GENERAL, "general"), (SORRY, "node sorry"), (BRANCH, "overflowed"), (ToCallback(), "overflowed")],
)
def test_after_the_longest_wait_a_contact_goes_where_the_limit_says(to: Destination, expected: str) -> None:
    bench = limited(wait_to=to)
    bench.feed(PlanLoaded(bench.at, with_queue(bench.plan, "billing", max_wait_s=12.0)))
    leg = bench.queued()
    bench.sleep(12)
    assert where(bench, leg) == expected
    assert diverted(bench) == {"wait": 1}


def test_a_waiting_contact_whose_queue_a_reload_took_away_is_not_looked_at() -> None:
    bench = limited("tech", leave="ready", leave_to=SORRY)
    bench.talking("ana")
    leg = bench.queued()
    bench.feed(
        PlanLoaded(bench.at, replace(bench.plan, queues={k: v for k, v in bench.plan.queues.items() if k != "billing"}))
    )
    bench.request("ana", "logout")
    assert where(bench, leg) == "billing"


def test_the_door_asks_only_what_the_limits_name_and_is_open_without_any() -> None:
    queue = QueuePlan(QueueId("q"), "Q", ())
    plan = Plan("", {}, {queue.id: queue}, {}, {}, {}, {})
    node = QueueNode(NodeId("n"), queue.id)
    full = limits_module.Centre(
        length=lambda _: 9, served=lambda _need, _who: False, estimated=lambda _queue, _requires: 99.0
    )
    assert limits_module.door(plan, None, node, full) is None
    assert limits_module.door(plan, None, replace(node, queue=QueueId("gone")), full) is None

    def turned(limit: Limits) -> str | None:
        made = replace(plan, queues={queue.id: replace(queue, limits=limit)})
        found = limits_module.door(made, None, node, full)
        return found.why if found is not None else None

    assert turned(Limits()) is None
    assert turned(Limits(join="ready", length=1, estimate_s=60.0)) == "join"
    assert turned(Limits(length=9, estimate_s=60.0)) == "length"
    assert turned(Limits(length=10, estimate_s=60.0)) == "estimate"
    assert turned(Limits(length=10, estimate_s=100.0)) is None


# ---------------------------------------------------------------- callbacks and corners


def test_a_callback_is_offered_to_who_may_not_wait_and_nobody_is_lost_meanwhile() -> None:
    bench = limited(plan=callback_plan(), join="ready", join_to=ToCallback())
    leg = bench.queued()
    contact = bench.contact(leg)
    assert isinstance(contact.phase, Waiting)
    assert contact.asking is not None


def test_who_finds_an_agent_free_is_rung_for_instead_of_being_offered_a_callback() -> None:
    bench = limited(plan=callback_plan(), length=0, length_to=ToCallback())
    bench.login("ana")
    leg = bench.queued()
    assert bench.agent("ana").leg is not None
    assert bench.contact(leg).asking is None


def test_without_room_for_a_callbacks_place_the_branch_is_taken() -> None:
    bench = limited(join="ready", join_to=ToCallback())
    bench.feed(PlanLoaded(bench.at, with_queue(bench.plan, "billing", max_length=0)))
    assert where(bench, bench.queued()) == "overflowed"


def test_a_queue_to_leave_for_that_is_gone_leaves_the_branch() -> None:
    bench = limited(leave="ready", leave_to=ToQueue(QueueId("nowhere")))
    assert where(bench, bench.queued()) == "overflowed"


def test_many_with_the_same_requirement_leave_together_in_order() -> None:
    bench = limited(leave="ready", leave_to=GENERAL)
    bench.talking("ana")
    legs = [bench.queued() for _ in range(2)]
    bench.request("ana", "logout")
    assert [where(bench, leg) for leg in legs] == ["general"] * 2
    assert diverted(bench) == {"leave": 2}


def test_a_queue_no_plan_knows_is_not_counted() -> None:
    assert kpi.count_diverted(kpi.Figures(), QueueId("nowhere"), "length") == kpi.Figures()
