"""The bench of the journal counts commits, and says so when nothing could be committed."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from random import Random

import pytest

from acd.demo.bench_journal import windows
from acd.domain.errors import DeployError
from acd.store.journal import SqliteJournal
from tests.unit.store.waiting import until


async def test_every_commit_gives_how_long_its_oldest_event_waited(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db")
    found = await windows(journal, 200.0, 0.3, Random(1))
    await journal.close()
    with sqlite3.connect(tmp_path / "j.db") as file:
        (events,) = file.execute("select count(*) from events").fetchone()
    assert 0 < len(found) <= events
    assert all(waited > 0 for waited in found)


async def test_a_journal_that_fails_meanwhile_gives_no_figures(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "j.db")
    with journal._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    blocker = sqlite3.connect(tmp_path / "j.db")
    blocker.execute("begin immediate")
    measuring = asyncio.create_task(windows(journal, 200.0, 0.1, Random(1)))
    await until(lambda: journal.health().errors > 0)
    blocker.rollback()
    blocker.close()
    with pytest.raises(DeployError, match="could not be written"):
        await measuring
    await journal.close()
