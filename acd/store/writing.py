"""The statements that write rows: the first of an id stays, what comes later of it changes what may change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert, Table, Update, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.domain.gaps import GapEnd
from acd.domain.record import CallRecord, DispositionRow, HookDone, RecordCorrection
from acd.domain.voicemail import VoicemailMark
from acd.ports import Row
from acd.store import tables, voicemails
from acd.store.rows import TABLES, row_of


async def insert_rows(connection: AsyncConnection, group: Sequence[Row]) -> None:
    """Write rows in the connection's transaction; those that are there already stay as they are."""
    dialect = connection.dialect.name
    for table, type_ in TABLES:
        rows = [row_of(item) for item in group if isinstance(item, type_)]
        if rows and type_ is CallRecord and dialect == "postgresql":
            rows = await _without_record(connection, rows)
        if rows:
            await connection.execute(_insert_new(dialect, table), rows)
    for item in group:
        match item:
            case RecordCorrection():
                await _correct(connection, item)
            case DispositionRow():
                await connection.execute(_disposition(item))
            case HookDone():
                await connection.execute(_hook_done(item))
            case GapEnd():
                await connection.execute(_gap_end(item))
            case VoicemailMark():
                await connection.execute(voicemails.mark(item))
            case _:
                pass


async def _without_record(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Choose the contacts that have no record yet, and take note of them: no partition knows of the others."""
    first = {row["contact_id"]: row for row in reversed(rows)}
    # Always in the same order, so that two writers wait for each other but never in a circle.
    keys = [{"contact_id": key, "ended_at": first[key]["ended_at"]} for key in sorted(first)]
    ids = tables.call_record_ids
    statement = postgresql.insert(ids).values(keys).on_conflict_do_nothing().returning(ids.c.contact_id)
    new = set(await connection.scalars(statement))
    return [row for key, row in first.items() if key in new]


def _insert_new(dialect: str, table: Table) -> Insert:
    insert = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    return insert.on_conflict_do_nothing()


async def _correct(connection: AsyncConnection, correction: RecordCorrection) -> None:
    """Put a record in the place of the one there is. What an agent said of it meanwhile stays."""
    row = row_of(correction)
    if row["disposition"] is None:
        del row["disposition"]
    table, ids = tables.call_records, tables.call_record_ids
    await connection.execute(update(table).where(table.c.contact_id == correction.contact_id).values(row))
    if connection.dialect.name == "postgresql":
        ended_at = row["ended_at"]
        await connection.execute(update(ids).where(ids.c.contact_id == correction.contact_id).values(ended_at=ended_at))


def _disposition(row: DispositionRow) -> Update:
    table = tables.call_records
    return update(table).where(table.c.contact_id == row.contact_id).values(disposition=row.disposition)


def _gap_end(end: GapEnd) -> Update:
    table = tables.gaps
    return update(table).where(table.c.id == end.id).values(ended_at=end.ended_at)


def _hook_done(done: HookDone) -> Update:
    table = tables.webhook_events
    values = {"done_at": done.at, "delivered": done.delivered, "body": ""}
    return update(table).where(table.c.event_id == done.event_id).values(values)
