"""Rows on their way into the database: in order and in groups, and by way of the spool while the database fails.

A row is durable once it is in the database or in the spool. Rows go straight to the database while that takes them;
when it refuses, is slow or does not answer, whatever waits goes into the spool within a second, and from there into the
database as soon as that comes back. A row may reach the database twice, after a crash or an answer that got lost: the
first of an id stays. When the spool is full too, rows wait in memory, and beyond that they are lost, counted and told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from acd.domain.errors import StoreError
from acd.domain.record import DispositionRow
from acd.ports import Row
from acd.store.faults import plain, row_at_fault
from acd.store.group_commit import DEPOSED, DeposedError
from acd.store.rows import from_bytes, name_of, to_bytes
from acd.store.spool import Spool
from acd.store.writing import insert_rows

# A process that is stopped now must not hold its lock for ever: another engine waits for it.
_FENCE = text(
    "SELECT token, set_config('idle_in_transaction_session_timeout', '1000', true) "
    "FROM engine_lease WHERE token = :token FOR KEY SHARE"
)
GROUP_ROWS = 500
GROUP_S = 0.1
"""How long a row waits for others; the journal holds what it is made of meanwhile."""
GUARD_S = 0.25
"""How often is looked whether rows have to go into the spool."""
SPOOL_AFTER_S = 1.0
"""Rows wait so long for an answer of the database before they go into the spool."""
ALARM_AFTER_S = 3.0
"""An answer that takes longer is a failure to be told of."""
ATTEMPT_S = 120.0
"""Then an attempt is given up. A database that takes 5 s for every single answer still gets everything."""
BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
CLOSE_S = 5.0
"""``close`` gives up when no row became durable for so long."""
LOOK_S = 1.5
"""How often an idle writer looks whether the database is there, so that nobody learns of it by the next call."""
TELL_AGAIN_S = 30.0
"""How often a failure that goes on is told."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RecordsHealth:
    """How the writer does."""

    backlog: int
    """Rows not durable yet."""
    errors: int
    """Failed attempts."""
    lost: int
    """Rows given up."""
    failing: str
    """Why rows are not in the database; empty when nothing stands in the way."""
    spooled: int
    """Rows in the spool."""
    spool_used: int
    """Bytes of the spool in use, of ``spool_size``."""
    spool_size: int


class RowWriter:
    """Writes in the background; needs a running loop.

    Args:
        engine: the database.
        spool: rows go there when the database fails; None keeps them in memory.
        prepare: sees that the tables are as needed, before the first write; raises ``StoreError``. None: they are.
        on_error: told in plain words of failures and every row given up; never a caller's number.
        max_backlog: rows that may wait in memory.
        shared: another engine may take over by the journal and does not see the spool. Then nothing is written before
            ``fence``, and what is only in the spool is not durable.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        spool: Spool | None,
        prepare: Callable[[], Awaitable[None]] | None,
        on_error: Callable[[str], None],
        max_backlog: int,
        *,
        shared: bool = False,
    ) -> None:
        self._engine = engine
        self._spool = spool
        self._prepare = prepare
        self._on_error = on_error
        self._max_backlog = max_backlog
        self._fresh: list[Row] = []
        """Neither in the database nor in the spool; first those under way."""
        self._moving = asyncio.Lock()
        """Held while rows go from one place to another."""
        self._rescued = 0
        """How many of those under way went into the spool meanwhile."""
        self._straight = 0
        """How many of ``_fresh`` are under way."""
        self._since: float | None = None
        """Since when an answer is waited for."""
        self._work = asyncio.Event()
        self._durable, self._stored = asyncio.Event(), asyncio.Event()
        self._errors = self._lost = 0
        self._failing = self._spool_failing = ""
        self._told: dict[str, float] = {}
        self._closed = False
        self._shared = shared
        self._token: int | None = None
        self._deposed = False
        self._turn = asyncio.Event()
        """Set when it may write into the database."""
        if not shared:
            self._turn.set()
        self._inherited = spool.count if spool is not None else 0
        """Rows of the spool that an earlier process left."""
        self._time = asyncio.get_running_loop().time
        self._settle()
        self._tasks = [
            asyncio.create_task(self._deliver(), name="acd-records"),
            asyncio.create_task(self._guard(), name="acd-spool"),
        ]

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows without waiting."""
        for item in items:
            if self._closed or len(self._fresh) >= self._max_backlog:
                self._lose(item, "the store is closed" if self._closed else "too many rows wait for the database")
                continue
            self._fresh.append(item)
        self._settle()

    def fence(self, token: int) -> None:
        """Begin to write, as the holder of this token of the seat."""
        self._token = token
        self._turn.set()

    def durable(self) -> bool:
        """Whether everything written is in the database or in the spool (or was given up and reported)."""
        return self._durable.is_set()

    async def flush(self) -> None:
        """Wait for that; waits on while database and spool refuse."""
        await self._durable.wait()

    async def stored(self) -> None:
        """Wait until everything written is in the database."""
        await self._stored.wait()

    def health(self) -> RecordsHealth:
        """Figures for /metrics and /readyz."""
        failing = "; ".join(why for why in (self._failing, self._spool_failing) if why)
        spool = self._spool
        figures = (spool.count, spool.used, spool.size) if spool is not None else (0, 0, 0)
        return RecordsHealth(len(self._fresh), self._errors, self._lost, failing, *figures)

    async def close(self) -> None:
        """Make what waits durable, if need be in the spool. What cannot be is reported."""
        self._closed = True
        left = -1
        while not self._durable.is_set() and len(self._fresh) != left and self._turn.is_set() and not self._deposed:
            left = len(self._fresh)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._durable.wait(), CLOSE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        left = -1
        while len(self._fresh) != left:
            left = len(self._fresh)
            await self._rescue()
        for item in self._fresh:
            self._lose(item, "the database did not take it before the end")
        self._fresh.clear()
        if self._spool is not None:
            self._spool.close()

    # ── into the database ──────────────────────────────────────────────────────────────────────────────────────────

    async def _deliver(self) -> None:
        failures = 0
        await self._turn.wait()
        while not self._deposed:
            if not await self._awaited():
                await self._attempt([])
                continue
            if not self._closed and not failures and not self._spooled():
                await asyncio.sleep(GROUP_S)
            done = await (self._replay() if self._spooled() else self._straight_on())
            failures = 0 if done else failures + 1
            self._settle()
            if failures:
                await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1])

    async def _awaited(self) -> bool:
        """Wait for rows; False when it is time to see whether a server is still there."""
        if self._engine.dialect.name == "sqlite":
            return await self._work.wait()
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._work.wait(), LOOK_S)
        return False

    async def _straight_on(self) -> bool:
        """Write what waits in memory."""
        group = self._fresh[:GROUP_ROWS]
        if not group:
            return True
        self._straight, self._rescued = len(group), 0
        done = await self._attempt(group)
        async with self._moving:
            rescued, self._straight, self._rescued = self._rescued, 0, 0
            if done:
                del self._fresh[: len(group) - rescued]
        if done and rescued:
            await self._drop(rescued)
        return done

    async def _replay(self) -> bool:
        """Write the oldest of the spool."""
        spool = self._spool
        assert spool is not None  # noqa: S101 - _spooled() said so
        async with self._moving:
            try:
                rows = await _whole(partial(spool.peek, GROUP_ROWS))
            except StoreError as error:
                self._lost += spool.count
                self._tell(f"{spool.count} rows are not kept: {error}", again_s=0.0)
                await self._forget(spool, spool.count)
                return True
            except OSError as error:
                self._spool_fails(plain(error))
                return False
        group, unknown = [], []
        for row in rows:
            try:
                group.append(from_bytes(row))
            except StoreError as error:
                unknown.append(error)
        if self._shared and self._inherited:
            # Meanwhile another engine was active, which may know a later word about a contact.
            group = [item for item in group if not isinstance(item, DispositionRow)]
        if not await self._attempt(group):
            return False
        for why in unknown:
            self._lost += 1
            self._tell(f"a row of the spool is not kept: {why}", again_s=0.0)
        self._inherited = max(0, self._inherited - len(rows))
        await self._drop(len(rows))
        return True

    async def _attempt(self, group: Sequence[Row]) -> bool:
        """Write a group; True when none of it needs to be tried again."""
        began = self._since = self._time()
        try:
            async with asyncio.timeout(ATTEMPT_S):
                if self._prepare is not None:
                    await self._prepare()
                    self._prepare = None
        except Exception as error:  # noqa: BLE001 - a writer that ended would lose all that follows
            return self._failed(error)
        finally:
            self._since = None
        if not await self._store(group):
            return False
        took = self._time() - began
        self._failing = f"an answer took {took:.1f} s" if took > ALARM_AFTER_S else ""
        return True

    async def _store(self, group: Sequence[Row]) -> bool:
        self._since = self._time()
        try:
            async with asyncio.timeout(ATTEMPT_S), self._engine.begin() as connection:
                await insert_rows(connection, group)
                await self._still_ours(connection)
        except DeposedError as error:
            return self._give_way(error)
        except Exception as error:  # noqa: BLE001 - as above
            if not row_at_fault(error):
                return self._failed(error)
            if len(group) == 1:
                self._errors += 1
                self._lose(group[0], plain(error))
                return True
        else:
            return True
        finally:
            self._since = None
        # One bad row must not hold up the rest. Rows already in are ignored when they come again.
        return all([await self._store([item]) for item in group])

    async def _still_ours(self, connection: AsyncConnection) -> None:
        """See at the end of a transaction, so that its locks are not held for long, that no other engine has the seat.

        Another one cannot take it between this and the commit: taking waits for this lock.
        """
        if self._token is not None and await connection.scalar(_FENCE, {"token": self._token}) is None:
            raise DeposedError(DEPOSED)

    def _give_way(self, error: DeposedError) -> bool:
        """Write nothing any more. The other engine has these rows from the journal; they stay in the spool, if any."""
        self._closed = self._deposed = True
        if self._spool is None:
            for item in self._fresh:
                self._lose(item, str(error))
            self._fresh.clear()
        return self._failed(error)

    def _failed(self, error: Exception) -> bool:
        self._failing = plain(error)
        self._errors += 1
        self._tell(f"call records cannot be written: {self._failing}")
        return False

    # ── into the spool ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _guard(self) -> None:
        while True:
            await asyncio.sleep(GUARD_S)
            waited = self._time() - self._since if self._since is not None else 0.0
            if waited > ALARM_AFTER_S:
                self._failing = "it does not answer"
                self._tell(f"call records cannot be written: {self._failing}")
            if self._failing or waited > SPOOL_AFTER_S or self._spooled():
                await self._rescue()
                self._settle()

    async def _rescue(self) -> None:
        """Move what waits in memory into the spool, those under way too: nobody knows whether they arrive."""
        if self._spool is None or not self._fresh:
            return
        async with self._moving:
            rows, taken = [], 0
            for item in self._fresh[: 4 * GROUP_ROWS]:
                try:
                    rows.append(to_bytes(item))
                except StoreError as error:
                    if taken < self._straight - self._rescued:
                        break  # the database is being asked about it
                    if rows:
                        break
                    self._lose(item, plain(error))
                taken += 1
            lost = taken - len(rows)
            try:
                kept = await _whole(partial(self._spool.append, rows))
            except OSError as error:
                kept = 0
                self._spool_fails(plain(error))
            else:
                self._spool_failing = ""
                if kept < len(rows):
                    self._spool_fails("it is full")
            self._rescued += min(kept, self._straight - self._rescued)
            del self._fresh[: kept + lost]

    async def _drop(self, count: int) -> None:
        assert self._spool is not None  # noqa: S101 - rows came from there
        async with self._moving:
            await self._forget(self._spool, count)

    async def _forget(self, spool: Spool, count: int) -> None:
        """Forget rows of the spool; when its disk refuses, they are written again, which changes nothing."""
        try:
            await _whole(partial(spool.drop, count))
        except OSError as error:
            self._spool_fails(plain(error))
        else:
            self._spool_failing = ""

    def _spool_fails(self, why: str) -> None:
        self._spool_failing = f"the spool cannot be used: {why}"
        self._errors += 1
        self._tell(self._spool_failing)

    def _spooled(self) -> bool:
        return self._spool is not None and self._spool.count > 0

    # ── small helpers ──────────────────────────────────────────────────────────────────────────────────────────────

    def _settle(self) -> None:
        """Say how far things are to whoever waits."""
        for event, holds in (
            (self._durable, not self._fresh and not (self._shared and self._spooled())),
            (self._stored, not self._fresh and not self._spooled()),
            (self._work, bool(self._fresh) or self._spooled()),
        ):
            if holds:
                event.set()
            else:
                event.clear()

    def _lose(self, item: Row, why: str) -> None:
        self._lost += 1
        self._on_error(f"the {name_of(item)} is not kept: {why}")

    def _tell(self, what: str, again_s: float | None = None) -> None:
        now = self._time()
        if now - self._told.get(what, -1e9) >= (TELL_AGAIN_S if again_s is None else again_s):
            self._told = {text: at for text, at in self._told.items() if now - at < TELL_AGAIN_S}
            self._told[what] = now
            self._on_error(what)


async def _whole(work: Callable[[], T]) -> T:
    """Do work in a thread; who is cancelled waits for its end, so that nobody else begins before."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
