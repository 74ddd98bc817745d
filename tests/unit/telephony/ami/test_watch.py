from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.telephony.ami import (
    AmiEvent,
    AmiState,
    DeviceState,
    Fact,
    FallbackCaller,
    PbxWatch,
    PhoneState,
    TrunkState,
    UnroutedCall,
    WatchConfig,
    WatchState,
)
from tests.fakes.ami_server import FakeAmi, FakeAmiPeer, Headers
from tests.unit.telephony.ami.listening import quick

PHONE, TRUNK = "PJSIP/agent101", "PJSIP/carrier"


class Pbx(FakeAmi):
    """A server that answers the lists a watch asks for, out of what a test says exists."""

    def __init__(self) -> None:
        super().__init__()
        self.devices: dict[str, str] = {PHONE: "NOT_INUSE"}
        self.channels: list[list[str]] = []
        self.on["DeviceStateList"] = lambda peer, a: peer.list(
            a,
            "DeviceStateChange",
            [[f"Device: {name}", f"State: {state}"] for name, state in self.devices.items()],
            "DeviceStateListComplete",
        )
        self.on["PJSIPShowContacts"] = lambda peer, a: peer.answer(a, "Error", "Message: No Contacts found")
        self.on["PJSIPShowEndpoint"] = self._endpoint
        self.on["PJSIPShowRegistrationsOutbound"] = lambda peer, a: peer.list(
            a,
            "OutboundRegistrationDetail",
            [["ObjectName: r", "Endpoint: carrier", "ClientUri: c", "ServerUri: s", "Status: Registered"]],
        )
        self.on["CoreShowChannels"] = lambda peer, a: peer.list(a, "CoreShowChannel", self.channels)
        self.left: dict[str, str] = {}
        self.on["DBGetTree"] = lambda peer, a: peer.list(
            a,
            "DBGetTreeResponse",
            [[f"Key: /{a['Family']}/{key}", f"Val: {value}"] for key, value in self.left.items()],
            "DBGetTreeComplete",
        )
        self.on["DBDel"] = self._forget

    def _forget(self, peer: FakeAmiPeer, action: Headers) -> None:
        del self.left[action["Key"]]
        peer.answer(action, "Success", "Message: Key deleted successfully")

    def _endpoint(self, peer: FakeAmiPeer, action: Headers) -> None:
        name = action["Endpoint"]
        peer.list(action, "ContactStatusDetail", [[f"EndpointName: {name}", "URI: u", "Status: Reachable"]])


class FixedClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


class Facts:
    """What a watch told, and a wait for more."""

    def __init__(self) -> None:
        self.all: list[Fact] = []
        self.changed = asyncio.Event()
        self.raises = False

    def take(self, fact: Fact) -> None:
        self.all.append(fact)
        self.changed.set()
        if self.raises:
            raise RuntimeError("a handler failed")

    async def until(self, what: Callable[[list[Fact]], bool]) -> list[Fact]:
        async with asyncio.timeout(10):
            while not what(self.all):
                self.changed.clear()
                await self.changed.wait()
        facts = self.all[:]
        self.all.clear()
        return facts


def synced(facts: list[Fact]) -> bool:
    return any(isinstance(fact, WatchState) and fact.synced for fact in facts)


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    server = Pbx()
    async with server:
        yield server


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.fixture
async def watch(pbx: Pbx, clock: FixedClock, facts: Facts) -> AsyncIterator[PbxWatch]:
    made = make(pbx, clock, facts)
    await made.start()
    yield made
    await made.close()


def make(
    pbx: Pbx,
    clock: FixedClock,
    facts: Facts,
    *,
    trunks: Collection[str] = (TRUNK,),
    boot_grace_s: float = 5,
    **changes: Any,
) -> PbxWatch:
    return PbxWatch(
        quick(pbx, boot_grace_s=boot_grace_s),
        phones=[PHONE],
        trunks=trunks,
        clock=clock,
        on_fact=facts.take,
        config=WatchConfig(**({"settle_s": 0.02, "retry_s": 0.02} | changes)),
    )


def begins(pbx: Pbx, uniqueid: str = "1.0", context: str = "acd-from-trunk") -> None:
    pbx.peer.event(
        "Newchannel",
        "Channel: PJSIP/carrier-1",
        "ChannelState: 4",
        "CallerIDNum: 0812",
        f"Context: {context}",
        "Exten: 169",
        f"Uniqueid: {uniqueid}",
        f"Linkedid: {uniqueid}",
    )


def ends(pbx: Pbx, uniqueid: str = "1.0") -> None:
    pbx.peer.event("Hangup", "Context: acd-from-trunk", f"Uniqueid: {uniqueid}", "Cause: 34", "Cause-txt: Congestion")


async def test_everything_is_told_once_after_the_connection_and_then_that_it_is_whole(
    watch: PbxWatch, facts: Facts
) -> None:
    assert await facts.until(synced) == [
        PhoneState(PHONE, DeviceState.NOT_INUSE, reachable=True),
        TrunkState(TRUNK, "Registered", reachable=True),
        WatchState(synced=True, reason="everything was read anew", generation=1),
    ]


async def test_changes_are_told_as_they_come(watch: PbxWatch, pbx: Pbx, facts: Facts) -> None:
    await facts.until(synced)
    pbx.peer.event("DeviceStateChange", f"Device: {PHONE}", "State: RINGING")
    pbx.peer.event("ContactStatus", "EndpointName: carrier", "URI: u", "ContactStatus: Unreachable")
    pbx.peer.event("Registry", "ChannelType: PJSIP", "Username: c", "Domain: s", "Status: Rejected")
    assert await facts.until(lambda told: len(told) == 3) == [
        PhoneState(PHONE, DeviceState.RINGING, reachable=True),
        TrunkState(TRUNK, "Registered", reachable=False),
        TrunkState(TRUNK, "Rejected", reachable=False),
    ]


async def test_after_a_loss_only_what_has_changed_is_told_between_the_loss_and_the_new_start(
    watch: PbxWatch, pbx: Pbx, facts: Facts
) -> None:
    await facts.until(synced)
    pbx.devices[PHONE] = "INUSE"
    pbx.peer.cut()
    told = await facts.until(synced)
    assert [type(fact) for fact in told] == [WatchState, PhoneState, WatchState]
    assert told[1] == PhoneState(PHONE, DeviceState.INUSE, reachable=True)


async def test_after_a_loss_nothing_is_told_before_the_whole_was_read(watch: PbxWatch, pbx: Pbx, facts: Facts) -> None:
    await facts.until(synced)
    answer = pbx.on["DeviceStateList"]

    def after_two_changes(peer: FakeAmiPeer, action: Headers) -> None:
        for state in ("RINGING", "INUSE"):
            peer.event("DeviceStateChange", f"Device: {PHONE}", f"State: {state}")
        answer(peer, action)

    pbx.on["DeviceStateList"] = after_two_changes
    pbx.peer.cut()
    told = await facts.until(synced)
    assert [fact for fact in told if isinstance(fact, PhoneState)] == [
        PhoneState(PHONE, DeviceState.INUSE, reachable=True)
    ]


async def test_a_call_past_the_engine_is_told_and_one_with_the_engine_is_not(
    watch: PbxWatch, pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    await facts.until(synced)
    begins(pbx, "1.0")
    begins(pbx, "2.0")
    watch.claim("2.0")
    ends(pbx, "2.0")
    ends(pbx, "1.0")
    await asyncio.sleep(0.05)
    clock.time += 1
    (call,) = await facts.until(bool)
    assert isinstance(call, UnroutedCall)
    assert (call.uniqueid, call.cause, call.caller, call.started_at) == ("1.0", 34, "0812", 1000.0)


async def test_a_call_whose_end_fell_into_a_loss_is_told_after_it(
    watch: PbxWatch, pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    await facts.until(synced)
    begins(pbx)
    pbx.peer.event("DeviceStateChange", f"Device: {PHONE}", "State: BUSY")
    await facts.until(bool)
    pbx.peer.cut()
    told = await facts.until(synced)
    clock.time += 1
    (call,) = [fact for fact in told + await facts.until(bool) if isinstance(fact, UnroutedCall)]
    assert (call.uniqueid, call.cause) == ("1.0", 0)


async def test_an_ended_call_held_back_is_told_when_the_watch_closes(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    watch = make(pbx, clock, facts, settle_s=60.0)
    await watch.start()
    await facts.until(synced)
    begins(pbx)
    ends(pbx)
    pbx.peer.event("DeviceStateChange", f"Device: {PHONE}", "State: BUSY")
    await facts.until(bool)
    await watch.close()
    assert [type(fact) for fact in facts.all] == [WatchState, UnroutedCall]
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ami-")]


async def test_a_reload_of_a_module_makes_everything_be_read_anew(watch: PbxWatch, pbx: Pbx, facts: Facts) -> None:
    await facts.until(synced)
    pbx.devices[PHONE] = "UNAVAILABLE"
    pbx.peer.event("Reload", "Module: res_pjsip.so", "Status: 0")
    assert await facts.until(bool) == [PhoneState(PHONE, DeviceState.UNAVAILABLE, reachable=False)]


async def test_a_lost_event_is_made_good_by_the_audit(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    watch = make(pbx, clock, facts, audit_interval_s=0.05)
    await watch.start()
    await facts.until(synced)
    pbx.devices[PHONE] = "UNAVAILABLE"
    assert await facts.until(bool) == [PhoneState(PHONE, DeviceState.UNAVAILABLE, reachable=False)]
    await watch.close()


async def test_calls_nobody_saw_are_told_once_and_forgotten_at_the_next_look(
    pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    pbx.left["1000.5"] = "1100,1010,7,PJSIP/agent101,16,169,PJSIP/gw1-0000001,0811222333"
    watch = make(pbx, clock, facts)
    await watch.start()
    told = await facts.until(synced)
    assert [fact.uniqueid for fact in told if isinstance(fact, UnroutedCall)] == ["1000.5"]
    assert list(pbx.left) == ["1000.5"]  # what was told may not be durable yet
    watch.refresh()
    await pbx.until(lambda: not pbx.left)
    await watch.close()
    assert [fact for fact in facts.all if isinstance(fact, UnroutedCall)] == []


async def test_a_call_that_ends_between_two_looks_is_told_with_its_end(
    pbx: Pbx, clock: FixedClock, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    pbx.left["1000.5"] = ",1010,,,,169,PJSIP/gw1-0000001,0811222333"
    watch = make(pbx, clock, facts)
    look = watch._list

    async def list_(action: str, **of: str) -> list[AmiEvent] | None:
        if action == "CoreShowChannels":
            pbx.left["1000.5"] = "1100,1010,7,PJSIP/agent101,16,169,PJSIP/gw1-0000001,0811222333"
        return await look(action, **of)

    monkeypatch.setattr(watch, "_list", list_)
    await watch.start()
    told = await facts.until(synced)
    await watch.close()
    assert [(fact.ended_at, fact.agent) for fact in told if isinstance(fact, UnroutedCall)] == [
        (1100.0, "PJSIP/agent101")
    ]


async def test_calls_nobody_saw_are_left_to_the_engine_that_is_surely_the_active_one(
    pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    pbx.left["1000.5"] = "1100,1010,7,PJSIP/agent101,16,169,PJSIP/gw1-0000001,0811222333"
    watch = make(pbx, clock, facts)
    watch._permitted = lambda: False
    await watch.start()
    told = await facts.until(synced)
    assert not [fact for fact in told if isinstance(fact, UnroutedCall)]
    watch._permitted = lambda: True
    watch.refresh()
    await facts.until(lambda told: any(isinstance(fact, UnroutedCall) for fact in told))
    await watch.close()


async def test_a_variable_is_set_while_the_link_is_up_and_its_fate_is_nobodys_business(
    pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    pbx.on["Setvar"] = lambda peer, action: peer.answer(action, "Error", "Message: No such channel")
    watch = make(pbx, clock, facts)
    assert not watch.set_variable("1000.5", "TIMEOUT(absolute)", "8.5")  # not connected
    await watch.start()
    await facts.until(synced)
    assert watch.set_variable("1000.5", "TIMEOUT(absolute)", "8.5")
    await pbx.until(lambda: pbx.count("Setvar") == 1)
    wanted = next(action for action in pbx.got if action["Action"] == "Setvar")
    assert (wanted["Channel"], wanted["Variable"], wanted["Value"]) == ("1000.5", "TIMEOUT(absolute)", "8.5")
    await watch.close()


async def test_a_list_that_fails_is_asked_for_again(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    whole = pbx.on["CoreShowChannels"]
    asked: list[Headers] = []

    def first_cut_short(peer: FakeAmiPeer, action: Headers) -> None:
        asked.append(action)
        if len(asked) > 1:
            whole(peer, action)
            return
        peer.answer(action, "Success", "EventList: start")
        peer.end_list(action, "CoreShowChannelsComplete", 7)

    pbx.on["CoreShowChannels"] = first_cut_short
    watch = make(pbx, clock, facts)
    await watch.start()
    await facts.until(synced)
    assert len(asked) == 2
    await watch.close()


async def test_a_list_asterisk_refuses_does_not_keep_the_others_back(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    pbx.on["PJSIPShowRegistrationsOutbound"] = lambda peer, a: peer.answer(a, "Error", "Message: Permission denied")
    watch = make(pbx, clock, facts)
    await watch.start()
    assert TrunkState(TRUNK, "", reachable=True) in await facts.until(synced)
    await watch.close()


async def test_a_list_begun_before_a_late_boot_is_thrown_away_and_asked_for_again(
    pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    answer = pbx.on["CoreShowChannels"]
    asked: list[Headers] = []

    def booted_meanwhile(peer: FakeAmiPeer, action: Headers) -> None:
        asked.append(action)
        if len(asked) == 1:
            pbx.devices[PHONE] = "RINGING"
            peer.event("FullyBooted", "Status: Fully Booted")
            asyncio.get_running_loop().call_later(0.05, answer, peer, action)
        else:
            answer(peer, action)

    pbx.boots = False
    pbx.on["CoreShowChannels"] = booted_meanwhile
    watch = make(pbx, clock, facts, boot_grace_s=0.02)
    await watch.start()
    told = await facts.until(synced)
    assert told[0] == PhoneState(PHONE, DeviceState.RINGING, reachable=True)
    assert told[-1] == WatchState(synced=True, reason="everything was read anew", generation=2)
    await watch.close()


async def test_alarms_are_asked_for_where_there_are_dahdi_trunks_and_only_there(
    pbx: Pbx, clock: FixedClock, facts: Facts
) -> None:
    pbx.on["PRIShowSpans"] = lambda peer, a: peer.list(a, "PRIShowSpans", [["Span: 1", "Alarm: 1"]])
    pbx.on["DAHDIShowChannels"] = lambda peer, a: peer.answer(a, "Error", "Message: Invalid/unknown command")
    for trunks, asked in (((TRUNK,), 0), (("DAHDI/i1",), 1)):
        watch = make(pbx, clock, facts, trunks=trunks)
        await watch.start()
        told = await facts.until(synced)
        assert (pbx.count("PRIShowSpans"), TrunkState("DAHDI/i1", alarm="Alarm") in told) == (asked, bool(asked))
        await watch.close()


async def test_other_trunks_are_followed_after_a_refresh(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    trunks = [TRUNK]
    watch = make(pbx, clock, facts, trunks=trunks)
    await watch.start()
    await facts.until(synced)
    trunks.append("PJSIP/second")
    watch.refresh()
    assert await facts.until(bool) == [TrunkState("PJSIP/second", reachable=True)]
    await watch.close()


async def test_a_handler_that_raises_does_not_stop_the_facts(watch: PbxWatch, pbx: Pbx, facts: Facts) -> None:
    facts.raises = True
    assert len(await facts.until(synced)) == 3


async def test_a_wrong_password_leaves_the_watch_trying(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    pbx.secret = "another"
    watch = make(pbx, clock, facts)
    await watch.start()
    assert watch.link.state is AmiState.REFUSED
    pbx.secret = "pw"
    await facts.until(synced)
    await watch.close()


def falls(pbx: Pbx) -> None:
    lines = ("Channel: PJSIP/carrier-1", "CallerIDNum: 0812", "Context: acd-fallback", "Exten: 169", "Uniqueid: 1.0")
    pbx.peer.event("QueueCallerJoin", *lines, "Linkedid: 1.0", "Queue: acd-fallback")


async def test_a_caller_who_comes_to_the_fallback_is_told_and_found_again_in_each_list(
    watch: PbxWatch, pbx: Pbx, facts: Facts
) -> None:
    await facts.until(synced)
    falls(pbx)
    caller = FallbackCaller("1.0", "PJSIP/carrier-1", "169", "0812", 1000.0, None)
    assert await facts.until(bool) == [caller]
    pbx.channels = [
        ["Uniqueid: 1.0", "Channel: PJSIP/carrier-1", "Context: acd-fallback", "Application: Queue", "ChannelState: 6"]
    ]
    watch.refresh()
    assert await facts.until(bool) == [caller]


async def test_a_caller_is_taken_back_by_the_key_that_leads_out_of_the_queue(
    watch: PbxWatch, pbx: Pbx, facts: Facts
) -> None:
    await facts.until(synced)
    pbx.on["PlayDTMF"] = lambda peer, action: peer.answer(action, "Success")
    watch.take_back("PJSIP/carrier-1")
    await pbx.until(lambda: pbx.count("PlayDTMF") == 1)
    pressed = next(action for action in pbx.got if action["Action"] == "PlayDTMF")
    assert (pressed["Channel"], pressed["Digit"], pressed["Receive"]) == ("PJSIP/carrier-1", "D", "true")


async def test_a_caller_who_cannot_be_taken_back_is_no_error(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    watch = make(pbx, clock, facts)
    with capture_logs() as logs:
        watch.take_back("PJSIP/carrier-1")  # the link is not up
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert [entry["event"] for entry in logs] == ["take_back_failed"]
    await watch.close()


async def test_an_order_under_way_ends_with_the_watch(pbx: Pbx, clock: FixedClock, facts: Facts) -> None:
    watch = make(pbx, clock, facts)
    await watch.start()
    await facts.until(synced)
    watch.take_back("PJSIP/carrier-1")
    await pbx.until(lambda: pbx.count("PlayDTMF") == 1)
    await watch.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ami-")]
