"""Connections to PostgreSQL for the journal and the lease: asyncpg itself, so that each attempt has a deadline of ours.

A server that is gone without a word (half-open) answers nothing for ever; only a deadline that cuts the connection
without asking anybody ends that. A pool, or a driver that first says good-bye, would wait again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from acd.domain.errors import StoreError

T = TypeVar("T")
FAULTS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What an attempt may come to that can be tried again."""
IDLE_IN_TRANSACTION_MS = 1000
"""A process that is stopped amid a transaction holds its locks no longer; a successor waits for them."""


def address(url: str) -> str:
    """Make of SQLAlchemy's address the one that PostgreSQL's own programs understand."""
    parts = urlsplit(url)
    query = [("sslmode" if key == "ssl" else key, value) for key, value in parse_qsl(parts.query)]
    return urlunsplit(("postgresql", parts.netloc, parts.path, urlencode(query), ""))


def database_of(url: str) -> tuple[str | None, int, str]:
    """Which database an address means, whoever asks: host, port and name."""
    parts = urlsplit(url)
    return parts.hostname, parts.port or 5432, parts.path.lstrip("/")


def said(error: Exception) -> str:
    """Say what went wrong, without DETAIL, which holds values."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


class Line:
    """One connection, made when it is needed and dropped at the first fault."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        """``durable=False``: a commit need not be on disk before it is answered."""
        self._address = address(url)
        self._settings = {
            "application_name": "acd",
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            "synchronous_commit": "on" if durable else "off",
        }
        self._connection: asyncpg.Connection | None = None

    async def do(self, work: Callable[[asyncpg.Connection], Awaitable[T]], within_s: float) -> T:
        """Do something over the connection, connecting first if need be.

        Raises:
            StoreError: it did not come to an end in time, or at all; whether it was done is not known.
        """
        try:
            async with asyncio.timeout(within_s):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._address, server_settings=self._settings)
                return await work(self._connection)
        except FAULTS as error:
            self.drop()
            raise StoreError(said(error)) from error
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Let go of the connection, at once and without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
