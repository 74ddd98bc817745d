"""How contacts end: the exit reason, the one record, the recording's bookkeeping."""

from __future__ import annotations

import pytest

from acd.domain.commands import CheckRecording, DestroyBridge, HangUp, Ignored, WriteRecording
from acd.domain.events import LegEnded, LegLeft, LinkChanged, RecordingChecked, RecordingEnded, UnroutedEnded
from acd.domain.exits import Exit
from acd.domain.ids import LegId, RecordingName
from acd.engine.ending import ENDED_KEPT_S, LEAVE_GUARD_S, RECORDING_GUARD_S
from acd.engine.state import Free, Leaving, WrapUp
from acd.engine.takes import WORDLESS_S
from tests.engine_kit import Bench, make_plan, with_queue


def test_who_hangs_up_in_the_flow_leaves_as_ivr_exit() -> None:
    bench = Bench()
    leg = bench.call()
    bench.sleep(4)
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.last_node, record.queue, record.within_target) == (Exit.IVR_EXIT, "lang", None, None)
    assert record.ended_at - record.arrived_at == 4
    assert not bench.state.contacts
    assert not bench.timers


@pytest.mark.parametrize(("waited", "why"), [(5.0, Exit.SHORT_ABANDONED), (5.1, Exit.ABANDONED)])
def test_who_leaves_the_queue_abandons_and_at_once_abandons_short(waited: float, why: Exit) -> None:
    bench = Bench()
    leg = bench.queued()
    bench.sleep(waited)
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.queue, record.within_target) == (why, "billing", False)


def test_a_wait_through_two_queues_of_the_flow_is_one_wait() -> None:
    bench = Bench()
    leg = bench.queued("2")
    bench.sleep(40)
    bench.spoken(leg)
    bench.sleep(1)
    bench.hang_up(leg)
    (record,) = bench.records
    assert (record.exit, record.wait_s, record.queue) == (Exit.ABANDONED, 41.0, "general")


def test_who_talked_was_answered_whoever_hangs_up() -> None:
    for party in ("caller", "agent"):
        bench = Bench()
        leg = bench.talking()
        bench.sleep(60)
        bench.hang_up(leg if party == "caller" else bench.leg_of("ana"))
        (record,) = bench.records
        assert (record.exit, record.agent, record.talk_s, record.within_target) == (Exit.ANSWERED, "ana", 60.0, True)
        assert record.recording == str(leg)
        assert not bench.pbx.channels
        assert not bench.pbx.bridges
        assert isinstance(bench.agent("ana").work, WrapUp)


@pytest.mark.parametrize(("wait", "within"), [(20.0, True), (20.5, False)])
def test_within_target_compares_the_wait_with_the_queues_time(wait: float, within: bool) -> None:  # noqa: FBT001 - table
    bench = Bench()
    leg = bench.queued()
    bench.sleep(wait)
    bench.login("ana")
    bench.pick_up("ana")
    bench.hang_up(leg)
    assert bench.records[0].within_target is within


def test_a_record_tells_the_networks_cause_and_sip_code() -> None:
    bench = Bench()
    leg = bench.call()
    bench.feed(LegEnded(bench.at, leg, 127, 603))
    assert (bench.records[0].cause, bench.records[0].sip_code) == (127, 603)


def test_a_hang_up_whose_end_is_not_seen_is_ordered_again() -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "19")
    assert bench.one(HangUp).leg_id == leg
    bench.sleep(LEAVE_GUARD_S)
    assert bench.one(HangUp).leg_id == leg
    bench.feed(LegEnded(bench.at, leg))
    assert bench.records[0].exit is Exit.IVR_EXIT


def test_a_hand_over_whose_end_is_not_seen_counts_as_done_and_hangs_nobody_up() -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "14")
    bench.sleep(LEAVE_GUARD_S)
    assert bench.records[0].exit is Exit.TRANSFERRED
    assert not bench.got(HangUp)


# ---------------------------------------------------------------- left for the dialplan by others


@pytest.mark.parametrize(
    ("phase", "why"),
    [("ivr", Exit.TRANSFERRED), ("waiting", Exit.TRANSFERRED), ("talking", Exit.ANSWERED), ("leaving", Exit.IVR_EXIT)],
)
def test_a_caller_somebody_else_took_out_of_the_application_is_recorded_after_a_moment(phase: str, why: Exit) -> None:
    bench = Bench()
    leg = bench.talking() if phase == "talking" else bench.call()
    bench.obeying = phase != "leaving"
    bench.press(leg, {"waiting": "11", "leaving": "19"}.get(phase, ""))
    bench.feed(LegLeft(bench.at, leg))
    assert not bench.records
    bench.sleep(2)
    assert [r.exit for r in bench.records] == [why]
    assert leg in bench.state.leases
    assert isinstance(bench.agent("ana").work, Free | WrapUp)


def test_a_caller_who_leaves_because_the_channel_ends_is_recorded_by_its_end() -> None:
    bench = Bench()
    leg = bench.call()
    bench.feed(LegLeft(bench.at, leg))
    bench.feed(LegEnded(bench.at, leg, 16))
    assert [r.exit for r in bench.records] == [Exit.IVR_EXIT]
    assert not bench.timers


# ---------------------------------------------------------------- remembering ended legs


def test_ended_legs_are_forgotten_after_an_hour_unless_their_channel_lives_on() -> None:
    bench = Bench()
    gone, transferred = bench.call(), bench.call()
    bench.hang_up(gone)
    bench.press(transferred, "14")
    bench.sleep(ENDED_KEPT_S + 1)
    bench.hang_up(bench.call())
    assert gone not in bench.state.ended
    assert transferred in bench.state.ended


def test_a_call_without_us_makes_one_record_however_often_it_is_told() -> None:
    bench = Bench()
    told = UnroutedEnded(bench.at, LegId("x"), "PJSIP/gw-00000001", "169", "", bench.at - 9, None, 16)
    bench.feed(told)
    bench.feed(told)
    assert [r.exit for r in bench.records] == [Exit.FALLBACK_ABANDONED]
    assert bench.got(Ignored)


# ---------------------------------------------------------------- recordings


def test_a_recording_is_looked_at_when_asterisk_closed_it_against_the_whole_talk_time() -> None:
    bench = Bench()
    leg = bench.talking()
    name = RecordingName(leg)
    bench.sleep(30)
    bench.hang_up(leg)
    assert bench.one(DestroyBridge)
    assert bench.checks == [CheckRecording(name, 30.0)]
    bench.sleep(60)
    assert len(bench.checks) == 1
    bench.check()
    (row,) = bench.rows
    assert (row.name, row.agent, row.talk_s, row.ok) == (name, "ana", 30.0, True)
    assert row.contact_id == bench.records[0].contact_id
    assert bench.state.figures.recordings_ok == 1
    assert not bench.state.recordings


def test_a_recording_whose_end_is_not_told_is_looked_at_after_a_while() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.obeying = False
    bench.hang_up(leg)
    assert not bench.checks
    bench.sleep(RECORDING_GUARD_S)
    assert bench.one(CheckRecording)


def test_a_recording_that_breaks_off_is_judged_at_the_conversations_end() -> None:
    bench = Bench()
    leg = bench.talking()
    name = RecordingName(leg)
    bench.feed(RecordingEnded(bench.at, name, ok=False))
    bench.feed(RecordingChecked(bench.at, name, 0, 0.0, ok=False, problem="none"))
    assert not bench.got(CheckRecording)
    assert not bench.got(WriteRecording)
    bench.sleep(30)
    bench.hang_up(leg)
    assert bench.one(CheckRecording).talk_s == 30.0
    bench.check(ok=False)
    assert bench.state.figures.recordings_bad == 1


@pytest.mark.parametrize(
    ("talk_s", "ok"), [(0.004, True), (WORDLESS_S - 0.01, True), (WORDLESS_S, False), (3.0, False)]
)
def test_a_recording_without_sound_is_good_only_where_nobody_can_have_said_a_word(talk_s: float, *, ok: bool) -> None:
    bench = Bench()
    leg = bench.talking()
    bench.sleep(talk_s)
    bench.hang_up(leg)
    bench.feed(RecordingChecked(bench.at, bench.checks[0].name, 364, 0.02, ok=False, problem="silent", silent=True))
    (row,) = bench.rows
    assert (row.ok, row.problem) == (ok, "" if ok else "silent")
    assert bench.state.figures.recordings_bad == (0 if ok else 1)


def test_a_result_of_a_check_told_twice_makes_one_row() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.hang_up(leg)
    result = RecordingChecked(bench.at, bench.checks[0].name, 1, 1.0, ok=True, problem="")
    bench.feed(result)
    bench.feed(result)
    assert len(bench.rows) == 1
    bench.feed(RecordingEnded(bench.at, RecordingName("unknown"), ok=True))
    assert bench.one(Ignored).event == "recording_ended"


def test_after_a_gap_recordings_are_looked_at_again_as_the_result_may_be_lost() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.hang_up(leg)
    bench.feed(LinkChanged(bench.at, "ari", up=False))
    bench.feed(bench.pbx.resync(after_gap=True))
    assert bench.one(CheckRecording).name == str(leg)


def test_a_queue_that_is_not_recorded_has_no_recording() -> None:
    bench = Bench(with_queue(make_plan(), "billing", record=False))
    leg = bench.talking()
    bench.hang_up(leg)
    bench.sleep(60)
    assert not bench.checks
    assert bench.records[0].recording is None


def test_leaving_twice_makes_one_record() -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "19")
    assert isinstance(bench.contact(leg).phase, Leaving)
    bench.feed(LegEnded(bench.at, leg))
    bench.feed(LegEnded(bench.at, leg))
    assert len(bench.records) == 1
