"""The tables the migrations make are the tables the code uses, and a newer database is left alone."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from acd.domain.errors import StoreError
from acd.domain.record import CallRecord, RecordingRow
from acd.store import database, tables
from acd.store.database import (
    Revision,
    StoreAway,
    current,
    make_engine,
    open_database,
    prepare,
    sqlite_url,
    upgrade,
)
from acd.store.records import open_records
from tests.unit.store.test_records import record


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:  # noqa: FBT001 - alembic's
    """Leave out partitions and what only PostgreSQL has."""
    return kind != "table" or not (name or "").startswith(("call_records_", "call_record_ids"))


async def test_migrations_make_exactly_the_tables_the_code_uses(address: str) -> None:
    engine = await open_database(address)

    def differences(connection: Connection) -> list[Any]:
        options = {"include_object": _ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_columns_are_the_fields_of_the_values_in_order() -> None:
    assert [c.name for c in tables.call_records.columns] == [f.name for f in fields(CallRecord)]
    assert [c.name for c in tables.recordings.columns] == [f.name for f in fields(RecordingRow)]


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(address: str) -> None:
    engine = await open_database(address)
    async with engine.begin() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))
    for _ in range(2):
        with pytest.raises(StoreError, match="revision 9999, which is newer than this program; install the version"):
            await open_database(address)
    assert (await current(engine)).newer
    await engine.dispose()


async def test_opening_again_changes_nothing_and_commits_are_safe_from_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    for _ in range(2):
        engine = await open_database(sqlite_url(path))
        async with engine.connect() as connection:
            assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar() == 2
            assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar() == "wal"
        await engine.dispose()


async def test_a_database_we_do_not_migrate_must_be_at_the_newest_revision(postgresql_url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"at revision None, this program needs 0\d+; run: acd db upgrade"):
        await open_database(postgresql_url)
    engine = make_engine(postgresql_url)
    await upgrade(engine)
    revision = await current(engine)
    assert revision == Revision(revision.wanted, revision.wanted, newer=False)
    await engine.dispose()
    await (await open_database(postgresql_url)).dispose()
    empty = tmp_path / "r.sqlite"
    sqlite3.connect(empty).close()
    with pytest.raises(StoreError, match="run: acd db upgrade"):
        await open_database(sqlite_url(empty), make=False)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_records_of_every_earlier_revision_outlive_the_upgrade(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url: str = sqlite_url(tmp_path / "r") if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    engine = make_engine(url)

    def begin(connection: Connection) -> None:
        command.upgrade(database._config(connection), "0009")

    old = record(1)
    later = {"closed_as", "closed_at"}
    names = [c.name for c in tables.call_records.columns if c.name not in later]
    values = {name: getattr(old, name) for name in names} | {"path": "[]", "consents": "[]", "answers": "[]"}
    async with engine.begin() as connection:
        await connection.run_sync(begin)
        statement = f"insert into call_records ({', '.join(names)}) values ({', '.join(':' + n for n in names)})"  # noqa: S608 - our own names
        await connection.execute(text(statement), values)
        await connection.execute(text("insert into stories (contact_id, steps) values ('c00001', '[]')"))
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(text("select at from stories")) == old.ended_at
    await engine.dispose()
    store = await open_records(url)
    store.write([record(1, ended_at=5.0), record(2)])  # one that is there already, with another end
    assert await store.get(old.contact_id) == old
    assert await store.get(record(2).contact_id) == record(2)
    await store.close()


async def test_a_migration_that_fails_half_way_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(sqlite_url(tmp_path / "r.sqlite"))

    real = command.upgrade

    def half(config: Config, _revision: str) -> None:
        real(config, "0005")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, "upgrade", half)
    with pytest.raises(StoreError, match="cannot migrate the database: No space left"):
        await prepare(engine)
    monkeypatch.undo()
    async with engine.connect() as connection:
        found = await connection.scalars(text("select name from sqlite_master where name like 'call%'"))
        assert list(found) == []
    await prepare(engine)
    await engine.dispose()


async def test_a_database_that_is_away_is_told_from_one_that_is_wrong(migrated_url: str) -> None:
    with pytest.raises(StoreAway, match="Connect call failed"):
        await open_database("postgresql+asyncpg://acd:x@127.0.0.1:1/acd")
    for wrong, why in (
        (migrated_url.replace("acd:", "nobody:"), "password authentication failed"),
        (migrated_url.rpartition("/")[0] + "/nothing", 'database "nothing" does not exist'),
    ):
        with pytest.raises(StoreError, match=why) as told:
            await open_database(wrong)
        assert not isinstance(told.value, StoreAway)


async def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreError, match="cannot use the database: its driver asyncpg is not installed"):
        await open_database("postgresql+asyncpg://db/acd")


def test_the_revisions_are_those_that_alembic_finds() -> None:
    script = ScriptDirectory(str(database.MIGRATIONS))
    known, newest = database._known()
    assert known == {one.revision for one in script.walk_revisions()}
    assert newest == script.get_current_head()
