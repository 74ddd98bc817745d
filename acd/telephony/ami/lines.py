"""Tables of phones and trunks: what AMI's events and lists say of them, as facts, each told once.

Decides what "reachable" means and which of two sayings is the newer one. Must not know the link or the time.

A list is asked for while events go on. What an event has said since the list was asked for is newer than the list, so
the list leaves it alone; everything else the list replaces, also by absence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from acd.telephony.ami.facts import DeviceState, PhoneState, TrunkState
from acd.telephony.ami.messages import AmiEvent

LINE_EVENTS: Mapping[str, bytes] = {
    "DeviceStateChange": b"\r\nDevice: PJSIP/",
    "ContactStatus": b"",
    "Registry": b"\r\nChannelType: PJSIP",
    "Alarm": b"",
    "AlarmClear": b"",
    "SpanAlarm": b"",
    "SpanAlarmClear": b"",
}
"""The events wanted here, each with what must stand in the frame."""

_DEAD = frozenset({DeviceState.UNAVAILABLE, DeviceState.INVALID, DeviceState.UNKNOWN})
_NO_ALARM = frozenset({"", "0", "No Alarm"})

Row = tuple[str, str, str]
"""Device, which of its things (empty if it has but one), and what is said of it."""


@dataclass(frozen=True, slots=True)
class LineLists:
    """The answers of one resynchronisation; ``None`` where Asterisk refused to list."""

    devices: Iterable[AmiEvent] | None
    """DeviceStateList."""
    contacts: Iterable[AmiEvent] | None
    """PJSIPShowContacts (registered ones) and, of each trunk, PJSIPShowEndpoint (configured ones)."""
    registrations: Iterable[AmiEvent] | None
    """PJSIPShowRegistrationsOutbound."""
    alarms: Iterable[AmiEvent] | None
    """DAHDIShowChannels and PRIShowSpans."""


class _Table:
    """What is said of devices, from two sources that overlap in time."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, str]] = {}
        self._fresh: set[tuple[str, str]] | None = None

    def of(self, device: str) -> Mapping[str, str]:
        return self._rows.get(device, {})

    def begin(self) -> None:
        self._fresh = set()

    def put(self, device: str, value: str, thing: str = "") -> None:
        self._rows.setdefault(device, {})[thing] = value
        self._touch(device, thing)

    def drop(self, device: str, thing: str) -> None:
        self._rows.get(device, {}).pop(thing, None)
        self._touch(device, thing)

    def load(self, listed: Iterable[Row]) -> None:
        fresh, old = self._fresh or set(), self._rows
        self._fresh, self._rows = None, {}
        for device, thing, value in listed:
            if (device, thing) not in fresh:
                self._rows.setdefault(device, {})[thing] = value
        for device, thing in fresh:
            if thing in old.get(device, {}):
                self._rows.setdefault(device, {})[thing] = old[device][thing]

    def _touch(self, device: str, thing: str) -> None:
        if self._fresh is not None:
            self._fresh.add((device, thing))


class Lines:
    """Phones and trunks. ``phones`` and ``trunks`` are looked at each time, so they may change.

    Args:
        phones: the devices of agents, such as ``PJSIP/agent101``.
        trunks: the beginnings of trunk channels, such as ``PJSIP/gw1`` or ``DAHDI/i1``.
        tell: gets each fact that differs from the last one told of the same thing.
    """

    def __init__(
        self, phones: Collection[str], trunks: Collection[str], tell: Callable[[PhoneState | TrunkState], None]
    ) -> None:
        self._phones = phones
        self._trunks = trunks
        self._tell = tell
        self._devices, self._contacts, self._registrations, self._alarms = _Table(), _Table(), _Table(), _Table()
        self._registrants: dict[tuple[str, str], tuple[str, str]] = {}
        """Client and server URI, which is all that ``Registry`` names -> trunk and registration."""
        self._told: dict[str, PhoneState | TrunkState] = {}
        self._synced = False

    def on_event(self, event: AmiEvent) -> None:
        """Take one of ``LINE_EVENTS``."""
        match event.name:
            case "DeviceStateChange":
                device = event.get("Device")
                self._devices.put(device, event.get("State"))
            case "ContactStatus":
                device = self._on_contact(event)
            case "Registry":
                device, name = self._registrants.get((event.get("Username"), event.get("Domain")), ("", ""))
                if device:
                    self._registrations.put(device, event.get("Status"), name)
            case _:
                device = _alarm_line(event)
                self._alarms.put(device, "" if event.name.endswith("Clear") else event.get("Alarm"))
        if self._synced:
            self._check(device)

    def lost(self) -> None:
        """Events are being missed: tell nothing until the next ``load``."""
        self._synced = False

    def begin(self) -> None:
        """The lists are being asked for: from now on events are newer than they."""
        for table in (self._devices, self._contacts, self._registrations, self._alarms):
            table.begin()

    def load(self, lists: LineLists) -> None:
        """Replace what is known by the lists, except for what events have said since ``begin``; tell what differs."""
        if lists.devices is not None:
            self._devices.load((e.get("Device"), "", e.get("State")) for e in lists.devices)
        if lists.contacts is not None:
            self._contacts.load(_contact_rows(lists.contacts))
        if lists.registrations is not None:
            entries = [(_registrant(e), e) for e in lists.registrations]
            self._registrants = {(e.get("ClientUri"), e.get("ServerUri")): who for who, e in entries}
            self._registrations.load((*who, e.get("Status")) for who, e in entries)
        if lists.alarms is not None:
            self._alarms.load((_alarm_line(e), "", e.get("Alarm")) for e in lists.alarms)
        self._synced = True
        ours = {*self._phones, *self._trunks}
        self._told = {device: fact for device, fact in self._told.items() if device in ours}
        for device in sorted(ours):
            self._check(device)

    def _on_contact(self, event: AmiEvent) -> str:
        device, uri, status = _contact_row(event, event.get("URI"), event.get("ContactStatus"))
        if status == "Removed":
            self._contacts.drop(device, uri)
        elif status != "Updated" or uri not in self._contacts.of(device):  # an update says nothing of the state
            self._contacts.put(device, status, uri)
        return device

    def _check(self, device: str) -> None:
        """Tell what is now so of a device, if it is ours and if it is news."""
        if device in self._phones:
            fact: PhoneState | TrunkState = self._phone(device)
        elif device in self._trunks:
            fact = self._trunk(device)
        else:
            return
        if self._told.get(device) != fact:
            self._told[device] = fact
            self._tell(fact)

    def _phone(self, device: str) -> PhoneState:
        """Contacts tell of a phone lost in the middle of a call; one at a fixed address has none that are listed."""
        name = self._devices.of(device).get("", "")
        state = DeviceState(name) if name in DeviceState.__members__ else DeviceState.UNKNOWN
        contacts = self._contacts.of(device).values()
        answers = not contacts or any(status != "Unreachable" for status in contacts)
        return PhoneState(device, state, reachable=answers and state not in _DEAD)

    def _trunk(self, device: str) -> TrunkState:
        """The device state says nothing of a trunk: one without contacts is UNAVAILABLE whenever no call is up."""
        contacts = set(self._contacts.of(device).values())
        reachable = True if "Reachable" in contacts else (False if contacts == {"Unreachable"} else None)
        registrations = self._registrations.of(device).values()
        bad = [status for status in registrations if status != "Registered"]
        alarm = self._alarms.of(device).get("", "")
        return TrunkState(
            device,
            registration=(bad or list(registrations) or [""])[0],
            reachable=reachable,
            alarm="" if alarm in _NO_ALARM else ("Alarm" if alarm.isdigit() else alarm),
        )


def _contact_row(event: AmiEvent, uri: str, status: str) -> Row:
    endpoint = event.get("EndpointName") or event.get("Endpoint") or event.get("AOR")
    return f"PJSIP/{endpoint}", uri, status


def _contact_rows(entries: Iterable[AmiEvent]) -> Iterator[Row]:
    for event in entries:
        if event.name in ("ContactList", "ContactStatusDetail"):
            yield _contact_row(event, event.get("URI") or event.get("Uri"), event.get("Status"))


def _registrant(entry: AmiEvent) -> tuple[str, str]:
    """Trunk and name of a registration; without an ``endpoint`` of its own it is expected to be named as the trunk."""
    name = entry.get("ObjectName")
    return f"PJSIP/{entry.get('Endpoint') or name}", name


def _alarm_line(event: AmiEvent) -> str:
    """An ISDN span is ``DAHDI/i<span>`` in the names of its channels, a single line ``DAHDI/<channel>``."""
    span = event.get("Span")
    return f"DAHDI/i{span}" if span else f"DAHDI/{event.get('DAHDIChannel')}"
