"""The journal keeps every event in order, through crashes, full disks and many runs."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acd.domain.errors import StoreError
from acd.domain.events import DigitPressed, Event, LegAnswered
from acd.domain.ids import LegId
from acd.store import group_commit
from acd.store.journal import SqliteJournal
from acd.store.journal_file import open_journal
from tests.unit.store.waiting import until


def event(n: int) -> Event:
    return DigitPressed(float(n), LegId(f"leg-{n}"), "1")


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(path, **options)
    try:
        yield journal
    finally:
        await journal.close()


async def test_events_come_back_in_order_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    async with opened(path) as journal:
        for n in range(1000):
            journal.append(event(n))
    async with opened(path) as journal:
        state, events = await journal.load()
        journal.append(event(1000))
        assert (state, list(events)) == (None, [event(n) for n in range(1000)])
        assert list((await journal.load())[1]) == [event(n) for n in range(1001)]


async def test_load_gives_the_newest_snapshot_and_only_the_events_after_it(tmp_path: Path) -> None:
    async with opened(tmp_path / "j.sqlite") as journal:
        journal.append(event(1))
        journal.snapshot(b"one")
        journal.append(event(2))
        journal.snapshot(b"two")
        journal.append(event(3))
        assert await journal.load() == (b"two", [event(3)])


async def test_events_no_kept_snapshot_needs_are_pruned_in_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PRUNE_ROWS", 3)
    path = tmp_path / "j.sqlite"
    async with opened(path) as journal:
        for n in range(40):
            journal.append(event(n))
            if n % 10 == 9:
                journal.snapshot(str(n).encode())
        await journal.flush()
        await until(lambda: not journal._prune_to)
    rows = sqlite3.connect(path)
    try:
        assert rows.execute("select min(seq), max(seq) from events").fetchone() == (31, 40)
        assert [r[0] for r in rows.execute("select state from snapshots order by id")] == [b"29", b"39"]
    finally:
        rows.close()
    async with opened(path) as journal:
        journal.append(event(40))
        assert await journal.load() == (b"39", [event(40)])


async def test_keep_all_keeps_all(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    async with opened(path, keep_all=True) as journal:
        for n in range(30):
            journal.append(event(n))
            journal.snapshot(b"s")
    rows = sqlite3.connect(path)
    try:
        assert rows.execute("select count(*) from events").fetchone() == (30,)
        assert rows.execute("select count(*) from snapshots").fetchone() == (30,)
    finally:
        rows.close()


async def test_a_second_engine_cannot_take_the_same_journal(tmp_path: Path) -> None:
    async with opened(tmp_path / "j.sqlite"):
        with pytest.raises(StoreError, match="in use by another engine"):
            SqliteJournal(tmp_path / "j.sqlite")
    async with opened(tmp_path / "j.sqlite"):
        pass


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"this is a letter to my aunt, not a database" * 100)
    with pytest.raises(StoreError, match="cannot use the journal"):
        SqliteJournal(path)
    assert path.read_bytes().startswith(b"this is a letter")
    with pytest.raises(StoreError, match="cannot use the journal"):
        SqliteJournal(tmp_path / "no" / "such" / "folder")


async def test_a_journal_written_by_something_else_is_a_store_error_naming_the_entry(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    async with opened(path) as journal:
        journal.append(event(1))
    rows = sqlite3.connect(path)
    rows.execute("insert into events values (2, 1.0, 'x', ?)", (b'{"kind":"x"}',))
    rows.commit()
    rows.close()
    async with opened(path) as journal:
        with pytest.raises(StoreError, match="journal entry 2: not an event"):
            await journal.load()


async def test_while_the_disk_refuses_events_wait_and_are_written_once_it_does_not(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    told: list[str] = []
    async with opened(path, on_error=told.append) as journal:
        blocker = sqlite3.connect(path)
        blocker.execute("pragma journal_mode")
        await _shrink(journal)
        blocker.execute("begin immediate")
        try:
            for n in range(5):
                journal.append(event(n))
            await until(lambda: bool(journal.health().failing))
            health = journal.health()
            assert health.errors >= 1
            assert (health.backlog, health.lost, health.gap) == (5, 0, False)
            assert "locked" in health.failing
            assert told[0].startswith("the journal cannot be written")
        finally:
            blocker.rollback()
            blocker.close()
        await journal.flush()
        assert journal.health().failing == ""
        assert await journal.load() == (None, [event(n) for n in range(5)])


async def _shrink(journal: SqliteJournal) -> None:
    """Make the journal's own connections give up at once instead of waiting for a lock."""
    with journal._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")


async def test_a_full_disk_is_reported_and_nothing_accepted_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    told: list[str] = []
    async with opened(path, on_error=told.append) as journal:
        journal.append(event(0))
        await journal.flush()
        with journal._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        for n in range(1, 2000):
            journal.append(event(n))
        await until(lambda: bool(journal.health().failing))
        assert "full" in journal.health().failing
        with journal._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        await journal.flush()
        assert (await journal.load())[1] == [event(n) for n in range(2000)]
    assert any("full" in message for message in told)


async def test_memory_stays_bounded_and_a_snapshot_ends_the_gap(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    told: list[str] = []
    async with opened(path, on_error=told.append, max_backlog=10) as journal:
        await _shrink(journal)
        blocker = sqlite3.connect(path)
        blocker.execute("begin immediate")
        try:
            for n in range(100):
                journal.append(event(n))
            await until(lambda: bool(journal.health().failing))
            health = journal.health()
            assert health.gap
            assert health.lost + health.backlog == 100
            assert health.backlog <= 20
            for n in range(50):
                journal.snapshot(f"state {n}".encode())
            journal.append(event(100))
            assert not journal.health().gap
            assert len(journal._waiting) <= 3
        finally:
            blocker.rollback()
            blocker.close()
        assert await journal.load() == (b"state 49", [event(100)])
        with open_journal(path) as stretch:
            assert (stretch.state, [e for _seq, e in stretch.events]) == (b"state 49", [event(100)])
    assert any("until the next snapshot" in message for message in told)


async def test_an_event_that_cannot_be_written_is_counted_and_reported_not_raised(tmp_path: Path) -> None:
    told: list[str] = []
    async with opened(tmp_path / "j.sqlite", on_error=told.append) as journal:
        journal.append(LegAnswered(1.0, LegId("\ud800")))
        assert journal.health().lost == 1
        assert journal.health().gap
        assert "not journaled" in told[0]


async def test_closing_with_a_dead_disk_ends_and_says_what_was_lost(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    told: list[str] = []
    journal = SqliteJournal(path, on_error=told.append)
    await _shrink(journal)
    blocker = sqlite3.connect(path)
    blocker.execute("begin immediate")
    try:
        journal.append(event(1))
        flushing = asyncio.ensure_future(journal.flush())
        await asyncio.sleep(0)
        await journal.close()
        await flushing
    finally:
        blocker.rollback()
        blocker.close()
    assert told[-1].startswith("1 events were not written")
    assert journal.health().lost == 1
    journal.append(event(2))
    journal.snapshot(b"late")
    assert journal.health().lost == 2
    await journal.close()


async def test_flush_ends_although_events_keep_coming(tmp_path: Path) -> None:
    async with opened(tmp_path / "j.sqlite") as journal:
        stop = threading.Event()

        def pour() -> None:
            n = 0
            while not stop.wait(0.0005):
                journal.append(event(n))
                n += 1

        source = threading.Thread(target=pour)
        source.start()
        try:
            for _ in range(5):
                journal.append(event(-1))
                await journal.flush()
        finally:
            stop.set()
            source.join()


async def test_close_leaves_no_thread(tmp_path: Path) -> None:
    async with opened(tmp_path / "j.sqlite") as journal:
        journal.append(event(1))
    assert not [t for t in threading.enumerate() if t.name == "acd-journal"]


CHILD = """
import asyncio, sys
from pathlib import Path
from acd.domain.events import DigitPressed
from acd.store.journal import SqliteJournal
from acd.store.journal_file import open_journal
from tests.unit.store.waiting import until

async def main():
    journal = SqliteJournal(Path(sys.argv[1]))
    for n in range(1, 10**9):
        journal.append(DigitPressed(float(n), "leg", "1"))
        if n % 50 == 0:
            await journal.flush()
            print(n, flush=True)

asyncio.run(main())
"""


def test_kill_9_loses_nothing_that_was_flushed_and_leaves_no_hole(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        for _ in range(20):
            child.stdout.readline()
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    lines = child.stdout.read().split()
    child.stdout.close()
    flushed = int(lines[-1]) if lines else 1000
    with open_journal(path) as stretch:
        events = [e for _seq, e in stretch.events]
    assert [e.at for e in events] == [float(n) for n in range(1, len(events) + 1)]
    assert len(events) >= flushed >= 1000
