"""What every journal does, in a file as in a database."""

from __future__ import annotations

import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from acd.demo.postgresql import Cluster
from acd.domain.events import DigitPressed, Event, LegAnswered
from acd.domain.ids import LegId
from acd.store import group_commit
from acd.store.group_commit import GroupedJournal
from acd.store.journal import SqliteJournal
from acd.store.journal_pg import JournalReader, PostgresJournal
from acd.store.lease import Lease
from acd.store.seat import Seat
from tests.fakes.fault_proxy import FaultProxy
from tests.migrated import migrate
from tests.unit.store.waiting import until


def event(n: int) -> Event:
    return DigitPressed(float(n), LegId(f"leg-{n}"), "1")


def events(first: int, last: int) -> list[Event]:
    return [event(n) for n in range(first, last)]


class Place(ABC):
    """Where a journal is: it can be opened again and again, and made to refuse."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @abstractmethod
    async def open(self, **options: Any) -> GroupedJournal: ...

    @abstractmethod
    async def refuse(self, journal: GroupedJournal) -> None: ...

    @abstractmethod
    def relent(self) -> None: ...

    @abstractmethod
    def column(self, table: str, column: str) -> list[str]: ...

    @asynccontextmanager
    async def opened(self, **options: Any) -> AsyncIterator[GroupedJournal]:
        journal = await self.open(**options)
        try:
            yield journal
        finally:
            await journal.close()


class InFile(Place):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._blocker: sqlite3.Connection | None = None

    async def open(self, **options: Any) -> GroupedJournal:
        return SqliteJournal(self._path, on_error=self.told.append, **options)

    async def refuse(self, journal: GroupedJournal) -> None:
        assert isinstance(journal, SqliteJournal)
        with journal._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
        self._blocker = sqlite3.connect(self._path)
        self._blocker.execute("begin immediate")

    def relent(self) -> None:
        assert self._blocker is not None
        self._blocker.rollback()
        self._blocker.close()

    def column(self, table: str, column: str) -> list[str]:
        rows = sqlite3.connect(self._path)
        try:
            return [str(row[0]) for row in rows.execute(f"select {column} from {table} order by 1")]  # noqa: S608
        finally:
            rows.close()


class InDatabase(Place):
    def __init__(self, url: str, proxy: FaultProxy, cluster: Cluster) -> None:
        super().__init__()
        self._proxy, self._cluster = proxy, cluster
        self._real = url
        self._url = url.replace(f":{cluster.port}/", f":{proxy.port}/")

    async def open(self, **options: Any) -> GroupedJournal:
        seat, lease = Seat(self._real, "test"), Lease()
        self._cluster.sql("UPDATE engine_lease SET expires = '-infinity'", self._database)
        token = await seat.take(await seat.look(), lease)
        seat.close()
        assert token is not None
        reader = JournalReader(self._real)
        while (await reader.read()).more:
            pass
        reader.close()
        journal = PostgresJournal(self._url, on_error=self.told.append, **options)
        journal.own(token, reader.after)
        return journal

    @property
    def _database(self) -> str:
        return urlsplit(self._real).path.lstrip("/")

    async def refuse(self, journal: GroupedJournal) -> None:  # noqa: ARG002 - its connection is the proxy's
        self._proxy.refuse_newcomers()
        self._proxy.reset()

    def relent(self) -> None:
        self._proxy.heal()

    def column(self, table: str, column: str) -> list[str]:
        return self._cluster.sql(f"select {column} from journal_{table} order by 1", self._database).splitlines()  # noqa: S608


@pytest.fixture(params=["file", "database"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "file":
        yield InFile(tmp_path / "j.sqlite")
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = cluster.new_database()
    await migrate(cluster.url(name))
    async with FaultProxy(("127.0.0.1", cluster.port)) as proxy:
        yield InDatabase(cluster.url(name), proxy, cluster)
    cluster.drop_database(name)


async def test_events_come_back_in_order_after_reopening(place: Place) -> None:
    async with place.opened() as journal:
        for one in events(0, 2500):
            journal.append(one)
    async with place.opened() as journal:
        state, found = await journal.load()
        journal.append(event(2500))
        assert (state, list(found)) == (None, events(0, 2500))
        assert list((await journal.load())[1]) == events(0, 2501)


async def test_load_gives_the_newest_snapshot_and_only_the_events_after_it(place: Place) -> None:
    async with place.opened() as journal:
        for n, state in enumerate((b"one", b"two")):
            journal.append(event(n))
            journal.snapshot(state)
        journal.append(event(2))
        assert await journal.load() == (b"two", [event(2)])


async def test_a_snapshot_made_later_stands_at_its_place(place: Place) -> None:
    async with place.opened() as journal:
        journal.append(event(0))
        where = journal.place()
        journal.append(event(1))
        await journal.flush()
        journal.append(event(2))
        journal.snapshot(b"after 0", where)
        journal.append(event(3))
        assert await journal.load() == (b"after 0", events(1, 4))


async def test_events_no_kept_snapshot_needs_are_pruned_in_portions(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PRUNE_ROWS", 3)
    async with place.opened() as journal:
        for n in range(40):
            journal.append(event(n))
            if n % 10 == 9:
                journal.snapshot(str(n).encode())
        await journal.flush()
        await until(lambda: not journal._prune_to)
    assert sorted(map(int, place.column("events", "seq"))) == list(range(31, 41))
    assert len(place.column("snapshots", "id")) == 2
    async with place.opened() as journal:
        journal.append(event(40))
        assert await journal.load() == (b"39", [event(40)])


async def test_keep_all_keeps_all(place: Place) -> None:
    async with place.opened(keep_all=True) as journal:
        for n in range(30):
            journal.append(event(n))
            journal.snapshot(b"s")
    assert len(place.column("events", "seq")) == 30
    assert len(place.column("snapshots", "id")) == 30


async def test_while_it_is_refused_events_wait_and_are_written_once_it_is_not(place: Place) -> None:
    async with place.opened() as journal:
        await place.refuse(journal)
        for one in events(0, 5):
            journal.append(one)
        await until(lambda: bool(journal.health().failing))
        health = journal.health()
        assert (health.backlog, health.lost, health.gap) == (5, 0, False)
        assert health.errors >= 1
        assert place.told[0].startswith("the journal cannot be written")
        place.relent()
        await journal.flush()
        assert journal.health().failing == ""
        assert await journal.load() == (None, events(0, 5))


async def test_memory_stays_bounded_and_a_snapshot_ends_the_gap(place: Place) -> None:
    async with place.opened(max_backlog=10) as journal:
        await place.refuse(journal)
        for one in events(0, 100):
            journal.append(one)
        await until(lambda: bool(journal.health().failing))
        health = journal.health()
        assert health.gap
        assert health.lost + health.backlog == 100
        assert health.backlog <= 20
        journal.snapshot(b"all that happened")
        journal.append(event(100))
        assert not journal.health().gap
        place.relent()
        assert await journal.load() == (b"all that happened", [event(100)])
    assert any("until the next snapshot" in message for message in place.told)


async def test_an_event_that_cannot_be_written_is_counted_and_reported_not_raised(place: Place) -> None:
    async with place.opened() as journal:
        journal.append(LegAnswered(1.0, LegId("\ud800")))
        assert (journal.health().lost, journal.health().gap) == (1, True)
        assert "not journaled" in place.told[0]


async def test_closing_while_it_is_refused_ends_and_says_what_was_lost(place: Place) -> None:
    journal = await place.open()
    await place.refuse(journal)
    journal.append(event(1))
    await journal.close()
    place.relent()
    assert place.told[-1].startswith("1 events were not written")
    assert journal.health().lost == 1
    journal.append(event(2))
    assert journal.health().lost == 2


async def test_what_a_crash_would_have_taken_is_told_from_the_oldest_event_of_a_commit(place: Place) -> None:
    async with place.opened() as journal:
        told: list[float] = []
        journal.on_durable = told.append
        journal.append(event(0))
        await journal.flush()
        assert len(told) == 1
        await place.refuse(journal)
        journal.append(event(1))
        await until(lambda: bool(journal.health().failing))
        errors, began = journal.health().errors, time.monotonic()
        journal.append(event(2))
        await until(lambda: journal.health().errors > errors)
        journal.append(event(3))
        apart = time.monotonic() - began
        place.relent()
        await journal.flush()
        assert len(told) == 3
        assert told[2] >= apart
