"""Call records, recording rows, decisions and stories in a database: written in the background, read by page.

Rows are written in order, in groups, until they are durable; the first of an id stays. A database that cannot be
reached keeps them waiting; a row the database will never take is reported and left out so that it does not hold up the
others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Insert, RowMapping, Select, Table, Update, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.domain.errors import StoreError
from acd.domain.gaps import Gap, GapEnd
from acd.domain.ids import ContactId, VoicemailId
from acd.domain.record import CallbackAttempt, CallRecord, DispositionRow, HookDone, HookRow, RecordingRow
from acd.domain.voicemail import VoicemailMark, VoicemailRow
from acd.ports import Explanation, RecordFilter, RecordPage, Row, VoicemailFilter, VoicemailPage
from acd.store import tables, voicemails
from acd.store.cursor import decode_cursor, encode_cursor
from acd.store.database import open_database
from acd.store.faults import plain
from acd.store.group_commit import DEPOSED, DeposedError
from acd.store.rows import TABLES, decision_of, name_of, record_of, row_of, steps_of

# A process that is stopped now must not hold its lock for ever: another engine waits for it.
_FENCE = text(
    "SELECT token, set_config('idle_in_transaction_session_timeout', '1000', true) "
    "FROM engine_lease WHERE token = :token FOR KEY SHARE"
)
GROUP_ROWS = 500
MOST_GAPS = 10_000
GROUP_S = 0.1
"""How long a row waits for others; the journal holds what it is made of meanwhile."""
CATCH_UP_S = 1.0
"""How long a reader waits for rows written before it asked."""
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
CLOSE_S = 5.0
"""``close`` gives up when no row became durable for so long."""


@dataclass(frozen=True, slots=True)
class RecordsHealth:
    """How the writer does: rows not yet durable, failed attempts, rows given up, and why the last attempt failed."""

    backlog: int
    errors: int
    lost: int
    failing: str


class SqlRecords:
    """``acd.ports.Records`` over SQLAlchemy; make it with ``open_records``."""

    def __init__(self, engine: AsyncEngine, on_error: Callable[[str], None], max_backlog: int) -> None:
        self._engine = engine
        self._on_error = on_error
        self._max_backlog = max_backlog
        self._waiting: list[Row] = []
        self._more = asyncio.Event()
        self._durable = asyncio.Event()
        self._durable.set()
        self._errors = 0
        self._lost = 0
        self._failing = ""
        self._closed = False
        self._token: int | None = None
        self._task = asyncio.create_task(self._run(), name="acd-records")

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows without waiting; written in order, tried again until they are durable, the first of an id stays."""
        for item in items:
            if self._closed or len(self._waiting) >= self._max_backlog:
                self._lose(item, "the store is closed" if self._closed else "too many rows wait for the database")
                continue
            self._waiting.append(item)
            self._durable.clear()
        self._more.set()

    def fence(self, token: int) -> None:
        """Write as the holder of this token of the seat; the database takes nothing once another engine has it."""
        self._token = token

    async def page(self, wanted: RecordFilter) -> RecordPage:
        """One page, oldest end first. Raises ``StoreError``; ``ValueError`` for a cursor that is none."""
        await self._catch_up()
        rows = await self._rows(_query(wanted))
        records = tuple(record_of(row) for row in rows[: wanted.limit])
        more = len(rows) > wanted.limit
        return RecordPage(records, encode_cursor(records[-1].ended_at, records[-1].contact_id) if more else None)

    async def get(self, contact_id: ContactId) -> CallRecord | None:
        """One call record, None when there is none. Raises ``StoreError``."""
        await self._catch_up()
        table = tables.call_records
        rows = await self._rows(select(table).where(table.c.contact_id == contact_id))
        return record_of(rows[0]) if rows else None

    async def recordings(self, contact_id: ContactId) -> tuple[RecordingRow, ...]:
        """The recordings of a contact, first started first. Raises ``StoreError``."""
        await self._catch_up()
        table = tables.recordings
        rows = await self._rows(
            select(table).where(table.c.contact_id == contact_id).order_by(table.c.started_at, table.c.name)
        )
        return tuple(RecordingRow(**row) for row in rows)

    async def attempts(self, contact_id: ContactId) -> tuple[CallbackAttempt, ...]:
        """The outbound calls of a callback, first begun first. Raises ``StoreError``."""
        await self._catch_up()
        table = tables.callback_attempts
        rows = await self._rows(
            select(table).where(table.c.contact_id == contact_id).order_by(table.c.started_at, table.c.leg)
        )
        return tuple(CallbackAttempt(**row) for row in rows)

    async def voicemails(self, wanted: VoicemailFilter) -> VoicemailPage:
        """One page of messages, oldest first. Raises ``StoreError``; ``ValueError`` for a cursor that is none."""
        await self._catch_up()
        rows = await self._rows(voicemails.page_query(wanted))
        found = tuple(VoicemailRow(**row) for row in rows[: wanted.limit])
        more = len(rows) > wanted.limit
        return VoicemailPage(found, encode_cursor(found[-1].left_at, found[-1].id) if more else None)

    async def voicemail(self, voicemail_id: VoicemailId) -> VoicemailRow | None:
        """One message, None when there is none. Raises ``StoreError``."""
        await self._catch_up()
        table = tables.voicemails
        rows = await self._rows(select(table).where(table.c.id == voicemail_id))
        return VoicemailRow(**rows[0]) if rows else None

    async def explanation(self, contact_id: ContactId) -> Explanation:
        """How a contact was served; empty for one that is not known. Raises ``StoreError``."""
        await self._catch_up()
        offers, ways = tables.decisions, tables.stories
        told = await self._rows(select(offers).where(offers.c.contact_id == contact_id).order_by(offers.c.offer))
        way = await self._rows(select(ways).where(ways.c.contact_id == contact_id))
        return Explanation(tuple(decision_of(row) for row in told), steps_of(way[0]) if way else ())

    async def pending_hooks(self) -> tuple[HookRow, ...]:
        """Events that no webhook was told yet, oldest first. Raises ``StoreError``."""
        await self._catch_up()
        table = tables.webhook_events
        wanted = select(table.c.event_id, table.c.webhook, table.c.at, table.c.body).where(table.c.done_at.is_(None))
        return tuple(HookRow(**row) for row in await self._rows(wanted.order_by(table.c.at, table.c.event_id)))

    async def gaps(self) -> tuple[Gap, ...]:
        """Intervals in which not everything was seen, oldest first, the latest ``MOST_GAPS``. Raises ``StoreError``."""
        await self._catch_up()
        table = tables.gaps
        rows = await self._rows(select(table).order_by(table.c.began_at.desc(), table.c.id.desc()).limit(MOST_GAPS))
        return tuple(Gap(**row) for row in reversed(rows))

    def durable(self) -> bool:
        """Whether everything written is durable now (or was given up and reported)."""
        return self._durable.is_set()

    async def flush(self) -> None:
        """Wait until everything written is durable; waits on while the database refuses."""
        await self._durable.wait()

    async def close(self) -> None:
        """Give rows that wait a last chance, then let go of the database. What is still not durable is reported."""
        self._closed = True
        left = -1
        while not self._durable.is_set() and len(self._waiting) != left:
            left = len(self._waiting)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._durable.wait(), CLOSE_S)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        for item in self._waiting:
            self._lose(item, "the database did not take it before the end")
        self._waiting.clear()
        await self._engine.dispose()

    def health(self) -> RecordsHealth:
        """Figures for /metrics and /readyz."""
        return RecordsHealth(len(self._waiting), self._errors, self._lost, self._failing)

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._more.wait()
            if not self._waiting:
                self._more.clear()
                self._durable.set()
                continue
            if not self._closed and not failures:
                await asyncio.sleep(GROUP_S)
            group = self._waiting[:GROUP_ROWS]
            if await self._store(group):
                failures = 0
                del self._waiting[: len(group)]
            else:
                await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)])
                failures += 1

    async def _store(self, group: Sequence[Row]) -> bool:
        """Write a group; True when none of it needs to be tried again."""
        try:
            await self._insert(group)
        except (OperationalError, InterfaceError, OSError) as error:
            self._failing = plain(error)
            self._errors += 1
            self._on_error(f"call records cannot be written: {self._failing}")
            return False
        except DeposedError as error:
            self._closed = True
            self._errors += 1
            for item in group:
                self._lose(item, str(error))
            return True
        except (SQLAlchemyError, StoreError, UnicodeError, OverflowError, ValueError, TypeError) as error:
            if len(group) == 1:
                self._errors += 1
                self._lose(group[0], plain(error))
                return True
            # One bad row must not hold up the rest. Rows already in are ignored when they come again.
            return all([await self._store([item]) for item in group])
        self._failing = ""
        return True

    async def _insert(self, group: Sequence[Row]) -> None:
        async with self._engine.begin() as connection:
            for table, type_ in TABLES:
                rows = [row_of(item) for item in group if isinstance(item, type_)]
                if rows:
                    await connection.execute(_insert_new(self._engine.dialect.name, table), rows)
            for row in (item for item in group if isinstance(item, DispositionRow)):
                await connection.execute(_disposition(row))
            for done in (item for item in group if isinstance(item, HookDone)):
                await connection.execute(_hook_done(done))
            for end in (item for item in group if isinstance(item, GapEnd)):
                await connection.execute(_gap_end(end))
            for mark in (item for item in group if isinstance(item, VoicemailMark)):
                await connection.execute(voicemails.mark(mark))
            await self._still_ours(connection)

    async def _still_ours(self, connection: AsyncConnection) -> None:
        """See at the end of a transaction, so that its locks are not held for long, that no other engine has the seat.

        Another one cannot take it between this and the commit: taking waits for this lock.
        """
        if self._token is not None and await connection.scalar(_FENCE, {"token": self._token}) is None:
            raise DeposedError(DEPOSED)

    async def _catch_up(self) -> None:
        """Let a reader see what was written before; a database that does not take it is no reason to show nothing."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._durable.wait(), CATCH_UP_S)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        try:
            async with self._engine.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
        except (SQLAlchemyError, OSError, UnicodeError) as error:
            raise StoreError(f"cannot read call records: {plain(error)}") from error
        return rows

    def _lose(self, item: Row, why: str) -> None:
        self._lost += 1
        self._on_error(f"the {name_of(item)} is not kept: {why}")


async def open_records(
    url: str, *, on_error: Callable[[str], None] | None = None, max_backlog: int = 200_000, make: bool = True
) -> SqlRecords:
    """Open (and, for SQLite, make or migrate) the database and start writing.

    Args:
        url: SQLAlchemy's, with an asyncio driver; ``acd.store.database.sqlite_url`` makes one of a path.
        on_error: told in plain words of every failed attempt and every row given up; never a caller's number.
        max_backlog: rows that may wait for the database.
        make: whether a database that is not there, or not up to date, is made so; for readers it must be.

    Raises:
        StoreError: the database cannot be used.
    """
    return SqlRecords(await open_database(url, make=make), on_error or (lambda _message: None), max_backlog)


def _insert_new(dialect: str, table: Table) -> Insert:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing()


def _disposition(row: DispositionRow) -> Update:
    """The last one stays; its record was written before, and is there or was given up."""
    table = tables.call_records
    return update(table).where(table.c.contact_id == row.contact_id).values(disposition=row.disposition)


def _hook_done(done: HookDone) -> Update:
    """What was told need not be known any more; that it was, stays, as a crash may bring the event again."""
    table = tables.webhook_events
    values = {"done_at": done.at, "delivered": done.delivered, "body": ""}
    return update(table).where(table.c.event_id == done.event_id).values(values)


def _gap_end(end: GapEnd) -> Update:
    table = tables.gaps
    return update(table).where(table.c.id == end.id).values(ended_at=end.ended_at)


def _query(wanted: RecordFilter) -> Select[Any]:
    table = tables.call_records
    query = select(table).order_by(table.c.ended_at, table.c.contact_id).limit(wanted.limit + 1)
    if wanted.since is not None:
        query = query.where(table.c.ended_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.c.ended_at < wanted.until)
    if wanted.exit is not None:
        query = query.where(table.c.exit == wanted.exit.value)
    if wanted.queue is not None:
        query = query.where(table.c.queue == wanted.queue)
    if wanted.after is not None:
        ended_at, contact_id = decode_cursor(wanted.after)
        query = query.where(tuple_(table.c.ended_at, table.c.contact_id) > tuple_(ended_at, contact_id))
    return query
