"""Real calls are explained: whom they were offered to, what became of it, and in words a supervisor understands."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import Centre, call_centre, straight_to

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM = "704"
"""A number that leads straight to q_lkpm; of those who serve it agent119 (level 5) is better than agent120 (4)."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.5,
        queue={"ring_timeout": "5s"},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={LKPM: {"flow": "lkpm"}},
    )
    async with call_centre(tmp_path_factory.mktemp("explain"), wishes=wishes) as running:
        yield running


def explained(centre: Centre, contact: str, *options: str) -> str:
    """What ``acd explain`` prints, in a process of its own beside the engine."""
    made = centre.site.deployment
    folders = ["--config", str(made.config), "--flows", str(made.flows)]
    words = [sys.executable, "-m", "acd", "explain", contact, *folders, *options]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


async def test_each_offer_of_a_real_call_is_explained_and_the_last_is_the_records_agent(centre: Centre) -> None:
    await centre.phone("agent119", 486)
    await centre.phone("agent120")
    caller = await centre.caller("08135550901")
    call = caller.dial(LKPM)
    assert await caller.answered(call) == 200
    await centre.phase(caller, "talking")
    caller.end(call)
    record = await centre.record(caller)
    assert (record["exit"], record["agent"], record["offers"]) == ("answered", "agent120", 2)
    contact = record["contact_id"]
    async with centre.http.get(f"/api/v1/contacts/{contact}/decisions") as answer:
        known = await answer.json()
    first, second = known["decisions"]
    assert [first["agent"], second["agent"]] == ["agent119", record["agent"]]
    assert [candidate["agent"] for candidate in first["candidates"]] == ["agent119", "agent120"]
    assert first["plan_version"] == record["plan_version"]
    outcomes = [(step["agent"], step["outcome"]) for step in known["steps"] if step["kind"] == "offer_over"]
    assert outcomes == [("agent119", "rejected"), ("agent120", "accepted")]
    told = await asyncio.to_thread(explained, centre, contact)
    assert "Petugas 120 answered after" in told
    assert "2 agents could take the call, and Petugas 119 knows this best" in told
    assert "Petugas 119 refused the call." in told
    assert "The caller hung up." in told
    assert "Petugas 119 menolak panggilan." in await asyncio.to_thread(explained, centre, contact, "--language", "id")
