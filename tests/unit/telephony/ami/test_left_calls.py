from __future__ import annotations

import pytest

from acd.telephony.ami.facts import UnroutedCall
from acd.telephony.ami.left_calls import LeftCalls
from acd.telephony.ami.messages import AmiEvent

NOW = 2000.0
WHOLE = "1100,1010,7,PJSIP/agent101,16,169,PJSIP/gw1-0000001,0811222333"


def entry(key: str, value: str) -> AmiEvent:
    return AmiEvent("DBGetTreeResponse", {"Key": f"/acd-left/{key}", "Val": value})


def test_an_entry_tells_a_whole_call() -> None:
    (call,) = LeftCalls().read([entry("1000.5", WHOLE)], (), NOW)
    assert call == UnroutedCall(
        uniqueid="1000.5",
        linkedid="1000.5",
        channel="PJSIP/gw1-0000001",
        exten="169",
        caller="0811222333",
        started_at=1000.0,
        ended_at=1100.0,
        cause=16,
        cause_text="",
        sip_code=None,
        fallback_at=1010.0,
        queue="",
        answered_at=1017.0,
        agent="PJSIP/agent101",
        left_engine=False,
    )


def test_a_uniqueid_may_begin_with_the_name_of_the_system() -> None:
    (call,) = LeftCalls().read([entry("pbx-2-1000.5", WHOLE)], (), NOW)
    assert (call.uniqueid, call.started_at) == ("pbx-2-1000.5", 1000.0)


def test_who_never_came_to_the_fallback_was_answered_by_nobody() -> None:
    (call,) = LeftCalls().read([entry("1000.5", "1001,,,,127,169,PJSIP/gw1-0000001,")], (), NOW)
    assert (call.fallback_at, call.answered_at, call.caller) == (None, None, "")


def test_who_waited_in_vain_was_answered_by_nobody() -> None:
    (call,) = LeftCalls().read([entry("1000.5", "1060,1010,50,,16,169,PJSIP/gw1-0000001,")], (), NOW)
    assert (call.fallback_at, call.answered_at) == (1010.0, None)


def test_an_entry_without_an_end_whose_channel_is_not_listed_is_read_again() -> None:
    entries = [
        entry("1000.5", ",1010,,,,169,PJSIP/gw1-0000001,"),
        entry("1000.6", ",1010,,,,169,PJSIP/gw1-0000002,"),
        entry("1000.7", WHOLE),
    ]
    assert LeftCalls().doubtful(entries, {"1000.6"}) == {"/acd-left/1000.5"}


def test_a_call_that_goes_on_is_not_told_and_one_that_died_with_asterisk_is() -> None:
    left = LeftCalls()
    open_ended = [entry("1000.5", ",1010,,,,169,PJSIP/gw1-0000001,0811222333")]
    assert left.read(open_ended, {"1000.5"}, NOW) == []
    (call,) = left.read(open_ended, (), NOW)
    assert (call.ended_at, call.cause) == (NOW, 0)


def test_calls_are_told_once_in_the_order_of_their_ends() -> None:
    left = LeftCalls()
    entries = [entry("1000.5", WHOLE), entry("1001.6", WHOLE.replace("1100", "1050"))]
    assert [call.uniqueid for call in left.read(entries, (), NOW)] == ["1001.6", "1000.5"]
    assert left.read(entries, (), NOW) == []


def test_an_entry_is_of_no_more_use_one_look_after_it_was_told() -> None:
    left = LeftCalls()
    entries = [entry("1000.5", WHOLE)]
    assert left.needless(entries) == []
    left.read(entries, (), NOW)
    assert left.needless(entries) == ["1000.5"]
    left.deleted("1000.5")
    assert left.needless(entries) == []


@pytest.mark.parametrize("value", ["", "x", "1,2,3", "² 1,,,,,,,"])
def test_what_we_did_not_write_is_no_call_and_harms_nothing(value: str) -> None:
    left = LeftCalls()
    assert left.read([entry("1000.5", value)], (), NOW) == []
    assert left.needless([entry("1000.5", value)]) == ["1000.5"]
