"""Call records of a database as it lies there: read, never made, migrated or written.

For whoever studies the past of a deployment that may be running. SQLite only. Columns that an older version did not
have take their defaults.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import MISSING, fields
from pathlib import Path
from urllib.parse import quote

from acd.domain.errors import StoreError
from acd.domain.exits import Exit
from acd.domain.record import CallRecord
from acd.store.rows import parts_of

_TABLE = "call_records"


def read_history(path: Path, since: float | None = None, until: float | None = None) -> tuple[CallRecord, ...]:
    """Every call record that arrived from ``since`` to before ``until`` (seconds since the epoch), in that order.

    Raises:
        StoreError: there is no such database, or it is not one of ours.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            there = {str(row[1]) for row in database.execute(f"PRAGMA table_info({_TABLE})")}
            names = [field.name for field in fields(CallRecord) if field.name in there]
            missing = [
                field.name
                for field in fields(CallRecord)
                if field.name not in there and field.default is MISSING and field.default_factory is MISSING
            ]
            if missing:
                raise StoreError(f"{path} holds no call records of this program")
            # Names come from our own dataclass, never from outside.
            query = (
                f"SELECT {', '.join(names)} FROM {_TABLE} WHERE arrived_at >= ? AND arrived_at < ? "  # noqa: S608 - ours
                "ORDER BY arrived_at, contact_id"
            )
            bounds = (since if since is not None else -1e18, until if until is not None else 1e18)
            return tuple(_record(dict(zip(names, row, strict=True))) for row in database.execute(query, bounds))
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def _record(row: dict[str, object]) -> CallRecord:
    try:
        within, closed_as = row["within_target"], row.get("closed_as")
        return CallRecord(
            **{
                **row,
                "exit": Exit(str(row["exit"])),
                "within_target": None if within is None else bool(within),
                "closed_as": None if closed_as is None else Exit(str(closed_as)),
                **parts_of(row),
            }
        )
    except ValueError as error:
        raise StoreError(f"a call record has an exit this version does not know: {row['exit']!r}") from error
