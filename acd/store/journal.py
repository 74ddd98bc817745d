"""The journal in an SQLite file: every event in order, and now and then the state, so it can be made again.

One thread writes, in groups: ``append`` only puts bytes in a list. SQLite runs in WAL mode with ``synchronous=FULL``:
what is committed survives a power cut. Knows nothing of what events mean.

When the disk refuses, the group waits and is tried again; when too much waits, new events are counted as lost and the
journal asks for a snapshot (``health().gap``), because a snapshot makes everything before it unnecessary.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import SQLAlchemyError

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.store.codec import encode_event
from acd.store.faults import plain
from acd.store.journal_file import decoded, events, metadata, open_engine, snapshots

OnError: TypeAlias = Callable[[str], None]
GROUP_S = 0.02
"""How long an event waits for the commit at most, and the least time between two. With one fsync this stays well under
the promised 50 ms."""
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)
PRUNE_ROWS = 2000
"""Events deleted per commit, so that pruning never holds up the events that wait."""
KEPT_SNAPSHOTS = 2
INSERT_EVENTS = str(insert(events).compile(dialect=sqlite.dialect(paramstyle="qmark")))


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """How the journal does: events not yet durable, failed commits, events lost, and whether a snapshot is needed."""

    backlog: int
    errors: int
    lost: int
    gap: bool
    failing: str
    """Why the last commit failed; empty when it did not."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    state: bytes
    lost: int
    seq: int | None = None
    """The event it comes after; None: the one before it among those that wait."""


@dataclass(frozen=True, slots=True)
class _EventRow:
    at: float
    kind: str
    payload: bytes


_Item: TypeAlias = _EventRow | _Snapshot


class SqliteJournal:
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
        self._path = path
        self._keep_all = keep_all
        self._on_error: OnError = on_error or (lambda _message: None)
        self._max_backlog = max_backlog
        self._lock_fd = _take(path)
        try:
            self._engine: Engine = open_engine(path)
            with self._engine.begin() as connection:
                metadata.create_all(connection)
                self._seq: int = connection.scalar(select(func.max(events.c.seq))) or 0
                self._seq = max(self._seq, connection.scalar(select(func.max(snapshots.c.seq))) or 0)
                self._prune_to = 0 if keep_all else _prunable(connection)
        except SQLAlchemyError as error:
            os.close(self._lock_fd)
            raise StoreError(f"cannot use the journal {path}: {plain(error)}") from error
        self._last = self._seq
        self._cond = threading.Condition()
        self._waiting: list[_Item] = []
        self._writing: list[_Item] = []
        self._taken = 0
        self._done = 0
        self._waiters: list[tuple[int, Callable[[], object]]] = []
        self._closing = False
        self._hurry = threading.Event()
        self._errors = 0
        self._lost = 0
        self._lost_since_snapshot = 0
        self._failing = ""
        self._thread = threading.Thread(target=self._run, name="acd-journal", daemon=True)
        self._thread.start()

    # ── what the engine calls ──────────────────────────────────────────────────────────────────────────────────────

    def append(self, event: Event) -> None:
        """Keep an event; durable within 50 ms while the disk works, never waits."""
        try:
            item = _EventRow(event.at, event.kind, encode_event(event))
        except StoreError as error:
            self._lose(str(error))
            return
        with self._cond:
            if not self._closing and not self._lost_since_snapshot and len(self._waiting) < self._max_backlog:
                self._put(item)
                self._last += 1
                return
        self._lose("the journal is closed" if self._closing else "too many events wait for the disk")

    def place(self) -> int:
        """The number of the last event appended, which it has in the file, too."""
        with self._cond:
            return self._last

    def snapshot(self, state: bytes, place: int | None = None) -> None:
        """Keep the state as it was at ``place``; None: as it is after the last event appended.

        That of now ends a gap: what was lost is not needed any more. One of an earlier place does not, and is dropped.
        """
        with self._cond:
            if self._closing or (place is not None and self._lost_since_snapshot):
                return
            behind = self._behind(place)
            if behind is None:  # those before it are being written, or are in the file
                self._put(_Snapshot(state, 0, place))
                return
            before, after = self._waiting[:behind], self._waiting[behind:]
            missing = self._lost_since_snapshot
            if missing or self._failing:
                before, needless = self._without_needless(before)
                missing += needless
            self._waiting = before
            self._put(_Snapshot(state, missing))
            self._waiting += after
            self._lost_since_snapshot = 0

    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        """Give the newest snapshot, if any, and the events after it. Raises ``StoreError``."""
        await self.flush()
        return await asyncio.to_thread(self._load)

    async def flush(self) -> None:
        """Wait until everything appended is durable; waits on while the disk refuses."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        with self._cond:
            if not self._backlog():
                return
            self._waiters.append((self._taken, lambda: loop.call_soon_threadsafe(finish)))
            self._hurry.set()
            self._cond.notify()
        await done

    async def close(self) -> None:
        """Make what waits durable and let go of the file; a disk that refuses is tried once more, then reported."""
        with self._cond:
            self._closing = True
            self._hurry.set()
            self._cond.notify()
        await asyncio.to_thread(self._thread.join)

    def health(self) -> JournalHealth:
        """Figures for /metrics and /readyz; safe from any thread."""
        with self._cond:
            return JournalHealth(
                self._backlog(), self._errors, self._lost, self._lost_since_snapshot > 0, self._failing
            )

    # ── the writer's thread ────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        failures = 0
        try:
            while self._wait_for_work():
                self._take_group(failures)
                failures = 0 if self._commit() else failures + 1
                if failures and self._closing:
                    self._give_up()
                    return
                self._hurry.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1] if failures else GROUP_S)
        finally:
            with self._cond:
                self._closing = True
            self._engine.dispose()
            os.close(self._lock_fd)

    def _wait_for_work(self) -> bool:
        """Sleep until there is something to write; False when closed and done.

        Nobody wakes this thread for an event: that would happen in the very moment in which a call is connected.
        """
        with self._cond:
            while not (self._waiting or self._writing or self._prune_to):
                if self._closing:
                    return False
                self._hurry.clear()
                self._cond.wait(GROUP_S)
            return not self._closing or bool(self._waiting or self._writing)

    def _take_group(self, failures: int) -> None:
        """Take what waits. A group that failed is kept and goes first."""
        with self._cond:
            if not failures:
                self._writing, self._waiting = self._waiting, []

    def _commit(self) -> bool:
        seq = self._seq
        rows: list[tuple[int, float, str, bytes]] = []
        marks: list[dict[str, Any]] = []
        for item in self._writing:
            if isinstance(item, _Snapshot):
                at = seq if item.seq is None else item.seq
                marks.append({"seq": at, "lost": item.lost, "state": item.state})
            else:
                seq += 1
                rows.append((seq, item.at, item.kind, item.payload))
        try:
            with self._engine.begin() as connection:
                if rows:
                    # The driver's own statement: this runs beside the event loop and should hold the GIL briefly.
                    connection.exec_driver_sql(INSERT_EVENTS, rows)
                if marks:
                    connection.execute(insert(snapshots), marks)
                    self._prune_to = 0 if self._keep_all else _prunable(connection)
                pruned = _prune(connection, self._prune_to) if self._prune_to else 0
        except SQLAlchemyError as error:
            self._failed(f"the journal cannot be written: {plain(error)}")
            return False
        self._seq = seq
        if pruned == 0:
            self._prune_to = 0
        self._succeeded()
        return True

    def _succeeded(self) -> None:
        with self._cond:
            self._done += len(self._writing)
            self._writing = []
            self._failing = ""
            ready = [tell for target, tell in self._waiters if target <= self._done]
            self._waiters = [waiter for waiter in self._waiters if waiter[0] > self._done]
            if not self._waiters and not self._closing:
                self._hurry.clear()
        _tell(ready)

    def _failed(self, message: str) -> None:
        with self._cond:
            self._errors += 1
            self._failing = message
            self._hurry.clear()
        self._on_error(message)

    def _give_up(self) -> None:
        with self._cond:
            left = self._backlog()
            self._lost += left
            self._writing, self._waiting = [], []
            waiters, self._waiters = self._waiters, []
        self._on_error(f"{left} events were not written: {self._failing}")
        _tell([tell for _target, tell in waiters])

    # ── small helpers ──────────────────────────────────────────────────────────────────────────────────────────────

    def _put(self, item: _Item) -> None:
        self._waiting.append(item)
        self._taken += 1

    def _behind(self, place: int | None) -> int | None:
        """Where among those that wait a snapshot of ``place`` goes; None: before all of them."""
        later = 0 if place is None else self._last - place
        index = len(self._waiting)
        while later and index:
            index -= 1
            later -= isinstance(self._waiting[index], _EventRow)
        return None if later else index

    def _without_needless(self, items: list[_Item]) -> tuple[list[_Item], int]:
        """Forget what a snapshot after it makes needless, so that nothing piles up; counts those events."""
        if self._keep_all:
            kept = [item for item in items if isinstance(item, _EventRow) or item.lost]
            missing = 0
        else:
            kept = []
            missing = sum(1 if isinstance(item, _EventRow) else item.lost for item in items)
            self._last -= sum(isinstance(item, _EventRow) for item in items)
        self._done += len(items) - len(kept)
        return kept, missing

    def _backlog(self) -> int:
        return len(self._waiting) + len(self._writing)

    def _lose(self, why: str) -> None:
        with self._cond:
            first = not self._lost_since_snapshot
            self._lost += 1
            self._lost_since_snapshot += 1
        if first:
            self._on_error(f"an event is not journaled: {why}; nothing is, until the next snapshot")

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


def _tell(waiters: Sequence[Callable[[], object]]) -> None:
    for waiter in waiters:
        with suppress(RuntimeError):  # the loop that waited is closed
            waiter()


def _take(path: Path) -> int:
    """Lock the file beside the journal for this process; the lock goes with the process, however it ends."""
    try:
        fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StoreError(f"cannot use the journal {path}: {error.strerror}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        raise StoreError(f"the journal {path} is in use by another engine") from error
    return fd


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
    last = min(up_to, first + PRUNE_ROWS - 1)
    return connection.execute(delete(events).where(events.c.seq <= last)).rowcount
