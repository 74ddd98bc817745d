"""Whose leg it was decides what follows; commands that fail come back as facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from acd.domain.commands import HandOver, HangUp, Ignored, Originate, Play
from acd.domain.events import CommandFailed, LegAnswered, LegEnded, LegLeft
from acd.domain.exits import Exit
from acd.domain.ids import ContactId, LegId
from acd.engine.state import Free, InCall, InFallback, InIvr, Leaving, Offered, Talking, Waiting, WrapUp
from tests.engine_kit import Bench

Reason = Literal["gone", "refused", "timeout", "unavailable"]


def failed(bench: Bench, command: str, target: str, reason: Reason) -> list[object]:
    return list(bench.feed(CommandFailed(bench.at, command, target, reason)))


# ---------------------------------------------------------------- callers who are not ours


def test_a_caller_somebody_else_claimed_leaves_no_trace() -> None:
    bench = Bench()
    bench.login("ana")
    contact = bench.queued()
    leg = bench.leg_of("ana")
    failed(bench, "claim", contact, "refused")
    assert HangUp(ContactId(contact), leg) in bench.out
    assert not bench.state.contacts
    assert not bench.state.leases
    assert bench.records == []
    failed(bench, "claim", contact, "refused")
    assert bench.one(Ignored).event == "command_failed"


# ---------------------------------------------------------------- answers and ends


@pytest.mark.parametrize("leg", ["acd-l-nobody-1", "acd-l-call1-9"])
def test_an_answer_nobody_waits_for_is_hung_up(leg: str) -> None:
    bench = Bench()
    bench.call()
    bench.feed(LegAnswered(bench.at, LegId(leg)))
    assert bench.got(HangUp)[0].leg_id == leg


def test_an_answer_of_a_leg_that_is_not_ours_is_ignored() -> None:
    bench = Bench()
    bench.feed(LegAnswered(bench.at, LegId("1700.1")))
    assert [type(c) for c in bench.out] == [Ignored]


@pytest.mark.parametrize("leg", ["1700.1", "acd-l-call9-1"])
def test_the_end_of_an_unknown_leg_is_ignored(leg: str) -> None:
    bench = Bench()
    bench.feed(LegEnded(bench.at, LegId(leg)))
    assert bench.one(Ignored).event == "leg_ended"
    bench.feed(LegLeft(bench.at, LegId(leg)))
    assert bench.one(Ignored).event == "leg_left"


def test_a_ringing_phone_that_ends_leads_to_the_next_agent() -> None:
    bench = Bench()
    bench.login("ana", "budi")
    bench.queued()
    bench.hang_up(bench.leg_of("budi"), 21)
    assert bench.one(Originate).device == "PJSIP/ana"


def test_an_agent_who_hangs_up_ends_the_call_of_the_caller() -> None:
    bench = Bench()
    leg = bench.talking()
    bench.hang_up(bench.leg_of("ana"))
    assert bench.one(HangUp).leg_id == leg
    assert (bench.records[0].exit, bench.records[0].cause) == (Exit.ANSWERED, 16)


# ---------------------------------------------------------------- failed commands


@pytest.mark.parametrize("reason", ["refused", "unavailable", "gone"])
def test_a_phone_that_could_not_be_rung_rests_while_others_are_asked(reason: Reason) -> None:
    bench = Bench()
    bench.login("ana", "budi")
    leg = bench.queued()
    failed(bench, "originate", f"acd-l-{leg}-1", reason)
    assert bench.one(Originate).device == "PJSIP/ana"
    assert bench.state.figures.offers == {"failed": 1}
    assert bench.agent("budi").missed == 0


def test_a_ringing_whose_outcome_is_unknown_is_left_to_the_ring_timeout() -> None:
    bench = Bench()
    bench.login("ana")
    leg = bench.queued()
    failed(bench, "originate", f"acd-l-{leg}-1", "timeout")
    assert isinstance(bench.agent("ana").work, Offered)


def test_a_hang_up_that_found_nothing_is_the_end_that_was_waited_for() -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "19")
    failed(bench, "hang_up", leg, "gone")
    assert (bench.records[0].exit, bench.records[0].cause) == (Exit.IVR_EXIT, 16)
    talking = Bench()
    caller = talking.talking()
    failed(talking, "hang_up", caller, "gone")
    assert (talking.records[0].exit, talking.records[0].cause) == (Exit.ANSWERED, 0)


@pytest.mark.parametrize("reason", ["gone", "refused", "timeout"])
def test_a_prompt_that_cannot_be_spoken_does_not_hold_the_caller(reason: Reason) -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "1")
    failed(bench, "play", bench.got(Play)[-1].playback_id, reason)
    assert bench.got(Play)[-1].prompts == ("main",)
    failed(bench, "play", "acd-p-unknown-1", reason)
    assert bench.one(Ignored)


@pytest.mark.parametrize("reason", ["gone", "refused"])
def test_parties_who_cannot_be_joined_are_not_left_in_silence(reason: Reason) -> None:
    bench = Bench()
    leg = bench.talking()
    failed(bench, "add_to_bridge", bench.contact(leg).bridge, reason)
    if reason == "gone":
        assert bench.records[0].exit is Exit.FAILED_TECHNICAL
    else:  # perhaps in Asterisk's own queue, where the caller may be talking: not to be hung up on
        assert not [order for order in bench.got(HangUp) if order.leg_id == leg]
        assert bench.one(HandOver).leg_id == leg
        assert not bench.records
        assert bench.pbx.channels[leg].in_app, "who was inside all the same is handed over, and back at once"
    assert isinstance(bench.agent("ana").work, WrapUp)
    failed(bench, "add_to_bridge", "acd-b-unknown", reason)
    assert bench.one(Ignored)


def test_a_bridge_that_fails_before_the_conversation_matters_to_nobody() -> None:
    bench = Bench()
    leg = bench.queued()
    failed(bench, "add_to_bridge", bench.contact(leg).bridge, "refused")
    assert bench.one(Ignored)


@pytest.mark.parametrize("reason", ["refused", "timeout"])
def test_a_caller_who_cannot_be_handed_over_is_hung_up_as_a_technical_failure(reason: Reason) -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, "14")
    bench.obeying = True
    failed(bench, "continue_in_dialplan", leg, reason)
    assert bench.records[0].exit is Exit.FAILED_TECHNICAL


@pytest.mark.parametrize("digits", ["", "1", "19"])
def test_a_hand_over_that_fails_late_changes_nothing(digits: str) -> None:
    bench = Bench()
    leg = bench.call()
    bench.obeying = False
    bench.press(leg, digits)
    before = bench.contact(leg)
    failed(bench, "continue_in_dialplan", leg, "refused")
    failed(bench, "continue_in_dialplan", "unknown", "refused")
    assert bench.contact(leg) == before


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("start_recording", "refused"),
        ("start_music", "refused"),
        ("hang_up", "timeout"),
        ("play", "unavailable"),
        ("answer", "gone"),
    ],
)
def test_other_failures_are_left_to_events_guards_and_audits(command: str, reason: Reason) -> None:
    bench = Bench()
    leg = bench.talking()
    before = bench.contact(leg)
    out = failed(bench, command, leg, reason)
    assert [type(c) for c in out] == [Ignored]
    assert bench.contact(leg) == before


# ---------------------------------------------------------------- phases and events


def in_phase(phase: str) -> tuple[Bench, LegId]:
    """A contact in a phase, with reports of the PBX held back."""
    bench = Bench()
    bench.login("ana")
    if phase == "waiting":
        bench.request("ana", "pause", "lunch")
    leg = bench.call()
    digits = {"ivr": "1", "waiting": "11", "offered": "11", "talking": "11", "leaving": "19"}[phase]
    bench.obeying = phase != "leaving"
    bench.press(leg, digits)
    if phase == "talking":
        bench.pick_up("ana")
    bench.obeying = False
    return bench, leg


PHASES: dict[str, type] = {"ivr": InIvr, "waiting": Waiting, "offered": Waiting, "talking": Talking, "leaving": Leaving}
AFTERWARDS = {**PHASES, "fallback": InFallback}
GONE, SAME = "gone", "same"
TABLE: dict[str, dict[str, str]] = {
    # event: expected phase, "gone" with a record, or "same"
    "caller ends": dict.fromkeys(PHASES, GONE),
    "agent answers": {"ivr": SAME, "waiting": SAME, "offered": "talking", "talking": SAME, "leaving": SAME},
    "agent ends": {"ivr": SAME, "waiting": SAME, "offered": "waiting", "talking": "leaving", "leaving": SAME},
    "key": {"ivr": "offered", "waiting": SAME, "offered": SAME, "talking": SAME, "leaving": SAME},
    "prompt ends": {"ivr": "ivr", "waiting": SAME, "offered": SAME, "talking": SAME, "leaving": SAME},
    "ring timeout": {"ivr": SAME, "waiting": SAME, "offered": "waiting", "talking": SAME, "leaving": SAME},
    "join refused": {"ivr": SAME, "waiting": SAME, "offered": SAME, "talking": "fallback", "leaving": SAME},
    "hang-up found nothing": dict.fromkeys(PHASES, GONE),
    "ringing failed": {"ivr": SAME, "waiting": SAME, "offered": "waiting", "talking": "leaving", "leaving": SAME},
}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("event", TABLE)
def test_each_event_in_each_phase_does_what_the_table_says(phase: str, event: str) -> None:
    bench, leg = in_phase(phase)
    before = bench.contact(leg)
    assert isinstance(before.phase, PHASES[phase])
    ours = LegId(f"acd-l-{leg}-1")
    match event:
        case "caller ends":
            bench.feed(LegEnded(bench.at, leg, 16))
        case "agent answers":
            bench.feed(LegAnswered(bench.at, ours))
        case "agent ends":
            bench.feed(LegEnded(bench.at, ours, 21))
        case "key":
            bench.press(leg, "1")
        case "prompt ends":
            bench.spoken(leg)
        case "ring timeout":
            bench.sleep(15 if f"ring:acd-l-{leg}-1" in bench.timers else 0)
        case "join refused":
            failed(bench, "add_to_bridge", before.bridge, "refused")
        case "hang-up found nothing":
            failed(bench, "hang_up", leg, "gone")
        case "ringing failed":
            failed(bench, "originate", ours, "refused")
    expected = TABLE[event][phase]
    after = bench.state.contacts.get(ContactId(leg))
    if expected == GONE:
        assert after is None
        assert len(bench.records) == 1
        return
    assert after is not None
    assert not bench.records
    if expected == SAME:
        assert replace(after, offers=0) == replace(before, offers=0)
    else:
        assert isinstance(after.phase, AFTERWARDS[expected])
    ana = bench.agent("ana").work
    held = {"offered": Offered, "talking": InCall}.get(phase if expected == SAME else expected, (Free, WrapUp))
    assert isinstance(ana, held)
