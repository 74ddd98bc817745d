"""Callbacks on a real Asterisk: asked for by keys, made in turn, both sides heard, tried again; and redial."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.audio import ALAW, CALLER_HZ, FRAME, heard
from acd.demo.callers import ADDRESS as CALLERS
from acd.demo.deployment import Wishes
from acd.demo.rtp import Press
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM = "704"
"""Straight to q_lkpm; agent119, agent120 and agent121 can serve it."""
ASKS = (Press(0.3, "1"), Press(0.8, "1"))
"""To be called back, at the number the network gave."""
CONNECT = (Press(0.4, "1"),)
TALK_FRAMES = 25
"""Half a second of the other side's tone and nothing else."""


def _acd(content: Yaml) -> None:
    content["callbacks"].update(
        attempts="3", ring="10s", confirm_timeout="3s", pauses={"busy": "1s", "no_answer": "1s", "failed": "1s"}
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.3,
        queue={"callback": {"key": "1"}, "redial_within": "60s", "short_abandon": "0s", "ring_timeout": "10s"},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={LKPM: {"flow": "lkpm"}},
    )
    folder: Path = tmp_path_factory.mktemp("callback")
    async with call_centre(folder, wishes=wishes, before={"acd.yaml": _acd}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def customers(centre: Centre) -> Telephone:
    """What the trunk leads to: rings for any number and waits to be told what to do."""
    port = centre.site.deployment.ports.customers
    phone = await centre.telephones.add("customer", CALLERS, port=port)
    phone.manner = 180
    return phone


async def calls(centre: Centre, number: str, keys: tuple[Press, ...] = ()) -> tuple[Telephone, PhoneCall]:
    """A caller in the queue, who presses keys."""
    caller = await centre.caller(number)
    call = caller.dial(LKPM)
    assert await caller.answered(call, keys) == 200
    return caller, call


async def promised(centre: Centre, number: str) -> Telephone:
    """A caller who asked to be called back and was hung up on."""
    caller, call = await calls(centre, number, ASKS)
    await caller.until_over(call, 20)
    await until_callback(centre, number, "waiting")
    return caller


async def until_callback(centre: Centre, number: str, *states: str, attempts: int | None = None) -> Json:
    """Wait until the API has a callback so."""
    found: Json = {}

    async def so() -> bool:
        async with centre.http.get("/api/v1/callbacks") as answer:
            shown = (await answer.json())["callbacks"]
        found.clear()
        found.update(next((c for c in shown if c["number"][-3:] == number[-3:]), {}))
        return found.get("state") in states and attempts in (None, found["attempts"])

    await centre.eventually(so, lambda: f"the callback of {number} is not {states}, {attempts}: {found}", 20)
    return found


async def rows(centre: Centre, record: Json) -> list[Json]:
    """The outbound calls of a record."""
    async with centre.http.get(f"/api/v1/records/{record['contact_id']}") as answer:
        return list((await answer.json())["callback_attempts"])


async def hears_the_other(centre: Centre, phone: Telephone) -> None:
    """Wait until the other side's tone comes, clean, for half a second."""
    ear = phone.ear
    assert ear is not None

    async def so() -> bool:
        tail = bytes(ear.sound[-TALK_FRAMES * FRAME :])
        frames = [tail[at : at + FRAME] for at in range(0, len(tail) - FRAME + 1, FRAME)]
        clean = sum(heard([ALAW[byte] for byte in frame], CALLER_HZ, 0.9) for frame in frames)
        return clean >= TALK_FRAMES - 2

    await centre.eventually(so, lambda: f"{phone.user} does not hear the other side: {ear.heard}")


async def test_a_caller_keeps_the_place_is_called_in_turn_and_has_one_record(centre: Centre) -> None:
    outside = await customers(centre)
    caller = await promised(centre, "08135551101")
    later, later_call = await calls(centre, "08135551102")
    await centre.phase(later, "waiting")
    agent = await centre.phone("agent119")
    ringing = await outside.ringing()
    assert (await centre.phase(later, "waiting"))["position"] == 1
    outside.answer(ringing, CONNECT)
    await centre.phase(caller, "talking")
    await hears_the_other(centre, outside)
    await hears_the_other(centre, agent)
    assert (await centre.phase(later, "waiting"))["agent"] is None
    outside.end(ringing)
    record = await centre.record(caller)
    assert (record["exit"], record["agent"], record["attempts"]) == ("callback_served", "agent119", 1)
    assert record["queued_at"] < record["connected_at"] < record["ended_at"]
    assert [row["outcome"] for row in await rows(centre, record)] == ["connected"]
    await centre.phase(later, "talking")
    later.end(later_call)
    assert (await centre.record(later))["exit"] == "answered"
    assert await centre.metric("acd_callback_attempts_total", outcome="connected") == 1


async def test_a_busy_number_is_tried_again_and_an_answering_machine_gets_no_agent(centre: Centre) -> None:
    outside = await customers(centre)
    outside.manner = 486
    caller = await promised(centre, "08135551103")
    agent = await centre.phone("agent119")
    await until_callback(centre, "08135551103", "held", "waiting", "offered", attempts=1)
    outside.manner = 180
    machine = await outside.ringing(20)
    outside.answer(machine)  # and says nothing to the point
    await outside.until_over(machine, 30)
    assert agent.ear is not None
    person = await outside.ringing(20)
    outside.answer(person, CONNECT)
    await centre.phase(caller, "talking")
    await hears_the_other(centre, outside)
    outside.end(person)
    record = await centre.record(caller)
    assert (record["exit"], record["attempts"]) == ("callback_served", 3)
    assert [row["outcome"] for row in await rows(centre, record)] == ["busy", "unconfirmed", "connected"]


async def test_who_abandons_and_calls_again_gets_the_place_back(centre: Centre) -> None:
    caller, call = await calls(centre, "08135551104")
    await centre.phase(caller, "waiting")
    other, other_call = await calls(centre, "08135551105")
    await centre.phase(other, "waiting")
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "abandoned"
    assert (await centre.phase(other, "waiting"))["position"] == 1
    again = caller.dial(LKPM)
    assert await caller.answered(again) == 200
    assert (await centre.phase(caller, "waiting"))["position"] == 1
    assert (await centre.phase(other, "waiting"))["position"] == 2
    await centre.phone("agent119")
    await centre.phase(caller, "talking")
    caller.end(again)
    await centre.phase(other, "talking")
    other.end(other_call)
    records = [r for r in await centre.site.api.records() if r["caller"] == caller.user]
    assert [r["exit"] for r in records] == ["abandoned", "answered"]
    assert records[1]["follows"] == records[0]["contact_id"]


async def test_who_calls_again_is_not_called_any_more(centre: Centre) -> None:
    outside = await customers(centre)
    caller = await promised(centre, "08135551106")
    again = caller.dial(LKPM)
    assert await caller.answered(again) == 200
    await centre.phase(caller, "waiting")
    await centre.phone("agent119")
    await centre.phase(caller, "talking")
    caller.end(again)
    exits: list[str] = []

    async def both() -> bool:
        exits[:] = [r["exit"] for r in await centre.site.api.records() if r["caller"] == caller.user]
        return len(exits) > 1

    await centre.eventually(both, lambda: f"not two records: {exits}")
    assert exits == ["callback_cancelled", "answered"]
    assert outside.calls == []


async def test_a_callback_outlives_the_engine_also_while_the_customers_phone_rings(centre: Centre) -> None:
    outside = await customers(centre)
    caller = await promised(centre, "08135551107")
    await centre.phone("agent119")
    ringing = await outside.ringing()
    await until_callback(centre, "08135551107", "calling")
    engine = centre.site.engine
    assert engine is not None
    engine.process.kill()
    await engine.process.wait()
    await centre.site.start_engine()
    outside.answer(ringing, (Press(2.0, "1"), Press(4.0, "1")))
    await centre.phase(caller, "talking")
    await hears_the_other(centre, outside)
    outside.end(ringing)
    record = await centre.record(caller)
    assert (record["exit"], record["attempts"], len(outside.calls)) == ("callback_served", 1, 1)
