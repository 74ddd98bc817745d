"""Callers come in, or are refused, and follow their flow."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.commands import Answer, ContinueInDialplan, HangUp, Ignored, Play, StartMusic, StopMusic, StopPlay
from acd.domain.events import CallArrived, LegEnded, PlanLoaded
from acd.domain.exits import Exit
from acd.domain.flow_talk import MenuChoice, MenuNode
from acd.domain.ids import ContactId, FlowId, LegId, QueueId, TrunkId
from acd.domain.plan import AccessCodePlan
from acd.engine import arrival
from acd.engine.state import InIvr, Leaving, Waiting
from tests.engine_kit import EN, GW, Bench, make_plan, n, with_node, with_queue


def test_a_caller_takes_a_channel_of_the_trunk_and_hears_the_flow() -> None:
    bench = Bench()
    leg = bench.call()
    assert [type(c) for c in bench.ordered] == [Answer, Play]
    assert bench.state.leases == {leg: "gw"}
    assert bench.state.trunks[TrunkId("gw")].peak == 1
    contact = bench.contact(leg)
    assert (contact.answered_at, contact.flow, contact.last_node) == (bench.at, "main", "lang")


def test_all_that_is_noted_of_a_caller_on_the_way_to_a_queue_is_kept_at_once() -> None:
    bench = Bench()
    leg = bench.call(code="170")
    turn = bench.engine.turn
    assert turn is not None
    in_ivr = [was for _, was in turn.contacts_were if was is not None and isinstance(was.phase, InIvr)]
    # As the caller came in, and with language, path and last node before the queue.
    assert [(was.language, len(was.path)) for was in in_ivr] == [(None, 0), ("id", 1)]
    assert isinstance(bench.contact(leg).phase, Waiting)


def test_a_flow_that_comes_to_an_answer_node_again_answers_once() -> None:
    plan = make_plan()
    menu = plan.flows[FlowId("main")].nodes[n("lang")]
    assert isinstance(menu, MenuNode)
    bench = Bench(with_node(plan, replace(menu, choices=(*menu.choices, MenuChoice("8", n("pick_up"))))))
    leg = bench.call()
    bench.press(leg, "8")
    assert [type(c) for c in bench.ordered] == [StopPlay, Play]


def test_the_call_above_capacity_is_refused_before_the_answer_with_cause_34_and_counted() -> None:
    bench = Bench()
    for _ in range(3):
        bench.call()
    refused = bench.call()
    assert bench.ordered == [HangUp(ContactId(refused), refused, 34)]
    (record,) = bench.records
    assert (record.exit, record.cause, record.answered_at, record.trunk) == (Exit.BLOCKED, 34, None, "gw")
    trunk = bench.state.trunks[TrunkId("gw")]
    assert (trunk.peak, trunk.blocked, len(bench.state.leases)) == (3, 1, 3)


def test_a_channel_given_back_can_be_taken_again() -> None:
    bench = Bench()
    legs = [bench.call() for _ in range(3)]
    bench.hang_up(legs[0])
    bench.call()
    assert not [r for r in bench.records if r.exit is Exit.BLOCKED]


def test_a_number_that_is_none_of_ours_is_refused_with_cause_1() -> None:
    bench = Bench()
    bench.call("999")
    (record,) = bench.records
    assert (record.exit, record.cause) == (Exit.UNKNOWN_NUMBER, 1)
    assert not bench.state.leases


def test_a_caller_of_no_known_trunk_is_served_without_a_lease() -> None:
    bench = Bench()
    leg = bench.call(endpoint="PJSIP/odd")
    assert bench.contact(leg).trunk is None
    assert not bench.state.leases


def test_a_channel_leased_by_reconciliation_is_not_leased_again_when_it_arrives() -> None:
    bench = Bench()
    channel = bench.pbx.new_channel(LegId("early"), GW, extension="169")
    channel.in_app = False
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.state.leases == {"early": "gw"}
    channel.in_app = True
    bench.feed(CallArrived(bench.at, channel.id, channel.name, "169", ""))
    assert isinstance(bench.contact(channel.id).phase, InIvr)
    assert len(bench.state.leases) == 1


def test_a_caller_is_answered_once_even_when_a_reload_starts_the_flow_again() -> None:
    bench = Bench()
    leg = bench.call()
    flow = bench.plan.flows[FlowId("main")]
    nodes = {k: v for k, v in flow.nodes.items() if k != "notice"}
    bench.press(leg, "1")
    changed = replace(bench.plan, flows={**bench.plan.flows, flow.id: replace(flow, nodes=nodes)})
    bench.feed(PlanLoaded(bench.at, changed))
    bench.spoken(leg)
    assert [type(c) for c in bench.ordered] == [Play]
    assert bench.contact(leg).last_node == "lang"


def test_an_arrival_told_twice_is_ignored() -> None:
    bench = Bench()
    leg = bench.call()
    bench.feed(CallArrived(bench.at, leg, f"{GW}-00000001", "169", ""))
    assert bench.out == [Ignored("call_arrived", "caller is known")]


def test_a_caller_who_comes_back_after_the_record_is_hung_up_and_makes_no_second_one() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "14")
    assert [r.exit for r in bench.records] == [Exit.TRANSFERRED]
    bench.feed(CallArrived(bench.at, leg, f"{GW}-00000001", "169", ""))
    assert bench.one(HangUp).leg_id == leg
    assert len(bench.records) == 1
    assert not bench.state.leases


def test_a_flow_that_is_not_there_ends_the_call_as_a_technical_failure() -> None:
    plan = make_plan(access_codes={"169": AccessCodePlan("169", FlowId("none"))})
    bench = Bench(plan)
    bench.call()
    assert bench.records[0].exit is Exit.FAILED_TECHNICAL


def test_the_time_in_the_flow_counts_from_its_beginning() -> None:
    bench = Bench()
    leg, start = bench.call(), bench.at
    bench.sleep(3)
    bench.press(leg, "1")
    assert bench.contact(leg).phase.since == start


def test_language_and_digits_stay_with_the_contact() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "23")
    bench.press(leg, "12345")
    contact = bench.contact(leg)
    assert (contact.language, contact.variables) == (EN, {"nib": "12345"})
    assert bench.got(Play)[-1].language == EN
    bench.spoken(leg)
    assert bench.records[0].exit is Exit.SELF_SERVICE


def test_silence_at_a_menu_is_counted_by_a_timer_that_a_key_cancels() -> None:
    bench = Bench()
    leg = bench.call()
    bench.spoken(leg)
    assert f"ivr:{leg}" in bench.timers
    bench.press(leg, "1")
    assert f"ivr:{leg}" not in bench.timers
    bench.spoken(leg)
    bench.spoken(leg)
    bench.sleep(5)
    assert bench.one(Play).prompts == ("main",)
    bench.spoken(leg)
    bench.sleep(5)
    assert bench.records[0].exit is Exit.IVR_EXIT


def test_a_transfer_hands_the_caller_to_the_dialplan_and_keeps_the_trunk_channel() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "14")
    assert bench.one(ContinueInDialplan).extension == "200"
    (record,) = bench.records
    assert (record.exit, record.cause, record.last_node) == (Exit.TRANSFERRED, 16, "xfer")
    assert bench.state.leases == {leg: "gw"}
    bench.hang_up(leg)
    assert not bench.state.leases
    assert len(bench.records) == 1


# ---------------------------------------------------------------- no agent in time


def test_a_full_queue_without_an_overflow_ends_the_call_and_counts_as_offered() -> None:
    bench = Bench(with_queue(make_plan(), "billing", max_length=0, overflow_queue=None))
    bench.queued()
    (record,) = bench.records
    assert (record.exit, record.queue, record.wait_s, record.within_target) == (Exit.OVERFLOWED, "billing", 0.0, False)
    assert bench.state.figures.queues[QueueId("billing")].offered == 1


def test_an_unanswered_caller_of_a_full_queue_is_refused_with_cause_42() -> None:
    bench = Bench(with_queue(make_plan(), "tech", max_length=0))
    bench.call("170")
    assert (bench.records[0].exit, bench.records[0].cause) == (Exit.OVERFLOWED, 42)


def test_a_full_queue_leads_to_the_nodes_overflow_branch() -> None:
    bench = Bench(with_queue(make_plan(), "tech", max_length=0))
    leg = bench.queued("2")
    assert bench.contact(leg).last_node == "sorry"
    bench.spoken(leg)
    assert isinstance(bench.contact(leg).phase, Waiting)
    assert bench.contact(leg).queue == "general"


def test_after_the_longest_wait_music_ends_the_agent_is_released_and_the_branch_is_taken() -> None:
    bench = Bench()
    bench.login("citra")
    leg = bench.queued("2")
    bench.sleep(39)  # rung out twice
    assert bench.contact(leg).phase.kind == "waiting"
    bench.sleep(1)
    assert bench.one(StopMusic).leg_id == leg
    assert bench.got(Play)[-1].prompts == ("sorry",)
    assert isinstance(bench.contact(leg).phase, InIvr)
    assert bench.contact(leg).queued_at is not None


def test_after_the_longest_wait_a_ringing_phone_is_rescinded_when_nobody_else_can_take_over() -> None:
    bench = Bench(with_queue(make_plan(), "tech", max_wait_s=4.0))
    bench.login("citra")
    bench.queued("2")
    bench.sleep(4)
    assert bench.state.figures.offers == {"rescinded": 1}
    assert bench.agent("citra").leg is None
    assert not bench.agent("citra").resting


def test_after_the_longest_wait_without_any_way_on_the_call_ends_as_overflowed() -> None:
    bench = Bench()
    leg = bench.call("170")
    bench.sleep(40)
    (record,) = bench.records
    assert (record.exit, record.cause, record.wait_s) == (Exit.OVERFLOWED, 42, 40.0)
    assert str(record.contact_id) == leg


def test_a_queue_node_that_a_reload_took_away_has_no_branch() -> None:
    bench = Bench()
    leg = bench.queued("2")
    contact = bench.contact(leg)
    waiting = contact.phase
    assert isinstance(waiting, Waiting)
    gone = replace(waiting, position=replace(waiting.position, flow=FlowId("none")))
    bench.state.contacts[contact.id] = replace(contact, phase=gone)
    bench.sleep(40)
    assert bench.records[0].exit is Exit.OVERFLOWED


def test_keys_hush_prompts_and_late_ends_of_them_are_ignored() -> None:
    bench = Bench()
    leg = bench.call()
    out = bench.press(leg, "1")
    assert [type(c) for c in out if isinstance(c, StopPlay | Play | StartMusic)] == [StopPlay, Play]
    assert any(isinstance(c, Ignored) and c.event == "playback_ended" for c in out)


def test_a_refused_caller_whose_end_is_not_seen_is_refused_again_and_recorded_at_the_end() -> None:
    bench = Bench()
    bench.obeying = False
    bench.call("999")
    bench.sleep(25)
    assert len(bench.got(HangUp)) == 2
    contact = next(iter(bench.state.contacts.values()))
    assert isinstance(contact.phase, Leaving)
    bench.feed(LegEnded(bench.at, contact.leg, 1))
    assert bench.records[0].exit is Exit.UNKNOWN_NUMBER


# ---------------------------------------------------------------- news that got lost


def test_a_caller_whose_prompts_end_was_never_told_goes_on_after_a_while() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "1")  # the notice is being spoken
    (spoken,) = bench.pbx.playbacks
    bench.pbx.playbacks.clear()
    bench.sleep(arrival.PLAY_GUARD_S - 1)
    assert bench.contact(leg).last_node == "notice"
    bench.sleep(1)
    assert bench.got(StopPlay)[0].playback_id == spoken
    assert bench.contact(leg).last_node == "menu"


def test_the_guard_of_a_prompt_goes_with_the_prompt() -> None:
    bench = Bench()
    leg = bench.call()
    assert f"play:{leg}" in bench.timers
    bench.spoken(leg)
    assert f"play:{leg}" not in bench.timers
    bench.queued()
    assert not [key for key in bench.timers if key.startswith("play:call2")]
