"""The journal in an SQLite file: every event in order, and now and then the state, so it can be made again.

SQLite runs in WAL mode with ``synchronous=FULL``: what is committed survives a power cut.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from acd.domain.errors import StoreError, StoreInUseError
from acd.domain.events import Event
from acd.store import group_commit
from acd.store.faults import plain
from acd.store.group_commit import KEPT_SNAPSHOTS, CommitError, EventRow, GroupedJournal, OnError, SnapshotRow
from acd.store.journal_file import decoded, events, metadata, open_engine, snapshots

INSERT_EVENTS = str(insert(events).compile(dialect=sqlite.dialect(paramstyle="qmark")))


class SqliteJournal(GroupedJournal):
    """``acd.ports.Journal`` over one file that one process owns.

    Args:
        path: the file; its folder must exist.
        keep_all: keep events older than the last two snapshots, for audit and replay from the beginning.
        on_error: told in plain words of each failed commit and each event lost; called from the writer's thread or
            from ``append``, never with a caller's number.
        max_backlog: events that may wait for the disk, beside as many that are being written.

    Raises:
        StoreError: the file cannot be opened, is no journal, or is in use by another process.
    """

    def __init__(
        self, path: Path, *, keep_all: bool = False, on_error: OnError | None = None, max_backlog: int = 200_000
    ) -> None:
        super().__init__(keep_all=keep_all, on_error=on_error, max_backlog=max_backlog)
        self._path = path
        self._lock_fd = take(path)
        try:
            self._engine: Engine = open_engine(path)
            with self._engine.begin() as connection:
                metadata.create_all(connection)
                seq: int = connection.scalar(select(func.max(events.c.seq))) or 0
                seq = max(seq, connection.scalar(select(func.max(snapshots.c.seq))) or 0)
                prune_to = 0 if keep_all else _prunable(connection)
        except SQLAlchemyError as error:
            os.close(self._lock_fd)
            raise StoreError(f"cannot use the journal {path}: {plain(error)}") from error
        self._begin(seq, prune_to)

    def _commit(self, rows: Sequence[EventRow], marks: Sequence[SnapshotRow]) -> None:
        try:
            with self._engine.begin() as connection:
                self._insert(connection, rows, marks)
        except SQLAlchemyError as error:
            raise CommitError(plain(error)) from error

    def _insert(self, connection: Connection, rows: Sequence[EventRow], marks: Sequence[SnapshotRow]) -> None:
        if rows:
            # The driver's own statement: this runs beside the event loop and should hold the GIL briefly.
            values = [(row.seq, row.at, row.kind, row.payload) for row in rows]
            connection.exec_driver_sql(INSERT_EVENTS, values)
        if marks:
            given = [{"seq": mark.seq, "lost": mark.lost, "state": mark.state} for mark in marks]
            connection.execute(insert(snapshots), given)
            self._prune_to = 0 if self._keep_all else _prunable(connection)
        if self._prune_to and not _prune(connection, self._prune_to):
            self._prune_to = 0

    def _let_go(self) -> None:
        self._engine.dispose()
        os.close(self._lock_fd)

    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        """Give the newest snapshot, if any, and the events after it. Raises ``StoreError``."""
        await self.flush()
        return await asyncio.to_thread(self._load)

    def _load(self) -> tuple[bytes | None, Sequence[Event]]:
        try:
            with self._engine.connect() as connection:
                newest = connection.execute(
                    select(snapshots.c.seq, snapshots.c.state).order_by(snapshots.c.id.desc()).limit(1)
                ).first()
                after, state = (newest.seq, newest.state) if newest else (0, None)
                rows = connection.execute(
                    select(events.c.seq, events.c.payload).where(events.c.seq > after).order_by(events.c.seq)
                )
                return state, [decoded(row.seq, row.payload) for row in rows]
        except SQLAlchemyError as error:
            raise StoreError(f"cannot read the journal {self._path}: {plain(error)}") from error


def take(path: Path) -> int:
    """Lock the file beside the journal for this process; the lock goes with the process, however it ends."""
    try:
        fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StoreError(f"cannot use the journal {path}: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise StoreInUseError(f"the journal {path} is in use by another engine") from error
    return fd


def in_use(path: Path) -> bool:
    """Whether a process has the journal. Raises ``StoreError`` where that cannot be found out."""
    try:
        os.close(take(path))
    except StoreInUseError:
        return True
    return False


def _prunable(connection: Connection) -> int:
    """Last sequence number that no kept snapshot needs; older snapshots go at once."""
    kept = connection.execute(
        select(snapshots.c.id, snapshots.c.seq).order_by(snapshots.c.id.desc()).limit(KEPT_SNAPSHOTS)
    ).all()
    if len(kept) < KEPT_SNAPSHOTS:
        return 0
    connection.execute(delete(snapshots).where(snapshots.c.id < kept[-1].id))
    return int(kept[-1].seq)


def _prune(connection: Connection, up_to: int) -> int:
    """Delete a first portion of the events up to ``up_to``; 0 when there was none left."""
    first: int | None = connection.scalar(select(func.min(events.c.seq)))
    if first is None or first > up_to:
        return 0
    last = min(up_to, first + group_commit.PRUNE_ROWS - 1)
    return connection.execute(delete(events).where(events.c.seq <= last)).rowcount
