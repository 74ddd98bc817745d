"""Two engines and one store: the seat of the active one, and the journal as the other reads it along.

Decides what the database would: who has the seat, since which moment, and whose writes are refused. How an engine deals
with its lease is the store's own code, handed in as ``Succession``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.runtime.standby import Turn
from acd.sim.faults.clock import Scheduler
from acd.sim.faults.disk import Database, Disk, EventCodec

ANSWER_S = 0.003
AGAIN_S = 0.1


class Lease(Protocol):
    """What an engine knows of its right to command; see ``acd.store.lease``."""

    def renewed(self, asked_at: float) -> None: ...  # noqa: D102
    def failed(self) -> None: ...  # noqa: D102
    def refused(self) -> None: ...  # noqa: D102
    def witnessed(self, asked_at: float) -> None: ...  # noqa: D102
    def verified(self) -> bool: ...  # noqa: D102
    def wants_witness(self) -> bool: ...  # noqa: D102
    def holds(self) -> bool: ...  # noqa: D102


class Taking(Turn, Protocol):
    """What takes the seat; see ``acd.store.seat.Turn``."""

    seized: bool
    """It had not been given back."""


@dataclass(frozen=True, slots=True)
class Succession:
    """The store's own rules, and their times."""

    lease: Callable[[Callable[[], float]], Lease]
    turn: Callable[[SeatSeen, Lease, Callable[[], float]], Taking]
    seen: Callable[..., Any]
    """Makes what ``look`` gives: token, holder, beat, over, free."""
    ttl_s: float
    renew_s: float
    witness_s: float


class Seat:
    """One row in the database."""

    def __init__(self, scheduler: Scheduler, disk: Disk, database: Database, rules: Succession) -> None:
        self.rules = rules
        self._scheduler = scheduler
        self._disk = disk
        self._database = database
        self.token = 0
        self.beats = 0
        self.unanswered_at = float("-inf")
        """When the database was asked in vain last."""
        self._expires: float | None = None
        """None: given back, or never taken."""

    @property
    def away(self) -> bool:
        """Whether the database does not answer."""
        return self._disk.refusing or self._database.refusing

    def look(self) -> Any:
        """See who has it."""
        over = self._expires is None or self._expires <= self._scheduler.time
        beat = f"{self.token} {self.beats}"
        return self.rules.seen(token=self.token, holder="", beat=beat, over=over, free=self._expires is None)

    def take(self, token: int) -> int | None:
        """Take it from who was seen to have it."""
        if token != self.token or (self._expires is not None and self._expires > self._scheduler.time):
            return None
        self.token += 1
        self._expires = self._scheduler.time + self.rules.ttl_s
        return self.token

    def renew(self, token: int) -> bool:
        """Keep it; False when it is another's."""
        if token != self.token:
            return False
        self.beats += 1
        self._expires = self._scheduler.time + self.rules.ttl_s
        return True

    def give_back(self, token: int) -> None:
        """Let another have it at once."""
        if token == self.token:
            self._expires = None


class SeatSeen:
    """The seat as one engine reaches it; stands for ``acd.store.seat.Seat``."""

    def __init__(self, seat: Seat, now: Callable[[], float]) -> None:
        self._seat = seat
        self._now = now

    async def _answer(self) -> None:
        await asyncio.sleep(ANSWER_S)
        if self._seat.away:
            self._seat.unanswered_at = self._now()
            raise StoreError("the database does not answer")

    async def look(self) -> Any:
        """See who has it. Raises ``StoreError``."""
        await self._answer()
        return self._seat.look()

    async def take(self, seen: Any, lease: Lease) -> int | None:
        """Take it from who was seen to have it. Raises ``StoreError``."""
        asked_at = self._now()
        await self._answer()
        token = self._seat.take(seen.token)
        if token is not None:
            lease.renewed(asked_at)
        return token

    async def keep(self, token: int, lease: Lease) -> None:
        """Renew it until it is another's."""
        while True:
            asked_at = self._now()
            try:
                await self._answer()
            except StoreError:
                lease.failed()
                await asyncio.sleep(AGAIN_S)
                continue
            if not self._seat.renew(token):
                lease.refused()
                return
            lease.renewed(asked_at)
            await asyncio.sleep(self._seat.rules.renew_s)


@dataclass(frozen=True, slots=True)
class Portion:
    """What came to the journal since it was read last."""

    anew: bool
    state: bytes | None
    events: Sequence[tuple[int, Event]]
    settled: int
    more: bool = False


class Reader:
    """Reads the journal of the active engine along."""

    def __init__(self, disk: Disk, codec: EventCodec) -> None:
        self._disk = disk
        self._codec = codec
        self._begun = False
        self.after = 0

    async def read(self) -> Portion:
        """Give what was added. Raises ``StoreError``."""
        await asyncio.sleep(ANSWER_S)
        if self._disk.refusing:
            raise StoreError("the database does not answer")
        settled, state = self._disk.snapshot or (0, None)
        anew = not self._begun or settled > self.after
        self._begun = True
        if anew:
            self.after = settled
        events = [(number, self._codec.decode(one)) for number, one in self._disk.events if number > self.after]
        if events:
            self.after = events[-1][0]
        return Portion(anew, state if anew else None, events, settled)
