"""A contact's way is read off what changed in it, and given once, at its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from acd.domain.decision import AtNode, InLine, OfferMade, OfferOver, SentAway, Spoke, Step
from acd.domain.events import CallArrived, CommandFailed, PlanLoaded, SupervisorRequested
from acd.domain.ids import ContactId, LegId, RequestId
from acd.domain.orders import SetPriority
from acd.engine.story import LONGEST
from tests.engine_kit import GW, Bench, make_plan, with_queue


def told(bench: Bench) -> list[tuple[Any, ...]]:
    """The only story so far, without times and requirements."""
    (story,) = bench.stories
    return [short(step) for step in story.steps]


def short(step: Step) -> tuple[Any, ...]:
    match step:
        case AtNode(node=node, key=key):
            return "at", node, key
        case Spoke(language=language):
            return "spoke", language
        case InLine(queue=queue, key=key):
            return "in_line", queue, key
        case OfferMade(offer=offer, agent=agent):
            return "rings", offer, agent
        case OfferOver(offer=offer, agent=agent, outcome=outcome):
            return "over", offer, agent, outcome
        case SentAway():
            return ("sent_away",)


def test_a_served_caller_went_this_way() -> None:
    bench = Bench()
    leg = bench.talking("ana")
    bench.sleep(10)
    assert not bench.stories
    assert ContactId(leg) in bench.state.stories
    bench.hang_up(leg)
    assert told(bench) == [
        ("spoke", "id"),
        ("at", "lang", ""),
        ("at", "notice", "1"),
        ("in_line", "billing", "1"),
        ("rings", 1, "ana"),
        ("over", 1, "ana", "accepted"),
    ]
    assert bench.stories[0].contact_id == ContactId(leg)
    assert not bench.state.stories


def test_each_offer_has_its_outcome() -> None:
    bench = Bench()
    bench.login("ana", "budi")
    leg = bench.queued()
    bench.sleep(15)
    bench.pbx.end(bench.leg_of("ana"), 21)
    bench.settle()
    bench.sleep(5.5)
    bench.hang_up(leg)
    offers = [step for step in told(bench) if step[0] in {"rings", "over"}]
    assert offers == [
        ("rings", 1, "budi"),
        ("over", 1, "budi", "timed_out"),
        ("rings", 2, "ana"),
        ("over", 2, "ana", "rejected"),
        ("rings", 3, "budi"),
        ("over", 3, "budi", "rescinded"),
    ]


def test_of_several_phones_the_losers_are_rescinded() -> None:
    bench = Bench(with_queue(make_plan(), "billing", ring=2))
    bench.login("ana", "budi")
    leg = bench.queued()
    bench.pick_up("ana")
    bench.hang_up(leg)
    offers = [step for step in told(bench) if step[0] in {"rings", "over"}]
    assert offers == [
        ("rings", 1, "budi"),
        ("rings", 2, "ana"),
        ("over", 2, "ana", "accepted"),
        ("over", 1, "budi", "rescinded"),
    ]


def test_an_overflow_is_another_place_in_line() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.sleep(30)
    bench.hang_up(leg)
    assert [step[1] for step in told(bench) if step[0] == "in_line"] == ["billing", "general"]


def test_digits_of_a_number_are_not_kept() -> None:
    bench = Bench()
    leg = bench.queued("3")
    bench.press(leg, "12345")
    bench.spoken(leg)
    assert told(bench)[-3:] == [("at", "nib", ""), ("at", "told", ""), ("sent_away",)]


def test_a_key_pressed_in_a_flow_that_a_reload_took_away_is_not_kept() -> None:
    bench = Bench()
    leg = bench.call()
    flow = bench.plan.flows[next(iter(bench.plan.flows))]
    nodes = {name: node for name, node in flow.nodes.items() if name not in {"lang", "menu"}}
    bench.feed(PlanLoaded(bench.at, replace(bench.plan, version="v2", flows={flow.id: replace(flow, nodes=nodes)})))
    bench.press(leg, "1")
    bench.hang_up(leg)
    assert all(step[-1] == "" for step in told(bench) if step[0] == "at")


def test_who_is_refused_at_once_was_sent_away() -> None:
    bench = Bench()
    bench.call("999")
    assert told(bench) == [("sent_away",)]


def test_who_goes_round_for_ever_is_told_of_only_so_long() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "1")
    for _ in range(LONGEST):
        bench.press(leg, "9#1")
        if ContactId(leg) not in bench.state.contacts:
            break
        bench.press(leg, "#1")
    if ContactId(leg) in bench.state.contacts:
        bench.hang_up(leg)
    assert len(bench.stories[0].steps) <= LONGEST


def test_a_caller_who_is_somebody_elses_has_no_story_here() -> None:
    bench = Bench()
    bench.feed(CallArrived(bench.at, LegId("theirs"), f"{GW}-9", "169", ""))
    bench.feed(CommandFailed(bench.at, "claim", "theirs", "refused"))
    assert not bench.stories
    assert not bench.state.stories


def test_a_supervisors_order_names_the_supervisor_and_no_other_contact() -> None:
    bench = Bench()
    mine, other = bench.queued(), bench.queued()
    bench.feed(SupervisorRequested(bench.at, RequestId("o1"), "rudi", SetPriority(ContactId(mine), 9)))
    bench.sleep(30)
    bench.hang_up(mine)
    bench.hang_up(other)
    by = {story.contact_id: [step.by for step in story.steps if isinstance(step, InLine)] for story in bench.stories}
    assert by == {ContactId(mine): ["", "rudi", ""], ContactId(other): ["", ""]}
