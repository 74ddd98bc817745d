"""The link against a scripted AMI server: every hole of the library underneath has a test that names its closing."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from panoramisk.manager import Manager
from panoramisk.message import Message
from structlog.testing import capture_logs

from acd.domain.errors import CommandTimeout, PbxUnavailable
from acd.telephony.ami import AmiConfig, AmiLink, AmiRefused, AmiState
from acd.telephony.ami.session import AT_ONCE
from tests.fakes.ami_server import FakeAmi, FakeAmiPeer, Headers
from tests.unit.telephony.ami.listening import Connect, Heard, quick

PING = b"Action: Ping"


def pending(link: AmiLink) -> int:
    """How many actions the link's session keeps, pings aside."""
    session = link._session
    protocol = None if session is None else session.protocol
    if protocol is None:
        return 0
    return sum(action["Action"] != "Ping" for action in protocol.responses.values())


# --- the thirteen holes -----------------------------------------------------------------------------------------------


async def test_an_originate_without_async_is_answered_and_the_connection_lives(
    connect: Connect, server: FakeAmi
) -> None:
    server.on["Originate"] = lambda peer, a: peer.answer(a, "Success", "Message: Originate successfully queued")
    link = await connect()
    response = await link.action("Originate", Channel="Local/1@x", Application="Wait")
    assert response.message == "Originate successfully queued"
    assert (link.state, len(server.peers)) == (AmiState.UP, 1)


async def test_a_queue_add_resolves_with_its_response(connect: Connect, server: FakeAmi) -> None:
    server.on["QueueAdd"] = lambda peer, a: peer.answer(a, "Success", "Message: Added interface to queue")
    link = await connect()
    assert (await link.action("QueueAdd", Queue="q", Interface="PJSIP/a")).message == "Added interface to queue"


async def test_a_list_refused_with_an_error_raises_at_once(connect: Connect, server: FakeAmi) -> None:
    server.on["PJSIPShowContacts"] = lambda peer, a: peer.answer(a, "Error", "Message: Permission denied")
    link = await connect()
    with pytest.raises(AmiRefused, match="Permission denied"):
        await link.list_action("PJSIPShowContacts")


async def test_an_empty_list_told_as_an_error_is_an_empty_list(connect: Connect, server: FakeAmi) -> None:
    server.on["PJSIPShowContacts"] = lambda peer, a: peer.answer(a, "Error", "Message: No Contacts found")
    link = await connect()
    assert await link.list_action("PJSIPShowContacts") == ()


async def test_a_handler_that_raises_is_logged_and_the_link_goes_on(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    heard.raises = "Ours"
    link = await connect()
    server.peer.event("Ours", "N: 1")
    server.peer.event("Ours", "N: 2")
    await heard.until(lambda: len(heard.events) == 2)
    assert (link.state, len(server.peers)) == (AmiState.UP, 1)


async def test_a_phone_that_becomes_free_is_told_at_once_and_what_waits_with_it(
    connect: Connect, server: FakeAmi, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect({"DeviceStateChange": b""})
    await heard.until(lambda: AmiState.UP in heard.states)
    monkeypatch.setattr("acd.telephony.ami.session.LATER_S", 3600.0)
    before = perf_counter()
    server.peer.event("DeviceStateChange", "Device: PJSIP/a1", "State: INUSE")
    server.peer.event("DeviceStateChange", "Device: PJSIP/a2", "State: NOT_INUSE")
    await heard.until(lambda: len(heard.events) == 2)
    assert [event.get("State") for event in heard.events] == ["INUSE", "NOT_INUSE"]
    assert all(before < event.heard_at < perf_counter() for event in heard.events)


async def test_a_long_list_is_read_in_slices_between_which_others_have_a_turn(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    await connect({"DeviceStateChange": b""})
    await heard.until(lambda: AmiState.UP in heard.states)
    marks: list[int] = []

    async def look() -> None:
        while len(heard.events) < 500:
            marks.append(len(heard.events))
            await asyncio.sleep(0)

    frame = "Event: DeviceStateChange\r\nDevice: PJSIP/a{}\r\nState: NOT_INUSE\r\n\r\n"
    server.peer.send("".join(frame.format(n) for n in range(500)).encode())
    await asyncio.wait_for(look(), 10)
    assert [event.get("Device") for event in heard.events] == [f"PJSIP/a{n}" for n in range(500)]
    assert max(later - sooner for sooner, later in pairwise(marks)) <= 2 * AT_ONCE


async def test_what_was_read_before_the_connection_broke_is_told(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    await connect({"DeviceStateChange": b""})
    await heard.until(lambda: AmiState.UP in heard.states)
    frame = "Event: DeviceStateChange\r\nDevice: PJSIP/a{}\r\nState: NOT_INUSE\r\n\r\n"
    server.peer.send("".join(frame.format(n) for n in range(100)).encode())
    server.peer.cut()
    await heard.until(lambda: AmiState.DOWN in heard.states)
    assert len(heard.events) == 100


async def test_an_action_unanswered_when_the_link_breaks_fails_and_is_never_sent_again(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    asking = asyncio.create_task(link.action("Originate", Channel="Local/1@x", Async="true"))
    await server.until(lambda: server.count("Originate") == 1)
    server.peer.cut()
    with pytest.raises(CommandTimeout, match=r"link was lost.*outcome unknown"):
        await asking
    await heard.until(lambda: link.generation == 2)
    server.on["Probe"] = lambda peer, a: peer.answer(a, "Success", "Message: here")
    await link.action("Probe")
    assert server.count("Originate") == 1


async def test_an_action_while_the_link_is_down_is_not_sent_then_or_later(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    await server.stop()
    await heard.until(lambda: AmiState.DOWN in heard.states)
    with pytest.raises(PbxUnavailable, match="not sent"):
        await link.action("Originate", Channel="Local/1@x")
    await server.start()
    await heard.until(lambda: link.generation == 2)
    server.on["Probe"] = lambda peer, a: peer.answer(a, "Success", "Message: here")
    await link.action("Probe")
    assert server.count("Originate") == 0


async def test_a_half_open_link_is_given_up_and_made_anew(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    link = await connect(pong_limit_s=0.2)
    server.silent = True
    await heard.until(lambda: AmiState.DOWN in heard.states)
    server.silent = False
    await heard.until(lambda: link.generation == 2)
    assert any("not even a ping" in item[1] for item in heard.log if isinstance(item, tuple))


async def test_pings_keep_a_link_without_events_up(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    link = await connect(quiet_s=0.02, pong_limit_s=0.15)
    await server.until(lambda: server.raw.count(PING) > 10)
    assert (link.generation, heard.states) == (1, [AmiState.CONNECTING, AmiState.UP])


async def test_a_link_that_says_something_is_not_asked(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    """A busy Asterisk answers late; what it says meanwhile shows that it lives."""
    link = await connect(quiet_s=0.2, pong_limit_s=0.2)
    server.on.pop("Ping")
    before = server.raw.count(PING)
    for _ in range(40):
        server.peer.event("Registry", "Domain: somewhere")
        await asyncio.sleep(0.02)
    assert (link.generation, server.raw.count(PING)) == (1, before)
    await heard.until(lambda: AmiState.DOWN in heard.states)


async def test_while_a_list_is_read_asterisk_may_be_silent_for_longer(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect(quiet_s=0.04, pong_limit_s=0.04, action_timeout_s=5.0)
    server.on.pop("Ping")
    reading = asyncio.create_task(link.list_action("Slow"))
    await server.until(lambda: server.raw.count(PING) > 0)
    await asyncio.sleep(0.3)
    assert AmiState.DOWN not in heard.states
    server.peer.list(server.got[-1], "Entry", [["Name: one"]])
    assert [entry.get("Name") for entry in await reading] == ["one"]
    await heard.until(lambda: AmiState.DOWN in heard.states)


async def test_an_action_timed_out_is_forgotten_and_its_late_answer_harmless(connect: Connect, server: FakeAmi) -> None:
    link = await connect(action_timeout_s=0.1)
    with pytest.raises(CommandTimeout):
        await link.action("Slow")
    assert pending(link) == 0
    server.peer.answer(server.got[-1], "Success", "Message: at last")
    server.on["Probe"] = lambda peer, a: peer.answer(a, "Success", "Message: here")
    assert (await link.action("Probe")).message == "here"


async def test_an_action_given_up_by_its_caller_is_forgotten(connect: Connect, server: FakeAmi) -> None:
    link = await connect()
    asking = asyncio.create_task(link.action("Slow"))
    await server.until(lambda: server.count("Slow") == 1)
    assert pending(link) == 1
    asking.cancel()
    await asyncio.wait({asking})
    assert pending(link) == 0


async def test_a_list_cut_midway_by_the_connection_fails(connect: Connect, server: FakeAmi) -> None:
    def half(peer: FakeAmiPeer, action: Headers) -> None:
        peer.answer(action, "Success", "EventList: start")
        peer.frame("Event: Entry", f"ActionID: {action['ActionID']}", "N: 1")

    server.on["Entries"] = half
    link = await connect()
    asking = asyncio.create_task(link.list_action("Entries"))
    await server.until(lambda: server.count("Entries") == 1)
    server.peer.cut()
    with pytest.raises(CommandTimeout, match=r"link was lost.*outcome unknown"):
        await asking


async def test_a_list_that_stops_midway_times_out_and_is_forgotten(connect: Connect, server: FakeAmi) -> None:
    server.on["Entries"] = lambda peer, a: peer.answer(a, "Success", "EventList: start")
    link = await connect(action_timeout_s=0.1)
    with pytest.raises(CommandTimeout):
        await link.list_action("Entries")
    assert pending(link) == 0


@pytest.mark.parametrize(("count", "how"), [(3, "Complete"), (2, "cancelled")])
async def test_a_list_with_fewer_entries_than_told_or_cancelled_fails(
    connect: Connect, server: FakeAmi, count: int, how: str
) -> None:
    def short(peer: FakeAmiPeer, action: Headers) -> None:
        peer.answer(action, "Success", "EventList: start")
        for n in (1, 2):
            peer.frame("Event: Entry", f"ActionID: {action['ActionID']}", f"N: {n}")
        peer.end_list(action, "EntriesComplete", count, how)

    server.on["Entries"] = short
    link = await connect()
    with pytest.raises(CommandTimeout, match="cut short"):
        await link.list_action("Entries")


async def test_a_list_that_goes_on_lives_longer_than_one_timeout(connect: Connect, server: FakeAmi) -> None:
    async def slowly(peer: FakeAmiPeer, action: Headers) -> None:
        peer.answer(action, "Success", "EventList: start")
        for n in range(6):
            await asyncio.sleep(0.1)
            peer.frame("Event: Entry", f"ActionID: {action['ActionID']}", f"N: {n}")
        peer.end_list(action, "EntriesComplete", 6)

    writing: list[asyncio.Task[None]] = []
    server.on["Entries"] = lambda peer, a: writing.append(asyncio.create_task(slowly(peer, a)))
    link = await connect(action_timeout_s=0.4)
    assert [entry.get("N") for entry in await link.list_action("Entries")] == ["0", "1", "2", "3", "4", "5"]
    await asyncio.wait(writing)


@pytest.mark.parametrize("at", [1, 5, 14, 15, 25, 26, 27, 28, 29, 30, 31, 32])
async def test_a_frame_split_anywhere_keeps_its_utf8(connect: Connect, server: FakeAmi, heard: Heard, at: int) -> None:
    octets = "Event: Ours\r\nName: Ðž£漢😀é\r\n\r\n".encode()
    await connect()
    server.peer.send(octets[:at])
    await asyncio.sleep(0.02)
    server.peer.send(octets[at:])
    await heard.until(lambda: len(heard.events) == 1)
    assert heard.events[0].get("Name") == "Ðž£漢😀é"


@pytest.mark.parametrize(
    "headers",
    [
        {"Channel": "x\r\nAction: Command\r\nCommand: core stop now"},
        {"Channel": "x\n"},
        {"Channel": "x\r"},
        {"Variable": ["a=1", "b=2\r\nAction: Logoff"]},
        {"Chan\r\nnel": "x"},
        {"Chan: nel": "x"},
        {"ActionID": "mine"},
        {"Channel": "\ud800"},
        {"Channel": "x" * 2000},
    ],
)
async def test_what_would_reach_asterisk_as_something_else_is_not_sent(
    connect: Connect, server: FakeAmi, headers: dict[str, Any]
) -> None:
    link = await connect()
    sent = len(server.raw)
    with pytest.raises(AmiRefused):
        await link.action("Originate", **headers)
    assert b"Originate" not in server.raw[sent:]


async def test_an_originate_response_that_tells_failure_is_a_failure(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    def refuse(peer: FakeAmiPeer, action: Headers) -> None:
        peer.answer(action, "Success", "Message: Originate successfully queued")
        peer.frame("Event: OriginateResponse", f"ActionID: {action['ActionID']}", "Response: Failure", "Reason: 0")

    server.on["Originate"] = refuse
    link = await connect()
    await link.action("Originate", Channel="Local/1@x", Async="true")
    await heard.until(lambda: bool(heard.events))
    assert heard.events[0].failed
    assert Message({"Event": "OriginateResponse", "Response": "Failure"}).success  # what the library makes of it


async def test_an_event_with_the_id_of_an_action_that_comes_before_its_response_is_not_the_answer(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    def early(peer: FakeAmiPeer, action: Headers) -> None:
        peer.frame("Event: OriginateResponse", f"ActionID: {action['ActionID']}", "Response: Failure", "Reason: 0")
        peer.answer(action, "Success", "Message: queued")

    server.on["Originate"] = early
    link = await connect()
    assert (await link.action("Originate", Channel="Local/1@x", Async="true")).message == "queued"
    await heard.until(lambda: [event.name for event in heard.events] == ["OriginateResponse"])


async def test_a_wrong_password_is_told_from_the_start_and_tried_again_until_it_is_right(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    server.secret = "another"
    link = await connect()
    assert link.state is AmiState.REFUSED
    await heard.until(lambda: AmiState.REFUSED in heard.states)
    server.secret = "pw"
    await heard.until(lambda: link.generation == 1)


async def test_a_password_changed_under_a_working_link_is_told_each_time_and_recovers(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    server.secret = "another"
    server.peer.cut()
    await heard.until(lambda: heard.states.count(AmiState.REFUSED) == 2)
    server.secret = "pw"
    await heard.until(lambda: link.generation == 2)


async def test_a_link_closed_during_back_off_never_connects_again(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    await server.stop()
    await heard.until(lambda: AmiState.DOWN in heard.states)
    await link.close()
    await server.start()
    await asyncio.sleep(0.2)
    assert (len(server.peers), link.state) == (1, AmiState.DOWN)


async def test_an_attempt_that_failed_leaves_nobody_behind_who_tries_again(
    connect: Connect, server: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[Manager] = []
    original = Manager.connect

    def counted(manager: Manager) -> asyncio.Task[Any]:
        attempts.append(manager)
        return original(manager)

    monkeypatch.setattr(Manager, "connect", counted)
    monkeypatch.setitem(Manager.defaults, "reconnect_timeout", 0)
    await server.stop()
    await connect(reconnect_min_s=60, reconnect_max_s=60)
    await asyncio.sleep(0.05)
    assert len(attempts) == 1


async def test_events_are_told_one_at_a_time_in_the_order_sent(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    await connect()
    for n in range(500):
        server.peer.event("Ours", f"N: {n}")
    await heard.until(lambda: len(heard.events) == 500)
    assert [event.get("N") for event in heard.events] == [str(n) for n in range(500)]


async def test_an_event_nobody_wants_is_not_even_parsed(
    connect: Connect, server: FakeAmi, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    original = Message.from_line

    def spy(line: str) -> Message | None:
        parsed.append(line)
        return original(line)

    monkeypatch.setattr(Message, "from_line", spy)
    await connect({"Ours": b"\r\nContext: here\r\n"})
    parsed.clear()
    server.peer.event("VarSet", "Variable: a")
    server.peer.event("OursToo", "Context: here", "N: 0")
    server.peer.event("Ours", "Context: there", "N: 1")
    server.peer.event("Ours", "Context: here", "N: 2")
    await heard.until(lambda: bool(heard.events))
    assert [event.get("N") for event in heard.events] == ["2"]
    assert [line.splitlines()[0] for line in parsed if line.startswith("Event")] == ["Event: Ours"]


async def test_a_user_without_the_right_to_see_fully_booted_still_gets_a_link(
    connect: Connect, server: FakeAmi
) -> None:
    server.boots = False
    link = await connect(boot_grace_s=0.05)
    assert (link.state, link.generation) == (AmiState.UP, 1)


# --- the rest of the promise ------------------------------------------------------------------------------------------


async def test_modules_that_come_after_the_login_make_a_new_generation(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    server.boots = False
    link = await connect(boot_grace_s=0.05)
    server.peer.event("FullyBooted", "Status: Fully Booted")
    await heard.until(lambda: heard.states.count(AmiState.UP) == 2)
    assert (link.generation, len(server.peers)) == (2, 1)


async def test_starting_while_asterisk_is_away_returns_and_connects_later(
    server: FakeAmi, heard: Heard, connect: Connect
) -> None:
    await server.stop()
    link = await connect()
    assert link.state is not AmiState.UP
    await server.start()
    await heard.until(lambda: link.state is AmiState.UP)


async def test_a_server_that_takes_the_connection_and_says_nothing_does_not_hold_start_for_ever(
    connect: Connect, server: FakeAmi
) -> None:
    server.silent = True
    link = await connect(action_timeout_s=0.1)
    assert link.state is not AmiState.UP


async def test_a_shutdown_told_by_asterisk_takes_the_link_down_at_once(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    server.peer.event("Shutdown", "Shutdown: Cleanly", "Restart: False")
    await heard.until(lambda: AmiState.DOWN in heard.states)
    await heard.until(lambda: link.generation == 2)


async def test_nothing_that_follows_the_end_of_a_connection_in_the_same_read_is_told(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    server.peer.send(b"Event: Shutdown\r\n\r\nEvent: Ours\r\nN: stale\r\n\r\n")
    await heard.until(lambda: link.generation == 2)
    assert heard.events == []


async def test_a_connection_cut_during_the_login_is_tried_again(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    login = server.on["Login"]

    def cut_the_first(peer: FakeAmiPeer, action: Headers) -> None:
        if len(server.peers) == 1:
            peer.cut()
        else:
            login(peer, action)

    server.on["Login"] = cut_the_first
    link = await connect()
    await heard.until(lambda: link.state is AmiState.UP)
    assert heard.states == [AmiState.CONNECTING, AmiState.DOWN, AmiState.CONNECTING, AmiState.UP]


async def test_events_of_one_connection_are_told_before_its_end_and_those_of_the_next_after_its_start(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    link = await connect()
    server.peer.event("Ours", "N: old")
    server.peer.event("Shutdown")
    await heard.until(lambda: link.generation == 2)
    server.peer.event("Ours", "N: new")
    await heard.until(lambda: len(heard.events) == 2)
    told = [item.get("N") if not isinstance(item, tuple) else item[0].value for item in heard.log]
    assert told == ["connecting", "up", "old", "down", "connecting", "up", "new"]


async def test_a_frame_that_cannot_be_read_is_passed_over(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    link = await connect()
    with capture_logs() as logs:
        server.peer.send(b"Event: Ours\r\nActionID: a\r\nActionID: b\r\nEvent: Ours\r\n\r\n")
        server.peer.send(b"Response: Success\r\nActionID: a\r\nActionID: b\r\n\r\n")
        server.peer.send(b"\r\n\r\n\xff\xfe\r\n\r\nResponse: Success\r\n\r\n")
        server.peer.event("Ours", "N: good")
        await heard.until(lambda: any(event.get("N") == "good" for event in heard.events))
    assert [(line["event"], line["header"]) for line in logs] == [("ami_frame_not_understood", "ActionID")] * 2
    assert (link.state, len(server.peers)) == (AmiState.UP, 1)


async def test_something_else_than_ami_is_given_up_instead_of_kept_in_memory(
    connect: Connect, server: FakeAmi, heard: Heard
) -> None:
    await connect()
    server.peer.send(b"x" * ((1 << 20) + 2))
    await heard.until(lambda: (AmiState.DOWN, "what the other side sends is not AMI") in heard.log)


async def test_repeated_headers_keep_every_value_in_order(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    await connect()
    server.peer.event("Ours", "ChanVariable: a=1", "ChanVariable: b=x: y", "Empty: ", "Last: z")
    await heard.until(lambda: bool(heard.events))
    event = heard.events[0]
    assert event.values("ChanVariable") == ("a=1", "b=x: y")
    assert (event.values("Nothing"), event.get("Empty", "?"), event.get("Nothing", "?")) == ((), "", "?")


async def test_a_header_given_several_values_is_sent_once_each_in_order(connect: Connect, server: FakeAmi) -> None:
    server.on["Originate"] = lambda peer, a: peer.answer(a, "Success", "Message: queued")
    link = await connect()
    await link.action("Originate", Variable=["b=2", "a=1"])
    assert server.got[-1]["Variable"] == "b=2\na=1"


async def test_a_list_keeps_its_entries_from_the_event_handler(connect: Connect, server: FakeAmi, heard: Heard) -> None:
    server.on["States"] = lambda peer, a: peer.list(a, "Ours", [["N: 1"], ["N: 2"]])
    link = await connect()
    assert [entry.get("N") for entry in await link.list_action("States")] == ["1", "2"]
    assert heard.events == []


async def test_an_action_that_is_no_list_is_refused_as_one(connect: Connect) -> None:
    link = await connect()
    with pytest.raises(AmiRefused, match="list"):
        await link.list_action("Ping")


async def test_the_output_of_a_command_comes_line_by_line(connect: Connect, server: FakeAmi) -> None:
    server.on["Command"] = lambda peer, a: peer.answer(a, "Success", "Message: follows", "Output: one", "Output: two")
    link = await connect()
    assert (await link.action("Command", Command="core show version")).output == ("one", "two")


async def test_answers_find_their_own_actions_in_any_order(connect: Connect, server: FakeAmi) -> None:
    first: list[Headers] = []

    def both(peer: FakeAmiPeer, action: Headers) -> None:
        for asked in (action, first[0]):
            peer.answer(asked, "Success", f"Message: {asked['Action']}")

    server.on |= {"One": lambda _, action: first.append(action), "Two": both}
    link = await connect()
    one = asyncio.create_task(link.action("One"))
    await server.until(lambda: bool(first))
    two = await link.action("Two")
    assert ((await one).message, two.message) == ("One", "Two")


async def test_a_link_that_shall_use_tls_never_speaks_plainly(connect: Connect, server: FakeAmi) -> None:
    link = await connect(tls=True, action_timeout_s=0.3)
    assert link.state is not AmiState.UP
    assert b"Login" not in server.raw
    assert b"pw" not in server.raw


async def test_tls_is_spoken_with_a_server_the_given_authority_vouches_for_and_with_no_other(
    heard: Heard, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    key, own = tmp_path / "key", tmp_path / "cert"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(key),
        "-out",
        str(own),
        *subject,
    ]
    making = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    assert await making.wait() == 0
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own, key)
    async with FakeAmi(tls=context) as server:
        for authority, state in ((own, AmiState.UP), (None, AmiState.DOWN)):
            config = quick(server, tls=True, tls_ca=authority, reconnect_min_s=60, reconnect_max_s=60)
            link = AmiLink(config, on_event=heard.event, on_state=heard.state, events={})
            await link.start()
            assert link.state is state
            await link.close()
        assert server.logins == 1


async def test_the_pause_between_attempts_doubles_up_to_its_limit_and_is_spread() -> None:
    config = AmiConfig(host="h", port=1, username="u", secret="s", reconnect_min_s=1, reconnect_max_s=10)

    def pauses(chance: float) -> list[float]:
        link = AmiLink(config, on_event=print, on_state=print, events={}, chance=lambda: chance)
        return [link._pause(attempt) for attempt in (0, 1, 2, 3, 4, 99)]

    assert pauses(0.0) == [0.5, 1, 2, 4, 5, 5]
    assert pauses(1.0) == [1, 2, 4, 8, 10, 10]


async def test_neither_the_secret_nor_a_number_reaches_a_log(
    connect: Connect,
    server: FakeAmi,
    heard: Heard,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    heard.raises = "Ours"
    link = await connect(action_timeout_s=0.1)
    server.peer.event("Ours", "CallerIDNum: 0812345678")
    await heard.until(lambda: bool(heard.events))
    with pytest.raises(CommandTimeout):
        await link.action("Slow", Number="0812345678")
    written = capsys.readouterr()
    shown = caplog.text + written.out + written.err + repr(link._config) + repr(heard.events)
    assert "0812345678" not in shown
    assert "'pw'" not in shown


async def test_nothing_is_left_running_when_a_link_is_closed(connect: Connect, server: FakeAmi) -> None:
    link = await connect()
    asking = asyncio.create_task(link.action("Slow"))
    await server.until(lambda: server.count("Slow") == 1)
    await link.close()
    with pytest.raises(CommandTimeout):
        await asking
    await link.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("ami-")]
