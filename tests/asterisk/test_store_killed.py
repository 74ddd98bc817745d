"""PostgreSQL is killed under calls and comes back: callers notice nothing, and no record is lost or doubled."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acd.demo.behaviour import Kind, Script, crowd
from acd.demo.callers import Callers
from acd.demo.deployment import Deployment, Wishes, prepare
from acd.demo.phones import Manner
from acd.demo.site import Site, speak
from acd.deploy.cache import cache_root
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import ToolSet, fetch_tools
from tests.call_centre import SHARE, Yaml, change
from tests.postgresql import Cluster

pytestmark = pytest.mark.asterisk

ROOT = Path(__file__).parents[2]
LICENSING = ((2.0, "1"), (3.6, "1"), (5.2, "1"), (6.8, "1"))
CALLERS = 30
RATE = 1.5
ALARM_S = 5.0
DOWN_S = 20.0


def scripts() -> tuple[Script, ...]:
    """Callers who stay for 14 to 24 s: some hang up before the database dies, most while it is away."""
    kind = Kind("licensing", 1, (LICENSING,), (14.0, 24.0))
    return crowd(CALLERS, (kind,), "169", Random(11))


@pytest.fixture(scope="module")
def tools() -> ToolSet:
    return fetch_tools()


@pytest.fixture
def deployment(tools: ToolSet, tmp_path: Path, migrated_url: str) -> Deployment:
    wishes = Wishes(wrap_up_s=1.0, queue={"ring_timeout": "20s"})
    made = prepare(tmp_path / "run", ROOT / "config", ROOT / "ivr_flows", wishes, Random(5), SHARE)
    address = tmp_path / "url"
    address.write_text(migrated_url, encoding="utf-8")

    def postgresql(content: Yaml) -> None:
        content["store"] = {"url_file": str(address), "spool": {"megabytes": "4"}}

    change(made.config / "acd.yaml", postgresql)
    speak(tools, made, cache_root() / "prompts", SilentProgress())
    return made


async def metric(site: Site, name: str) -> float:
    families = text_string_to_metric_families(await site.api.metrics())
    samples = [sample for family in families for sample in family.samples]
    return next(s.value for s in samples if s.name == name and s.labels["writer"] == "records")


async def until(patience_s: float, so: Callable[[], Awaitable[bool]]) -> float:
    """Wait until something seen only by asking is so; gives how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(patience_s):
        while not await so():  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.1)
    return loop.time() - began


async def test_a_database_killed_under_calls_costs_no_call_and_no_record(
    tools: ToolSet, deployment: Deployment, cluster: Cluster, migrated_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    manner = Manner(ring_ms=(200, 300), talk_ms=(120_000, 120_000))
    name = migrated_url.rpartition("/")[2]
    async with Site(tools, deployment, manner) as site:
        callers = Callers(tools, deployment.folder / "callers", deployment.sip, scripts())
        await callers.open()
        try:
            await callers.place(deployment.ports.callers, RATE, 30)

            async def some_ended() -> bool:
                return sum(attempt.end is not None for attempt in callers.placed()) >= 3

            async def alarmed() -> bool:
                ready = await site.api.ready()
                told = (
                    ready is not None and ready["status"] == "degraded" and "the store fails" in str(ready["reasons"])
                )
                return told and await metric(site, "acd_writer_failing") == 1

            async def waiting_on_disk() -> bool:
                return await metric(site, "acd_writer_spooled") > 0

            await until(60, some_ended)
            cluster.kill()
            before = sum(attempt.end is not None for attempt in callers.placed())
            alarm_s = await until(30, alarmed)
            await until(30, waiting_on_disk)
            await asyncio.sleep(DOWN_S)
            ended_meanwhile = sum(attempt.end is not None for attempt in callers.placed()) - before
            spooled = await metric(site, "acd_writer_spooled")
            lost_while_down = await metric(site, "acd_writer_lost_total")
            cluster.start()

            async def all_ended() -> bool:
                return len(callers.placed()) == CALLERS and all(a.end is not None for a in callers.placed())

            async def all_written() -> bool:
                ready = await site.api.ready()
                count = cluster.sql("SELECT count(*) FROM call_records", name)
                return int(count) >= CALLERS and ready is not None and ready["status"] == "ready"

            await until(120, all_ended)
            await until(60, all_written)
            records = await site.api.records()
            distinct = int(cluster.sql("SELECT count(DISTINCT contact_id) FROM call_records", name))
            assert sorted(record["caller"] for record in records) == sorted(callers.attempts)
            assert (len(records), distinct) == (CALLERS, CALLERS)
            assert ended_meanwhile > 0
            assert alarm_s < ALARM_S
            assert await metric(site, "acd_writer_spooled") == 0
            assert (lost_while_down, await metric(site, "acd_writer_lost_total")) == (0, 0)
            assert await site.left_in_asterisk() == (0, 0)
        finally:
            await callers.close()
            if not cluster.running:
                cluster.start()
    with capsys.disabled():
        figures = {
            "calls": CALLERS, "ended_while_down": ended_meanwhile, "alarm_after_s": round(alarm_s, 2),
            "rows_on_disk": spooled, "records": len(records), "lost": 0, "doubled": len(records) - distinct,
            "exits": Counter(record["exit"] for record in records),
        }  # fmt: skip
        print(json.dumps(figures))
