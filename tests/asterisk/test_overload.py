"""Ten times the planned call attempts: most are refused at once with 503, each has a record, and calls go on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from acd.demo.flood import flood
from tests.call_centre import Centre, call_centre, straight_to

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PLANNED, BURST = 3, 10
"""Attempts let in in a second, and at once."""
SECONDS = 10.0
DEEPEST = 250
"""Tasks that may wait in Asterisk: at 500 it would take no new call."""
TALK, WAIT = "741", "742"
SECOND_OF_SOUND = 8000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    nodes = {
        "jawab": {"kind": "answer", "next": "tunggu"},
        "tunggu": {"kind": "wait", "seconds": "60s", "next": "tutup"},
        "tutup": {"kind": "hang_up", "exit": "self_service"},
    }
    wishes = Wishes(
        trunk_capacity=200,
        flows={"bicara": straight_to("q_umum"), "tunggu": {"languages": ["id"], "entry": "jawab", "nodes": nodes}},
        access_codes={TALK: {"flow": "bicara"}, WAIT: {"flow": "tunggu"}},
        overload={"calls_per_second": str(PLANNED), "burst": str(BURST), "loop_delay": "10s", "commands": "10000"},
    )
    async with call_centre(tmp_path_factory.mktemp("overload"), wishes=wishes) as running:
        yield running


async def test_ten_times_the_planned_attempts_are_refused_early_and_calls_in_progress_go_on(centre: Centre) -> None:
    phones = [await centre.phone(agent) for agent in ("agent101", "agent102", "agent103")]
    callers = [await centre.caller(f"0813555090{number}") for number in range(len(phones))]
    talks = []
    for caller in callers:
        talks.append(caller.dial(TALK))
        assert await caller.answered(talks[-1]) == 200
        await centre.phase(caller, "talking")
    ears = [telephone.ear for telephone in (*callers, *phones) if telephone.ear is not None]
    assert len(ears) == len(callers) + len(phones)
    began = [len(ear.sound) for ear in ears]

    found = await flood(centre.site, WAIT, "ten-times", rate=10 * PLANNED, seconds=SECONDS)

    # Who was let in: the burst, and what ran off meanwhile; the three callers were counted among them. How long SIPp
    # takes is the machine's affair; how late the loop is, too, so only the number of attempts counts here.
    tried = round(10 * PLANNED * SECONDS)
    assert len(found.answered) + len(found.refused) == tried
    assert len(found.answered) <= BURST + PLANNED * (found.lasted + 2)
    assert len(found.answered) >= PLANNED * (SECONDS - 2)
    assert found.depth <= DEEPEST
    # Conversations: still there, heard by both all the while, and ended by whom they should be.
    there = await centre.contacts()
    assert [there[caller.user[-3:]]["phase"] for caller in callers] == ["talking"] * len(callers)
    heard = [(len(ear.sound) - before) / SECOND_OF_SOUND for ear, before in zip(ears, began, strict=True)]
    assert min(heard) > 0.9 * SECONDS, f"seconds of sound heard by each party: {heard}"
    phones[0].end(phones[0].calls[-1])
    callers[1].end(talks[1])
    callers[2].end(talks[2])
    for caller in callers:
        assert (await centre.record(caller))["exit"] == "answered"
    # Each attempt has one record that says what became of it.
    counts: dict[str, int] = {}

    async def all_there() -> bool:
        counts.clear()
        records = [r for r in await centre.site.api.records() if r["caller"].startswith("0812")]
        assert len({r["caller"] for r in records}) == len(records)
        for record in records:
            counts[record["exit"]] = counts.get(record["exit"], 0) + 1
            if record["exit"] == "overloaded":
                assert (record["cause"], record["sip_code"], record["answered_at"]) == (42, 503, None)
        return sum(counts.values()) == tried

    await centre.eventually(all_there, lambda: f"{tried} attempts, records: {counts}")
    assert counts == {"overloaded": len(found.refused), "ivr_exit": len(found.answered)}
    assert await centre.metric("acd_overload_refused_total", reason="rate") == len(found.refused)
    assert await centre.metric("acd_contacts_total", exit="overloaded") == len(found.refused)
    assert await centre.metric("acd_loop_delay_seconds_count") > 0
    await centre.everybody_home()
