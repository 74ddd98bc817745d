"""A backup taken while the engine writes is whole and of one moment, and only a whole one is restored."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from acd.domain.errors import StoreError
from acd.domain.events import CallArrived
from acd.domain.ids import LegId
from acd.ports import RecordFilter
from acd.store.backup import MANIFEST, Files, back_up, check, restore
from acd.store.database import sqlite_url
from acd.store.journal import SqliteJournal
from acd.store.journal_file import open_journal
from acd.store.records import SqlRecords, open_records
from tests.unit.store.test_records import all_pages, record

WHEN = "2026-11-30T12:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Both(Files):
    """Files of an engine with both databases in SQLite."""

    records: Path
    journal: Path


@pytest.fixture
def files(tmp_path: Path) -> Both:
    (tmp_path / "lib").mkdir()
    return Both(tmp_path / "lib/acd.db", tmp_path / "lib/journal.db", tmp_path / "lib/records.spool")


async def opened(files: Both) -> SqlRecords:
    return await open_records(sqlite_url(files.records), spool=files.spool, spool_size=1 << 20)


def arrived(n: int) -> CallArrived:
    return CallArrived(1000.0 + n, LegId(f"leg{n}"), "PJSIP/gw1-1", "169", "0811222333")


async def filled(files: Both, count: int = 10) -> None:
    journal, store = SqliteJournal(files.journal), await opened(files)
    for n in range(count):
        journal.append(arrived(n))
        store.write([record(n)])
    await store.stored()
    await journal.flush()
    await store.close()
    await journal.close()


async def kept(files: Both) -> int:
    store = await opened(files)
    found = await all_pages(store, RecordFilter(limit=1000))
    await store.close()
    return len(found)


def journaled(path: Path) -> int:
    with open_journal(path) as stretch:
        return sum(1 for _ in stretch.events)


async def test_a_backup_under_load_holds_everything_that_was_durable_when_it_began(files: Both, tmp_path: Path) -> None:
    """Each event is journaled before its record is written, as the engine does; a copy never has them the other way."""
    journal, store = SqliteJournal(files.journal), await opened(files)
    written = 0
    enough, on = asyncio.Event(), asyncio.Event()
    on.set()

    async def load() -> None:
        nonlocal written
        while not enough.is_set():
            await on.wait()
            journal.append(arrived(written))
            await journal.flush()
            store.write([record(written)])
            written += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(load())
    results = []
    for number in range(5):
        while written < 20 * (number + 1):  # noqa: ASYNC110 - the load sets no event for this
            await asyncio.sleep(0.01)
        on.clear()  # else a quiet machine never comes to the end of what there is to store
        await store.stored()
        before = written
        on.set()
        folder = tmp_path / f"backup{number}"
        names = await asyncio.to_thread(back_up, files, folder, WHEN)
        assert {"journal.db", "records.db", "records.spool"} == set(names)
        with closing(sqlite3.connect(folder / "records.db")) as copy:
            (records,) = copy.execute("SELECT count(*) FROM call_records").fetchone()
        results.append((before, records, journaled(folder / "journal.db"), written))
    enough.set()
    await task
    await store.close()
    await journal.close()
    for before, records, events, after in results:
        assert before - 1 <= records <= events <= after + 1
    assert results[-1][1] > 0


async def test_what_waits_in_the_spool_is_in_the_backup(files: Both, tmp_path: Path) -> None:
    await filled(files)
    store = await opened(files)
    with closing(sqlite3.connect(files.records, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        store.write([record(n) for n in range(10, 15)])
        await store.flush()
        assert store.health().spooled == 5
        blocker.execute("ROLLBACK")
        await asyncio.to_thread(back_up, files, tmp_path / "b", WHEN)
    await store.close()
    for path in (tmp_path / "lib").iterdir():
        path.unlink()
    assert restore(files, tmp_path / "b", ".old") == ["journal.db", "acd.db", "records.spool"]
    assert await kept(files) == 15


async def test_a_restored_backup_is_as_it_was_and_what_was_there_is_kept_beside(files: Both, tmp_path: Path) -> None:
    await filled(files)
    back_up(files, tmp_path / "b", WHEN)
    assert json.loads((tmp_path / "b" / MANIFEST).read_text())["made_at"] == WHEN
    await filled(files, 30)
    assert await kept(files) == 30
    restore(files, tmp_path / "b", ".before")
    assert await kept(files) == 10
    assert journaled(files.journal) == 10
    assert journaled(files.journal.with_name("journal.db.before")) == 40


async def test_nothing_is_restored_while_an_engine_runs(files: Both, tmp_path: Path) -> None:
    await filled(files)
    back_up(files, tmp_path / "b", WHEN)
    journal = SqliteJournal(files.journal)
    with pytest.raises(StoreError, match="in use by another engine"):
        restore(files, tmp_path / "b", ".old")
    await journal.close()
    store = await opened(files)
    with pytest.raises(StoreError, match="is in use by an engine"):
        restore(files, tmp_path / "b", ".old")
    await store.close()
    assert not list((tmp_path / "lib").glob("*.old*"))
    assert not list((tmp_path / "lib").glob("*.restoring"))


async def test_a_damaged_or_partial_backup_changes_nothing(files: Both, tmp_path: Path) -> None:
    await filled(files, 200)
    back_up(files, tmp_path / "b", WHEN)
    copy = tmp_path / "b" / "records.db"
    whole = copy.read_bytes()
    copy.write_bytes(whole[:8192] + bytes(4096) + whole[12288:])
    with pytest.raises(StoreError, match=r"is damaged|cannot be read"):
        restore(files, tmp_path / "b", ".old")
    copy.unlink()
    with pytest.raises(StoreError, match="cannot be restored"):
        restore(files, tmp_path / "b", ".old")
    (tmp_path / "b" / MANIFEST).write_text('{"files": ["journal.db"]}')
    with pytest.raises(StoreError, match=r"has no records\.db"):
        restore(files, tmp_path / "b", ".old")
    (tmp_path / "b" / MANIFEST).unlink()
    with pytest.raises(StoreError, match="is no backup of this program"):
        restore(files, tmp_path / "b", ".old")
    assert await kept(files) == 200


async def test_a_backup_that_fails_leaves_nothing_under_its_name(files: Both, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        back_up(files, tmp_path / "b", WHEN)
    await filled(files, 200)
    data = bytearray(files.records.read_bytes())
    data[8192:12288] = bytes(4096)
    files.records.write_bytes(data)
    with pytest.raises(StoreError):
        back_up(files, tmp_path / "b", WHEN)
    assert not (tmp_path / "b").exists()
    with pytest.raises(StoreError, match="exists already"):
        back_up(files, tmp_path / "lib", WHEN)


async def test_without_records_of_sqlite_journal_and_spool_are_backed_up(files: Both, tmp_path: Path) -> None:
    await filled(files)
    elsewhere = Files(None, files.journal, files.spool)
    assert back_up(elsewhere, tmp_path / "b", WHEN) == ["journal.db", "records.spool"]
    check(tmp_path / "b/journal.db")
