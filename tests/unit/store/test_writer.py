"""Whatever the database does, no row is lost or doubled: rows wait on disk, and everybody is told."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from acd.demo.postgresql import Cluster
from acd.domain.errors import StoreError
from acd.domain.exits import Exit
from acd.domain.ids import AgentId, ContactId, DispositionId
from acd.domain.record import DispositionRow
from acd.ports import RecordFilter
from acd.store import writer
from acd.store.database import make_engine, sqlite_url, upgrade
from acd.store.records import SqlRecords, open_records
from acd.store.spool import LEAST, Spool
from tests.fakes.fault_proxy import TO_CLIENT, FaultProxy
from tests.slow_commits import committing, make_fast, make_slow
from tests.unit.store.test_records import all_pages, record
from tests.unit.store.waiting import until

ALARM_S = 5.0
"""An alarm may take so long at most; what the writer's own times add up to."""


@asynccontextmanager
async def spooling(url: str, spool: Path, told: list[str] | None = None, **options: Any) -> AsyncIterator[SqlRecords]:
    options = {"spool_size": 1 << 22, **options}
    store = await open_records(url, on_error=(told if told is not None else []).append, spool=spool, **options)
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter times, in the same proportions."""
    for name, value in (
        ("GUARD_S", 0.02),
        ("SPOOL_AFTER_S", 0.1),
        ("ALARM_AFTER_S", 0.3),
        ("ATTEMPT_S", 3.0),
        ("LOOK_S", 0.1),
    ):
        monkeypatch.setattr(writer, name, value)
    monkeypatch.setattr(writer, "BACK_OFF_S", (0.05,))


@asynccontextmanager
async def proxied(cluster: Cluster, url: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    async with FaultProxy(("127.0.0.1", cluster.port)) as proxy:
        yield proxy, cluster.url(url.rpartition("/")[2], proxy.port)


async def everything(store: SqlRecords) -> list[str]:
    await store.stored()
    return [found.contact_id for found in await all_pages(store, RecordFilter(limit=1000))]


def ids(*numbers: int) -> list[str]:
    return [f"c{n:05}" for n in numbers]


def test_the_alarm_comes_within_five_seconds() -> None:
    assert writer.LOOK_S + writer.ALARM_AFTER_S + writer.GUARD_S < ALARM_S
    assert writer.SPOOL_AFTER_S < writer.ALARM_AFTER_S < 5.0 < writer.ATTEMPT_S


async def test_while_the_database_is_down_rows_wait_on_disk_and_are_written_once_it_is_back(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    told: list[str] = []
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s", told) as store:
        store.write([record(n) for n in range(3)])
        await store.stored()
        proxy.refuse_newcomers()
        proxy.reset()
        for n in range(3, 900):
            store.write([record(n), record(n, exit=Exit.ABANDONED)])
        await store.flush()  # durable although the database is away, so that snapshots go on
        assert store.durable()
        health = store.health()
        assert (health.backlog, health.lost, health.spooled) == (0, 0, 2 * 897)
        assert health.failing
        assert told
        assert "0217001234" not in "".join(told)
        with pytest.raises(StoreError):
            await store.page(RecordFilter())
        proxy.heal()
        assert await everything(store) == ids(*range(900))
        assert all(found.exit is Exit.ANSWERED for found in await all_pages(store, RecordFilter(limit=1000)))
        assert (store.health().failing, store.health().spooled, store.health().lost) == ("", 0, 0)


@pytest.mark.parametrize("way", ["refused", "frozen"])
async def test_a_database_that_goes_while_nobody_writes_is_told_of_too(
    way: str, cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s") as store:
        if way == "refused":
            proxy.refuse_newcomers()
            proxy.reset()
        else:
            proxy.freeze()
        await until(lambda: bool(store.health().failing))
        assert store.durable()
        proxy.heal()
        proxy.reset()
        await until(lambda: not store.health().failing)


async def test_what_waits_on_disk_outlives_the_process_and_a_database_that_is_away_at_the_start(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    async with proxied(cluster, migrated_url) as (proxy, url):
        proxy.refuse_newcomers()
        async with spooling(url, tmp_path / "s") as store:  # begins without the database
            store.write([record(1), DispositionRow(record(1).contact_id, DispositionId("a"), AgentId("x"), 5.0)])
            await store.flush()
        async with spooling(url, tmp_path / "s") as store:
            store.write([record(2), DispositionRow(record(1).contact_id, DispositionId("b"), AgentId("x"), 6.0)])
            assert "Connect" in store.health().failing or not store.health().failing
            await store.flush()
            proxy.heal()
            assert await everything(store) == ids(1, 2)
            kept = await store.get(ContactId("c00001"))
            assert kept is not None
            assert kept.disposition == "b"


async def test_a_database_without_tables_at_the_start_gets_nothing_until_it_was_upgraded(
    postgresql_url: str, cluster: Cluster, tmp_path: Path, hasty: None
) -> None:
    async with proxied(cluster, postgresql_url) as (proxy, url):
        proxy.refuse_newcomers()
        async with spooling(url, tmp_path / "s") as store:
            store.write([record(1)])
            proxy.heal()
            await until(lambda: "run: acd db upgrade" in store.health().failing)
            assert store.health().lost == 0
            engine = make_engine(postgresql_url)
            await upgrade(engine)
            await engine.dispose()
            assert await everything(store) == ids(1)


async def test_a_slow_database_gets_everything_and_rows_do_not_wait_for_it_in_memory(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "ATTEMPT_S", 60.0)
    told: list[str] = []
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s", told) as store:
        proxy.delay(0.25, TO_CLIENT)
        for n in range(40):
            store.write([record(n)])
            await asyncio.sleep(0.01)
        await until(lambda: store.health().spooled > 0)
        await store.flush()
        await until(lambda: bool(store.health().failing))
        assert "answer" in store.health().failing
        assert await everything(store) == ids(*range(40))
        assert (store.health().lost, store.health().errors) == (0, 0)
    assert told


@pytest.mark.parametrize("way", ["frozen", "stopped"])
async def test_a_database_that_does_not_answer_is_told_of_and_let_go_of(
    way: str, cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    """The black hole and the SIGSTOPped server: connections stand, nothing comes."""
    told: list[str] = []
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s", told) as store:
        store.write([record(0)])
        await store.stored()
        with _stopped(cluster) if way == "stopped" else _frozen(proxy):
            store.write([record(1)])
            await until(lambda: bool(store.health().failing))
            assert told == ["call records cannot be written: it does not answer"]
            assert store.health().errors == 0  # told while the answer is still waited for
            store.write([record(2)])
            await store.flush()
            await until(lambda: store.health().errors > 0)  # the attempt was given up
        assert await everything(store) == ids(0, 1, 2)


@contextmanager
def _frozen(proxy: FaultProxy) -> Iterator[None]:
    proxy.freeze()
    yield
    proxy.heal()
    proxy.reset()


@contextmanager
def _stopped(cluster: Cluster) -> Iterator[None]:
    family = [cluster.pid, *map(int, Path(f"/proc/{cluster.pid}/task/{cluster.pid}/children").read_text().split())]
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in family:
        os.kill(pid, signal.SIGCONT)


async def test_a_read_only_database_is_waited_for_and_no_row_is_blamed(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    name = migrated_url.rpartition("/")[2]
    cluster.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with spooling(migrated_url, tmp_path / "s") as store:
        store.write([record(1), record(2)])
        await until(lambda: store.health().spooled == 2)
        assert "read-only transaction" in store.health().failing
        assert store.health().lost == 0
        assert await store.get(ContactId("c00001")) is None  # reading goes on
        cluster.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        ours = f"datname = '{name}'"
        cluster.sql(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {ours}")  # noqa: S608 - ours
        assert await everything(store) == ids(1, 2)


async def test_on_a_full_disk_rows_wait_in_the_spool_which_has_its_room_already(tmp_path: Path, hasty: None) -> None:
    told: list[str] = []
    url = sqlite_url(tmp_path / "r.sqlite")
    async with spooling(url, tmp_path / "s", told) as store:
        written = 0
        with _full(600_000):
            while not any("full" in message or "I/O error" in message for message in told):
                store.write([record(n) for n in range(written, written + 20)])
                written += 20
                await asyncio.sleep(0.05)
            await store.flush()
            assert store.health().failing
            assert store.health().spooled > 0
        assert await everything(store) == ids(*range(written))
        assert store.health().lost == 0


@pytest.mark.parametrize("way", ["locked", "read-only"])
async def test_an_sqlite_file_that_refuses_is_waited_for_and_no_row_is_blamed(
    way: str, tmp_path: Path, hasty: None
) -> None:
    path = tmp_path / "r.sqlite"
    async with spooling(sqlite_url(path), tmp_path / "s") as store:
        store.write([record(0)])
        await store.stored()
        with _locked(path) if way == "locked" else _read_only(store):
            store.write([record(1), record(2)])
            await until(lambda: store.health().spooled == 2)
            await until(lambda: store.health().errors > 0)
            assert {"locked": "locked", "read-only": "readonly"}[way] in store.health().failing
        assert await everything(store) == ids(0, 1, 2)
        assert store.health().lost == 0


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Somebody else writes and does not come to an end."""
    other = sqlite3.connect(path)
    other.execute("begin immediate")
    yield
    other.rollback()
    other.close()


@contextmanager
def _read_only(store: SqlRecords) -> Iterator[None]:
    """Have SQLite refuse to write, as it does when the file system is mounted anew after an error."""
    refuse = True

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA query_only = {refuse}")

    event.listen(store._engine.sync_engine, "begin", begin)
    yield
    refuse = False


@contextmanager
def _full(largest: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes; who tries gets an error, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


async def test_when_the_spool_is_full_too_the_loss_is_counted_and_every_row_named(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    told: list[str] = []
    options = {"spool_size": LEAST, "max_backlog": 50}
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s", told, **options) as store:
        proxy.refuse_newcomers()
        proxy.reset()
        written = 0
        while "it is full" not in store.health().failing:
            if store.health().backlog < 40:
                store.write([record(n) for n in range(written, written + 10)])
                written += 10
            await asyncio.sleep(0.001)
        while store.health().lost < 10:
            store.write([record(written)])
            written += 1
        assert "the spool cannot be used: it is full" in store.health().failing
        assert not store.durable()  # the journal is the last that knows of these
        named = [message for message in told if "is not kept: too many rows wait" in message]
        assert len(named) == 10
        assert named[0].startswith("the call record of contact 'c0")
        proxy.heal()
        assert len(await everything(store)) == written - 10
        assert store.health().failing == ""


async def test_an_answer_that_got_lost_doubles_nothing(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    """The commit happens, its answer does not come: the rows are written again, from the spool."""
    name = migrated_url.rpartition("/")[2]
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s") as store:
        store.write([record(0)])
        await store.stored()
        make_slow(cluster, name, 1.0)
        store.write([record(1)])
        await until(lambda: committing(cluster, name))
        proxy.swallow(TO_CLIENT)
        await until(lambda: cluster.sql("SELECT count(*) FROM call_records", name) == "2")
        await until(lambda: store.health().errors > 0)
        make_fast(cluster, name)
        proxy.heal()
        proxy.reset()
        store.write([record(1, exit=Exit.CLOSED)])
        assert await everything(store) == ids(0, 1)
        kept = await store.get(ContactId("c00001"))
        assert kept is not None
        assert kept.exit is Exit.ANSWERED
        assert store.health().lost == 0


async def test_a_month_later_the_same_contact_is_still_the_same(migrated_url: str) -> None:
    """The two records belong to different partitions; the first stays."""
    store = await open_records(migrated_url)
    store.write([record(1)])
    await store.stored()
    store.write([record(1, ended_at=record(1).ended_at + 40 * 86400), record(2, ended_at=9e9), record(2)])
    assert await everything(store) == ids(1, 2)
    await store.close()


async def test_rows_of_an_unknown_kind_or_damaged_ones_are_counted_and_hold_up_nothing(
    address: str, tmp_path: Path, hasty: None
) -> None:
    spool = Spool(tmp_path / "s", LEAST)
    spool.append([b"Teleport {}", b'CallRecord {"x": 1}'])
    spool.close()
    told: list[str] = []
    async with spooling(address, tmp_path / "s", told) as store:
        await store.stored()
        assert store.health().lost == 2
        store.write([record(1)])
        assert await everything(store) == ids(1)
    assert "a row of the spool is not kept: a row of a kind this version does not know" in told


async def test_rows_no_database_would_take_hold_up_nobody_who_waits_for_the_spool(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    told: list[str] = []
    async with proxied(cluster, migrated_url) as (proxy, url), spooling(url, tmp_path / "s", told) as store:
        proxy.refuse_newcomers()
        proxy.reset()
        bad = [record(5, caller="\ud800"), record(6, ended_at=float("nan"))]
        store.write([bad[0], record(1), bad[1], record(2)])
        await store.flush()
        assert (store.health().spooled, store.health().lost) == (2, 2)
        proxy.heal()
        assert await everything(store) == ids(1, 2)


async def test_closing_while_the_database_is_away_leaves_rows_on_disk_and_loses_none(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    told: list[str] = []
    async with proxied(cluster, migrated_url) as (proxy, url):
        async with spooling(url, tmp_path / "s", told) as store:
            store.write([record(0)])
            await store.stored()
            proxy.freeze()
            store.write([record(n) for n in range(1, 1000)])
        assert not [message for message in told if "is not kept" in message]
        proxy.heal()
        async with spooling(url, tmp_path / "s") as store:
            assert await everything(store) == ids(*range(1000))


async def test_beside_another_engine_nothing_is_written_before_the_turn_and_nothing_after_it(
    cluster: Cluster, migrated_url: str, tmp_path: Path, hasty: None
) -> None:
    """What only the own disk holds is not durable: the other engine has to have it from the journal."""
    name = migrated_url.rpartition("/")[2]
    told: list[str] = []
    async with proxied(cluster, migrated_url) as (proxy, url):
        async with spooling(url, tmp_path / "s", told, shared=True) as store:
            store.write([record(1)])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(store.stored(), 1.0)
            cluster.sql("UPDATE engine_lease SET token = 7", name)
            store.fence(7)
            assert await everything(store) == ids(1)
            proxy.refuse_newcomers()
            proxy.reset()
            store.write([record(2), DispositionRow(record(1).contact_id, DispositionId("old"), AgentId("x"), 5.0)])
            await until(lambda: store.health().spooled == 2)
            failed = store.health().errors
            await until(lambda: store.health().errors > failed + 1)
            assert not store.durable()
            cluster.sql("UPDATE engine_lease SET token = 8", name)
            proxy.heal()
            await until(lambda: "another engine has the lease" in store.health().failing)
            assert cluster.sql("SELECT count(*) FROM call_records", name) == "1"
        assert not [message for message in told if "is not kept" in message]
        async with spooling(url, tmp_path / "s", shared=True) as store:  # its turn comes again
            cluster.sql("UPDATE call_records SET disposition = 'new'", name)
            cluster.sql("UPDATE engine_lease SET token = 9", name)
            store.fence(9)
            assert await everything(store) == ids(1, 2)
            kept = await store.get(ContactId("c00001"))
            assert kept is not None
            assert kept.disposition == "new"
