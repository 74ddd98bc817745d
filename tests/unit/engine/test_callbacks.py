"""Promises: kept in their place, put aside, expired, taken back, asked for by others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import DestroyBridge, HangUp, Ignored, Originate
from acd.domain.events import (
    CallbackCancelled,
    CallbackRequested,
    LegEnded,
    LegLeft,
    PlanLoaded,
    SupervisorRequested,
    TrunkChanged,
)
from acd.domain.exits import Exit
from acd.domain.ids import ContactId, Language, LegId, QueueId, RequestId, TrunkId
from acd.domain.orders import MoveToQueue
from acd.domain.plan import RelaxationStep, TreatmentPlan
from acd.engine import callbacks, outbound
from acd.engine.state import InIvr, Waiting
from acd.engine.turn import Turn
from tests.callback_kit import KEY, NUMBER, CallbackBench, callback_plan
from tests.engine_kit import MONDAY_10, levels, with_queue

BILLING = QueueId("billing")
LONG = callback_plan(expires_s=3000.0)


def asked(bench: CallbackBench, number: str = NUMBER, queue: str = "billing", **when: float) -> ContactId:
    bench.feed(
        CallbackRequested(bench.at, RequestId("r1"), number, QueueId(queue), Language("id"), **when)  # type: ignore[arg-type]
    )
    reply = bench.callback_replies[-1]
    assert reply.ok, reply.message
    assert reply.contact_id is not None
    return reply.contact_id


def refused(bench: CallbackBench, number: str, queue: str = "billing", **when: float) -> str:
    bench.feed(
        CallbackRequested(bench.at, RequestId("r1"), number, QueueId(queue), None, **when)  # type: ignore[arg-type]
    )
    reply = bench.callback_replies[-1]
    assert (reply.ok, reply.contact_id) == (False, None)
    return reply.message


def cancel(bench: CallbackBench, contact: ContactId) -> tuple[bool, str]:
    bench.feed(CallbackCancelled(bench.at, RequestId("r2"), contact))
    reply = bench.callback_replies[-1]
    return reply.ok, reply.message


# ---------------------------------------------------------------- the place


def test_the_place_is_kept_with_its_time_requirement_and_priority_before_who_came_later() -> None:
    b = CallbackBench(callback_plan())
    came = b.at
    leg = b.queued(caller=NUMBER)
    b.sleep(3.0)
    b.ask(leg)
    b.sleep(2.0)
    later = b.queued(caller="0811222444")
    b.hang_up(leg)
    contact = ContactId(leg)
    place = b.state.contacts[contact].phase
    assert isinstance(place, Waiting)
    assert (place.since, place.priority) == (came, 0)
    assert place.requires == b.contact(later).phase.requires  # type: ignore[union-attr]
    b.login("budi")
    assert b.one(Originate).contact_id == contact
    assert [(c.contact_id, c.position, c.state) for c in b.callbacks()] == [(contact, None, "offered")]


def test_the_contact_has_no_record_until_it_is_over_and_its_first_leg_is_not_heard_of_again() -> None:
    b = CallbackBench(callback_plan())
    contact = b.promised(caller=NUMBER)
    assert b.records == []
    assert not b.state.leases
    b.feed(LegEnded(b.at, LegId(contact)))
    assert b.got(Ignored)
    b.feed(LegLeft(b.at, LegId(contact)))
    assert contact in b.state.contacts
    assert [c.position for c in b.callbacks()] == [1]


def test_who_does_not_hang_up_is_hung_up_on_until_the_channel_is_gone() -> None:
    b = CallbackBench(callback_plan())
    leg = b.queued(caller=NUMBER)
    b.ask(leg)
    b.obeying = False
    b.sleep(callbacks.GOODBYE_S + 15.0)
    assert b.got(HangUp) == [HangUp(ContactId(leg), leg)] * 2
    b.obeying = True
    b.sleep(30.0)
    assert b.state.contacts[ContactId(leg)].away


def test_a_caller_who_asked_counts_as_no_one_on_the_line_and_leaves_room_in_the_queue() -> None:
    b = CallbackBench(with_queue(callback_plan(), "billing", max_length=1, overflow_queue=None))
    b.promised(caller=NUMBER)
    leg = b.queued(caller="0811222444")
    assert b.contact(leg).queue == "billing"
    seen = b.engine.state.contacts
    assert len(seen) == 2


def test_a_second_promise_for_the_same_number_and_queue_gives_way_to_the_older_place() -> None:
    b = CallbackBench(callback_plan(redial_s=0.0))
    first = b.promised(caller=NUMBER)
    leg = b.queued(caller="0811222444")
    b.ask(leg, KEY + "2" + NUMBER + "#1")
    b.hang_up(leg)
    (record,) = b.records
    assert (record.exit, record.follows, record.attempts) == (Exit.CALLBACK_CANCELLED, first, 0)
    assert b.state.callbacks == {f"billing|{NUMBER}": first}


def test_what_was_relaxed_by_time_waited_is_relaxed_when_the_caller_has_gone() -> None:
    plan = with_queue(
        callback_plan(), "billing", max_wait_s=None, relaxation=(RelaxationStep(20.0, lower=levels(billing=0)),)
    )
    b = CallbackBench(plan)
    contact = b.promised(caller=NUMBER)
    b.sleep(25.0)
    assert all(need.skill != "billing" for need in b.state.contacts[contact].phase.requires)  # type: ignore[union-attr]


def test_a_queue_a_reload_took_away_keeps_its_promises() -> None:
    b = CallbackBench(callback_plan())
    leg = b.queued(caller=NUMBER)
    b.ask(leg)
    less = replace(b.plan, queues={k: v for k, v in b.plan.queues.items() if k != "billing"})
    b.feed(PlanLoaded(b.at, less))
    b.hang_up(leg)
    assert isinstance(b.state.contacts[ContactId(leg)].phase, Waiting)


# ---------------------------------------------------------------- put aside


def test_outside_the_hours_nobody_is_called_and_at_the_opening_somebody_is() -> None:
    b = CallbackBench(callback_plan(), at=MONDAY_10 + 200.0)
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    held = b.held(contact)
    assert (held.why, b.state.timers[f"back:{contact}"].due) == ("closed", MONDAY_10 + 360.0)  # type: ignore[index]
    assert [(c.state, c.held_by, c.next_at) for c in b.callbacks()] == [("held", "closed", MONDAY_10 + 360.0)]
    b.sleep(161.0)
    assert b.agent("budi").work.kind == "offered"


def test_a_calendar_that_never_opens_lets_the_promise_expire() -> None:
    plan = callback_plan()
    never = {key: replace(calendar, hours=()) for key, calendar in plan.calendars.items() if key == "calling"}
    b = CallbackBench(replace(plan, calendars={**plan.calendars, **never}))
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    assert b.held(contact).why == "closed"
    b.sleep(601.0)
    assert b.records[-1].exit is Exit.CALLBACK_EXPIRED


def test_sst_are_left_for_callers_and_the_next_contact_is_not_kept_waiting_by_it() -> None:
    b = CallbackBench(callback_plan(calendar=None))
    contact = b.promised(caller=NUMBER)
    others = [b.queued(caller=f"081122200{n}", endpoint="PJSIP/gw") for n in range(2)]
    b.login("budi")
    assert b.held(contact).why == "trunk"
    assert b.contact(others[0]).phase.offers  # type: ignore[union-attr]
    b.hang_up(others[1])
    b.pick_up("budi")
    b.login("ana")
    b.sleep(outbound.TRUNK_AGAIN_S)
    assert b.agent("ana").work.kind == "offered"
    b.pick_up("ana")
    assert b.state.leases[b.customer(contact)] == "gw"
    assert b.state.trunks[TrunkId("gw")].peak == 2


def test_a_trunk_that_is_down_or_unknown_is_not_used() -> None:
    plan = callback_plan(calendar=None)
    assert plan.callbacks is not None
    (line,) = plan.callbacks.lines
    lines = (replace(line, trunk=TrunkId("gone")), line, replace(line, trunk=TrunkId("e1"), dial="DAHDI/i1/{e164}"))
    b = CallbackBench(replace(plan, callbacks=replace(plan.callbacks, lines=lines)))
    b.feed(TrunkChanged(b.at, "PJSIP/gw", up=False))
    b.promised(caller=NUMBER)
    b.login("budi")
    b.pick_up("budi")
    assert [c.device for c in b.got(Originate)] == ["DAHDI/i1/+62811222333"]


def test_without_a_way_to_call_a_promise_waits_aside_until_it_expires() -> None:
    b = CallbackBench(callback_plan())
    contact = b.promised(caller=NUMBER)
    b.feed(PlanLoaded(b.at, replace(b.plan, callbacks=None)))
    b.login("budi")
    assert b.held(contact).why == "trunk"
    b.sleep(601.0)
    assert [r.exit for r in b.records] == [Exit.CALLBACK_EXPIRED]
    assert b.state.callbacks == {}


def test_a_promise_expires_while_it_waits_and_its_bridge_goes() -> None:
    b = CallbackBench(callback_plan(calendar=None))
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    b.sleep(40.0)
    assert b.state.contacts[contact].bridged
    b.sleep(600.0)
    assert b.got(DestroyBridge)
    assert [(r.exit, r.cause, r.offers > 0) for r in b.records] == [(Exit.CALLBACK_EXPIRED, 0, True)]


# ---------------------------------------------------------------- taken back


def test_a_waiting_promise_is_taken_back_with_its_record() -> None:
    b = CallbackBench(callback_plan())
    contact = b.promised(caller=NUMBER)
    assert cancel(b, contact) == (True, "")
    assert [r.exit for r in b.records] == [Exit.CALLBACK_CANCELLED]
    assert cancel(b, contact) == (False, "no such callback")


def test_a_promise_is_taken_back_while_the_caller_still_hears_of_it() -> None:
    b = CallbackBench(callback_plan())
    leg = b.queued(caller=NUMBER)
    b.ask(leg)
    assert cancel(b, ContactId(leg)) == (True, "")
    assert [r.exit for r in b.records] == [Exit.CALLBACK_CANCELLED]


def test_a_customer_being_called_is_hung_up_on_and_the_agent_is_free_again() -> None:
    b = CallbackBench(callback_plan())
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    b.pick_up("budi")
    assert cancel(b, contact) == (True, "")
    assert [r.exit for r in b.records] == [Exit.CALLBACK_CANCELLED]
    assert [a.outcome for a in b.attempts] == ["cancelled"]
    assert (b.agent("budi").work.kind, b.agent("budi").leg, b.agent("budi").resting) == ("free", None, False)


def test_it_is_too_late_when_the_customer_talks() -> None:
    b = CallbackBench(callback_plan())
    contact = b.promised(caller=NUMBER)
    b.login("budi")
    b.pick_up("budi")
    b.confirmed(contact)
    assert cancel(b, contact) == (False, "the customer is on the line already")
    caller = b.queued(caller="0811222444")
    assert cancel(b, ContactId(caller)) == (False, "no such callback")


# ---------------------------------------------------------------- by request


def test_a_callback_somebody_asks_for_is_matched_at_once_and_recorded_with_its_number() -> None:
    b = CallbackBench(callback_plan())
    b.login("budi")
    contact = asked(b, "+62811222333")
    b.pick_up("budi")
    b.confirmed(contact)
    b.customer_ends(contact)
    (record,) = b.records
    assert (record.exit, record.caller, record.attempts, record.trunk) == (Exit.CALLBACK_SERVED, NUMBER, 1, "gw")
    assert (record.access_code, record.answered_at, record.queued_at) == ("", b.at, b.at)


def test_a_scheduled_callback_waits_from_its_time_on_and_no_redial_takes_it() -> None:
    b = CallbackBench(callback_plan())
    b.login("budi")
    contact = asked(b, not_before=b.at + 60.0, not_after=b.at + 120.0)
    assert b.held(contact).why == "scheduled"
    leg = b.queued(caller=NUMBER)
    assert b.contact(leg).follows is None
    b.hang_up(leg)
    due = MONDAY_10 + 60.0
    b.sleep(61.0)
    assert (b.state.contacts[contact].phase.since, b.state.contacts[contact].queued_at) == (due, due)
    b.sleep(60.0)
    assert b.records[-1].exit is Exit.CALLBACK_EXPIRED


@pytest.mark.parametrize(
    ("number", "queue", "when", "why"),
    [
        ("112", "billing", {}, "this number may not be called back"),
        (NUMBER, "nowhere", {}, "no such queue"),
        (NUMBER, "billing", {"not_before": 60.0, "not_after": 50.0}, "the window is over before it begins"),
    ],
)
def test_what_cannot_be_promised_is_refused_with_the_reason(
    number: str, queue: str, when: dict[str, float], why: str
) -> None:
    b = CallbackBench(callback_plan())
    assert refused(b, number, queue, **{key: b.at + value for key, value in when.items()}) == why


def test_a_number_is_promised_once_in_a_queue_but_in_another_queue_too() -> None:
    b = CallbackBench(callback_plan())
    asked(b)
    assert refused(b, "+62 811-222-333") == "a callback to this number is promised in this queue already"
    asked(b, queue="tech")


def test_where_nobody_is_called_back_nothing_is_promised() -> None:
    b = CallbackBench(replace(callback_plan(), callbacks=None))
    assert refused(b, NUMBER) == "no way to call back is configured"


def test_what_nothing_was_promised_to_has_no_promise() -> None:
    b = CallbackBench(callback_plan())
    contact = b.contact(b.call())
    assert isinstance(contact.phase, InIvr)
    assert callbacks.place_of(contact) is None
    turned = b.engine.turn
    assert turned is not None
    assert not callbacks.take_back(Turn(turned.state, turned.plan, turned.matcher, b.at), contact)
    with pytest.raises(TypeError):
        outbound.promise_of(contact)


def test_a_supervisor_moves_a_promise_and_nobody_is_spoken_to() -> None:
    b = CallbackBench(with_queue(callback_plan(), "tech", treatment=TreatmentPlan(position=True, first_after_s=5.0)))
    contact = b.promised(caller=NUMBER)
    b.feed(SupervisorRequested(b.at, RequestId("s1"), "rudi", MoveToQueue(contact, QueueId("tech"))))
    b.sleep(100.0)
    assert [command for command in b.ordered if not isinstance(command, Originate | HangUp)] == []
    place = b.state.contacts[contact].phase
    assert isinstance(place, Waiting)
    assert (place.queue, place.since) == ("tech", MONDAY_10)
    assert callbacks.place_of(b.state.contacts[contact]) == place
