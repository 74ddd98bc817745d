"""The tables the migrations make are the tables the code uses, and a newer database is left alone."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine

from acd.domain.errors import StoreError
from acd.domain.record import CallRecord, RecordingRow
from acd.store import tables
from acd.store.database import _check, _upgrade, open_database, sqlite_url


async def test_migrations_make_exactly_the_tables_the_code_uses(tmp_path: Path) -> None:
    engine = await open_database(sqlite_url(tmp_path / "r.sqlite"))

    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), tables.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_columns_are_the_fields_of_the_values_in_order() -> None:
    assert [c.name for c in tables.call_records.columns] == [f.name for f in fields(CallRecord)]
    assert [c.name for c in tables.recordings.columns] == [f.name for f in fields(RecordingRow)]


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    await (await open_database(sqlite_url(path))).dispose()
    rows = sqlite3.connect(path)
    rows.execute("update alembic_version set version_num = '9999'")
    rows.commit()
    rows.close()
    with pytest.raises(StoreError, match="cannot migrate the database"):
        await open_database(sqlite_url(path))


async def test_opening_again_changes_nothing_and_commits_are_safe_from_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    for _ in range(2):
        engine = await open_database(sqlite_url(path))
        async with engine.connect() as connection:
            assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar() == 2
            assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
        await engine.dispose()


def test_a_database_we_do_not_migrate_must_be_at_the_newest_revision(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'r.sqlite'}")
    with engine.connect() as connection:
        with pytest.raises(Exception, match="it is at revision None, this program needs 0"):
            _check(connection)
        _upgrade(connection)
        _check(connection)
    engine.dispose()


async def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreError, match="cannot use the database: its driver asyncpg is not installed"):
        await open_database("postgresql+asyncpg://db/acd")
