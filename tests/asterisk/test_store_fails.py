"""PostgreSQL fails under calls in every way it can: callers notice nothing, and no record is lost or doubled.

Killed, 5 s for each commit, read-only, full. ``ACD_DOWN_S`` says for how many seconds it is killed (12 by default).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from acd.demo.accounting import compare
from acd.demo.behaviour import Kind, Script, script
from acd.demo.callers import Callers
from acd.demo.deployment import Deployment, Wishes, prepare
from acd.demo.phones import Manner
from acd.demo.postgresql import Cluster
from acd.demo.site import Site, speak
from acd.deploy.cache import cache_root
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import ToolSet, fetch_tools
from tests.call_centre import SHARE, Yaml, change
from tests.slow_commits import make_fast, make_slow

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[2]
LICENSING = ((2.0, "1"), (3.6, "1"), (5.2, "1"), (6.8, "1"))
ALARM_S = 5.0
DOWN_S = float(os.environ.get("ACD_DOWN_S", "12"))


@dataclass(frozen=True)
class Failure:
    """How the database fails, and who calls meanwhile."""

    first: int
    """Of the callers' numbers."""
    callers: int
    rate: float
    stay_s: tuple[float, float]
    """How long callers stay after the answer; some 8 s of it in the menus."""
    ended_before: int
    """So many calls end before the database fails."""
    lasts_s: float
    """How long it fails at least."""
    breaks: Callable[[Cluster, str], None]
    mends: Callable[[Cluster, str], None]
    heals_by_itself: bool = False
    """Everything is written while it still fails."""

    def scripts(self) -> tuple[Script, ...]:
        """Draw the callers."""
        kind, chance = Kind("licensing", 1, (LICENSING,), self.stay_s), Random(self.first)
        return tuple(script(self.first + place, kind, "169", chance) for place in range(self.callers))


def kill(cluster: Cluster, _database: str) -> None:
    cluster.kill()


def start(cluster: Cluster, _database: str) -> None:
    cluster.start()


def make_full(cluster: Cluster, database: str) -> None:
    """Say what PostgreSQL says when a table cannot grow any more."""
    cluster.sql(
        """
        CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'could not extend file "base/5/1": No space left on device' USING ERRCODE = 'disk_full';
        END $$;
        CREATE TRIGGER disk_is_full BEFORE INSERT ON call_record_ids
        FOR EACH STATEMENT EXECUTE FUNCTION disk_is_full()
        """,
        database,
    )


def make_room(cluster: Cluster, database: str) -> None:
    cluster.sql("DROP TRIGGER disk_is_full ON call_record_ids; DROP FUNCTION disk_is_full", database)


def set_read_only(cluster: Cluster, database: str, value: str) -> None:
    cluster.sql(f"ALTER DATABASE {database} SET default_transaction_read_only = {value}")
    theirs = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
    cluster.sql(theirs)


FAILURES = {
    "killed": Failure(100, 40, 2.0, (12.0, 20.0), 3, DOWN_S, kill, start),
    "read-only": Failure(
        200, 12, 3.0, (10.0, 12.0), 0, 0, partial(set_read_only, value="on"), partial(set_read_only, value="off")
    ),
    "slow": Failure(300, 12, 3.0, (10.0, 12.0), 0, 0, make_slow, make_fast, heals_by_itself=True),
    "full": Failure(400, 12, 3.0, (10.0, 12.0), 0, 0, make_full, make_room),
}


@pytest.fixture(scope="module")
def tools() -> ToolSet:
    return fetch_tools()


@pytest.fixture(scope="module")
def database(cluster: Cluster, migrated: str) -> str:
    return cluster.new_database(migrated)


@pytest.fixture(scope="module")
def deployment(tools: ToolSet, tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, database: str) -> Deployment:
    folder = tmp_path_factory.mktemp("store")
    # There is an agent and a channel for everybody: whatever ends otherwise than in a conversation is our doing.
    wishes = Wishes(wrap_up_s=0.5, more_agents=20, trunk_capacity=60, queue={"ring_timeout": "20s"})
    made = prepare(folder / "run", ROOT / "config", ROOT / "ivr_flows", wishes, Random(5), SHARE)
    address = folder / "url"
    address.write_text(cluster.url(database), encoding="utf-8")

    def postgresql(content: Yaml) -> None:
        content["store"] = {"url_file": str(address), "spool": {"megabytes": "4"}}

    change(made.config / "acd.yaml", postgresql)
    speak(tools, made, cache_root() / "prompts", SilentProgress())
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tools: ToolSet, deployment: Deployment) -> AsyncIterator[Site]:
    manner = Manner(ring_ms=(200, 300), talk_ms=(120_000, 120_000))
    async with Site(tools, deployment, manner) as running:
        yield running


async def metric(site: Site, name: str) -> float:
    families = text_string_to_metric_families(await site.api.metrics())
    samples = [sample for family in families for sample in family.samples]
    return next(s.value for s in samples if s.name == name and s.labels["writer"] == "records")


async def until(what: str, patience_s: float, so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something seen only by asking is so."""
    try:
        async with asyncio.timeout(patience_s):
            while not await so():  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise AssertionError(f"not {what} within {patience_s:g} s") from error


@pytest.mark.parametrize("way", FAILURES)
async def test_a_database_that_fails_under_calls_costs_no_call_and_no_record(
    way: str, site: Site, cluster: Cluster, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    failure, log = FAILURES[way], site.deployment.folder / "engine.log"
    folder = site.deployment.folder / "callers" / way
    callers = Callers(site.tools, folder, site.deployment.sip, failure.scripts())
    written_before = int(cluster.sql("SELECT count(*) FROM call_records", database))

    def ended() -> int:
        return sum(attempt.end is not None for attempt in callers.placed())

    async def some_ended() -> bool:
        return ended() >= failure.ended_before and len(callers.placed()) >= failure.callers / 2

    async def one_more_ended() -> bool:
        return ended() > before

    async def alarmed() -> bool:
        """On all three ways."""
        ready = await site.api.ready()
        told = ready is not None and ready["status"] == "degraded" and "the store fails" in str(ready["reasons"])
        with log.open("rb") as lines:
            lines.seek(logged)
            logs = b"records_failing" in lines.read()
        return told and logs and await metric(site, "acd_writer_failing") == 1

    async def waiting_on_disk() -> bool:
        return await metric(site, "acd_writer_spooled") > 0

    async def all_ended() -> bool:
        return len(callers.placed()) == failure.callers and ended() == failure.callers

    async def all_written() -> bool:
        count = await asyncio.to_thread(cluster.sql, "SELECT count(*) FROM call_records", database)
        return int(count) >= written_before + failure.callers

    async def at_rest() -> bool:
        ready = await site.api.ready()
        return ready is not None and ready["status"] == "ready" and await metric(site, "acd_writer_spooled") == 0

    await callers.open()
    try:
        await callers.place(site.deployment.ports.callers, failure.rate, 50)
        await until("so far", 60, some_ended)
        before, logged = ended(), log.stat().st_size
        began = asyncio.get_running_loop().time()
        await asyncio.to_thread(failure.breaks, cluster, database)
        try:
            if way != "killed":  # that is noticed also when nothing is to be written
                await until("another call over", 60, one_more_ended)
                began = asyncio.get_running_loop().time()
            await until("an alarm", 30, alarmed)
            alarm_s = asyncio.get_running_loop().time() - began
            await until("waiting on disk", 30, waiting_on_disk)
            spooled = await metric(site, "acd_writer_spooled")
            await asyncio.sleep(failure.lasts_s)
            if failure.lasts_s == 0:
                await until("all calls over", 60, all_ended)
            ended_meanwhile = ended() - before
            if failure.heals_by_itself:
                await until("all written slowly", 60, all_written)
            spooled = max(spooled, await metric(site, "acd_writer_spooled"))
        finally:
            await asyncio.to_thread(failure.mends, cluster, database)
        await until("all calls over", 60, all_ended)
        await until("all written", 60, all_written)
        await until("at rest", 30, at_rest)
    finally:
        await callers.close()
    records = [record for record in await site.api.records() if record["caller"] in callers.attempts]
    rows = cluster.sql("SELECT count(*), count(DISTINCT contact_id) FROM call_records", database)
    exits = Counter(record["exit"] for record in records)
    with capsys.disabled():
        figures = {
            "database": way, "calls": failure.callers, "ended_meanwhile": ended_meanwhile,
            "alarm_after_s": round(alarm_s, 2), "rows_on_disk": spooled, "records": len(records), "exits": exits,
        }  # fmt: skip
        print(json.dumps(figures))
    assert compare(callers.attempts.values(), records).complaints == ()
    assert exits == {"answered": failure.callers}
    assert rows == f"{written_before + failure.callers}|{written_before + failure.callers}"
    assert ended_meanwhile >= failure.callers / 2
    assert alarm_s < ALARM_S
    assert await metric(site, "acd_writer_lost_total") == 0
    assert await site.left_in_asterisk() == (0, 0)
