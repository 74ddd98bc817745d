"""Call records, recording rows, decisions and stories in a database: written in the background, read by page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, Select, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from acd.domain.errors import StoreError
from acd.domain.gaps import Gap
from acd.domain.ids import ContactId, VoicemailId
from acd.domain.record import CallbackAttempt, CallRecord, HookRow, RecordingRow
from acd.domain.voicemail import VoicemailRow
from acd.ports import Explanation, RecordFilter, RecordPage, Row, VoicemailFilter, VoicemailPage
from acd.store import tables, voicemails
from acd.store.cursor import decode_cursor, encode_cursor
from acd.store.database import StoreAway, make_engine, prepare
from acd.store.faults import plain
from acd.store.rows import decision_of, record_of, steps_of
from acd.store.spool import Spool
from acd.store.upkeep import Keeping, keep_up
from acd.store.writer import RecordsHealth, RowWriter

MOST_GAPS = 10_000
CATCH_UP_S = 1.0
"""How long a reader waits for rows written before it asked."""
READ_S = 10.0
"""How long a reader waits for the database."""
OPEN_S = 15.0
"""How long the beginning waits for it."""
KEEP_UP_S = 900.0
"""How long it may take to make months and remove what is too old; the rest is done the next time."""
LET_GO_S = 2.0
"""How long the end waits for the database."""
SPOOL_BYTES = 64 << 20


class SqlRecords:
    """``acd.ports.Records`` over SQLAlchemy; make it with ``open_records``."""

    def __init__(self, engine: AsyncEngine, writer: RowWriter) -> None:
        self._engine = engine
        self._writer = writer

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows without waiting; written in order, tried again until they are durable, the first of an id stays."""
        self._writer.write(items)

    def fence(self, token: int) -> None:
        """Write as the holder of this token of the seat; the database takes nothing once another engine has it."""
        self._writer.fence(token)

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
        """Whether everything written is durable now (or was given up and reported): in the database or in the spool."""
        return self._writer.durable()

    async def flush(self) -> None:
        """Wait until everything written is durable; waits on while database and spool refuse."""
        await self._writer.flush()

    async def stored(self) -> None:
        """Wait until everything written is in the database."""
        await self._writer.stored()

    async def keep_up(self, keeping: Keeping, now: float) -> int:
        """Make months ahead and remove what is too old; gives how many contacts went. Raises ``StoreError``."""
        try:
            async with asyncio.timeout(KEEP_UP_S):
                return await keep_up(self._engine, keeping, now)
        except TimeoutError as error:
            raise StoreError("the database cannot be kept up: it does not answer") from error

    async def close(self) -> None:
        """Give rows that wait a last chance, then let go of the database. What is not durable then is reported."""
        await self._writer.close()
        with suppress(TimeoutError, SQLAlchemyError, OSError):
            await asyncio.wait_for(self._engine.dispose(), LET_GO_S)

    def health(self) -> RecordsHealth:
        """Figures for /metrics and /readyz."""
        return self._writer.health()

    async def _catch_up(self) -> None:
        """Let a reader see what was written before; a database that does not take it is no reason to show nothing."""
        if not self._writer.health().failing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._writer.stored(), CATCH_UP_S)

    async def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        try:
            async with asyncio.timeout(READ_S), self._engine.connect() as connection:
                rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
        except (SQLAlchemyError, OSError, UnicodeError) as error:
            raise StoreError(f"cannot read call records: {plain(error)}") from error
        return rows


async def open_records(
    url: str,
    *,
    on_error: Callable[[str], None] | None = None,
    max_backlog: int = 50_000,
    make: bool = True,
    spool: Path | None = None,
    spool_size: int = SPOOL_BYTES,
    shared: bool = False,
) -> SqlRecords:
    """Open (and, for SQLite, make or migrate) the database and start writing.

    A database that cannot be had now is no reason not to start where there is a spool: rows wait there.

    Args:
        url: SQLAlchemy's, with an asyncio driver; ``acd.store.database.sqlite_url`` makes one of a path.
        on_error: told in plain words of failures and every row given up; never a caller's number.
        max_backlog: rows that may wait in memory.
        make: whether a database that is not there, or not up to date, is made so; for readers it must be.
        spool: the file for rows that the database does not take; None keeps them in memory.
        spool_size: of that file, in bytes.
        shared: another engine may take over by the journal, so nothing is written before ``fence``, and nothing counts
            as durable that the other one cannot see.

    Raises:
        StoreError: the database or the spool cannot be used.
    """
    tell = on_error or (lambda _message: None)
    engine = make_engine(url)
    try:
        later = await _prepared(engine, tell, make=make, may_wait=make and spool is not None)
        queue = Spool(spool, spool_size) if spool is not None else None
    except BaseException:
        await engine.dispose()
        raise
    return SqlRecords(engine, RowWriter(engine, queue, later, tell, max_backlog, shared=shared))


async def _prepared(
    engine: AsyncEngine, tell: Callable[[str], None], *, make: bool, may_wait: bool
) -> Callable[[], Awaitable[None]] | None:
    """Prepare the database now; gives how to do it later when it cannot be had and that ``may_wait``."""
    try:
        async with asyncio.timeout(OPEN_S):
            await prepare(engine, make=make)
    except (StoreAway, TimeoutError) as error:
        away = error if isinstance(error, StoreError) else StoreAway("cannot use the database: it does not answer")
        if not may_wait:
            raise away from error
        tell(str(away))
        return partial(prepare, engine)
    return None


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
