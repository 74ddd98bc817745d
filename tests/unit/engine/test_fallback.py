"""Callers in Asterisk's own queue are known, wanted back with the time they waited, and recorded once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import DestroyBridge, HandOver, HangUp, Ignored, Originate, Play, StartMusic, TakeBack
from acd.domain.events import (
    CallArrived,
    CommandFailed,
    DrainRequested,
    FallbackSeen,
    LegEnded,
    LegLeft,
    LinkChanged,
    UnroutedEnded,
)
from acd.domain.exits import Exit
from acd.domain.ids import LegId
from acd.engine import ending
from acd.engine.fallback import STRAY_S
from acd.engine.state import Free, InCall, InFallback, InIvr, Leaving, Parting, Talking, Waiting
from acd.engine.views import view
from tests.dictation_kit import judged, recording, voicemail_node
from tests.engine_kit import GW, Bench, make_plan
from tests.unit.engine.test_resync import audit, back, cut


def stranger(bench: Bench, code: str = "169", endpoint: str = GW) -> LegId:
    """A caller whom no engine took."""
    bench.calls += 1
    leg = LegId(f"call{bench.calls}")
    bench.pbx.now = bench.at
    bench.pbx.new_channel(leg, endpoint, extension=code, caller="0811222333")
    bench.pbx.fall(leg)
    return leg


def fallen(bench: Bench, leg: LegId) -> InFallback:
    phase = bench.contact(leg).phase
    assert isinstance(phase, InFallback)
    return phase


def away(bench: Bench, leg: LegId, seconds: float = 20.0) -> None:
    """The engine is away, the caller left to Asterisk's own queue, and it is back; AMI has told nothing yet."""
    cut(bench)
    bench.pbx.fall(leg)
    bench.pbx.manager_reports.clear()
    bench.at += seconds
    back(bench)


# ---------------------------------------------------------------- seen and taken back


def test_a_caller_no_engine_took_is_taken_back_and_has_waited_since_it_called() -> None:
    bench = Bench()
    bench.login("ana")
    cut(bench)
    leg = stranger(bench)
    bench.at += 30
    bench.pbx.connected = True
    bench.settle()
    assert not fallen(bench, leg).asked  # ARI is not up: it could not come in
    seen = view(bench.state, bench.at)
    assert seen is not None
    assert [(contact.phase, contact.position) for contact in seen.contacts] == [("fallback", None)]
    back(bench)
    assert isinstance(bench.contact(leg).phase, InIvr)
    bench.press(leg, "11")
    assert bench.contact(leg).queued_at == bench.at - 30
    bench.pick_up("ana")
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.wait_s, record.arrived_at) == (Exit.ANSWERED, 30.0, bench.at - 30)
    assert (bench.state.figures.fallback_seen, bench.state.figures.taken_back) == (1, 1)


def test_who_waited_before_has_the_same_place_again() -> None:
    bench = Bench()
    first, second = bench.queued(), bench.queued()
    place = bench.contact(first).phase
    away(bench, first)
    assert isinstance(fallen(bench, first).was, Waiting)
    bench.pbx.tell_fallen(first)
    bench.settle()
    phase = bench.contact(first).phase
    assert isinstance(phase, Waiting)
    assert isinstance(place, Waiting)
    assert (phase.since, phase.queue) == (place.since, place.queue)
    bench.login("ana")
    assert bench.one(Originate).contact_id == bench.contact_id(first)
    assert isinstance(bench.contact(second).phase, Waiting)


def test_a_waiting_caller_comes_back_to_music_and_its_longest_wait() -> None:
    bench = Bench()
    leg = bench.queued()
    away(bench, leg)
    bench.pbx.tell_fallen(leg)
    out = bench.settle()
    assert any(isinstance(command, StartMusic) for command in out)
    assert f"wait:{leg}" in bench.timers


def test_who_was_in_the_flow_hears_the_node_again() -> None:
    bench = Bench()
    leg = bench.call()
    node = bench.contact(leg).last_node
    away(bench, leg)
    bench.pbx.tell_fallen(leg)
    out = bench.settle()
    assert bench.contact(leg).last_node == node
    assert [command.prompts for command in out if isinstance(command, Play)] == [("lang",)]


def test_no_phone_rings_for_a_caller_who_is_not_here() -> None:
    bench = Bench()
    leg = bench.queued()
    away(bench, leg)
    bench.login("ana")
    assert not bench.got(Originate)


def test_a_phone_that_rings_for_a_caller_who_falls_back_is_silenced() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    ringing = bench.leg_of("ana")
    bench.obeying = False
    bench.pbx.leave_app(leg)
    bench.pbx.fall(leg)
    out = bench.settle()
    assert HangUp(bench.contact_id(leg), ringing, 16) in out
    assert DestroyBridge(bench.contact_id(leg), bench.contact(leg).bridge) in out
    assert isinstance(bench.agent("ana").work, Free)
    assert not bench.timers


def test_callers_are_taken_back_in_the_order_they_wait() -> None:
    bench = Bench()
    cut(bench)
    strangers = [stranger(bench)]
    bench.at += 1
    strangers.append(stranger(bench))
    bench.settle()
    known = bench.state
    assert len(known.contacts) == 2
    bench.at += 1
    bench.obeying = False
    back(bench)
    assert [command.leg_id for command in bench.got(TakeBack)] == strangers


def test_who_waited_with_us_comes_before_who_called_earlier_and_is_on_the_way_to_a_queue() -> None:
    bench = Bench()
    menu = bench.call()
    bench.at += 1
    waiter = bench.queued()
    cut(bench)
    for leg in (menu, waiter):
        bench.pbx.fall(leg)
    bench.settle()
    bench.obeying = False
    back(bench)
    assert [command.leg_id for command in bench.got(TakeBack)] == [waiter, menu]


def test_who_talks_with_an_agent_of_that_queue_stays() -> None:
    bench = Bench()
    cut(bench)
    leg = stranger(bench)
    bench.pbx.channels[leg].connected_at = bench.at + 3
    bench.pbx.manager_reports.clear()
    bench.at += 9
    bench.pbx.tell_fallen(leg)
    bench.settle()
    back(bench)
    assert not bench.got(TakeBack)
    bench.at += 60
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.connected_at, record.cause) == (Exit.FALLBACK_ANSWERED, bench.at - 66, 16)
    assert not bench.state.leases


def test_a_caller_who_does_not_come_is_asked_again_by_the_next_audit_only() -> None:
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    assert [c.leg_id for c in bench.settle() if isinstance(c, TakeBack)] == [leg]
    bench.pbx.tell_fallen(leg)
    bench.settle()
    assert not bench.got(TakeBack)
    bench.at += 30
    audit(bench)
    assert [c.leg_id for c in bench.got(TakeBack)] == [leg]


def test_a_claim_that_comes_to_nothing_loses_no_caller() -> None:
    bench = Bench()
    leg = stranger(bench)
    bench.settle()
    assert isinstance(bench.contact(leg).phase, InIvr)
    bench.feed(CommandFailed(bench.at, "claim", leg, "refused"))
    bench.pbx.fall(leg)
    bench.settle()
    assert fallen(bench, leg).asked
    assert not bench.got(TakeBack)
    bench.at += 30
    audit(bench)
    assert isinstance(bench.contact(leg).phase, InIvr)


def test_whom_a_look_could_not_ask_back_is_asked_when_ami_tells_of_the_caller_once() -> None:
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    bench.settle()
    bench.feed(CallArrived(bench.at, leg, "PJSIP/gw1-1", "169", "0811"))
    bench.feed(CommandFailed(bench.at, "claim", leg, "refused"))
    bench.out = []
    bench.at += 10
    audit(bench)
    assert not bench.got(TakeBack), "the channel is not known any more"
    ordered = []
    for _ in range(2):
        bench.pbx.tell_fallen(leg)
        ordered += bench.settle()
    assert [c.leg_id for c in ordered if isinstance(c, TakeBack)] == [leg]


def test_who_comes_back_unseen_is_found() -> None:
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    bench.settle()
    bench.pbx.channels[leg].in_app = True
    bench.at += 30
    audit(bench)
    assert isinstance(bench.contact(leg).phase, InIvr)


def test_a_caller_for_a_number_of_nobody_is_sent_away_when_it_is_back() -> None:
    bench = Bench()
    leg = stranger(bench, "999", "Local/x")
    bench.settle()
    assert leg not in bench.pbx.channels
    (record,) = bench.records
    assert (record.exit, record.cause, record.trunk) == (Exit.UNKNOWN_NUMBER, 1, None)


def test_late_news_of_a_call_that_has_its_record_or_talks_changes_nothing() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.feed(FallbackSeen(bench.at, leg, "PJSIP/gw-1", "169", "", bench.at))
    assert isinstance(bench.contact(leg).phase, Talking)
    bench.hang_up(leg)
    bench.feed(FallbackSeen(bench.at, leg, "PJSIP/gw-1", "169", "", bench.at))
    assert not bench.state.contacts
    assert len(bench.records) == 1


def test_who_is_with_somebody_else_is_let_go_after_a_while() -> None:
    bench = Bench()
    leg = bench.queued()
    away(bench, leg, 1)
    bench.at += STRAY_S + 1
    audit(bench)
    assert [record.exit for record in bench.records] == [Exit.TRANSFERRED]


# ---------------------------------------------------------------- how it ends there


def test_the_end_in_that_queue_is_recorded_with_the_queue_the_caller_waited_in() -> None:
    bench = Bench()
    leg = bench.queued()
    away(bench, leg)
    bench.obeying = False
    bench.pbx.tell_fallen(leg)
    bench.settle()
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.queue) == (Exit.FALLBACK_ABANDONED, "billing")
    assert record.wait_s == 20.0


@pytest.mark.parametrize("answered", [True, False])
def test_an_end_of_which_ami_tells_nothing_is_recorded_all_the_same(answered: bool) -> None:  # noqa: FBT001
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    bench.pbx.channels[leg].connected_at = bench.at if answered else None
    bench.pbx.manager_reports.clear()
    bench.pbx.tell_fallen(leg)
    bench.settle()
    bench.feed(LegEnded(bench.at, leg, 17))
    assert not bench.records
    bench.sleep(10)
    (record,) = bench.records
    assert record.exit is (Exit.FALLBACK_ANSWERED if answered else Exit.FALLBACK_ABANDONED)
    assert record.cause == 17


def test_a_caller_who_was_gone_when_the_engine_came_back_has_a_record() -> None:
    bench = Bench()
    leg = bench.queued()
    away(bench, leg)
    bench.pbx.connected = False
    bench.pbx.end(leg)
    bench.pbx.manager_reports.clear()
    bench.pbx.connected = True
    bench.at += 30
    audit(bench)
    bench.sleep(10)
    assert [(record.exit, record.cause) for record in bench.records] == [(Exit.FALLBACK_ABANDONED, 0)]


def test_a_stale_timer_of_a_caller_who_is_back_does_nothing() -> None:
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    bench.settle()
    bench.feed(LegEnded(bench.at, leg))
    channel = bench.pbx.channels[leg]
    bench.obeying = True
    bench.feed(CallArrived(bench.at, leg, channel.name, "169", ""))
    bench.sleep(10)
    assert isinstance(bench.contact(leg).phase, InIvr)


def restart(bench: Bench, *legs: LegId) -> UnroutedEnded:
    """The engine was away; these callers' calls ended meanwhile, and AMI has told nothing yet. What it could tell."""
    cut(bench)
    bench.feed(LinkChanged(bench.at, "ami", up=False))
    for leg in legs:
        bench.pbx.fall(leg)
        bench.pbx.end(leg)
    told = bench.pbx.manager_reports[-1]
    assert isinstance(told, UnroutedEnded)
    bench.pbx.manager_reports.clear()
    bench.at += 20
    return told


def ami_back(bench: Bench) -> None:
    """AMI told of all who ended unseen, if of anybody."""
    bench.feed(LinkChanged(bench.at, "ami", up=True))


def test_who_fell_and_ended_while_the_engine_was_away_left_the_fallback_though_ari_is_asked_first() -> None:
    bench = Bench()
    leg = bench.queued()
    told = restart(bench, leg)
    back(bench)
    assert not bench.records
    assert not bench.state.leases
    assert bench.got(DestroyBridge) or not bench.pbx.bridges
    bench.feed(told)
    ami_back(bench)
    (record,) = bench.records
    assert (record.exit, record.queue, record.cause) == (Exit.FALLBACK_ABANDONED, "billing", 16)
    assert record.ended_at == told.at
    bench.sleep(60)
    assert len(bench.records) == 1
    assert not bench.timers


def test_an_end_told_before_the_first_look_is_recorded_when_ami_has_told_where() -> None:
    """Events come as soon as the connection stands; belief is compared with Asterisk a moment later."""
    bench = Bench()
    leg, inside = bench.call(), bench.call()
    told = restart(bench, leg)
    bench.feed(LegEnded(bench.at, leg, 16))
    bench.feed(LegEnded(bench.at, inside, 16))
    assert not bench.records
    bench.feed(replace(told, connected_at=told.at - 5))
    ami_back(bench)
    bench.sleep(60)
    assert {record.contact_id: record.exit for record in bench.records} == {
        bench.contact_id(leg): Exit.FALLBACK_ANSWERED,
        bench.contact_id(inside): Exit.IVR_EXIT,
    }


def test_who_fell_and_ended_there_left_the_fallback_when_ami_is_the_first_to_tell() -> None:
    bench = Bench()
    leg, menu = bench.queued(), bench.call()
    told = restart(bench, menu, leg)
    bench.feed(told)
    ami_back(bench)
    back(bench)
    bench.sleep(60)
    assert {record.contact_id: record.exit for record in bench.records} == {
        bench.contact_id(leg): Exit.FALLBACK_ABANDONED,
        bench.contact_id(menu): Exit.IVR_EXIT,
    }


def test_who_ended_inside_without_having_fallen_left_from_where_we_knew_the_caller() -> None:
    bench = Bench()
    waiter, menu = bench.queued(), bench.call()
    since = bench.at
    told = replace(restart(bench, menu, waiter), at=since - 0.5, fell=False)  # in whole seconds
    bench.feed(told)  # AMI is the first to tell: ARI settles that
    assert isinstance(bench.contact(waiter).phase, Waiting)
    back(bench)
    bench.feed(told)
    (record,) = bench.records
    assert (record.exit, record.ended_at, record.cause) == (Exit.SHORT_ABANDONED, since, 16)


def test_news_of_an_end_elsewhere_of_a_caller_who_is_here_is_settled_by_ari() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.pbx.fall(leg)
    bench.pbx.end(leg)
    told = bench.pbx.manager_reports.pop()
    bench.pbx.manager_reports.clear()
    bench.feed(told)
    assert isinstance(bench.contact(leg).phase, Waiting)


@pytest.mark.parametrize("up", [True, False])
def test_who_did_not_fall_left_from_where_we_knew_the_caller_once_ami_had_its_time(up: bool) -> None:  # noqa: FBT001
    bench = Bench()
    waiter, menu, talker = bench.queued("2"), bench.call(), bench.talking()
    restart(bench, waiter, menu, talker)
    gone = bench.at
    back(bench)
    assert [record.exit for record in bench.records] == [Exit.ANSWERED]
    back(bench)  # a second look knows no more
    if up:
        ami_back(bench)
    bench.sleep(ending.FALLBACK_GUARD_S + 1 if up else ending.AMI_GUARD_S + 1)
    assert [record.exit for record in bench.records] == [Exit.ANSWERED, Exit.ABANDONED, Exit.IVR_EXIT]
    assert {record.ended_at for record in bench.records} == {gone}


def test_engines_that_die_again_and_again_conclude_nothing_before_ami_had_its_time() -> None:
    bench = Bench()
    fell, stayed = bench.queued("2"), bench.queued("2")
    told = restart(bench, stayed, fell)
    gone = bench.at
    for _ in range(20):
        back(bench)
        audit(bench)
        bench.at += ending.FALLBACK_GUARD_S - 1
        cut(bench)
        bench.feed(LinkChanged(bench.at, "ami", up=False))
    assert not bench.records
    back(bench)
    bench.feed(told)
    ami_back(bench)
    bench.sleep(ending.FALLBACK_GUARD_S + 1)
    assert {record.contact_id: (record.exit, record.ended_at) for record in bench.records} == {
        bench.contact_id(fell): (Exit.FALLBACK_ABANDONED, told.at),
        bench.contact_id(stayed): (Exit.ABANDONED, gone),
    }


def test_who_was_back_from_the_fallback_is_not_believed_to_have_ended_there() -> None:
    bench = Bench()
    leg = stranger(bench)
    bench.settle()
    assert bench.contact(leg).fallen
    restart(bench, leg)
    back(bench)
    ami_back(bench)
    bench.sleep(ending.FALLBACK_GUARD_S + 1)
    assert [record.exit for record in bench.records] == [Exit.IVR_EXIT]


def test_the_file_of_a_recording_that_broke_off_tells_how_the_call_ended() -> None:
    bench, leg, _ = recording(voicemail_node())
    restart(bench, leg)
    back(bench)
    assert isinstance(bench.contact(leg).phase, Parting)
    judged(bench, 8.0)
    assert [record.exit for record in bench.records] == [Exit.VOICEMAIL]


def test_who_was_called_back_did_not_come_to_the_fallback() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.state.contacts[bench.contact_id(leg)] = replace(bench.contact(leg), line=LegId("acd-c-1"))
    bench.feed(restart(bench, leg))
    assert isinstance(bench.contact(leg).phase, Waiting)


def test_who_was_refused_and_did_not_hear_of_it_is_taken_back_as_one_no_engine_took() -> None:
    bench = Bench()
    bench.obeying = False
    leg = bench.call("999")
    assert isinstance(bench.contact(leg).phase, Leaving)
    bench.pbx.fall(leg)
    bench.settle()
    assert fallen(bench, leg).asked
    bench.feed(CommandFailed(bench.at, "claim", leg, "refused"))  # known all the same
    assert fallen(bench, leg).channel


@pytest.mark.parametrize("told_by", ["a look", "AMI"])
@pytest.mark.parametrize("begun", [True, False])
def test_who_was_to_be_hung_up_on_and_is_outside_is_left_alone(told_by: str, *, begun: bool) -> None:
    """An agent of Asterisk's own queue may talk with the caller by now."""
    bench = Bench()
    bench.obeying = False
    leg = bench.call() if begun else bench.call("999")
    if begun:
        contact = bench.contact(leg)
        assert contact.path
        bench.state.contacts[contact.id] = replace(contact, phase=Leaving(bench.at, Exit.SELF_SERVICE, 16))
    assert isinstance(bench.contact(leg).phase, Leaving)
    bench.pbx.fall(leg)
    bench.pbx.channels[leg].connected_at = bench.at
    if told_by == "a look":
        bench.pbx.manager_reports.clear()
        bench.at += 10.0
        bench.out = []
        audit(bench)
    else:
        bench.settle()
    bench.sleep(ending.LEAVE_GUARD_S + 1)
    assert not bench.got(HangUp)
    assert [record.exit for record in bench.records] == ([Exit.SELF_SERVICE] if begun else [])
    bench.pbx.tell_fallen(leg)
    bench.settle()
    assert (bench.contact_id(leg) in bench.state.contacts) is not begun


@pytest.mark.parametrize("told_by", ["a look", "the refusal"])
def test_who_was_to_be_joined_with_an_agent_and_had_fallen_is_not_hung_up_on(told_by: str) -> None:
    """In Asterisk's own queue somebody may talk with the caller by now."""
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    bench.obeying = False
    cut(bench)
    bench.pbx.fall(leg)
    bench.pbx.manager_reports.clear()
    bench.pbx.connected = True
    bench.feed(LinkChanged(bench.at, "ari", up=True))
    bench.pick_up("ana")
    assert isinstance(bench.contact(leg).phase, Talking)
    bench.out = []
    if told_by == "a look":
        bench.at += 10.0
        audit(bench)
    else:
        bench.pbx.tell_fallen(leg)
        bench.settle()
        bench.feed(CommandFailed(bench.at, "add_to_bridge", bench.contact(leg).bridge, "refused"))
    assert leg not in [command.leg_id for command in bench.got(HangUp)]
    assert fallen(bench, leg).was is None
    bench.pbx.channels[leg].connected_at = bench.at
    bench.pbx.tell_fallen(leg)
    bench.settle()
    bench.hang_up(leg)
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED]
    assert not isinstance(bench.agent("ana").work, InCall)


def test_a_look_from_before_the_fall_does_not_tell_that_the_caller_is_back() -> None:
    bench = Bench()
    leg = bench.queued()
    bench.pbx.now = bench.at
    seen = bench.pbx.resync(after_gap=False)
    bench.at += 1.0
    bench.pbx.now = bench.at
    bench.pbx.fall(leg)
    bench.obeying = False
    bench.settle()
    since = fallen(bench, leg).since
    bench.feed(replace(seen, at=bench.at + 1.0, asked_at=since - 0.5))
    assert fallen(bench, leg).since == since
    bench.feed(replace(seen, at=bench.at + 2.0, asked_at=since))
    assert isinstance(bench.contact(leg).phase, Waiting)


# ---------------------------------------------------------------- draining


def test_draining_hands_over_who_waits_in_order_and_leaves_conversations_alone() -> None:
    bench = Bench()
    talker = bench.talking()
    waiters = [bench.queued("2"), bench.queued("2")]
    menu = bench.call(endpoint="DAHDI/i1/1")
    leaving = bench.call("999", "DAHDI/i1/1")
    out = bench.feed(DrainRequested(bench.at, on=True))
    assert [c.leg_id for c in out if isinstance(c, HandOver)] == [*waiters, menu]
    assert not [c for c in out if isinstance(c, HangUp)]
    assert isinstance(bench.contact(talker).phase, Talking)
    assert all(fallen(bench, leg).channel for leg in (*waiters, menu))
    assert not bench.got(TakeBack)
    bench.login("citra", "dewi")
    assert not bench.got(Originate)
    assert bench.contact_id(leaving) not in bench.state.contacts


def test_draining_hands_over_in_the_order_of_service() -> None:
    bench = Bench()
    first, urgent = bench.queued("2"), bench.queued("2")
    contact = bench.contact(urgent)
    assert isinstance(contact.phase, Waiting)
    bench.state.contacts[contact.id] = replace(contact, phase=replace(contact.phase, priority=5))
    out = bench.feed(DrainRequested(bench.at, on=True))
    assert [c.leg_id for c in out if isinstance(c, HandOver)] == [urgent, first]


def test_who_is_handed_over_again_as_the_order_was_lost_comes_in_the_order_of_service() -> None:
    bench = Bench()
    menu = bench.call(endpoint="DAHDI/i1/1")
    first, urgent = bench.queued("2"), bench.queued("2")
    contact = bench.contact(urgent)
    assert isinstance(contact.phase, Waiting)
    bench.state.contacts[contact.id] = replace(contact, phase=replace(contact.phase, priority=5))
    cut(bench)
    bench.feed(DrainRequested(bench.at, on=True))
    bench.out = []
    back(bench)
    assert [command.leg_id for command in bench.got(HandOver)] == [urgent, first, menu]


def test_a_call_that_comes_while_draining_is_handed_over() -> None:
    bench = Bench()
    bench.feed(DrainRequested(bench.at, on=True))
    leg = bench.call()
    assert bench.one(HandOver).leg_id == leg
    bench.feed(CallArrived(bench.at, leg, bench.pbx.channels[leg].name, "169", ""))
    assert bench.one(HandOver).leg_id == leg
    assert bench.contact_id(bench.call("999")) not in bench.state.contacts


def test_the_end_of_draining_has_everybody_back() -> None:
    bench = Bench()
    leg = bench.queued()
    since = bench.contact(leg).phase.since
    bench.feed(DrainRequested(bench.at, on=True))
    bench.at += 10
    bench.login("ana")
    bench.feed(DrainRequested(bench.at, on=False))
    phase = bench.contact(leg).phase
    assert isinstance(phase, Waiting)
    assert (phase.since, len(phase.offers)) == (since, 1)
    bench.feed(DrainRequested(bench.at, on=False))
    assert not bench.ordered


def test_the_link_that_comes_up_while_draining_takes_nobody_back() -> None:
    bench = Bench()
    bench.feed(DrainRequested(bench.at, on=True))
    stranger(bench)
    bench.settle()
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    back(bench)
    assert not bench.got(TakeBack)


def test_a_callback_nobody_is_on_the_line_for_is_nobody_of_that_queue() -> None:
    bench = Bench(make_plan())
    leg = bench.queued()
    bench.state.contacts[bench.contact_id(leg)] = replace(bench.contact(leg), away=True)
    bench.feed(FallbackSeen(bench.at, leg, "PJSIP/gw-1", "169", "", bench.at))
    assert isinstance(bench.contact(leg).phase, Waiting)


def test_who_cannot_be_asked_while_ami_is_away_is_asked_when_ami_tells_of_the_caller() -> None:
    bench = Bench()
    bench.obeying = False
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    leg = stranger(bench)
    bench.settle()
    bench.feed(LinkChanged(bench.at, "ami", up=False))
    back(bench)
    assert not bench.got(TakeBack)
    bench.pbx.tell_fallen(leg)
    assert [command.leg_id for command in bench.settle() if isinstance(command, TakeBack)] == [leg]


def test_an_engine_that_stood_still_reads_what_ami_told_before_it_concludes_anything() -> None:
    bench = Bench()
    leg = bench.queued()
    told = restart(bench, leg)
    back(bench)
    ami_back(bench)
    bench.at += 60
    bench.sleep(0)
    assert not bench.records
    bench.feed(replace(told, connected_at=told.at - 5))
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED]


def test_a_call_that_ended_there_before_its_fall_was_told_waits_for_what_ami_tells_of_it() -> None:
    """An engine that stood still reads ARI first: the caller had left, was answered there, and is gone."""
    bench = Bench()
    waiter, menu = bench.queued("2"), bench.call()
    for leg in (waiter, menu):
        bench.feed(LegLeft(bench.at, leg))
        bench.feed(LegEnded(bench.at, leg, 16, fell=True))
    assert not bench.records
    told = UnroutedEnded(bench.at, waiter, GW, "169", "0811222333", bench.at - 9, bench.at - 5, 16, None, fell=True)
    bench.feed(told)
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED]
    bench.sleep(ending.FALLBACK_GUARD_S + 1)
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED, Exit.FALLBACK_ABANDONED]


def test_who_fell_unheard_out_of_a_recording_is_told_of_by_the_file() -> None:
    bench, leg, _ = recording(voicemail_node())
    bench.feed(LegEnded(bench.at, leg, 16, fell=True))
    assert not isinstance(bench.contact(leg).phase, InFallback)


def test_who_is_gone_before_the_claim_had_not_come_back_and_ami_tells_of_the_end() -> None:
    bench = Bench()
    leg, other = stranger(bench), bench.call()
    bench.settle()
    assert isinstance(bench.contact(leg).phase, InIvr)
    for caller in (leg, other):
        bench.feed(CommandFailed(bench.at, "claim", caller, "gone"))
        bench.feed(LegEnded(bench.at, caller, 0))
    assert not bench.records
    bench.feed(UnroutedEnded(bench.at, leg, GW, "169", "", bench.at - 9, bench.at - 5, 16, None, fell=True))
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED]
    bench.sleep(ending.FALLBACK_GUARD_S)
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED, Exit.IVR_EXIT], "never was outside"


def test_who_was_answered_outside_before_the_engine_heard_of_the_call_was_answered_there() -> None:
    """An engine that stood still hears of the offer when all of the call is over."""
    bench = Bench()
    leg = bench.call()
    bench.feed(CommandFailed(bench.at, "claim", leg, "gone"))
    bench.feed(LegEnded(bench.at, leg, 0))
    bench.feed(UnroutedEnded(bench.at, leg, GW, "169", "", bench.at - 9, bench.at - 5, 16, None, fell=True))
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED]


def test_who_was_answered_outside_had_not_come_back_whatever_came_late() -> None:
    bench = Bench()
    leg = stranger(bench)
    bench.settle()
    bench.feed(UnroutedEnded(bench.at, leg, GW, "169", "", bench.at - 9, bench.at - 5, 16, None, fell=True))
    assert [record.exit for record in bench.records] == [Exit.FALLBACK_ANSWERED]


def test_who_talks_there_is_not_taken_for_back_by_an_offer_that_comes_late() -> None:
    """Else the engine would renew the caller's timeout, which would end that talk."""
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    bench.settle()
    bench.feed(FallbackSeen(bench.at, leg, GW, "169", "0811222333", bench.at, bench.at))
    bench.feed(CallArrived(bench.at, leg, GW, "169", "0811222333"))
    assert fallen(bench, leg).connected_at == bench.at
    assert bench.one(Ignored)


def test_a_record_has_its_times_in_order_whatever_the_dialplan_noted() -> None:
    bench = Bench()
    bench.obeying = False
    leg = stranger(bench)
    bench.settle()
    arrived = bench.contact(leg).arrived_at
    bench.feed(UnroutedEnded(arrived - 1, leg, GW, "169", "", arrived - 9, arrived - 5, 16, None, fell=True))
    (record,) = bench.records
    assert (record.arrived_at, record.connected_at, record.ended_at) == (arrived, arrived, arrived)
