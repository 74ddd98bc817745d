"""The past is read as it lies there and nothing of it changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from acd.domain.errors import StoreError
from acd.domain.exits import Exit
from acd.domain.ids import ContactId
from acd.domain.record import CallRecord
from acd.store.database import sqlite_url
from acd.store.history import read_history
from acd.store.records import open_records

ONE = CallRecord(
    contact_id=ContactId("c1"), exit=Exit.ANSWERED, access_code="169", trunk=None, caller="021", arrived_at=10.0,
    answered_at=10.5, queued_at=20.0, connected_at=25.0, ended_at=60.0, queue=None, agent=None, language=None,
    flow=None, last_node=None, cause=16, sip_code=None, recording=None, offers=1, within_target=True, plan_version="v",
)  # fmt: skip
TWO = replace(
    ONE,
    contact_id=ContactId("c0"),
    arrived_at=5.0,
    exit=Exit.ABANDONED,
    within_target=None,
    closed_as=Exit.FAILED_TECHNICAL,
    closed_at=7.0,
)


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    path = tmp_path / "a b?.db"
    records = await open_records(sqlite_url(path))
    records.write([ONE, TWO])
    await records.flush()
    await records.close()
    return path


async def test_records_come_in_the_order_of_arrival(database: Path) -> None:
    assert read_history(database) == (TWO, ONE)


async def test_a_time_leaves_out_what_came_before_and_after(database: Path) -> None:
    assert read_history(database, since=5.5) == (ONE,)
    assert read_history(database, since=5.0, until=10.0) == (TWO,)


def test_reading_writes_nothing(database: Path) -> None:
    before = database.read_bytes()
    read_history(database)
    assert database.read_bytes() == before


def test_what_is_not_there_or_not_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        read_history(tmp_path / "no.db")
    assert not (tmp_path / "no.db").exists()
    (tmp_path / "text.db").write_text("no database, but long enough to be taken for one" * 30, encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be read"):
        read_history(tmp_path / "text.db")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE things (a)")
    with pytest.raises(StoreError, match="holds no call records"):
        read_history(tmp_path / "other.db")


async def test_an_exit_of_a_later_version_is_refused(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("UPDATE call_records SET exit = 'teleported'")
        writer.commit()
    with pytest.raises(StoreError, match="teleported"):
        read_history(database)
