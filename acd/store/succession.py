"""Two engines, one database: everything an engine needs to follow, to take over, and to hand over."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from acd.store.group_commit import OnError
from acd.store.journal_pg import JournalReader, PostgresJournal
from acd.store.lease import Lease
from acd.store.seat import Keeper, Seat, Turn


class Succession:
    """An engine's part in the succession: first it reads along, then, with the token of its turn, it writes.

    Args:
        url: the database both engines use, as SQLAlchemy's.
        keep_all: as the journal's.
        on_error: told in plain words of failed commits, from the writer's thread.
        on_lost: called, from some thread, when another engine has the lease.
        on_trouble: told in plain words that the lease could not be renewed, from a thread.
    """

    def __init__(
        self,
        url: str,
        *,
        keep_all: bool,
        on_error: OnError,
        on_lost: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self.lease = Lease()
        self.reader = JournalReader(url)
        self._seat = Seat(url, f"{socket.gethostname()}:{os.getpid()}")
        self.turn = Turn(self._seat, self.lease)
        self._on_lost = on_lost
        self.journal = PostgresJournal(url, keep_all=keep_all, on_error=on_error, on_deposed=self._deposed)
        self._keeper = Keeper(url, self.lease, on_lost=on_lost, on_trouble=on_trouble)

    def begin(self, token: int) -> None:
        """Keep the seat that was taken, and write the journal after what was read of it."""
        self._keeper.start(token)
        self.journal.own(token, self.reader.after)
        self.reader.close()
        self._seat.close()

    def _deposed(self) -> None:
        self.lease.refused()
        self._on_lost()

    async def close(self) -> None:
        """Give the lease back, when it is ours; the journal is closed before, by its owner."""
        self.reader.close()
        self._seat.close()
        await self._keeper.release()
