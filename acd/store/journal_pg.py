"""The journal in PostgreSQL: written by the engine that has the seat, read along by those that wait for it.

Written by a thread with an event loop of its own, so that each attempt has a deadline and no commit is ever on the loop
that serves calls. Every group names its writer's token; a group of a former owner is refused as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncpg

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.store import group_commit
from acd.store.group_commit import (
    DEPOSED,
    KEPT_SNAPSHOTS,
    CommitError,
    DeposedError,
    EventRow,
    GroupedJournal,
    OnError,
    SnapshotRow,
)
from acd.store.journal_file import decoded
from acd.store.pg import Line

COMMIT_S = 10.0
"""A commit that takes longer counts as failed; it may have been done, which the next attempt finds."""
READ_S = 30.0
PORTION = 1000

# The fence gives no row when the token is not the newest. Renewing a lease does not wait for its lock, taking it does.
# A group whose answer got lost comes again, with the same numbers.
_EVENTS = """
WITH fence AS MATERIALIZED (SELECT token FROM engine_lease WHERE token = $1 FOR KEY SHARE),
     written AS (
       INSERT INTO journal_events (seq, at, kind, payload, token)
       SELECT event.seq, event.at, event.kind, event.payload, fence.token
       FROM fence, unnest($2::bigint[], $3::float8[], $4::text[], $5::bytea[]) AS event (seq, at, kind, payload)
       ON CONFLICT (seq) DO NOTHING
     )
SELECT count(*) FROM fence
"""
_SNAPSHOT = "INSERT INTO journal_snapshots (seq, lost, state, token) VALUES ($1, $2, $3, $4)"
_KEPT = "SELECT id, seq FROM journal_snapshots ORDER BY id DESC LIMIT $1"
_OLD_SNAPSHOTS = "DELETE FROM journal_snapshots WHERE id < $1"
_PRUNE = """
DELETE FROM journal_events
WHERE seq <= LEAST($1, (SELECT min(seq) FROM journal_events) + $2 - 1)
"""
_NEWEST = "SELECT id, seq, lost FROM journal_snapshots ORDER BY id DESC LIMIT 1"
_STATE = "SELECT state FROM journal_snapshots WHERE id = $1"
_AFTER = "SELECT seq, payload FROM journal_events WHERE seq > $1 ORDER BY seq LIMIT $2"


class PostgresJournal(GroupedJournal):
    """``acd.ports.Journal`` over a database; ``own`` begins to write.

    Args:
        url: the address, as SQLAlchemy's.
        keep_all: keep events older than the last two snapshots.
        on_error: told in plain words of each failed commit and each event lost, from the writer's thread.
        on_deposed: called from the writer's thread when the database refused a group because of its token.
        max_backlog: events that may wait for the database, beside as many that are being written.
    """

    def __init__(
        self,
        url: str,
        *,
        keep_all: bool = False,
        on_error: OnError | None = None,
        on_deposed: Callable[[], None] = lambda: None,
        max_backlog: int = 200_000,
    ) -> None:
        super().__init__(keep_all=keep_all, on_error=on_error, max_backlog=max_backlog)
        self._url = url
        self._on_deposed = on_deposed
        self._line = Line(url)
        self._runner = asyncio.Runner()
        self._token = 0

    def own(self, token: int, seq: int) -> None:
        """Write from now on, after event ``seq``, as the holder of ``token``."""
        self._token = token
        self._begin(seq, 0)

    def _commit(self, rows: Sequence[EventRow], marks: Sequence[SnapshotRow]) -> None:
        try:
            self._runner.run(self._line.do(lambda connection: self._write(connection, rows, marks), COMMIT_S))
        except DeposedError:
            self._on_deposed()
            raise
        except StoreError as error:
            raise CommitError(str(error)) from error

    async def _write(
        self, connection: asyncpg.Connection, rows: Sequence[EventRow], marks: Sequence[SnapshotRow]
    ) -> None:
        if not marks and not self._prune_to:
            await self._insert(connection, rows)  # a transaction by itself, in one round trip
            return
        async with connection.transaction():
            await self._insert(connection, rows)
            for mark in marks:
                await connection.execute(_SNAPSHOT, mark.seq, mark.lost, mark.state, self._token)
            if marks:
                self._prune_to = 0 if self._keep_all else await _prunable(connection)
            if self._prune_to:
                done = await connection.execute(_PRUNE, self._prune_to, group_commit.PRUNE_ROWS)
                if done == "DELETE 0":
                    self._prune_to = 0

    async def _insert(self, connection: asyncpg.Connection, rows: Sequence[EventRow]) -> None:
        columns = ([r.seq for r in rows], [r.at for r in rows], [r.kind for r in rows], [r.payload for r in rows])
        if not await connection.fetchval(_EVENTS, self._token, *columns):
            raise DeposedError(DEPOSED)

    def _let_go(self) -> None:
        self._line.drop()
        self._runner.close()

    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        """Give the newest snapshot, if any, and the events after it. Raises ``StoreError``."""
        if self._thread is not None:
            await self.flush()
        reader = JournalReader(self._url)
        try:
            first = portion = await reader.read()
            events = [event for _seq, event in first.events]
            while portion.more:
                portion = await reader.read()
                events += [event for _seq, event in portion.events]
        finally:
            reader.close()
        return first.state, events


async def _prunable(connection: asyncpg.Connection) -> int:
    """Last sequence number that no kept snapshot needs; older snapshots go at once."""
    kept = await connection.fetch(_KEPT, KEPT_SNAPSHOTS)
    if len(kept) < KEPT_SNAPSHOTS:
        return 0
    await connection.execute(_OLD_SNAPSHOTS, kept[-1]["id"])
    return int(kept[-1]["seq"])


@dataclass(frozen=True, slots=True)
class Portion:
    """What came to the journal since it was read last."""

    anew: bool
    """Begin anew from ``state`` (None: from nothing) and forget what was read before."""
    state: bytes | None
    events: tuple[tuple[int, Event], ...]
    """Sequence number and event, in order."""
    settled: int
    """Of events up to this one every record is durable: there is a snapshot after it."""
    more: bool
    """There may be more to read at once."""


class JournalReader:
    """Reads a journal from its newest snapshot on, and then what is added to it."""

    def __init__(self, url: str) -> None:
        self._line = Line(url)
        self._after = -1
        """Event read last; -1: nothing was read yet."""
        self._snapshot = 0

    @property
    def after(self) -> int:
        """The number of the event read last."""
        return max(0, self._after)

    async def read(self) -> Portion:
        """Give what was added since. Raises ``StoreError``: the database does not answer, or an entry is unreadable."""
        return await self._line.do(self._read, READ_S)

    async def _read(self, connection: asyncpg.Connection) -> Portion:
        # One view of both tables: else events after a gap could be read without the snapshot that bridges it.
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            newest = await connection.fetchrow(_NEWEST)
            anew, state = self._after < 0, None
            if newest is not None and newest["id"] > self._snapshot:
                anew = anew or newest["lost"] > 0
            after = self._after
            rows = [] if anew else await connection.fetch(_AFTER, after, PORTION)
            if anew or (rows and rows[0]["seq"] != after + 1):  # pruned before it was read
                anew, after = True, newest["seq"] if newest is not None else 0
                state = await connection.fetchval(_STATE, newest["id"]) if newest is not None else None
                rows = await connection.fetch(_AFTER, after, PORTION)
        events = tuple((row["seq"], decoded(row["seq"], row["payload"])) for row in rows)
        self._after = events[-1][0] if events else after
        if newest is not None:
            self._snapshot = newest["id"]
        settled = newest["seq"] if newest is not None else 0
        return Portion(anew, state, events, settled, more=len(events) == PORTION)

    def close(self) -> None:
        """Let go of the connection."""
        self._line.drop()
