"""A journal written in groups by a thread of its own; where the groups go, its subclasses know.

``append`` only puts bytes in a list. When the disk or the database refuses, the group waits and is tried again; when
too much waits, new events are counted as lost and the journal asks for a snapshot (``health().gap``), because a
snapshot makes everything before it unnecessary. Knows nothing of what events mean.
"""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.store.codec import encode_event

OnError: TypeAlias = Callable[[str], None]
GROUP_S = 0.02
"""How long an event waits for the commit at most, and the time from one short commit to the next. With one fsync this
stays well under the promised 50 ms."""
BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0)
PRUNE_ROWS = 2000
"""Events deleted per commit, so that pruning never holds up the events that wait."""
KEPT_SNAPSHOTS = 2


class CommitError(StoreError):
    """A group could not be made durable; it is tried again."""


DEPOSED = "another engine has the lease: nothing of this one is written any more"


class DeposedError(StoreError):
    """Another engine owns the journal now: nothing of ours may be written any more."""


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
class SnapshotRow:
    """The state after event ``seq``, before which ``lost`` events were not kept."""

    state: bytes
    lost: int
    seq: int | None = None
    """None: after the one before it among those that wait. Whoever commits it is given the number."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is kept; ``seq`` is given when it is written."""

    at: float
    kind: str
    payload: bytes
    seq: int = 0


class GroupedJournal(ABC):
    """``acd.ports.Journal`` but for the place. A subclass calls ``_begin`` once it owns that place.

    Args:
        keep_all: keep events older than the last two snapshots, for audit and replay from the beginning.
        on_error: told in plain words of each failed commit and each event lost; called from the writer's thread or
            from ``append``, never with a caller's number.
        max_backlog: events that may wait, beside as many that are being written.
    """

    def __init__(self, *, keep_all: bool, on_error: OnError | None, max_backlog: int) -> None:
        self._keep_all = keep_all
        self._on_error: OnError = on_error or (lambda _message: None)
        self._max_backlog = max_backlog
        self._seq = 0
        """Of the last event that is durable."""
        self._last = 0
        """Of the last event appended."""
        self._prune_to = 0
        """Events up to this one are to be deleted; 0: nothing is."""
        self._cond = threading.Condition()
        self._waiting: list[EventRow | SnapshotRow] = []
        self._writing: list[EventRow | SnapshotRow] = []
        self._taken = 0
        self._done = 0
        self._waiters: list[tuple[int, Callable[[], object]]] = []
        self._closing = False
        self._hurry = threading.Event()
        self._errors = 0
        self._lost = 0
        self._lost_since_snapshot = 0
        self._failing = ""
        self._thread: threading.Thread | None = None
        self._waiting_since = self._writing_since = 0.0
        """When the first of those was appended."""
        self.on_durable: Callable[[float], None] = lambda _seconds: None
        """Told, in the writer's thread, how long the oldest of a group had not been durable when it was."""

    def _begin(self, seq: int, prune_to: int) -> None:
        """Start the writer after event ``seq``."""
        self._seq = self._last = seq
        self._prune_to = prune_to
        self._thread = threading.Thread(target=self._run, name="acd-journal", daemon=True)
        self._thread.start()

    # ── what a place of its own does ───────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def _commit(self, rows: Sequence[EventRow], marks: Sequence[SnapshotRow]) -> None:
        """Make a group durable, whole or not at all, and prune up to ``_prune_to``, which it moves. Writer's thread.

        Raises:
            CommitError: it could not.
            DeposedError: another engine owns the journal.
        """

    @abstractmethod
    def _let_go(self) -> None:
        """Close what was opened; the writer's thread calls it at its end."""

    @abstractmethod
    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        """Give the newest snapshot, if any, and the events after it. Raises ``StoreError``."""

    # ── what the engine calls ──────────────────────────────────────────────────────────────────────────────────────

    def append(self, event: Event) -> None:
        """Keep an event; durable within 50 ms while the disk works, never waits."""
        try:
            item = EventRow(event.at, event.kind, encode_event(event))
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
        """The number of the last event appended, which it has where it is kept, too."""
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
            if behind is None:  # those before it are being written, or are durable
                self._put(SnapshotRow(state, 0, place))
                return
            before, after = self._waiting[:behind], self._waiting[behind:]
            missing = self._lost_since_snapshot
            if missing or self._failing:
                before, needless = self._without_needless(before)
                missing += needless
            since, self._waiting = self._waiting_since, before
            self._put(SnapshotRow(state, missing))
            if after:
                self._waiting += after
                self._waiting_since = since
            self._lost_since_snapshot = 0

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
        """Make what waits durable and let go; a disk that refuses is tried once more, then reported."""
        with self._cond:
            self._closing = True
            self._hurry.set()
            self._cond.notify()
        if self._thread is not None:
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
                began = time.monotonic()
                failures = 0 if self._write_group() else failures + 1
                if failures and self._closing:
                    self._give_up()
                    return
                rest = max(GROUP_S / 4, GROUP_S - (time.monotonic() - began))
                self._hurry.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1] if failures else rest)
        finally:
            with self._cond:
                self._closing = True
            self._let_go()

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
                self._writing_since = self._waiting_since

    def _write_group(self) -> bool:
        seq = self._seq
        rows: list[EventRow] = []
        marks: list[SnapshotRow] = []
        for item in self._writing:
            if isinstance(item, SnapshotRow):
                marks.append(SnapshotRow(item.state, item.lost, seq if item.seq is None else item.seq))
            else:
                seq += 1
                rows.append(EventRow(item.at, item.kind, item.payload, seq))
        try:
            self._commit(rows, marks)
        except CommitError as error:
            self._failed(f"the journal cannot be written: {error}")
            return False
        except DeposedError as error:
            with self._cond:
                self._closing = True
            self._failed(str(error))
            return False
        self._seq = seq
        self._succeeded()
        return True

    def _succeeded(self) -> None:
        if self._writing:
            self.on_durable(time.monotonic() - self._writing_since)
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

    def _put(self, item: EventRow | SnapshotRow) -> None:
        if not self._waiting:
            self._waiting_since = time.monotonic()
        self._waiting.append(item)
        self._taken += 1

    def _behind(self, place: int | None) -> int | None:
        """Where among those that wait a snapshot of ``place`` goes; None: before all of them."""
        later = 0 if place is None else self._last - place
        index = len(self._waiting)
        while later and index:
            index -= 1
            later -= isinstance(self._waiting[index], EventRow)
        return None if later else index

    def _without_needless(self, items: list[EventRow | SnapshotRow]) -> tuple[list[EventRow | SnapshotRow], int]:
        """Forget what a snapshot after it makes needless, so that nothing piles up; counts those events."""
        kept: list[EventRow | SnapshotRow] = []
        missing = 0
        if self._keep_all:
            kept = [item for item in items if isinstance(item, EventRow) or item.lost]
        else:
            missing = sum(1 if isinstance(item, EventRow) else item.lost for item in items)
            self._last -= sum(isinstance(item, EventRow) for item in items)
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


def _tell(waiters: Sequence[Callable[[], object]]) -> None:
    for waiter in waiters:
        with suppress(RuntimeError):  # the loop that waited is closed
            waiter()
