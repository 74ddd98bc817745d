"""What is done to the database from time to time: months made ahead on PostgreSQL, and what is too old removed.

On PostgreSQL a month of call records goes as a whole, with its partition. Everything else, and all of SQLite's, is
deleted in small portions with pauses, so that nobody waits long for the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.domain.errors import StoreError
from acd.store import tables
from acd.store.faults import plain

AHEAD = 3
"""Months made before they come."""
MOST = 24
"""Months made in one go, of records that had none yet."""
PORTION = 500
PAUSE_S = 0.05
_EARLIEST = 2015 * 12
_LOCK = 0x61636402
_REST = "call_records_rest"
_BELONG = (tables.recordings, tables.callback_attempts, tables.voicemails, tables.decisions, tables.stories)
"""Rows of a contact, which go with its call record."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how many months besides the current one; None: for good."""

    records: int | None = None
    decisions: int | None = None


def month_of(at: float) -> int:
    """Months since the year 0, UTC."""
    when = datetime.fromtimestamp(at, UTC)
    return when.year * 12 + when.month - 1


def begin_of(month: int) -> float:
    """When a month begins, in seconds since the epoch."""
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()


def partition_of(month: int) -> str:
    """The name of a month's partition."""
    return f"call_records_{month // 12:04}_{month % 12 + 1:02}"


async def keep_up(engine: AsyncEngine, keeping: Keeping, now: float) -> int:
    """Do what is due; gives how many contacts' rows were removed. Raises ``StoreError``."""
    try:
        if engine.dialect.name == "postgresql":
            async with engine.begin() as connection:
                await connection.run_sync(make_months, month_of(now))
        removed = 0
        if keeping.decisions is not None:
            before = begin_of(month_of(now) - keeping.decisions)
            for table in (tables.decisions, tables.stories):
                await _all(engine, _old(table, "at", before), (table,))
        if keeping.records is not None:
            removed = await _remove_records(engine, month_of(now) - keeping.records)
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"the database cannot be kept up: {plain(error)}") from error
    return removed


# ── months of PostgreSQL ────────────────────────────────────────────────────────────────────────────────────────────


def make_months(connection: Connection, this: int) -> None:
    """Make the partitions of the coming months, and of past ones whose records had none."""
    connection.execute(text("SET LOCAL lock_timeout = '3s'"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    there = _partitions(connection)
    if missing := [month for month in range(this, this + AHEAD + 1) if month not in there]:
        connection.execute(text(f"LOCK TABLE {_REST} IN SHARE ROW EXCLUSIVE MODE"))
    past = set[int]()
    span = text(f"SELECT min(ended_at), max(ended_at) FROM {_REST}")  # noqa: S608 - ours
    first, last = connection.execute(span).one()
    if first is not None and last >= begin_of(_EARLIEST):
        months = range(
            max(month_of(max(first, 0.0)), _EARLIEST), min(month_of(min(last, begin_of(this + 1))), this) + 1
        )
        past = {month for month in months if month not in there and _holds(connection, month)}
    for month in sorted({*missing, *past})[:MOST]:
        _make(connection, month)


def _partitions(connection: Connection) -> set[int]:
    names = connection.scalars(
        text(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = 'call_records'::regclass AND c.relname <> 'call_records_rest'"
        )
    )
    return {int(name[-7:-3]) * 12 + int(name[-2:]) - 1 for name in names}


def _holds(connection: Connection, month: int) -> bool:
    bounds = {"since": begin_of(month), "until": begin_of(month + 1)}
    question = f"SELECT EXISTS (SELECT FROM {_REST} WHERE ended_at >= :since AND ended_at < :until)"  # noqa: S608 - ours
    return bool(connection.scalar(text(question), bounds))


def _make(connection: Connection, month: int) -> None:
    """Make a partition and move there what has been kept without one."""
    name, since, until = partition_of(month), begin_of(month), begin_of(month + 1)
    here = f"WHERE ended_at >= {since} AND ended_at < {until}"
    for statement in (
        f"LOCK TABLE {_REST} IN SHARE ROW EXCLUSIVE MODE",
        f"CREATE TABLE {name} (LIKE call_records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
        f"INSERT INTO {name} SELECT * FROM {_REST} {here}",  # noqa: S608 - ours, as in the next line
        f"DELETE FROM {_REST} {here}",  # noqa: S608
        f"ALTER TABLE call_records ATTACH PARTITION {name} FOR VALUES FROM ({since}) TO ({until})",
    ):
        connection.execute(text(statement))


def _drop_month(connection: Connection, month: int) -> None:
    connection.execute(text("SET LOCAL lock_timeout = '3s'"))
    connection.execute(text(f"DROP TABLE {partition_of(month)}"))


# ── what is too old ─────────────────────────────────────────────────────────────────────────────────────────────────


async def _remove_records(engine: AsyncEngine, first_kept: int) -> int:
    """Remove call records that ended before a month, with all that belongs to them."""
    before, removed = begin_of(first_kept), 0
    if engine.dialect.name == "postgresql":
        async with engine.connect() as connection:
            there = await connection.run_sync(_partitions)
        # What belongs to a contact goes first: until its month is dropped, it is known whose it is.
        removed = await _all(
            engine, _old(tables.call_record_ids, "ended_at", before), (*_BELONG, tables.call_record_ids)
        )
        for month in sorted(month for month in there if month < first_kept):
            async with engine.begin() as connection:
                await connection.run_sync(_drop_month, month)
    removed += await _all(engine, _old(tables.call_records, "ended_at", before), (*_BELONG, tables.call_records))
    hooks = tables.webhook_events
    await _all(engine, select(hooks.c.event_id).where(hooks.c.done_at < before).limit(PORTION), (hooks,))
    return removed


def _old(table: Table, column: str, before: float) -> Select[Any]:
    """Some of the contacts whose rows are too old."""
    return select(table.c.contact_id).where(table.c[column] < before).limit(PORTION)


async def _all(engine: AsyncEngine, some: Select[Any], where: Sequence[Table]) -> int:
    """Delete the rows of all that ``some`` gives, portion by portion, each in one transaction."""
    removed = 0
    while True:
        async with engine.begin() as connection:
            keys = set(await connection.scalars(some))
            for table in where if keys else ():
                key = table.c.event_id if table is tables.webhook_events else table.c.contact_id
                await connection.execute(delete(table).where(key.in_(keys)))
        if not keys:
            return removed
        removed += len(keys)
        await asyncio.sleep(PAUSE_S)
