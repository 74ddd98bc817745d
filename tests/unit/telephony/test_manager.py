from __future__ import annotations

from acd.domain.events import FallbackSeen, LinkChanged, PhoneChanged, TrunkChanged, UnroutedEnded
from acd.domain.ids import LegId
from acd.telephony.ami.facts import DeviceState, FallbackCaller, PhoneState, TrunkState, UnroutedCall, WatchState
from acd.telephony.manager import to_event

AT = 1000.0


def test_a_phone_is_told_with_what_it_does() -> None:
    fact = PhoneState("PJSIP/agent101", DeviceState.INUSE, reachable=True)
    assert to_event(fact, AT) == PhoneChanged(AT, "PJSIP/agent101", reachable=True, busy=True)
    fact = PhoneState("PJSIP/agent101", DeviceState.UNAVAILABLE, reachable=False)
    assert to_event(fact, AT) == PhoneChanged(AT, "PJSIP/agent101", reachable=False, busy=False)


def test_a_trunk_is_told_with_its_words() -> None:
    assert to_event(TrunkState("PJSIP/gw1", registration="Rejected"), AT) == TrunkChanged(
        AT, "PJSIP/gw1", up=False, detail="Rejected"
    )
    assert to_event(TrunkState("DAHDI/i1"), AT) == TrunkChanged(AT, "DAHDI/i1", up=True, detail="")


def test_the_link_counts_as_up_once_everything_was_read() -> None:
    assert to_event(WatchState(synced=True, reason="", generation=1), AT) == LinkChanged(AT, "ami", up=True)
    assert to_event(WatchState(synced=False, reason="lost", generation=1), AT) == LinkChanged(AT, "ami", up=False)


def test_a_caller_in_the_fallback_keeps_when_it_came_and_was_answered() -> None:
    fact = FallbackCaller("1.0", "PJSIP/gw1-1", "169", "0812", 900.0, 950.0)
    assert to_event(fact, AT) == FallbackSeen(AT, LegId("1.0"), "PJSIP/gw1-1", "169", "0812", 900.0, 950.0)


def test_a_call_past_the_engine_keeps_its_own_times() -> None:
    call = UnroutedCall(
        uniqueid="1717383600.7",
        linkedid="1717383600.7",
        channel="PJSIP/gw1-00000007",
        exten="169",
        caller="0811222333",
        started_at=900.0,
        ended_at=950.0,
        cause=16,
        cause_text="Normal Clearing",
        sip_code=None,
        fallback_at=905.0,
        queue="acd-fallback",
        answered_at=910.0,
        agent="PJSIP/agent101",
        left_engine=False,
    )
    assert to_event(call, AT) == UnroutedEnded(
        at=950.0,
        leg_id=LegId("1717383600.7"),
        channel_name="PJSIP/gw1-00000007",
        access_code="169",
        caller="0811222333",
        arrived_at=900.0,
        connected_at=910.0,
        cause=16,
        sip_code=None,
    )


def test_a_call_that_never_came_to_the_fallback_is_told_as_such() -> None:
    call = UnroutedCall(
        "7", "7", "PJSIP/gw1-7", "169", "", 900.0, 950.0, 16, "", None, None, "", None, "", left_engine=False
    )
    event = to_event(call, AT)
    assert isinstance(event, UnroutedEnded)
    assert not event.fell
