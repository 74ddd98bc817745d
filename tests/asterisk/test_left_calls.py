"""Calls that began and ended while no engine was there: Asterisk remembers them, and each has its one record."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import Centre, call_centre, straight_to

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CODE = "702"
CLAIM_S = 0.5
"""How long the dialplan waits for an engine."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(wrap_up_s=0.2, flows={"umum": straight_to("q_umum")}, access_codes={CODE: {"flow": "umum"}})
    async with call_centre(tmp_path_factory.mktemp("left"), wishes=wishes) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def remembered(centre: Centre) -> str:
    """What Asterisk has in its database for the next engine."""
    return await asyncio.to_thread(centre.site.asterisk.rx, "database show acd-left")


async def test_calls_that_no_engine_saw_have_one_record_each_with_what_became_of_them(centre: Centre) -> None:
    phone = await centre.phone("agent101")
    engine = centre.site.engine
    assert engine is not None
    engine.process.kill()
    await engine.process.wait()

    served = await centre.caller("0811000001")
    call = served.dial(CODE)
    assert await served.answered(call) == 200
    talk = await phone.ringing()
    await asyncio.wait_for(talk.rings.wait(), 60)
    await asyncio.sleep(1.5)  # Asterisk tells seconds: the conversation should have at least one
    served.end(call)
    await phone.until_over(talk)

    gave_up = await centre.caller("0811000002")  # the one agent has her wrap-up
    call = gave_up.dial(CODE)
    assert await gave_up.answered(call) == 200
    gave_up.end(call)

    hasty = await centre.caller("0811000003")
    call = hasty.dial(CODE)
    await asyncio.sleep(CLAIM_S / 2)
    hasty.cancel(call)
    assert await hasty.answered(call) == 487

    lost = await centre.caller("0811000004")
    assert await lost.answered(lost.dial("5551234")) == 404

    async def all_ended() -> bool:  # Asterisk notices the hasty caller's end when the time to claim the call is over
        return (await remembered(centre)).count("/acd-left/") == 4

    await centre.eventually(all_ended, lambda: "Asterisk does not remember four calls")

    await centre.site.start_engine()
    records = [await centre.record(caller) for caller in (served, gave_up, hasty, lost)]
    assert [record["exit"] for record in records] == [
        "fallback_answered",
        "fallback_abandoned",
        "fallback_abandoned",
        "unknown_number",
    ]
    assert [record["access_code"] for record in records] == [CODE, CODE, CODE, "5551234"]
    assert [record["trunk"] for record in records] == [records[0]["trunk"]] * 4
    assert records[0]["arrived_at"] <= records[0]["connected_at"] < records[0]["ended_at"]
    assert [record["connected_at"] for record in records[1:]] == [None] * 3

    # Looked at once more, nothing is told twice, and what was told is forgotten.
    async def forgotten() -> bool:
        await asyncio.to_thread(centre.site.asterisk.rx, "module reload acl")
        return "/acd-left/" not in await remembered(centre)

    await centre.eventually(forgotten, lambda: "Asterisk still remembers")
    for caller in (served, gave_up, hasty, lost):
        assert await centre.record(caller)  # the one


async def test_a_call_that_the_journal_lost_and_that_ended_before_the_next_engine_came_has_its_record(
    centre: Centre,
) -> None:
    lost = await centre.caller("0811000006")
    lost_call = lost.dial(CODE)
    assert await lost.answered(lost_call) == 200
    await centre.phase(lost, "waiting")
    await centre.receipt(lost)
    engine = centre.site.engine
    assert engine is not None
    engine.process.kill()
    await engine.process.wait()
    # What a crash in the moment of the call would have left: no receipt, and nothing in the journal.
    channel = await centre.channel(lost)
    await asyncio.to_thread(centre.site.asterisk.rx, f"dialplan set chanvar {channel} ACD_KNOWN 0")
    journal = sqlite3.connect(centre.site.deployment.settings.journal.file)
    with journal:
        journal.execute(
            "DELETE FROM events WHERE seq >= (SELECT min(seq) FROM events WHERE CAST(payload AS TEXT) LIKE ?)",
            (f"%{lost.user}%",),
        )
    journal.close()
    lost.end(lost_call)

    async def written() -> bool:
        return lost.user in await remembered(centre)

    await centre.eventually(written, lambda: "Asterisk does not remember the call")
    await centre.site.start_engine()
    record = await centre.record(lost)
    assert (record["exit"], record["access_code"]) == ("fallback_abandoned", CODE)


async def test_asterisk_remembers_nothing_of_a_call_that_the_engine_had(centre: Centre) -> None:
    caller = await centre.caller("0811000005")
    call = caller.dial(CODE)
    assert await caller.answered(call) == 200
    await centre.receipt(caller)
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "short_abandoned"
    await centre.at_rest()
    assert caller.user not in await remembered(centre)
