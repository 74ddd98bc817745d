from __future__ import annotations

import pytest

from acd.telephony.ami import AmiEvent, DeviceState, PhoneState, TrunkState
from acd.telephony.ami.lines import LineLists, Lines

PHONE = "PJSIP/agent101"
NOTHING = LineLists(devices=(), contacts=(), registrations=(), alarms=())


def event(name: str, **headers: str) -> AmiEvent:
    return AmiEvent(name, headers)


def device(state: str, name: str = PHONE) -> AmiEvent:
    return event("DeviceStateChange", Device=name, State=state)


def contact(status: str, uri: str = "sip:a", endpoint: str = "agent101") -> AmiEvent:
    return event("ContactStatus", URI=uri, ContactStatus=status, AOR=endpoint, EndpointName=endpoint)


def listed_contact(status: str, uri: str = "sip:a", endpoint: str = "agent101") -> AmiEvent:
    return event("ContactList", ObjectName="agent101;@x", Uri=uri, Status=status, Endpoint=endpoint)


def registration(status: str, name: str = "carrier", endpoint: str = "carrier") -> AmiEvent:
    return event(
        "OutboundRegistrationDetail",
        ObjectName=name,
        Endpoint=endpoint,
        ClientUri=f"sip:{name}@h",
        ServerUri="sip:h",
        Status=status,
    )


def registry(status: str, name: str = "carrier") -> AmiEvent:
    return event("Registry", ChannelType="PJSIP", Username=f"sip:{name}@h", Domain="sip:h", Status=status)


class Told:
    """Tables and the facts they told since last asked."""

    def __init__(self, phones: tuple[str, ...] = (PHONE,), trunks: tuple[str, ...] = ()) -> None:
        self.facts: list[PhoneState | TrunkState] = []
        self.phones = list(phones)
        self.lines = Lines(self.phones, trunks, self.facts.append)

    def sync(
        self,
        devices: tuple[AmiEvent, ...] | None = (),
        contacts: tuple[AmiEvent, ...] | None = (),
        registrations: tuple[AmiEvent, ...] | None = (),
        alarms: tuple[AmiEvent, ...] | None = (),
        *,
        meanwhile: tuple[AmiEvent, ...] = (),
    ) -> list[PhoneState | TrunkState]:
        self.lines.begin()
        for each in meanwhile:
            self.lines.on_event(each)
        self.lines.load(LineLists(devices, contacts, registrations, alarms))
        return self.news()

    def after(self, *events: AmiEvent) -> list[PhoneState | TrunkState]:
        for each in events:
            self.lines.on_event(each)
        return self.news()

    def news(self) -> list[PhoneState | TrunkState]:
        facts = self.facts[:]
        self.facts.clear()
        return facts


def phone(state: str, *, reachable: bool) -> PhoneState:
    return PhoneState(PHONE, DeviceState(state), reachable)


def test_nothing_is_told_before_everything_was_read() -> None:
    told = Told()
    assert told.after(device("INUSE")) == []
    assert told.sync((device("INUSE"),)) == [phone("INUSE", reachable=True)]


def test_a_phone_asterisk_does_not_list_is_unknown_and_unreachable() -> None:
    assert Told().sync() == [phone("UNKNOWN", reachable=False)]


def test_a_state_is_told_once() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"),))
    assert told.after(device("RINGING"), device("RINGING")) == [phone("RINGING", reachable=True)]
    assert told.sync((device("RINGING"),)) == []


@pytest.mark.parametrize("state", ["INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD"])
def test_a_phone_in_use_ringing_or_on_hold_is_busy(state: str) -> None:
    assert phone(state, reachable=True).busy


@pytest.mark.parametrize("state", ["NOT_INUSE", "UNAVAILABLE", "UNKNOWN", "INVALID"])
def test_a_phone_free_or_away_is_not_busy(state: str) -> None:
    assert not phone(state, reachable=True).busy


def test_a_state_asterisk_may_invent_is_unknown() -> None:
    assert Told().sync((device("DREAMING"),)) == [phone("UNKNOWN", reachable=False)]


def test_an_event_since_the_list_was_asked_for_is_newer_than_the_list() -> None:
    told = Told()
    facts = told.sync((device("NOT_INUSE"),), (listed_contact("Reachable"),), meanwhile=(device("INUSE"),))
    assert facts == [phone("INUSE", reachable=True)]


def test_what_a_new_list_does_not_name_any_more_is_gone() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"),))
    assert told.sync(()) == [phone("UNKNOWN", reachable=False)]


def test_a_list_that_was_refused_leaves_what_is_known() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"),), (listed_contact("Reachable"),))
    assert told.sync(None, None, None, None) == []


def test_a_phone_whose_contact_does_not_answer_is_unreachable_even_in_a_call() -> None:
    told = Told()
    told.sync((device("INUSE"),), (listed_contact("Reachable"),))
    assert told.after(contact("Unreachable")) == [phone("INUSE", reachable=False)]
    assert told.after(contact("Reachable")) == [phone("INUSE", reachable=True)]


def test_a_phone_with_two_contacts_is_reachable_by_either() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"),), (listed_contact("Reachable"), listed_contact("Unreachable", "sip:b")))
    assert told.after(contact("Removed")) == [phone("NOT_INUSE", reachable=False)]
    assert told.after(contact("NonQualified", "sip:c")) == [phone("NOT_INUSE", reachable=True)]


def test_a_contact_removed_while_the_list_came_does_not_come_back_with_it() -> None:
    told = Told()
    listed = (listed_contact("Unreachable"), listed_contact("Reachable", "sip:b"))
    facts = told.sync(
        (device("NOT_INUSE"),), listed, meanwhile=(contact("Reachable", "sip:b"), contact("Removed", "sip:b"))
    )
    assert facts == [phone("NOT_INUSE", reachable=False)]


def test_a_contact_of_which_an_event_came_does_not_hide_the_others_of_the_list() -> None:
    told = Told()
    facts = told.sync(
        (device("NOT_INUSE"),),
        (listed_contact("Reachable", "sip:b"),),
        meanwhile=(contact("Unreachable"),),
    )
    assert facts == [phone("NOT_INUSE", reachable=True)]


def test_an_update_of_a_contact_changes_nothing_of_its_state() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"),), (listed_contact("Unreachable"),))
    assert told.after(contact("Updated")) == []


def test_a_phone_at_a_fixed_address_is_as_reachable_as_its_device() -> None:
    told = Told()
    assert told.sync((device("NOT_INUSE"),)) == [phone("NOT_INUSE", reachable=True)]
    assert told.after(device("UNAVAILABLE")) == [phone("UNAVAILABLE", reachable=False)]


def test_a_device_that_is_nobodys_is_not_told() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"), device("INUSE", "PJSIP/other"), device("INUSE", "Queue:x")))
    assert told.after(device("NOT_INUSE", "PJSIP/other")) == []


def test_an_agent_added_later_is_told_with_what_was_known_already() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"), device("INUSE", "PJSIP/agent102")))
    told.phones.append("PJSIP/agent102")
    devices = (device("NOT_INUSE"), device("INUSE", "PJSIP/agent102"))
    assert told.sync(devices) == [PhoneState("PJSIP/agent102", DeviceState.INUSE, reachable=True)]


def test_while_events_are_missed_nothing_is_told_and_afterwards_only_what_differs() -> None:
    told = Told()
    told.sync((device("NOT_INUSE"),))
    told.lines.lost()
    assert told.after(device("INUSE")) == []
    assert told.sync((device("NOT_INUSE"),)) == []


# --- trunks -----------------------------------------------------------------------------------------------------------

TRUNK = "PJSIP/carrier"


def test_a_trunk_without_registration_contact_or_alarm_is_up() -> None:
    told = Told((), (TRUNK,))
    assert told.sync((device("UNAVAILABLE", TRUNK),)) == [TrunkState(TRUNK)]
    assert (TrunkState(TRUNK).up, TrunkState(TRUNK).detail) == (True, "")


def test_a_registration_followed_by_its_uris_is_told_of_its_trunk() -> None:
    told = Told((), (TRUNK,))
    assert told.sync(registrations=(registration("Registered"),)) == [TrunkState(TRUNK, "Registered")]
    (rejected,) = told.after(registry("Rejected"))
    assert isinstance(rejected, TrunkState)
    assert (rejected.trunk, rejected.up, rejected.detail) == (TRUNK, False, "Rejected")
    (again,) = told.after(registry("Registered"))
    assert isinstance(again, TrunkState)
    assert again.up


def test_a_registration_without_an_endpoint_belongs_to_the_trunk_of_its_name() -> None:
    told = Told((), (TRUNK,))
    assert told.sync(registrations=(registration("Rejected", endpoint=""),)) == [TrunkState(TRUNK, "Rejected")]


def test_a_trunk_with_two_registrations_shows_the_one_that_failed() -> None:
    told = Told((), (TRUNK,))
    told.sync(registrations=(registration("Registered"), registration("Registered", "second")))
    assert told.after(registry("Failed", "second")) == [TrunkState(TRUNK, "Failed")]


def test_a_registration_nobody_listed_is_passed_over() -> None:
    told = Told((), (TRUNK,))
    told.sync()
    assert told.after(registry("Rejected", "stranger")) == []


def test_a_trunk_whose_every_address_is_silent_is_down() -> None:
    told = Told((), (TRUNK,))
    detail = event("ContactStatusDetail", AOR="carrier", EndpointName="carrier", URI="sip:a", Status="Unreachable")
    other = event("EndpointDetail", ObjectName="carrier", DeviceState="Unavailable")
    (down,) = told.sync(contacts=(other, detail))
    assert isinstance(down, TrunkState)
    assert (down.reachable, down.up, down.detail) == (False, False, "Unreachable")
    assert told.after(contact("Reachable", "sip:b", "carrier")) == [TrunkState(TRUNK, reachable=True)]
    assert told.after(contact("Removed", "sip:b", "carrier")) == [TrunkState(TRUNK, reachable=False)]


def test_a_trunk_nobody_asks_whether_it_is_there_is_not_down_for_that() -> None:
    told = Told((), (TRUNK,))
    told.sync(contacts=(listed_contact("NonQualified", "sip:a", "carrier"),))
    assert told.lines._told[TRUNK] == TrunkState(TRUNK, reachable=None)


def test_an_alarm_of_a_span_takes_its_trunk_down_until_it_clears() -> None:
    told = Told((), ("DAHDI/i2",))
    told.sync()
    (down,) = told.after(event("SpanAlarm", Span="2", Alarm="Red Alarm"))
    assert isinstance(down, TrunkState)
    assert (down.trunk, down.up, down.detail) == ("DAHDI/i2", False, "Red Alarm")
    assert told.after(event("SpanAlarmClear", Span="2")) == [TrunkState("DAHDI/i2")]


def test_an_alarm_of_a_channel_is_told_of_the_trunk_that_is_this_line() -> None:
    told = Told((), ("DAHDI/3",))
    told.sync()
    assert told.after(event("Alarm", DAHDIChannel="3", Alarm="Red Alarm")) == [TrunkState("DAHDI/3", alarm="Red Alarm")]
    assert told.after(event("Alarm", DAHDIChannel="4", Alarm="Red Alarm")) == []
    assert told.after(event("AlarmClear", DAHDIChannel="3")) == [TrunkState("DAHDI/3")]


def test_alarms_are_read_from_the_lists_too() -> None:
    told = Told((), ("DAHDI/3", "DAHDI/i1", "DAHDI/i2"))
    lists = (
        event("PRIShowSpans", Span="1", Alarm="1"),
        event("PRIShowSpans", Span="2", Alarm="0"),
        event("DAHDIShowChannels", DAHDIChannel="3", Alarm="No Alarm"),
    )
    told.sync(alarms=lists)
    assert [fact.up for fact in told.lines._told.values() if isinstance(fact, TrunkState)] == [True, False, True]
