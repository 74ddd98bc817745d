"""The journal's tables, how its file is opened, and reading it without owning it.

A reader may work while the engine writes: it reads in short portions, so it never keeps SQLite's log from being folded
back into the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Column,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.store.codec import decode_event
from acd.store.faults import plain

PORTION = 1000

metadata = MetaData()
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
"""``seq`` counts from 1 without holes; ``payload`` is ``acd.store.codec``'s JSON."""
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("lost", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
"""State after event ``seq``; ``lost`` events before it could not be kept, so replay must not run across it."""


@dataclass(frozen=True, slots=True)
class JournalStretch:
    """A stretch of a journal that can be replayed: the state it begins with (None: empty) and the events after it."""

    state: bytes | None
    after: int
    events: Iterator[tuple[int, Event]]
    """Sequence number and event, in order."""


def open_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Make an SQLAlchemy engine for the file, with the settings that make a commit durable."""
    if read_only:
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    else:
        engine = create_engine(URL.create("sqlite", database=str(path.absolute())))

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=2000")
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA journal_size_limit=16777216")
        cursor.close()

    return engine


def decoded(seq: int, payload: bytes) -> Event:
    """Read one event. Raises ``StoreError`` naming the row."""
    try:
        return decode_event(payload)
    except StoreError as error:
        raise StoreError(f"journal entry {seq}: {error}") from error


@contextmanager
def open_journal(path: Path) -> Iterator[JournalStretch]:
    """Open a journal read-only, at the earliest point from which it is complete; the engine may go on writing.

    Raises:
        StoreError: no such file, no journal, an entry that cannot be read, or one pruned while being read.
    """
    if not path.is_file():
        raise StoreError(f"no journal at {path}")
    engine = open_engine(path, read_only=True)
    try:
        start = _start(engine)
        after, state = start or (0, None)
        yield JournalStretch(state=state, after=after, events=_read(engine, after))
    except SQLAlchemyError as error:
        raise StoreError(f"cannot read the journal {path}: {plain(error)}") from error
    finally:
        engine.dispose()


def _start(engine: Engine) -> tuple[int, bytes] | None:
    """Choose the snapshot to begin with; None when the journal is whole from its first event."""
    wanted = select(snapshots.c.seq, snapshots.c.state)
    with engine.connect() as connection:
        broken = connection.execute(wanted.where(snapshots.c.lost > 0).order_by(snapshots.c.id.desc()).limit(1)).first()
        if broken is not None:
            return broken.seq, broken.state
        oldest = connection.execute(wanted.order_by(snapshots.c.id).limit(1)).first()
        if oldest is None or connection.scalar(select(func.min(events.c.seq))) == 1:
            return None
        return oldest.seq, oldest.state


def _read(engine: Engine, after: int) -> Iterator[tuple[int, Event]]:
    while True:
        with engine.connect() as connection:
            rows = connection.execute(
                select(events.c.seq, events.c.payload).where(events.c.seq > after).order_by(events.c.seq).limit(PORTION)
            ).all()
        if not rows:
            return
        for row in rows:
            if row.seq != after + 1:
                raise StoreError(f"journal entries {after + 1} to {row.seq - 1} are gone: pruned while being read")
            yield row.seq, decoded(row.seq, row.payload)
            after = row.seq
