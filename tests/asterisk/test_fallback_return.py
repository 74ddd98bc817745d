"""Callers in Asterisk's own queue are taken back by an engine that comes back, with the time they waited."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import ROOT, Centre, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM = "704"
"""Leads straight to the queue of the agents 119 to 121."""
RINGS, ANSWERS = 180, 200


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.5,
        queue={"short_abandon": "100ms", "ring_timeout": "30s"},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={LKPM: {"flow": "lkpm"}},
        fallback={"at_stop": "hand_over"},
    )
    async with call_centre(tmp_path_factory.mktemp("fallback"), wishes=wishes) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    engine = whole_centre.site.engine
    if engine is None or engine.process.returncode is not None:
        await whole_centre.site.start_engine()
    await whole_centre.everybody_home()


async def calls(centre: Centre, number: str) -> tuple[Telephone, PhoneCall]:
    """A caller whose call was answered, by whoever."""
    caller = await centre.caller(number)
    call = caller.dial(LKPM)
    assert await caller.answered(call) == ANSWERS
    return caller, call


async def kill(centre: Centre) -> None:
    """End the engine between two instructions."""
    assert centre.site.engine is not None
    centre.site.engine.process.kill()
    await centre.site.engine.process.wait()


async def in_queue(centre: Centre) -> list[str]:
    """Channels that wait in Asterisk's own queue."""
    lines = (await asyncio.to_thread(centre.site.asterisk.rx, "core show channels concise")).splitlines()
    return [line.split("!")[0] for line in lines if "!Queue!" in line]


async def wait_in_queue(centre: Centre, callers: int) -> None:
    """Wait until so many callers are in Asterisk's own queue."""

    async def so() -> bool:
        return len(await in_queue(centre)) == callers

    await centre.eventually(so, lambda: f"there are not {callers} callers in the fallback queue")


async def over_ami(centre: Centre, action: str) -> str:
    """Carry out an action of Asterisk's manager beside the engine; its response."""
    ami = centre.site.deployment.settings.ami
    reader, writer = await asyncio.open_connection(ami.host, ami.port)
    login = f"Login\r\nUsername: {ami.user}\r\nSecret: {ami.password.reveal()}\r\nEvents: off"
    answer = b""
    for one in (login, action):
        writer.write(f"Action: {one}\r\n\r\n".encode())
        async with asyncio.timeout(60):
            answer = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return answer.decode()


async def drain(centre: Centre, *more: str) -> asyncio.subprocess.Process:
    """The command ``acd drain``, as an operator gives it."""
    given = centre.site.deployment
    argv = [sys.executable, "-m", "acd", "drain", "--url", given.url, *more]
    env = {**os.environ, "ACD_TOKEN": given.token}
    return await asyncio.create_subprocess_exec(*argv, cwd=ROOT, env=env, stdout=asyncio.subprocess.PIPE)


async def falls(centre: Centre, caller: Telephone) -> None:
    """Lead a caller from the engine to Asterisk's own queue, as the dead-man's timeout would."""
    channel = await centre.channel(caller)
    redirect = f"Redirect\r\nChannel: {channel}\r\nContext: acd-fallback\r\nExten: {LKPM}\r\nPriority: 1"
    assert "Success" in await over_ami(centre, redirect)


async def test_callers_no_engine_took_are_served_in_order_with_the_time_they_waited(centre: Centre) -> None:
    taken_back = await centre.metric("acd_fallback_taken_back_total")
    phone = await centre.phone("agent119", RINGS, ready=False)  # without any phone that queue takes nobody
    await kill(centre)
    first, first_call = await calls(centre, "08135550001")
    second, second_call = await calls(centre, "08135550002")
    await wait_in_queue(centre, 2)

    await centre.site.start_engine()
    await centre.phase(first, "waiting")
    await centre.phase(second, "waiting")
    assert await in_queue(centre) == []
    assert await centre.metric("acd_fallback_taken_back_total") == taken_back + 2
    phone.manner = ANSWERS
    assert (await centre.ask("agent119", "login"))[0] == 200
    assert (await centre.phase(first, "talking"))["agent"] == "agent119"
    first.end(first_call)
    await centre.phase(second, "talking")
    second.end(second_call)

    for caller in (first, second):
        record = await centre.record(caller)
        assert (record["exit"], record["queue"], record["agent"]) == ("answered", "q_lkpm", "agent119")
        assert record["queued_at"] == record["arrived_at"]
        assert record["wait_s"] > 0.5  # what it waited in the fallback queue is in it: the claim's timeout at least


async def test_who_waited_before_the_engine_died_keeps_the_place_across_the_fallback(centre: Centre) -> None:
    await centre.phone("agent119", RINGS, ready=False)
    older, older_call = await calls(centre, "08135550011")
    waiting = await centre.phase(older, "waiting")
    await kill(centre)
    newer, newer_call = await calls(centre, "08135550012")
    await wait_in_queue(centre, 1)
    await falls(centre, older)  # behind the newer one
    await wait_in_queue(centre, 2)

    await centre.site.start_engine()
    again = await centre.phase(older, "waiting")
    assert (again["since"], again["position"]) == (waiting["since"], 1)
    assert (await centre.phase(newer, "waiting"))["position"] == 2
    older.end(older_call)
    newer.end(newer_call)
    assert (await centre.record(older))["exit"] == "abandoned"
    assert (await centre.record(newer))["exit"] == "abandoned"


async def test_who_hung_up_while_no_engine_was_there_left_from_where_the_caller_was(centre: Centre) -> None:
    await centre.phone("agent119", RINGS, ready=False)
    fell, fell_call = await calls(centre, "08135550013")
    stayed, stayed_call = await calls(centre, "08135550014")
    for caller in (fell, stayed):
        await centre.phase(caller, "waiting")
        await centre.receipt(caller)
    await kill(centre)
    await falls(centre, fell)
    await wait_in_queue(centre, 1)
    for caller, call in ((fell, fell_call), (stayed, stayed_call)):
        caller.end(call)
    await wait_in_queue(centre, 0)

    await centre.site.start_engine()
    assert (await centre.record(fell))["exit"] == "fallback_abandoned"
    assert (await centre.record(stayed))["exit"] == "abandoned"
    assert (await centre.record(fell))["queue"] == "q_lkpm"


async def test_who_talks_with_an_agent_of_the_fallback_queue_is_not_torn_away(centre: Centre) -> None:
    phone = await centre.phone("agent119", ANSWERS)
    await kill(centre)
    caller, call = await calls(centre, "08135550021")

    async def talking() -> bool:
        return bool(phone.calls) and phone.calls[-1].status == ANSWERS

    await centre.eventually(talking, lambda: "the fallback queue found no agent")
    await centre.site.start_engine()
    await centre.phase(caller, "fallback")
    # Not even when somebody asks: the key is only heard.
    (channel,) = await in_queue(centre)
    pressed = await over_ami(centre, f"PlayDTMF\r\nChannel: {channel}\r\nDigit: D\r\nReceive: true")
    assert "DTMF successfully" in pressed
    with pytest.raises(TimeoutError):
        await caller.until_over(call, 1.5)
    assert not phone.calls[-1].over.is_set()
    assert (await centre.phase(caller, "fallback"))["phase"] == "fallback"
    caller.end(call)
    record = await centre.record(caller)
    assert record["exit"] == "fallback_answered"
    assert record["connected_at"] is not None


async def test_a_timeout_written_for_the_wait_does_not_end_the_talk_with_an_agent_of_the_queue(centre: Centre) -> None:
    phone = await centre.phone("agent119", RINGS)
    await kill(centre)
    caller, call = await calls(centre, "08135550091")
    rung = await phone.ringing()
    (channel,) = await in_queue(centre)
    late = f"Setvar\r\nChannel: {channel}\r\nVariable: TIMEOUT(absolute)\r\nValue: 2"  # a dead engine's, delayed
    assert "Success" in await over_ami(centre, late)
    phone.answer(rung)
    with pytest.raises(TimeoutError):
        await phone.until_over(rung, 3)
    assert not rung.over.is_set()
    caller.end(call)
    await centre.site.start_engine()
    assert (await centre.record(caller))["exit"] == "fallback_answered"


async def test_a_phone_of_the_fallback_queue_that_rings_is_silenced_and_rings_for_the_engine(centre: Centre) -> None:
    phone = await centre.phone("agent119", RINGS)
    await kill(centre)
    caller, call = await calls(centre, "08135550031")
    rung = await phone.ringing()
    await centre.site.start_engine()
    await phone.until_over(rung)
    again = await phone.ringing()
    assert again is not rung
    phone.answer(again)
    assert (await centre.phase(caller, "talking"))["agent"] == "agent119"
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "answered"


async def test_draining_hands_over_who_waits_and_its_end_has_them_back(centre: Centre) -> None:
    phone = await centre.phone("agent119", ANSWERS)
    talker, talk = await calls(centre, "08135550041")
    await centre.phase(talker, "talking")
    phone.manner = RINGS
    waiters = [await calls(centre, f"0813555005{place}") for place in range(2)]
    places = [await centre.phase(caller, "waiting") for caller, _ in waiters]
    await centre.phone("agent120", RINGS, ready=False)
    draining = await drain(centre)
    await wait_in_queue(centre, 2)
    newcomer, new_call = await calls(centre, "08135550061")
    await wait_in_queue(centre, 3)
    assert (await centre.phase(talker, "talking"))["agent"] == "agent119"
    assert not talk.over.is_set()
    told = asyncio.ensure_future(draining.communicate())
    assert not told.done()
    await centre.ask("agent119", "pause", {"reason": "istirahat"})  # from then on: nobody is offered who came back
    talker.end(talk)
    said, _ = await told
    assert draining.returncode == 0
    assert said.startswith(b"1 talking")
    assert b"\nnobody on the line; 3 in Asterisk's own queue\n" in said
    assert await (await drain(centre, "--resume")).wait() == 0
    for (caller, _), place in zip(waiters, places, strict=True):
        assert (await centre.phase(caller, "waiting"))["since"] == place["since"]
    await centre.phase(newcomer, "waiting")
    for caller, call in (*waiters, (newcomer, new_call)):
        caller.end(call)
        await centre.record(caller)
    await centre.record(talker)


async def test_a_stop_that_hands_over_leaves_who_waits_to_asterisks_queue_in_order_and_who_talks_alone(
    centre: Centre,
) -> None:
    phone = await centre.phone("agent119", ANSWERS)
    talker, talk = await calls(centre, "08135550071")
    await centre.phase(talker, "talking")
    phone.manner = RINGS
    await centre.phone("agent120", RINGS, ready=False)
    waiters = [await calls(centre, f"0813555008{place}") for place in range(3)]
    places = [await centre.phase(caller, "waiting") for caller, _ in waiters]
    assert centre.site.engine is not None
    centre.site.engine.process.send_signal(signal.SIGTERM)
    await centre.site.engine.process.wait()
    assert len(await in_queue(centre)) == 3  # at once, with no timeout to run out
    lines = (await asyncio.to_thread(centre.site.asterisk.rx, "queue show")).splitlines()
    queued = [line.split()[1] for line in lines if "PJSIP/gw1" in line]
    assert queued == sorted(queued)  # channels are numbered in the order they came
    assert not talk.over.is_set()

    await centre.site.start_engine()
    assert (await centre.phase(talker, "talking"))["agent"] == "agent119"
    for place, (caller, call) in enumerate(waiters):
        assert (await centre.phase(caller, "waiting"))["since"] == places[place]["since"]
        caller.end(call)
        assert (await centre.record(caller))["exit"] == "abandoned"
    talker.end(talk)
    assert (await centre.record(talker))["exit"] == "answered"
