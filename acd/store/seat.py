"""The seat of the active engine in the database: who has it, taking it, keeping it, giving it back.

One row: a token that grows with each change of hands, its holder, and until when it is held by the database's clock.
Everything an active engine writes names its token, in the same transaction, and is refused when it is not that of the
row. Taking the seat locks the row against those writes: after it, no write of the one before comes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

from acd.domain.errors import StoreError
from acd.store.lease import RENEW_S, TTL_S, Lease, elapsed
from acd.store.pg import Line

_SEEN = """
SELECT token, holder, expires::text AS beat, expires <= clock_timestamp() AS over, expires = '-infinity' AS free
FROM engine_lease
"""
# The token is unique, so that changing it takes a lock that waits for the locks of writers, and lets them wait.
_TAKE = """
UPDATE engine_lease SET token = token + 1, holder = $2, expires = clock_timestamp() + make_interval(secs => $3)
WHERE token = $1 AND expires <= clock_timestamp() RETURNING token
"""
_RENEW = """
UPDATE engine_lease SET expires = clock_timestamp() + make_interval(secs => $2) WHERE token = $1 RETURNING token
"""
_GIVE_BACK = "UPDATE engine_lease SET expires = '-infinity' WHERE token = $1"
ANSWER_S = 0.7
"""How long an answer about the lease is waited for. Shorter than a lease, so that its end finds us trying anew."""
AGAIN_S = 0.1


@dataclass(frozen=True, slots=True)
class Seen:
    """The seat as another engine sees it."""

    token: int
    holder: str
    beat: str
    """Changes with every renewal."""
    over: bool
    """Its time is over by the database's clock."""
    free: bool
    """It was given back, or never taken."""


class Patience:
    """When another's seat may be taken: it was given back, or was not renewed for a lease's time before our eyes.

    Without the second, the first engine to see a database that comes back would take the lease of one that works.
    """

    def __init__(self, ttl_s: float = TTL_S) -> None:
        self._ttl_s = ttl_s
        self._beat: tuple[int, str] | None = None
        self._since = 0.0

    def ripe(self, seen: Seen, now: float) -> bool:
        """Whether it may be taken at ``now``, having seen it so."""
        if seen.free:
            return True
        if self._beat != (seen.token, seen.beat):
            self._beat, self._since = (seen.token, seen.beat), now
        return seen.over and now - self._since >= self._ttl_s

    def blinded(self) -> None:
        """Begin anew: the database could not be asked, and the holder may not have reached it either."""
        self._beat = None


class Seat:
    """The seat, looked at and taken from the event loop."""

    def __init__(self, url: str, holder: str, line: Line | None = None) -> None:
        self._line = line or Line(url)
        self._holder = holder

    async def look(self) -> Seen:
        """See who has it. Raises ``StoreError``."""
        row = await self._line.do(lambda c: c.fetchrow(_SEEN), ANSWER_S)
        if row is None:
            raise StoreError("the table engine_lease is empty")
        return Seen(**row)

    async def take(self, seen: Seen, lease: Lease) -> int | None:
        """Take it from who was seen to have it; give the token, None when another was faster. Raises ``StoreError``."""
        asked_at = elapsed()
        token: int | None = await self._line.do(lambda c: c.fetchval(_TAKE, seen.token, self._holder, TTL_S), TTL_S)
        if token is not None:
            lease.renewed(asked_at)
        return token

    def close(self) -> None:
        """Let go of the connection."""
        self._line.drop()


class Turn:
    """Our turn: the seat, taken when patience says so."""

    def __init__(self, seat: Seat, lease: Lease, now: Callable[[], float] = elapsed) -> None:
        self._seat = seat
        self._lease = lease
        self._now = now
        self._patience = Patience()
        self.seized = False
        """The seat we took had not been given back."""

    async def take(self) -> int | None:
        """Take the seat if it may be taken. Gives the token, None when it is not our turn. Raises ``StoreError``."""
        seen = await self._seat.look()
        if not self._patience.ripe(seen, self._now()):
            return None
        self.seized = not seen.free
        return await self._seat.take(seen, self._lease)

    def blinded(self) -> None:
        """Begin to be patient anew: the database could not be asked."""
        self._patience.blinded()


class Keeper:
    """Renews the lease from a thread of its own, whatever the event loop is busy with; until it is lost or released.

    Args:
        url: the database's address, as SQLAlchemy's.
        lease: told of everything.
        on_lost: called from the thread, once, when the lease is another's.
        on_trouble: called from the thread with plain words when the database begins not to answer.
    """

    def __init__(
        self, url: str, lease: Lease, *, on_lost: Callable[[], None], on_trouble: Callable[[str], None]
    ) -> None:
        self._url = url
        self._lease = lease
        self._on_lost = on_lost
        self._on_trouble = on_trouble
        self._token = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, token: int) -> None:
        """Begin, with the token that was taken."""
        self._token = token
        self._thread = threading.Thread(target=self._run, name="acd-lease", daemon=True)
        self._thread.start()

    async def release(self) -> None:
        """Give the lease back, so that another engine need not wait for its end. After this it is not ours."""
        self._lease.refused()
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        asyncio.run(self._keep(Line(self._url, durable=False)))

    async def _keep(self, line: Line) -> None:
        try:
            while not self._stop.is_set():
                pause = await self._renew(line)
                if pause is None:
                    self._lease.refused()
                    self._on_lost()
                    return
                self._stop.wait(pause)
            try:
                await line.do(lambda c: c.execute(_GIVE_BACK, self._token), ANSWER_S)
            except StoreError as error:
                self._on_trouble(f"the lease could not be given back: {error}")
        finally:
            line.drop()

    async def _renew(self, line: Line) -> float | None:
        """Renew; give the seconds until the next time, None when the lease is another's."""
        asked_at = elapsed()
        try:
            token = await line.do(lambda c: c.fetchval(_RENEW, self._token, TTL_S), ANSWER_S)
        except StoreError as error:
            self._lease.failed()
            self._on_trouble(f"the lease cannot be renewed: {error}")
            return AGAIN_S
        if token is None:
            return None
        self._lease.renewed(asked_at)
        return max(0.0, RENEW_S - (elapsed() - asked_at))
