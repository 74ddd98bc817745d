"""How much of what happened a crash can take: the time until events are durable, in a file and in PostgreSQL.

Decides the load: so many events in a second at random moments, each some work of the event loop, as calls are. Must not
know how a journal groups its commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from acd.demo.bench_table import Row, percentile
from acd.demo.postgresql import Cluster
from acd.domain.errors import DeployError
from acd.domain.events import DigitPressed
from acd.domain.ids import LegId
from acd.runtime.tuning import favour_calls
from acd.store.database import make_engine, upgrade
from acd.store.group_commit import GroupedJournal
from acd.store.journal import SqliteJournal
from acd.store.journal_pg import PostgresJournal
from acd.store.lease import Lease
from acd.store.seat import Seat

RATE = 300.0
"""Events in a second: those of some ten calls that begin and end in each."""
SECONDS = 20.0
WORK_S = 0.0004
"""What the dispatcher does for one of them."""
WINDOW_MS = 50.0
"""What a crash may take at most, at the 99th percentile."""


async def measure(programs: Path, say: Callable[[str], None]) -> list[Row]:
    """Write events as fast as a busy centre has them, PostgreSQL's ``programs`` given. Raises ``DeployError``."""
    rows = []
    favour_calls()  # as in the process that serves callers
    for name, opened in (("a file", _in_file()), ("PostgreSQL", _in_database(programs))):
        async with opened as journal:
            say(f"journal in {name}: {RATE:g} events a second for {SECONDS:g} s ...")
            rows += _rows(name, await windows(journal, RATE, SECONDS, Random(1)))  # noqa: S311 - moments
    return rows


async def windows(journal: GroupedJournal, rate: float, seconds: float, chance: Random) -> list[float]:
    """Append events for so long; give, of each commit, the milliseconds its oldest event was not durable."""
    found: list[float] = []
    journal.on_durable = lambda waited: found.append(waited * 1000)
    loop = asyncio.get_running_loop()
    due, end, number = loop.time(), loop.time() + seconds, 0
    while (due := due + chance.expovariate(rate)) < end:
        await asyncio.sleep(max(0.0, due - loop.time()))
        number += 1
        journal.append(DigitPressed(due, LegId(f"bench.{number}"), "1"))
        busy = perf_counter() + WORK_S
        while perf_counter() < busy:
            pass
    await journal.flush()
    if journal.health().errors or not found:
        raise DeployError(f"The journal could not be written: {journal.health().failing}")
    return found


def _rows(name: str, found: list[float]) -> list[Row]:
    what = f"journal in {name}: what a crash can take"
    return [
        Row(f"{what}, p50", "ms", percentile(found, 0.5)),
        Row(f"{what}, p99", "ms", percentile(found, 0.99), at_most=WINDOW_MS),
        Row(f"{what}, longest of {len(found):,} commits", "ms", max(found)),
    ]


@asynccontextmanager
async def _in_file() -> AsyncIterator[GroupedJournal]:
    with TemporaryDirectory() as folder:
        journal = SqliteJournal(Path(folder) / "journal.db")
        try:
            yield journal
        finally:
            await journal.close()


@asynccontextmanager
async def _in_database(programs: Path) -> AsyncIterator[GroupedJournal]:
    cluster = await asyncio.to_thread(_started, programs)
    try:
        url = cluster.url(await asyncio.to_thread(cluster.new_database))
        engine = make_engine(url)
        await upgrade(engine)
        await engine.dispose()
        seat = Seat(url, "bench")
        token = await seat.take(await seat.look(), Lease())
        seat.close()
        journal = PostgresJournal(url)
        journal.own(token or 0, 0)
        try:
            yield journal
        finally:
            await journal.close()
    finally:
        with suppress(OSError):
            await asyncio.to_thread(cluster.close)


def _started(programs: Path) -> Cluster:
    cluster = Cluster(programs, durable=True)
    cluster.start()
    return cluster
