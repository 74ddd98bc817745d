"""Asterisk dies in the middle of calls: each is closed with its cause and one record, and agents can be used again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import wave
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.deployment import Wishes
from acd.deploy.asterisk import ari_answers
from tests.call_centre import Centre, call_centre, straight_to

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM = "704"
ANSWERS = 200
TALKED_S = 6.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.5,
        queue={"short_abandon": "100ms"},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={LKPM: {"flow": "lkpm"}},
    )
    async with call_centre(tmp_path_factory.mktemp("killed"), wishes=wishes) as running:
        yield running


async def ready(centre: Centre, *wanted: str) -> None:
    """Wait until the engine says so of itself."""

    async def so() -> bool:
        answer = await centre.site.api.ready()
        return answer is not None and answer["status"] in wanted

    await centre.eventually(so, lambda: f"the engine is not {wanted}")


async def looked_at(centre: Centre, contact: str) -> Json:
    """Wait for the row of a contact's recording."""
    found: list[Json] = []

    async def so() -> bool:
        found[:] = await centre.site.api.recordings(contact)
        return bool(found)

    await centre.eventually(so, lambda: "the recording was not looked at", 30)
    (row,) = found
    return row


async def test_an_asterisk_that_is_killed_costs_its_calls_and_nothing_else(
    centre: Centre, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = asyncio.get_running_loop()
    phone = await centre.phone("agent119", ANSWERS)
    talker, waiter = await centre.caller("08135550001"), await centre.caller("08135550002")
    assert await talker.answered(talker.dial(LKPM)) == ANSWERS
    contact = (await centre.phase(talker, "talking"))["id"]
    assert await waiter.answered(waiter.dial(LKPM)) == ANSWERS
    await centre.phase(waiter, "waiting")
    await asyncio.sleep(TALKED_S)  # so that there is something to lose

    asterisk, plan = centre.site.asterisk, centre.site.deployment.plan
    pid = asterisk.pid()
    assert pid is not None
    killed = loop.time()
    os.kill(pid, signal.SIGKILL)
    await ready(centre, "not_ready")
    noticed = loop.time()
    for one in (phone, talker, waiter):  # their calls are gone, and nobody told them
        for call in one.calls:
            call.over.set()
    starting = asyncio.create_task(asyncio.to_thread(asterisk.start, plan))
    while not await asyncio.to_thread(ari_answers, plan.ari):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.02)
    answers = loop.time()
    await ready(centre, "ready", "degraded")
    served = loop.time()
    await centre.until("agent119", activity="idle", phone_reachable=True)
    usable = loop.time()
    await starting

    caller = await centre.caller("08135550003")
    call = caller.dial(LKPM)
    assert await caller.answered(call) == ANSWERS
    assert (await centre.phase(caller, "talking"))["agent"] == "agent119"
    talking = loop.time()
    caller.end(call)

    torn, failed = await centre.record(talker), await centre.record(waiter)
    assert (torn["exit"], torn["cause"]) == ("answered", 41)
    assert (failed["exit"], failed["cause"]) == ("failed_technical", 41)
    assert (await centre.record(caller))["exit"] == "answered"
    assert len(await centre.site.api.records()) == 3
    row = await looked_at(centre, contact)
    assert not row["ok"]
    assert row["problem"]
    assert abs(row["talk_s"] - TALKED_S) < 3.0  # until Asterisk died, not until it was found dead
    with wave.open(str(asterisk.recordings_dir / f"{row['name']}.wav"), "rb") as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(row["duration_s"], abs=0.1)
        assert row["duration_s"] > 1.0
    await centre.at_rest()
    with capsys.disabled():
        figures = {
            "noticed_s": noticed - killed,
            "served_after_ari_s": served - answers,
            "agent_usable_after_ari_s": usable - answers,
            "talking_after_ari_s": talking - answers,
            "problem": row["problem"],
        }
        print(json.dumps(figures, default=str))
