from __future__ import annotations

import pytest

from acd.telephony.ami import AmiEvent, FallbackCaller, UnroutedCall
from acd.telephony.ami.callers import Callers, caller_events

SETTLE = 2.0


def callers() -> Callers:
    return Callers("acd-from-trunk", "acd-fallback", SETTLE)


def event(name: str, uniqueid: str = "1.0", context: str = "acd-from-trunk", **more: str) -> AmiEvent:
    headers = {
        "Uniqueid": uniqueid,
        "Linkedid": uniqueid,
        "Channel": "PJSIP/gw1-00000001",
        "ChannelState": "4",
        "CallerIDNum": "0812345678",
        "Context": context,
        "Exten": "169",
    }
    return AmiEvent(name, headers | {key.replace("_", "-"): value for key, value in more.items()})


def hangup(uniqueid: str = "1.0", cause: str = "16", **more: str) -> AmiEvent:
    return event("Hangup", uniqueid, Cause=cause, Cause_txt="Normal Clearing", **more)


def falls(uniqueid: str = "1.0") -> AmiEvent:
    return event("QueueCallerJoin", uniqueid, "acd-fallback", Queue="fallback")


def listed(uniqueid: str = "1.0", context: str = "acd-from-trunk", application: str = "Wait", **more: str) -> AmiEvent:
    return event("CoreShowChannel", uniqueid, context, Application=application, **{"Duration": "00:01:05"} | more)


def told(followed: Callers, *events: AmiEvent, at: float = 100.0) -> list[UnroutedCall]:
    for number, each in enumerate(events):
        followed.on_event(each, at + number)
    return followed.due(at + len(events) + SETTLE)


def test_a_call_the_dialplan_ended_is_told_with_its_cause() -> None:
    (call,) = told(callers(), event("Newchannel"), hangup(cause="34", TechCause="503"))
    assert call == UnroutedCall(
        uniqueid="1.0",
        linkedid="1.0",
        channel="PJSIP/gw1-00000001",
        exten="169",
        caller="0812345678",
        started_at=100.0,
        ended_at=101.0,
        cause=34,
        cause_text="Normal Clearing",
        sip_code=503,
        fallback_at=None,
        queue="",
        answered_at=None,
        agent="",
        left_engine=False,
    )


def test_a_call_is_told_only_after_the_engine_had_time_to_claim_it() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 100.0)
    followed.on_event(hangup(), 100.1)
    assert followed.due(100.1 + SETTLE / 2) == []
    assert followed.waiting
    followed.claim("1.0")
    assert (followed.due(200.0), followed.waiting) == ([], False)


def test_a_call_the_engine_has_is_never_told() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 100.0)
    followed.claim("1.0")
    followed.claim("1.0")
    assert told(followed, hangup()) == []


def test_a_claim_that_comes_before_the_call_was_seen_holds() -> None:
    followed = callers()
    followed.claim("1.0")
    assert told(followed, event("Newchannel"), hangup()) == []
    assert not followed._early


def test_the_claim_of_a_leg_the_engine_dialled_is_forgotten_with_the_leg() -> None:
    followed = callers()
    followed.claim("9.9")
    assert told(followed, hangup("9.9")) == []
    assert not followed._early


def test_a_call_the_fallback_answered_tells_when_where_and_by_whom() -> None:
    answer = event("AgentConnect", context="acd-fallback", Queue="fallback", Interface="PJSIP/agent101")
    (call,) = told(callers(), event("Newchannel"), falls(), falls(), answer, answer, hangup())
    assert (call.fallback_at, call.queue, call.answered_at, call.agent) == (101.0, "fallback", 103.0, "PJSIP/agent101")
    assert not call.left_engine


def test_a_call_that_left_the_engine_for_the_fallback_is_told_as_such_whatever_is_claimed_later() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 90.0)
    followed.claim("1.0")
    followed.on_event(falls(), 95.0)
    followed.claim("1.0")
    followed.on_event(hangup(), 100.0)
    followed.claim("1.0")
    (call,) = followed.due(200.0)
    assert (call.left_engine, call.started_at, call.fallback_at) == (True, 90.0, 95.0)


def test_a_call_first_seen_in_the_fallback_is_followed_from_there() -> None:
    (call,) = told(callers(), falls(), hangup())
    assert (call.started_at, call.fallback_at, call.exten) == (100.0, 100.0, "169")


def test_a_call_the_engine_left_is_told_though_the_queue_of_the_fallback_did_not_take_it() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 90.0)
    followed.claim("1.0")
    (call,) = told(followed, event("Hangup", context="acd-fallback", Cause="42"))
    assert (call.left_engine, call.fallback_at, call.queue, call.cause) == (True, 100.0, "", 42)


def test_a_call_that_ends_in_the_fallback_before_anything_else_was_seen_of_it_is_told() -> None:
    (call,) = told(callers(), event("Hangup", context="acd-fallback", Cause="16"))
    assert (call.started_at, call.ended_at, call.fallback_at) == (100.0, 100.0, 100.0)


def test_a_channel_asterisk_dials_out_of_a_trunk_is_no_caller() -> None:
    assert told(callers(), event("Newchannel", ChannelState="0"), hangup()) == []


def test_a_withheld_number_is_empty() -> None:
    (call,) = told(callers(), event("Newchannel", CallerIDNum="<unknown>"), hangup())
    assert call.caller == ""


@pytest.mark.parametrize(("sip", "code"), [({}, None), ({"TechCause": "486"}, 486), ({"TechCause": "Q.850"}, None),
                                           ({"TechCause": "9" * 40}, None), ({"TechCause": "²"}, None)])  # fmt: skip
def test_a_sip_status_is_told_only_where_asterisk_tells_one(sip: dict[str, str], code: int | None) -> None:
    (call,) = told(callers(), event("Newchannel"), hangup(**sip))
    assert call.sip_code == code


def test_calls_are_told_in_the_order_of_their_ends() -> None:
    followed = callers()
    begins = [event("Newchannel", name) for name in ("1.1", "1.2", "1.3")]
    ends = [hangup(name) for name in ("1.3", "1.1", "1.2")]
    assert [call.uniqueid for call in told(followed, *begins, *ends)] == ["1.3", "1.1", "1.2"]


def test_events_of_channels_that_are_no_callers_are_passed_over() -> None:
    assert told(callers(), hangup("7.7")) == []


def test_only_events_of_callers_are_wanted() -> None:
    wanted = caller_events("acd-from-trunk", "acd-fallback")
    begin = b"Event: Newchannel\r\nContext: acd-from-trunk\r\nExten: 169"
    assert wanted["Newchannel"] in begin
    assert wanted["Newchannel"] not in begin.replace(b"acd-from-trunk", b"acd-from-trunk-other")
    assert wanted["QueueCallerJoin"] in begin.replace(b"acd-from-trunk", b"acd-fallback")
    assert "Newexten" not in wanted


# --- the list of channels ---------------------------------------------------------------------------------------------


def load(followed: Callers, *channels: AmiEvent, now: float = 100.0, after_gap: bool = True) -> None:
    followed.begin_list()
    followed.load(channels, now, after_gap=after_gap)


def test_a_call_in_the_fallback_when_the_engine_comes_is_followed_with_the_age_it_has() -> None:
    followed = callers()
    load(followed, listed(context="acd-fallback", application="Queue"))
    (call,) = told(followed, hangup())
    assert (call.started_at, call.fallback_at, call.answered_at) == (35.0, 100.0, None)


def test_a_call_talking_in_the_fallback_when_the_engine_comes_counts_as_answered() -> None:
    followed = callers()
    load(followed, listed(context="acd-fallback", application="Queue", BridgeId="b"))
    (call,) = told(followed, hangup())
    assert call.answered_at == 100.0


@pytest.mark.parametrize("application", ["Stasis", "StasisBroadcast"])
def test_a_call_found_with_the_engine_is_the_engines(application: str) -> None:
    followed = callers()
    load(followed, listed(application=application))
    assert told(followed, hangup()) == []


def test_a_call_still_waiting_to_be_claimed_at_an_audit_is_not_taken_for_the_engines() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 99.0)
    load(followed, listed(application="StasisBroadcast"), after_gap=False)
    assert len(told(followed, hangup())) == 1


@pytest.mark.parametrize(
    "other", [{"context": "acd-from-agents"}, {"ChannelState": "0"}, {"ChannelState": "6", "application": "AppDial"}]
)
def test_channels_that_are_no_callers_are_not_adopted(other: dict[str, str]) -> None:
    followed = callers()
    load(followed, listed(**other))
    assert told(followed, hangup()) == []


def test_a_call_whose_end_was_missed_is_told_when_it_is_no_longer_listed() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 50.0)
    load(followed)
    (call,) = followed.due(200.0)
    assert (call.started_at, call.ended_at, call.cause) == (50.0, 100.0, 0)


def test_the_cause_of_an_end_told_after_the_list_without_the_channel_is_not_lost() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 50.0)
    load(followed)
    (call,) = told(followed, hangup(cause="17"))
    assert (call.ended_at, call.cause) == (100.0, 17)


def test_a_begin_told_after_the_list_with_the_channel_does_not_start_it_again() -> None:
    followed = callers()
    load(followed, listed(context="acd-fallback"))
    (call,) = told(followed, event("Newchannel"), hangup())
    assert (call.started_at, call.fallback_at) == (35.0, 100.0)


def test_a_call_begun_after_the_list_was_asked_for_does_not_end_by_its_absence() -> None:
    followed = callers()
    followed.begin_list()
    followed.on_event(event("Newchannel"), 100.0)
    followed.load((), 100.1, after_gap=True)
    assert followed.due(200.0) == []


def test_a_call_ended_after_the_list_was_asked_for_is_not_adopted_from_it() -> None:
    followed = callers()
    followed.on_event(event("Newchannel"), 99.0)
    followed.begin_list()
    followed.on_event(hangup(), 100.0)
    followed.load((listed(),), 100.1, after_gap=True)
    assert [call.cause for call in followed.due(200.0)] == [16]
    assert not followed._live


def test_claims_of_channels_that_do_not_exist_any_more_are_forgotten() -> None:
    followed = callers()
    followed.claim("1.0")
    followed.begin_list()
    followed.claim("2.0")
    followed.load((), 100.0, after_gap=False)
    assert followed._early == {"2.0"}


def in_fallback(answered_at: float | None = None, started_at: float = 100.0) -> FallbackCaller:
    return FallbackCaller("1.0", "PJSIP/gw1-00000001", "169", "0812345678", started_at, answered_at)


def test_who_comes_to_the_fallback_is_told_at_once_and_again_when_answered() -> None:
    followed = callers()
    assert followed.on_event(event("Newchannel"), 100.0) is None
    assert followed.on_event(falls(), 101.0) == in_fallback()
    answer = event("AgentConnect", context="acd-fallback", Interface="PJSIP/agent101")
    assert followed.on_event(answer, 105.0) == in_fallback(105.0)


def test_the_list_tells_who_is_in_the_fallback_the_first_one_first() -> None:
    followed = callers()
    older = listed("2.0", "acd-fallback", "Queue", Duration="00:02:00")
    found = followed.load([listed(context="acd-fallback", application="Queue"), older], 200.0, after_gap=True)
    assert [(caller.uniqueid, caller.started_at) for caller in found] == [("2.0", 80.0), ("1.0", 135.0)]


def test_who_moved_since_the_list_was_asked_for_is_not_told_from_it() -> None:
    followed = callers()
    followed.begin_list()
    followed.claim("1.0")
    assert followed.load([listed(context="acd-fallback", application="Queue")], 200.0, after_gap=True) == []


def test_who_came_back_to_the_engine_ends_there() -> None:
    followed = callers()
    followed.on_event(falls(), 100.0)
    assert followed.load([listed(application="StasisBroadcast")], 110.0, after_gap=False) == []
    assert told(followed, hangup()) == []
