"""The engine dies in the middle of everything; callers, agents and records do not."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import aiohttp
import pytest

from acd.demo.accounting import compare
from acd.demo.behaviour import Kind, Script, crowd
from acd.demo.callers import Callers
from acd.demo.deployment import Deployment, Wishes, prepare
from acd.demo.phones import Manner
from acd.demo.site import Site, speak
from acd.deploy.cache import cache_root
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import ToolSet, fetch_tools
from tests.call_centre import SHARE

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
LICENSING = ((2.0, "1"), (3.6, "1"), (5.2, "1"), (6.8, "1"))
"""Language, notice, main menu, sub-menu: to the queue q_perizinan in Indonesian."""
TALKING, WAITING = 10, 5
BEFORE_THE_KILL_S = 60.0


def _scripts(patience: Sequence[tuple[float, float]], first: int) -> tuple[Script, ...]:
    """One caller for each span of patience; numbers from ``first`` on."""
    scripts = []
    for place, span in enumerate(patience, first):
        kind = Kind("licensing", 1, (LICENSING,), span)
        (one,) = crowd(1, (kind,), "169", Random(place))
        scripts.append(Script(f"0813{place:07d}", one.kind, one.dialled, one.presses, one.patience_s))
    return tuple(scripts)


async def _phases(site: Site) -> Counter[str]:
    return Counter(contact["phase"] for contact in (await site.api.status())["contacts"])


async def _waiting(site: Site) -> list[str]:
    line = [c for c in (await site.api.status())["contacts"] if c["position"] is not None]
    return [c["id"] for c in sorted(line, key=lambda c: c["position"])]


async def _until(site: Site, reached: Counter[str], patience_s: float) -> None:
    async with asyncio.timeout(patience_s):
        while await _phases(site) != reached:  # noqa: ASYNC110 - another process, seen only by asking
            await asyncio.sleep(0.1)


def _still_talking(callers: Callers, heard: Sequence[int]) -> int:
    """How many heard an agent since."""
    return sum(now.heard.agent > before for now, before in zip(callers.placed(), heard, strict=True))


async def _log_out_all_but(site: Site, agents: int, deployment: Deployment) -> None:
    """Leave so many agents who can serve the queue logged in."""
    able = [
        agent["id"]
        for agent in (await site.api.status())["agents"]
        if dict(map(tuple, agent["skills"])).get("perizinan", 0) >= 1
    ]
    headers = {"Authorization": f"Bearer {deployment.token}"}
    async with aiohttp.ClientSession(deployment.url, headers=headers) as session:
        for agent in able[agents:]:
            async with session.post(f"/api/v1/agents/{agent}/logout") as answer:
                assert answer.status == 200, await answer.text()


@pytest.fixture(scope="module")
def tools() -> ToolSet:
    return fetch_tools()


@pytest.fixture
def deployment(tools: ToolSet, tmp_path: Path) -> Deployment:
    # The callers who wait stay: what becomes of them when no engine comes back is told by test_link_faults.
    wishes = Wishes(wrap_up_s=1.0, queue={"ring_timeout": "20s"}, fallback={"dead_man": "60s"})
    made = prepare(tmp_path / "run", ROOT / "config", ROOT / "ivr_flows", wishes, Random(5), SHARE)
    speak(tools, made, cache_root() / "prompts", SilentProgress())
    return made


async def test_a_killed_engine_costs_no_conversation_no_place_and_no_record(
    tools: ToolSet, deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    # Who talks leaves one by one, so that those who wait are connected one by one and their order can be seen.
    patience = [(45.0 + 2 * n, 45.0 + 2 * n) for n in range(TALKING)] + [(80.0, 80.0)] * WAITING
    manner = Manner(ring_ms=(200, 300), talk_ms=(120_000, 120_000))
    async with Site(tools, deployment, manner) as site:
        await _log_out_all_but(site, TALKING, deployment)
        callers = Callers(tools, deployment.folder / "callers", deployment.sip, _scripts(patience, 1))
        stray = Callers(tools, deployment.folder / "stray", deployment.sip, _scripts([(6.0, 6.0)], 900))
        await callers.open()
        await stray.open()
        try:
            await callers.place(deployment.ports.callers, 5.0, 30)
            await _until(site, Counter(talking=TALKING, waiting=WAITING), BEFORE_THE_KILL_S)
            line = await _waiting(site)
            assert site.engine is not None

            site.engine.process.kill()
            await site.engine.process.wait()
            heard = [attempt.heard.agent for attempt in callers.placed()]

            # A new caller meanwhile: Asterisk's own queue answers, with nobody of us alive.
            await stray.place(deployment.ports.callers + 1, 5.0, 1)
            (lonely,) = stray.attempts.values()
            async with asyncio.timeout(60):
                while lonely.answered_at is None:  # noqa: ASYNC110 - told by SIPp's log
                    await asyncio.sleep(0.02)
            assert all(attempt.up for attempt in callers.placed())
            async with asyncio.timeout(60):
                while _still_talking(callers, heard) < TALKING:  # noqa: ASYNC110 - told by their ears
                    await asyncio.sleep(0.1)
            assert _still_talking(callers, heard) == TALKING

            began = asyncio.get_running_loop().time()
            await site.start_engine()
            took = asyncio.get_running_loop().time() - began
            phases = await _phases(site)
            # The sixteenth is in Asterisk's own queue, and known here as soon as AMI has told of it.
            assert phases.pop("fallback", 0) <= 1
            assert phases == Counter(talking=TALKING, waiting=WAITING)
            assert await _waiting(site) == line
            assert all(attempt.up for attempt in callers.placed())

            async with asyncio.timeout(120):
                while any(attempt.end is None for attempt in (*callers.placed(), lonely)):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.2)
            await _settled(site, TALKING + WAITING + 1)
            records = await site.api.records()
            account = compare([*callers.attempts.values(), lonely], records)
            assert account.complaints == ()
            assert Counter(record["exit"] for record in records) == {
                "answered": TALKING + WAITING,
                "fallback_answered": 1,
            }
            joined = sorted((r["connected_at"], r["contact_id"]) for r in records if r["contact_id"] in line)
            assert [contact for _, contact in joined] == line
            assert await site.left_in_asterisk() == (0, 0)
            assert [trunk["in_use"] for trunk in (await site.api.status())["trunks"]] == [0]
            checked = [row for r in records if r["recording"] for row in await site.api.recordings(r["contact_id"])]
            assert len(checked) == TALKING + WAITING
            assert [row for row in checked if not row["ok"]] == []
        finally:
            await callers.close()
            await stray.close()
    assert lonely.placed_at is not None
    assert lonely.answered_at is not None
    with capsys.disabled():
        figures = {
            "ready_again_s": round(took, 2),
            "fallback_answer_s": round(lonely.answered_at - lonely.placed_at, 3),
        }
        print(json.dumps(figures))


async def _settled(site: Site, records: int) -> None:
    """Wait until every call has its record and every recording was looked at."""
    async with asyncio.timeout(60):
        while True:
            status = await site.api.status()
            figures = status["figures"]
            looked_at = figures["recordings_ok"] + figures["recordings_bad"]
            if sum(figures["by_exit"].values()) >= records and not status["contacts"] and looked_at >= records - 1:
                return
            await asyncio.sleep(0.2)
