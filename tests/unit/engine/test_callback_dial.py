"""Outbound calls: agent or customer first, the key, and what each ending leads to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import (
    AddToBridge,
    CreateBridge,
    HandOver,
    HangUp,
    Ignored,
    Originate,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StopPlay,
    StopRing,
    TakeBack,
)
from acd.domain.events import (
    CommandFailed,
    DigitPressed,
    DrainRequested,
    FallbackSeen,
    LegAnswered,
    LegEnded,
    UnroutedEnded,
)
from acd.domain.exits import Exit
from acd.domain.ids import OUR_LEG_PREFIX, ContactId, LegId, PromptKey, RecordingName, customer_leg
from acd.engine import callback_dial, ending, treatment
from acd.engine.core import Engine
from acd.engine.state import CallingBack, EngineState, InFallback, Waiting
from acd.engine.turn import Turn
from acd.store.codec import decode, encode
from tests.callback_kit import NUMBER, CallbackBench, callback_plan

GREETING = (PromptKey("callback_greeting"),)


def bench(**changes: object) -> CallbackBench:
    return CallbackBench(callback_plan(**changes))  # type: ignore[arg-type]


def dialled(b: CallbackBench, agent: str = "budi") -> ContactId:
    """A promise whose customer is being called, the agent on the line."""
    contact = b.promised(caller=NUMBER)
    b.login(agent)
    b.pick_up(agent)
    return contact


# ---------------------------------------------------------------- agent first


def test_the_agent_is_rung_with_the_customers_number_and_hears_ringing_while_the_customer_is_called() -> None:
    b = bench()
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    ring = b.one(Originate)
    assert (ring.device, ring.caller, ring.alone) == ("PJSIP/budi", NUMBER, True)
    b.pick_up("budi")
    call = b.one(Originate)
    assert (call.device, call.caller, call.alone) == (f"PJSIP/{NUMBER}@gw", "169", True)
    assert call.timeout_s == 20.0
    assert b.got(Ring) == [Ring(contact, b.leg_of("budi"))]
    assert b.state.leases == {call.leg_id: "gw"}
    assert b.agent("budi").work.kind == "offered"
    assert [(c.state, c.attempts) for c in b.callbacks()] == [("calling", 0)]


def test_our_own_number_is_shown_to_the_customer_where_one_is_configured() -> None:
    b = bench(caller_id="0215201234")
    dialled(b)
    assert b.one(Originate).caller == "0215201234"


def test_the_customer_presses_the_key_and_both_talk_recorded_with_one_record() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_answers(contact)
    assert b.one(Play).prompts == GREETING
    joined = b.press(b.customer(contact), "1")
    agent = b.leg_of("budi")
    assert StopRing(contact, agent) in joined
    bridge = b.state.contacts[contact].bridge
    assert AddToBridge(contact, bridge, (b.customer(contact), agent)) in joined
    assert [c.kind for c in joined if isinstance(c, StopPlay | StartRecording)] == ["stop_play", "start_recording"]
    b.sleep(30.0)
    b.customer_ends(contact)
    (record,) = b.records
    assert (record.exit, record.agent, record.talk_s, record.wait_s) == (Exit.CALLBACK_SERVED, "budi", 30.0, 0.0)
    assert (record.within_target, record.attempts, record.recording) == (True, 1, RecordingName(contact))
    (attempt,) = b.attempts
    assert (attempt.outcome, attempt.number, attempt.trunk) == ("connected", NUMBER, "gw")
    assert b.state.figures.callback_attempts == {"connected": 1}
    assert b.agent("budi").work.kind == "wrap_up"
    assert not b.state.leases


def test_the_agent_ends_the_conversation_too() -> None:
    b = bench()
    contact = dialled(b)
    b.confirmed(contact)
    b.hang_up(b.leg_of("budi"))
    assert [r.exit for r in b.records] == [Exit.CALLBACK_SERVED]
    assert not b.pbx.channels


def test_without_a_key_whoever_answers_is_joined() -> None:
    b = bench(confirm_key="")
    contact = dialled(b)
    b.customer_answers(contact)
    assert b.state.contacts[contact].phase.kind == "talking"
    assert not b.got(Play)


def test_an_answering_machine_is_asked_so_many_times_and_gets_no_agent() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_answers(contact)
    b.press(b.customer(contact), "7")
    for _ in range(2):
        b.spoken(b.customer(contact))
        b.sleep(4.0)
    assert [a.outcome for a in b.attempts] == ["unconfirmed"]
    assert (b.held(contact).why, b.callbacks()[0].last_outcome) == ("retry", "unconfirmed")
    assert (b.agent("budi").work.kind, b.agent("budi").leg) == ("free", None)


def test_a_greeting_whose_end_is_never_told_does_not_hold_the_agent_for_ever() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_answers(contact)
    b.sleep(2 * callback_dial.SPOKEN_S + 1)
    assert [a.outcome for a in b.attempts] == ["unconfirmed"]


@pytest.mark.parametrize(
    ("cause", "outcome", "pause"),
    [(17, "busy", 20.0), (19, "no_answer", 30.0), (21, "rejected", 30.0), (34, "failed", 5.0), (0, "failed", 5.0)],
)
def test_each_ending_has_its_name_and_its_pause(cause: int, outcome: str, pause: float) -> None:
    b = bench()
    contact = dialled(b)
    b.customer_ends(contact, cause)
    (attempt,) = b.attempts
    assert (attempt.outcome, attempt.cause, attempt.answered_at) == (outcome, cause, None)
    assert b.state.timers[f"back:{contact}"].due == b.at + pause  # type: ignore[index]
    b.sleep(pause)
    assert b.got(Originate)[0].contact_id == contact
    b.pick_up("budi")
    assert b.one(Originate).leg_id == customer_leg(contact, 2)


def test_a_number_that_is_none_is_not_tried_again() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_ends(contact, 1)
    assert [(r.exit, r.attempts, r.cause) for r in b.records] == [(Exit.CALLBACK_FAILED, 1, 1)]
    assert b.agent("budi").work.kind == "free"
    assert contact not in b.state.contacts


def test_after_so_many_attempts_the_callback_has_failed() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_ends(contact, 17)
    b.sleep(20.0)
    b.pick_up("budi")
    b.customer_ends(contact, 19)
    assert [(r.exit, r.attempts, r.offers) for r in b.records] == [(Exit.CALLBACK_FAILED, 2, 2)]


def test_a_callback_whose_next_call_would_come_too_late_has_expired() -> None:
    b = bench(expires_s=25.0)
    contact = dialled(b)
    b.customer_ends(contact, 19)
    assert [r.exit for r in b.records] == [Exit.CALLBACK_EXPIRED]
    assert contact not in b.state.contacts


def test_time_running_out_does_not_cut_a_call_on_its_way() -> None:
    b = bench(expires_s=10.0)
    contact = dialled(b)
    b.sleep(12.0)
    assert b.records == []
    b.confirmed(contact)
    assert b.state.contacts[contact].phase.kind == "talking"


def test_a_phone_nobody_takes_is_hung_up_when_asterisk_does_not_do_it() -> None:
    b = bench()
    contact = dialled(b)
    b.obeying = False
    b.sleep(25.0)
    assert b.got(HangUp) == [HangUp(contact, customer_leg(contact, 1))]
    b.sleep(ending.LEAVE_GUARD_S)
    assert len(b.got(HangUp)) == 1
    b.customer_ends(contact, 16)
    assert [a.outcome for a in b.attempts] == ["no_answer"]


def test_an_answer_after_we_gave_up_changes_nothing() -> None:
    b = bench()
    contact = dialled(b)
    b.obeying = False
    b.sleep(25.0)
    b.customer_answers(contact)
    assert b.calling(contact).stage == "closing"
    b.feed(DigitPressed(b.at, b.customer(contact), "1"))
    assert b.got(Ignored)


# ---------------------------------------------------------------- the agent goes


def test_an_agent_who_hangs_up_before_the_customer_answers_costs_no_attempt_and_no_place() -> None:
    b = bench()
    contact = dialled(b)
    b.login("ana")
    b.hang_up(b.leg_of("budi"))
    assert [a.outcome for a in b.attempts] == ["agent_gone"]
    waiting = b.state.contacts[contact].phase
    assert isinstance(waiting, Waiting)
    assert [offer.agent for offer in waiting.offers] == ["ana"]
    assert b.callbacks()[0].attempts == 0
    assert b.agent("budi").resting


def test_a_customer_who_has_answered_waits_in_place_for_another_agent() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_answers(contact)
    b.hang_up(b.leg_of("budi"))
    b.press(b.customer(contact), "1")
    assert b.got(StartMusic)
    place = b.state.contacts[contact].phase
    assert isinstance(place, Waiting)
    assert place.since < b.at or place.since == b.state.contacts[contact].queued_at
    b.login("ana")
    b.pick_up("ana")
    assert b.state.contacts[contact].phase.kind == "talking"
    b.customer_ends(contact)
    assert [(r.exit, r.agent) for r in b.records] == [(Exit.CALLBACK_SERVED, "ana")]


def test_a_customer_who_was_called_back_and_left_waiting_has_abandoned() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_answers(contact)
    b.hang_up(b.leg_of("budi"))
    b.press(b.customer(contact), "1")
    b.sleep(10.0)
    b.customer_ends(contact)
    assert [(r.exit, r.attempts) for r in b.records] == [(Exit.ABANDONED, 1)]


def test_the_trunk_may_have_filled_up_while_the_agents_phone_rang() -> None:
    b = bench(calendar=None)
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    for n in range(2):
        b.call(caller=f"081122200{n}")
    b.pick_up("budi")
    assert b.held(contact).why == "trunk"
    assert (b.agent("budi").work.kind, b.agent("budi").leg) == ("free", None)
    assert b.attempts == []


# ---------------------------------------------------------------- customer first


def test_the_customer_is_called_first_while_an_agent_is_kept_free_and_rung_then() -> None:
    b = bench(first="caller")
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    assert b.one(Originate).device == f"PJSIP/{NUMBER}@gw"
    assert (b.agent("budi").work.kind, b.agent("budi").leg) == ("offered", None)
    b.queued(caller="0811222444")
    assert not b.got(Originate)
    b.confirmed(contact)
    assert b.agent("budi").leg is not None
    b.pick_up("budi")
    assert b.state.contacts[contact].phase.kind == "talking"
    assert b.state.contacts[contact].offers == 1
    assert b.state.figures.offers == {"accepted": 1}


def test_a_customer_who_does_not_answer_frees_the_agent_for_the_next_caller_at_once() -> None:
    b = bench(first="caller")
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    later = b.queued(caller="0811222444")
    b.customer_ends(contact, 19)
    assert b.one(Originate).contact_id == ContactId(later)


def test_an_agent_who_pauses_meanwhile_is_not_rung_and_the_customer_waits_for_another() -> None:
    b = bench(first="caller")
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    b.request("budi", "pause", "lunch")
    b.confirmed(contact)
    assert b.got(StartMusic)
    assert b.agent("budi").work.kind == "free"
    b.login("ana")
    b.pick_up("ana")
    assert b.state.contacts[contact].agent == "ana"


# ---------------------------------------------------------------- late, repeated, lost


def test_what_is_told_twice_changes_nothing() -> None:
    b = bench()
    contact = dialled(b)
    b.feed(LegAnswered(b.at, b.leg_of("budi")))
    assert b.calling(contact).stage == "ringing"
    b.customer_answers(contact)
    b.feed(LegAnswered(b.at, b.customer(contact)))
    assert b.calling(contact).tries == 1
    b.press(b.customer(contact), "1")
    b.feed(LegAnswered(b.at, b.customer(contact)))
    assert b.got(Ignored)
    leg = b.customer(contact)
    b.customer_ends(contact)
    b.feed(LegEnded(b.at, leg))
    b.feed(UnroutedEnded(b.at, leg, "PJSIP/gw-1", "", "", b.at, None, 16))
    assert len(b.records) == 1


def test_a_leg_nobody_knows_is_hung_up_when_it_answers() -> None:
    b = bench()
    contact = b.promised(caller=NUMBER)
    b.feed(LegAnswered(b.at, customer_leg(contact, 7)))
    assert [c.leg_id for c in b.got(HangUp)] == [customer_leg(contact, 7)]


def restart(b: CallbackBench) -> None:
    """Another engine goes on from the written state, after a gap."""
    b.engine = Engine(decode(EngineState, encode(b.state)))
    b.pbx.reports.clear()
    b.pbx.now = b.at
    b.feed(b.pbx.resync(after_gap=True))


def test_after_a_restart_a_customers_ringing_phone_is_ours_and_its_answer_is_made_up_for() -> None:
    b = bench()
    contact = dialled(b)
    restart(b)
    assert b.calling(contact).stage == "ringing"
    assert not b.got(HangUp)
    b.pbx.answer_phone(b.customer(contact))
    restart(b)
    assert b.one(Play).prompts == GREETING
    restart(b)
    assert b.got(StopPlay)
    assert b.one(Play).prompts == GREETING
    b.press(b.customer(contact), "1")
    assert b.state.contacts[contact].phase.kind == "talking"


def test_after_a_restart_a_customer_who_is_gone_is_called_again_later() -> None:
    b = bench()
    contact = dialled(b)
    b.pbx.end(b.customer(contact), 17)
    restart(b)
    assert (b.held(contact).why, [a.outcome for a in b.attempts]) == ("retry", ["failed"])
    assert b.agent("budi").work.kind == "free"


def test_after_a_restart_a_hang_up_is_ordered_again() -> None:
    b = bench()
    dialled(b)
    b.obeying = False
    b.sleep(25.0)
    b.obeying = True
    restart(b)
    assert [a.outcome for a in b.attempts] == ["no_answer"]
    leg = b.queued(caller="0811222444")
    b.obeying = False
    b.ask(leg)
    b.obeying = True
    restart(b)
    assert b.state.contacts[ContactId(leg)].away


def test_a_call_made_before_the_crash_could_be_noted_is_adopted_with_its_answer() -> None:
    b = bench()
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    before = encode(b.state)
    b.pick_up("budi")
    b.pbx.answer_phone(b.customer(contact))
    b.engine = Engine(decode(EngineState, before))
    b.pbx.reports.clear()
    b.feed(b.pbx.resync(after_gap=True))
    assert not b.got(Originate)
    assert b.one(Play).prompts == GREETING
    assert b.calling(contact).agent_leg == b.leg_of("budi")


def test_an_agents_answer_lost_in_the_gap_leads_to_the_call() -> None:
    b = bench()
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    b.pbx.bridges.clear()
    b.pbx.answer_phone(b.leg_of("budi"))
    restart(b)
    assert b.got(CreateBridge)
    assert b.one(Originate).leg_id == customer_leg(contact, 1)


def test_a_call_of_no_use_after_a_crash_is_hung_up_and_its_name_not_used_again() -> None:
    b = bench(first="caller")
    contact = b.promised(caller=NUMBER)
    before = encode(b.state)
    b.login("budi")
    b.engine = Engine(decode(EngineState, before))
    b.pbx.reports.clear()
    b.feed(b.pbx.resync(after_gap=True))
    assert [c.leg_id for c in b.got(HangUp)] == [customer_leg(contact, 1)]
    b.login("budi")
    assert b.one(Originate).leg_id == customer_leg(contact, 2)


def test_a_contact_taken_away_while_being_called_gives_its_agent_back() -> None:
    b = bench()
    contact = dialled(b)
    made = b.engine.turn
    assert made is not None
    turn = Turn(made.state, made.plan, made.matcher, b.at)
    ending.leave(turn, b.state.contacts[contact], Exit.FAILED_TECHNICAL, 41)
    assert {c.leg_id for c in turn.out if isinstance(c, HangUp)} == {b.leg_of("budi"), b.customer(contact)}
    assert b.agent("budi").work.kind == "free"
    calling = CallingBack(b.at, Waiting(b.at, b.plan.queues["billing"].id, (), 0, None), b.plan.trunks["gw"].id, None)  # type: ignore[index,arg-type]
    contact2 = replace(b.state.contacts[contact], phase=calling)
    ending.leave(turn, contact2, Exit.FAILED_TECHNICAL, 41)
    assert contact2.leg.startswith(OUR_LEG_PREFIX)
    assert LegId(contact) != contact2.leg


def test_a_callback_that_talks_is_promised_no_more_and_nobody_is_comforted_who_is_away() -> None:
    b = bench()
    contact = b.promised(caller=NUMBER)
    made = b.engine.turn
    assert made is not None
    turn = Turn(made.state, made.plan, made.matcher, b.at)
    waiting = b.state.contacts[contact]
    assert isinstance(waiting.phase, Waiting)
    treatment.comfort(turn, waiting)
    treatment.quiet(turn, waiting, waiting.phase)
    treatment.begin(turn, waiting, waiting.phase)
    assert treatment.spoken(waiting, waiting.phase, GREETING) == (waiting.phase, None)
    assert turn.out == []
    b.login("budi")
    b.pick_up("budi")
    b.confirmed(contact)
    assert b.callbacks() == ()


def test_after_a_gap_an_agent_kept_for_a_customer_who_is_gone_is_not_rung_for_a_caller_who_is_gone_too() -> None:
    b = bench(first="caller")
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    caller = b.queued(caller="0811222444")
    b.pbx.connected = False
    for leg in (b.customer(contact), caller):
        b.pbx.end(leg)
    b.pbx.connected = True
    b.feed(b.pbx.resync(after_gap=True))
    assert not b.got(Originate)
    assert b.agent("budi").work.kind == "free"


# ---------------------------------------------------------------- in Asterisk's own queue


@pytest.mark.parametrize("served", [True, False])
def test_a_customer_who_could_not_be_joined_stays_in_asterisks_own_queue_and_has_one_record(served: bool) -> None:  # noqa: FBT001 - a case
    b = bench()
    contact = dialled(b)
    b.confirmed(contact)
    leg = b.customer(contact)
    b.out = []
    b.feed(CommandFailed(b.at, "add_to_bridge", b.state.contacts[contact].bridge, "refused"))
    assert b.one(HandOver).leg_id == leg
    assert not b.got(TakeBack)
    assert leg not in [order.leg_id for order in b.got(HangUp)]
    assert list(b.state.contacts) == [contact]
    there = b.state.contacts[contact].phase
    assert isinstance(there, InFallback)
    assert there.channel == b.pbx.channels[leg].name
    since = b.at
    b.sleep(12.0)
    b.customer_ends(contact)
    assert not b.records, "AMI has yet to tell what became of the customer there"
    name = there.channel
    b.feed(UnroutedEnded(b.at, leg, name, "169", "169", since, since + 7.0 if served else None, 16))
    (record,) = b.records
    assert (record.contact_id, record.caller, record.ended_at) == (contact, NUMBER, b.at)
    assert record.exit is (Exit.FALLBACK_ANSWERED if served else Exit.FALLBACK_ABANDONED)
    assert not b.state.leases
    b.feed(FallbackSeen(b.at, leg, name, "169", "169", since, None))
    assert b.one(Ignored).event == "fallback_seen"
    assert not b.state.contacts


def test_draining_hands_a_waiting_customer_over_and_ends_without_a_way_back_for_one() -> None:
    b = bench()
    contact = dialled(b)
    b.customer_answers(contact)
    b.hang_up(b.leg_of("budi"))
    b.press(b.customer(contact), "1")
    leg = b.customer(contact)
    b.feed(DrainRequested(b.at, on=True))
    assert HandOver(contact, leg, "169") in b.out
    b.feed(DrainRequested(b.at, on=False))
    assert not b.got(TakeBack)
    assert list(b.state.contacts) == [contact]
    b.pbx.channels[leg].connected_at = b.pbx.now = b.at
    b.pbx.tell_fallen(leg)
    b.settle()
    b.customer_ends(contact)
    b.sleep(ending.FALLBACK_GUARD_S + 1.0)  # AMI does not tell how it ended
    assert [record.exit for record in b.records] == [Exit.FALLBACK_ANSWERED]
