"""How long a restart takes with many channels: measured, not asserted. Runs only when told how many.

make soak-restart CHANNELS=1000 RESTARTS=10, with SPARE=1 how long a spare takes, with WEIGHED=1, as root, with the
weight that acd@.service gives the engine
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from acd.demo.bench_overload import UNIT_NICE
from acd.demo.children import Child, weigh
from acd.demo.deployment import Wishes
from acd.deploy.plan import PbxPlan
from acd.runtime.clock import AnchoredClock
from tests.call_centre import Centre, call_centre, straight_to

CHANNELS = int(os.environ.get("CHANNELS", "0"))
RESTARTS = int(os.environ.get("RESTARTS", "5"))
SPARE = bool(os.environ.get("SPARE"))
"""Whether a spare takes the place of the engine that is killed."""
WEIGHED = bool(os.environ.get("WEIGHED"))
STEPS = {
    "recovered": "recovered_s",
    "listening": "listening_s",
    "ari_link_state up": "connected_s",
    "resynced": "reconciled_s",
}
"""What the engine's log says, and what that is called here."""
Steps = dict[str, dict[str, float]]
"""What the engine says of each step of its start: seconds, seconds of the processor, seconds without a core."""
pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio,
    pytest.mark.skipif(CHANNELS == 0, reason="a measurement: say CHANNELS=1000"),
]


def _plan(plan: PbxPlan) -> PbxPlan:
    return replace(plan, extra_modules=(*plan.extra_modules, "res_clioriginate"))


async def many(centre: Centre, channels: int) -> None:
    """Let callers wait, two channels each: one in the engine, and its other end."""

    async def missing() -> int:
        contacts = (await centre.site.api.status())["contacts"]
        return channels // 2 - sum(bool(contact["phase"] == "waiting") for contact in contacts)

    async def so() -> bool:
        return await missing() <= 0

    for _ in range(5):  # on a busy machine some are refused for overload
        for _ in range(await missing()):
            command = "channel originate Local/704@acd-from-trunk application Wait 36000"
            await asyncio.to_thread(centre.site.asterisk.rx, command)
        with suppress(AssertionError):
            return await centre.eventually(so, lambda: "not all callers wait", 40)
    raise AssertionError(f"{await missing()} callers do not wait")


async def spare_of(centre: Centre) -> Child:
    """Start an engine that waits for the end of the one that serves."""
    spare = await centre.site.launch_engine(spare=True)

    async def so() -> bool:
        return '"event":"spare"' in spare.log.read_text()

    await centre.eventually(so, lambda: "the spare does not wait", 60)
    return spare


async def restarted(centre: Centre) -> tuple[dict[str, float], Steps]:
    """Kill the engine and start it again: seconds until it is so far, and what it says of its steps."""
    engine = centre.site.engine
    assert engine is not None
    spare = await spare_of(centre) if SPARE else None
    engine.process.kill()
    await engine.process.wait()
    began, loop_began = AnchoredClock().now(), asyncio.get_running_loop().time()
    successor = spare or await centre.site.launch_engine()
    if WEIGHED:
        assert weigh(successor.process.pid, UNIT_NICE), "only root may"
    await centre.site.start_engine(successor)
    steps: Steps = {}
    took = {"calls_served_s": asyncio.get_running_loop().time() - loop_began}

    async def so() -> bool:
        answer = await centre.site.api.ready()
        return answer is not None and answer["status"] == "ready"

    await centre.eventually(so, lambda: "AMI has not told everything", 60)
    took["phones_known_s"] = asyncio.get_running_loop().time() - loop_began
    for line in successor.log.read_text().splitlines():
        said = json.loads(line) if line.startswith("{") else {}
        if said.get("event") == "started":
            took["no_core_s"] = said["no_core_s"]
            took["processor_s"] = said["processor_s"]
            steps = said["steps"]
        step = " ".join(str(said[key]) for key in ("event", "state") if key in said)
        if step in STEPS:
            took[STEPS[step]] = datetime.fromisoformat(said["timestamp"]).timestamp() - began
    took["reconciled_after_connection_s"] = took["reconciled_s"] - took["connected_s"]
    return took, steps


async def test_a_restart_with_many_channels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wishes = Wishes(
        queue={"overflow": {"after": "10h"}},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={"704": {"flow": "lkpm"}},
        fallback={"dead_man": "600s"},
        overload={"calls_per_second": "1000", "burst": "2000"},
    )
    async with call_centre(tmp_path, wishes=wishes, plan=_plan) as centre:
        await many(centre, CHANNELS)
        line = sorted((c["since"], c["id"]) for c in (await centre.site.api.status())["contacts"])
        measured = list[tuple[dict[str, float], Steps]]()
        for _ in range(RESTARTS):
            measured.append(await restarted(centre))
            again = sorted((c["since"], c["id"]) for c in (await centre.site.api.status())["contacts"])
            assert again == line
        with capsys.disabled():
            print()
            for step in measured[0][0]:
                print(json.dumps({"channels": CHANNELS, step: sorted(round(took[step], 2) for took, _ in measured)}))
            slowest = max(measured, key=lambda one: one[0]["calls_served_s"])
            print(json.dumps({"channels": CHANNELS, "slowest": slowest[1]}))
        await asyncio.to_thread(centre.site.asterisk.rx, "channel request hangup all")
        await centre.at_rest()
