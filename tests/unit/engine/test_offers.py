"""Whose phone rings for whom, and offers that come to nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.commands import AddToBridge, CreateBridge, HangUp, Ignored, Originate
from acd.domain.events import LegAnswered, LegEnded, PhoneChanged, PlanLoaded
from acd.domain.exits import Exit
from acd.domain.ids import AgentId, LegId, SkillId
from acd.domain.plan import AgentAction, Reservation
from acd.engine.state import Free, InCall, Offered, Talking, Waiting
from tests.engine_kit import Bench, make_plan, with_queue

ELSEWHERE, NORMAL = 26, 16
REST_S = 5.0


def test_who_was_kept_back_is_taken_when_another_agent_comes_free() -> None:
    keep = Reservation(SkillId("lang_id"), 1, 1, (), priority=5)
    bench = Bench(make_plan(reservations=(keep,)))
    bench.login("citra")
    leg = bench.queued("2")
    assert not bench.got(Originate), "citra is the last one who speaks Indonesian"
    bench.login("ana")
    assert bench.one(Originate).device == "PJSIP/citra"
    assert bench.leg_of("citra").startswith(f"acd-l-{leg}")


def ringing(bench: Bench, leg: LegId) -> list[str]:
    """Agents whose phones ring for a caller, in the order they were rung."""
    phase = bench.contact(leg).phase
    return [offer.agent for offer in phase.offers] if isinstance(phase, Waiting) else []


def several(phones: int = 3, **changes: Any) -> Bench:
    """Billing rings several at once; ana, budi and dewi can serve it."""
    plan = with_queue(make_plan(), "billing", ring=phones, **changes)
    dewi = replace(plan.agents[AgentId("dewi")], queues=())
    return Bench(replace(plan, agents={**plan.agents, dewi.id: dewi}))


def test_an_offer_says_who_is_answered_with_the_phone_unless_the_caller_was_answered_before() -> None:
    bench = Bench()
    bench.login("citra")
    leg = bench.call(code="170")
    assert bench.one(Originate).answers == leg
    bench = Bench()
    bench.login("citra")
    bench.queued("2")
    assert bench.one(Originate).answers is None


# ---------------------------------------------------------------- several at once


def test_a_queue_rings_as_many_agents_as_it_says_best_first_with_one_bridge() -> None:
    bench = several(2)
    bench.login("ana", "dewi", "budi")
    leg = bench.queued()
    assert ringing(bench, leg) == ["budi", "ana"]
    assert [o.device for o in bench.got(Originate)] == ["PJSIP/budi", "PJSIP/ana"]
    assert len(bench.got(CreateBridge)) == 1
    assert isinstance(bench.agent("dewi").work, Free)


def test_the_first_to_answer_gets_the_caller_and_the_others_lose_nothing() -> None:
    bench = several()
    bench.login("ana", "budi", "dewi")
    bench.sleep(100)
    leg = bench.queued()
    bench.sleep(2)
    losing = {bench.leg_of("budi"), bench.leg_of("dewi")}
    bench.pick_up("ana")
    kinds = [type(c) for c in bench.ordered]
    assert kinds.index(AddToBridge) < kinds.index(HangUp), "the caller first"
    assert {(h.leg_id, h.cause) for h in bench.got(HangUp)} == {(other, ELSEWHERE) for other in losing}
    assert isinstance(bench.contact(leg).phase, Talking)
    for agent in (bench.agent("budi"), bench.agent("dewi")):
        assert (agent.work, agent.missed, agent.resting, agent.leg) == (Free(bench.at - 102), 0, False, None)
    assert bench.state.figures.offers == {"accepted": 1, "rescinded": 2}
    assert not [key for key in bench.timers if key.startswith("ring:")]


def test_of_two_who_answer_in_the_same_moment_the_second_is_hung_up_and_free_again() -> None:
    bench = several(2)
    bench.login("ana", "budi")
    leg = bench.queued()
    first, second = bench.leg_of("budi"), bench.leg_of("ana")
    for phone in (first, second):
        bench.pbx.channels[phone].up = bench.pbx.channels[phone].in_app = True
    bench.step(LegAnswered(bench.at, first))
    bench.out.clear()
    bench.step(LegAnswered(bench.at, second))
    assert [h.leg_id for h in bench.got(HangUp)] == [second]
    bench.settle()
    assert bench.agent("budi").work == InCall(bench.at, bench.contact(leg).id)
    assert isinstance(bench.agent("ana").work, Free)
    assert bench.agent("ana").leg is None
    assert bench.agent("ana").missed == 0


def test_who_refuses_is_replaced_by_the_next_while_the_others_ring_on() -> None:
    bench = several(2)
    bench.login("ana", "budi", "dewi")
    leg = bench.queued()
    bench.pbx.end(bench.leg_of("budi"), 21)
    bench.settle()
    assert ringing(bench, leg) == ["ana", "dewi"]
    assert bench.state.figures.offers == {"rejected": 1}
    bench.sleep(16)
    assert bench.agent("ana").missed == 1


def test_an_agent_who_becomes_free_rings_too_where_another_phone_may() -> None:
    bench = several(2)
    bench.login("ana")
    leg = bench.queued()
    bench.login("citra")  # no billing
    assert ringing(bench, leg) == ["ana"]
    bench.login("budi")
    assert ringing(bench, leg) == ["ana", "budi"]
    bench.login("dewi")
    assert ringing(bench, leg) == ["ana", "budi"]


def test_who_has_no_phone_ringing_comes_before_a_second_phone_for_anybody() -> None:
    bench = several(3)
    bench.login("ana")
    first = bench.queued()
    second = bench.queued()
    bench.login("budi")
    assert (ringing(bench, first), ringing(bench, second)) == (["ana"], ["budi"])
    bench.login("dewi")
    assert ringing(bench, first) == ["ana", "dewi"]


def test_a_reload_gives_everybody_a_phone_before_anybody_a_second_one() -> None:
    bench = several(3)
    bench.state.ari_up = False
    bench.login("ana", "budi", "dewi")
    first, second = bench.queued(), bench.queued()
    bench.state.ari_up = True
    bench.feed(PlanLoaded(bench.at, bench.plan))
    assert (ringing(bench, first), ringing(bench, second)) == (["budi", "dewi"], ["ana"])


def test_a_caller_who_hangs_up_takes_back_every_phone() -> None:
    bench = several()
    bench.login("ana", "budi", "dewi")
    leg = bench.queued()
    bench.sleep(6)
    bench.hang_up(leg)
    assert {h.cause for h in bench.got(HangUp)} == {NORMAL}
    assert bench.records[0].exit is Exit.ABANDONED
    assert bench.records[0].offers == 3
    assert bench.state.figures.offers == {"rescinded": 3}
    assert all(isinstance(bench.agent(a).work, Free) and bench.agent(a).leg is None for a in ("ana", "budi", "dewi"))


def test_after_a_gap_the_first_who_answered_is_joined_and_the_others_are_hung_up() -> None:
    bench = several()
    bench.login("ana", "budi", "dewi")
    leg = bench.queued()
    for agent in ("ana", "dewi"):
        channel = bench.pbx.channels[bench.leg_of(agent)]
        channel.up = channel.in_app = True
    bench.feed(bench.pbx.resync(after_gap=True))
    talking = bench.contact(leg).phase
    assert isinstance(talking, Talking)
    assert talking.agent == "ana", "rung before dewi"
    assert isinstance(bench.agent("dewi").work, Free)
    assert bench.agent("dewi").leg is None


# ---------------------------------------------------------------- late news


@pytest.mark.parametrize("event", [LegEnded(0.0, LegId("acd-l-nobody-1")), LegAnswered(0.0, LegId("acd-l-nobody-9"))])
def test_news_of_a_phone_nobody_rang_changes_nothing(event: LegEnded | LegAnswered) -> None:
    bench = several()
    before = dict(bench.state.agents)
    bench.feed(event)
    assert bench.state.agents == before
    assert {type(c) for c in bench.out} <= {HangUp, Ignored}


def test_a_phone_that_rings_out_rests_and_is_rung_again_last() -> None:
    bench = several(1)
    bench.login("ana")
    leg = bench.queued()
    bench.sleep(15)
    assert ringing(bench, leg) == []
    assert bench.agent("ana").resting
    bench.sleep(REST_S)
    assert ringing(bench, leg) == ["ana"]
    assert isinstance(bench.agent("ana").work, Offered)


# ---------------------------------------------------------------- the agent's will, the phone's death


def test_who_turns_a_call_down_is_left_alone_a_moment_and_asked_again_last() -> None:
    bench = several(1)
    bench.login("ana", "budi")
    leg = bench.queued()
    assert bench.request("budi", "reject").ok
    assert bench.got(HangUp)[0].leg_id == f"acd-l-{leg}-1"
    budi = bench.agent("budi")
    assert (budi.work, budi.missed, budi.resting, budi.presence) == (Free(bench.at), 0, True, "ready")
    assert ringing(bench, leg) == ["ana"]
    assert bench.state.figures.offers == {"rejected": 1}
    bench.sleep(REST_S)
    assert ringing(bench, leg) == ["ana"]


def test_there_is_nothing_to_turn_down_when_no_phone_rings() -> None:
    bench = several(1)
    bench.talking("budi")
    for agent in ("budi", "ana"):
        reply = bench.request(agent, "reject")
        assert (reply.ok, reply.message) == (False, "no call is offered")


@pytest.mark.parametrize(("action", "presence"), [("pause", "paused"), ("logout", "logged_out")])
def test_who_pauses_or_logs_out_while_the_phone_rings_turns_the_call_down(action: AgentAction, presence: str) -> None:
    bench = several(1)
    bench.login("ana", "budi")
    leg = bench.queued()
    assert bench.request("budi", action).ok
    assert (bench.agent("budi").presence, bench.agent("budi").work) == (presence, Free(bench.at))
    assert ringing(bench, leg) == ["ana"]
    assert bench.state.figures.offers == {"rejected": 1}
    bench.request("budi", "login")
    bench.request("budi", "ready")
    assert not bench.agent("budi").resting
    assert "rest:budi" not in bench.timers


def test_a_phone_that_dies_while_it_rings_is_given_up_at_once_without_blame() -> None:
    bench = several(1)
    bench.login("ana", "budi")
    leg = bench.queued()
    bench.feed(PhoneChanged(bench.at, "PJSIP/budi", reachable=False, busy=False))
    assert ringing(bench, leg) == ["ana"]
    assert bench.agent("budi").missed == 0
    assert bench.state.figures.offers == {"failed": 1}
    bench.feed(PhoneChanged(bench.at, "PJSIP/ana", reachable=True, busy=True))
    assert ringing(bench, leg) == ["ana"], "busy with our own call"


def test_the_reason_of_the_pause_after_too_many_misses_is_the_operators() -> None:
    bench = Bench(with_queue(make_plan(no_answer_reason="tidak_menjawab"), "billing", max_no_answer=2, max_wait_s=None))
    bench.login("ana")
    bench.queued()
    bench.sleep(2 * 15 + REST_S)
    ana = bench.agent("ana")
    assert (ana.presence, ana.pause_reason) == ("paused", "tidak_menjawab")
