"""What agents ask for, by API or from the phone, and what their phones tell."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from acd.domain.commands import Answer, HangUp, Ignored, Originate, Play, Reply
from acd.domain.events import AgentDialled, LinkChanged, PhoneChanged, PlanLoaded, PlaybackEnded
from acd.domain.ids import AgentId, LegId
from acd.domain.plan import AgentAction
from acd.engine import presence
from acd.engine.state import Free, Offered, WrapUp
from tests.engine_kit import Bench, agent_plan, make_plan


def dial(bench: Bench, agent: str, code: str) -> LegId:
    """An agent's phone dials."""
    bench.calls += 1
    bench.pbx.now = bench.at
    channel = bench.pbx.new_channel(LegId(f"dial{bench.calls}"), f"PJSIP/{agent}", extension=code)
    bench.feed(AgentDialled(bench.at, channel.id, channel.name, code))
    return channel.id


# ---------------------------------------------------------------- the plan


def test_agents_appear_with_the_plan_logged_out_or_at_work() -> None:
    plan = make_plan()
    desk = agent_plan("desk", login=True, billing=1)
    bench = Bench(replace(plan, agents={**plan.agents, desk.id: desk}))
    assert bench.agent("ana").presence == "logged_out"
    assert bench.agent("desk").presence == "ready"


def test_a_reload_keeps_agents_as_they_are_and_drops_those_it_no_longer_names() -> None:
    bench = Bench()
    bench.login("ana", "budi")
    bench.queued()
    assert isinstance(bench.agent("budi").work, Offered)
    plan = make_plan()
    bench.feed(PlanLoaded(bench.at, replace(plan, agents={})))
    assert set(bench.state.agents) == {"budi"}
    assert bench.agent("budi").leaving
    bench.feed(PlanLoaded(bench.at, plan))
    assert not bench.agent("budi").leaving
    assert bench.agent("ana").presence == "logged_out"


def test_an_agent_dropped_while_the_phone_rings_goes_when_the_offer_is_over() -> None:
    bench = Bench()
    bench.login("budi")
    leg = bench.queued()
    bench.feed(PlanLoaded(bench.at, make_plan(agents={})))
    bench.hang_up(leg)
    assert not bench.state.agents


# ---------------------------------------------------------------- requests


def test_a_request_is_answered_and_a_ready_agent_is_offered_who_waits() -> None:
    bench = Bench()
    bench.queued()
    reply = bench.request("ana", "login")
    assert reply == Reply(reply.request_id, AgentId("ana"), ok=True)
    assert bench.got(Originate)


def test_refusals_are_answers_with_a_reason() -> None:
    bench = Bench()
    assert bench.request("nobody", "login").message == "no such agent"
    assert bench.request("ana", "ready").message == "not logged in"
    assert not bench.request("ana", "pause", "lunch").ok


def test_the_end_of_wrap_up_asked_for_makes_free_at_once() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.hang_up(leg)
    bench.queued()
    assert isinstance(bench.agent("ana").work, WrapUp)
    assert bench.request("ana", "end_wrap_up").ok
    assert bench.got(Originate)
    assert "wrap:ana" not in bench.timers


def test_asking_for_ready_twice_does_not_leave_a_resting_phone_asleep() -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued()
    bench.hang_up(bench.leg_of("ana"), 21)
    assert bench.agent("ana").resting
    assert bench.request("ana", "ready").ok
    bench.sleep(5)
    assert bench.one(Originate).device == "PJSIP/ana"


def test_a_pause_during_the_rest_ends_it_and_nobody_is_offered_until_ready() -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued()
    bench.hang_up(bench.leg_of("ana"), 21)
    bench.request("ana", "pause", "lunch")
    assert "rest:ana" not in bench.timers
    bench.sleep(10)
    assert not bench.got(Originate)
    bench.request("ana", "ready")
    assert bench.got(Originate)


def test_a_pause_asked_for_in_a_conversation_holds_from_its_end() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.request("ana", "pause", "prayer")
    assert bench.agent("ana").work.kind == "in_call"
    bench.hang_up(leg)
    bench.queued()
    bench.sleep(10)
    assert isinstance(bench.agent("ana").work, Free)
    assert not bench.got(Originate)


# ---------------------------------------------------------------- feature codes


def test_a_feature_code_is_carried_out_confirmed_and_hung_up() -> None:
    bench = Bench()
    leg = dial(bench, "ana", "*0")
    assert [type(c) for c in bench.ordered] == [Answer, Play]
    assert (bench.one(Play).prompts, bench.one(Play).language) == (("agent_logged_in",), "id")
    assert bench.agent("ana").presence == "ready"
    bench.spoken(leg)
    assert bench.one(HangUp).leg_id == leg
    assert not bench.state.feature_calls
    dial(bench, "ana", "*2")
    assert bench.agent("ana").pause_reason == "lunch"


@pytest.mark.parametrize(("agent", "code"), [("ana", "*9"), ("guest", "*0"), ("ana", "*1"), ("ana", "0811")])
def test_what_cannot_be_done_is_told(agent: str, code: str) -> None:
    bench = Bench()
    dial(bench, agent, code)
    assert bench.one(Play).prompts == ("refused",)


def test_a_feature_code_told_twice_is_carried_out_once() -> None:
    bench = Bench()
    leg = dial(bench, "ana", "*0")
    bench.feed(AgentDialled(bench.at, leg, "PJSIP/ana-00000001", "*0"))
    assert [type(c) for c in bench.out] == [Ignored]


def test_a_phone_is_not_rung_before_its_feature_call_has_ended() -> None:
    bench = Bench()
    bench.queued()
    first, second = dial(bench, "ana", "*0"), dial(bench, "ana", "0811")
    bench.spoken(first)
    assert bench.agent("ana").presence == "ready"
    assert not bench.got(Originate)
    bench.spoken(second)
    assert bench.got(Originate)


def test_the_end_of_another_prompt_does_not_end_a_feature_call() -> None:
    bench = Bench()
    dial(bench, "ana", "*0")
    second = dial(bench, "budi", "*0")
    bench.spoken(second)
    assert len(bench.state.feature_calls) == 1
    bench.feed(PlaybackEnded(bench.at, bench.engine.state.feature_calls[LegId("dial1")].playback))
    assert bench.got(HangUp)[0].leg_id == "dial1"


def test_every_action_has_its_confirmation_among_the_prompts() -> None:
    assert set(presence.CONFIRMATIONS) == {*get_args(AgentAction)} - {"reject"}, "rejected by its key"
    assert set(presence.PROMPTS) == {*presence.CONFIRMATIONS.values(), presence.REFUSED}


# ---------------------------------------------------------------- phones


@pytest.mark.parametrize(("reachable", "busy"), [(False, False), (True, True)])
def test_a_phone_that_is_busy_or_unreachable_is_not_rung_until_it_is_well(reachable: bool, busy: bool) -> None:  # noqa: FBT001 - table
    bench = Bench()
    bench.login("ana")
    bench.feed(PhoneChanged(bench.at, "PJSIP/ana", reachable, busy))
    bench.queued()
    assert not bench.got(Originate)
    bench.feed(PhoneChanged(bench.at, "PJSIP/ana", reachable=True, busy=False))
    assert bench.got(Originate)


def test_a_phone_of_no_agent_is_ignored() -> None:
    bench = Bench()
    bench.feed(PhoneChanged(bench.at, "PJSIP/door", reachable=True, busy=True))
    assert [type(c) for c in bench.out] == [Ignored]


def test_without_ami_busy_phones_count_as_free() -> None:
    bench = Bench()
    bench.login("ana")
    bench.feed(PhoneChanged(bench.at, "PJSIP/ana", reachable=True, busy=True))
    bench.queued()
    bench.feed(LinkChanged(bench.at, "ami", up=False))
    assert bench.got(Originate)
