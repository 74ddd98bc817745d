"""The database of call records: opening it, and bringing its tables up to date. SQLite, or PostgreSQL by its URL.

An SQLite database belongs to one engine, so it is made and migrated when the engine opens it. PostgreSQL's is migrated
by ``acd db upgrade`` only: a standby or other programs may be using it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from acd.domain.errors import StoreError
from acd.store.faults import away, plain

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_S = 5.0
"""How long PostgreSQL may take to answer a new connection, and how long is waited for a free one."""
_MIGRATING = 0x61636401
"""PostgreSQL's advisory lock under which the tables change."""


class StoreAway(StoreError):  # noqa: N818 - a state, not a mistake
    """The database cannot be had now, and may come back by itself."""


@dataclass(frozen=True, slots=True)
class Revision:
    """At which revision the tables are (None: there are none), and which one this program needs."""

    found: str | None
    wanted: str
    newer: bool
    """The database was made by a newer version of this program."""


def sqlite_url(path: Path) -> str:
    """Make the URL of an SQLite file, as ``open_database`` takes it."""
    escaped = str(path.absolute()).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return f"sqlite+aiosqlite:///{escaped}"


def make_engine(url: str) -> AsyncEngine:
    """Make SQLAlchemy's engine; connects to nothing yet.

    Raises:
        StoreError: the URL is wrong, or its driver is not installed.
    """
    options: dict[str, Any] = {}
    if url.startswith("postgresql"):
        names = {"application_name": "acd", "timezone": "UTC"}
        options = {
            "connect_args": {"timeout": CONNECT_S, "server_settings": names},
            "pool_pre_ping": True,
            "pool_timeout": CONNECT_S,
        }
    try:
        engine = create_async_engine(url, **options)
    except ImportError as error:
        raise StoreError(f"cannot use the database: its driver {error.name} is not installed") from error
    except ArgumentError as error:
        raise StoreError(f"cannot use the database: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _sqlite_settings)
    return engine


async def open_database(url: str, *, make: bool = True) -> AsyncEngine:
    """Connect; an SQLite database is made and migrated here, any other must already be at the newest revision.

    With ``make=False`` an SQLite database must be there, at the newest revision, too.

    Raises:
        StoreAway: it cannot be had now.
        StoreError: the URL is wrong, or the tables are older or newer than this program needs.
    """
    engine = make_engine(url)
    try:
        await prepare(engine, make=make)
    except BaseException:
        await engine.dispose()
        raise
    return engine


async def prepare(engine: AsyncEngine, *, make: bool = True) -> None:
    """See that the tables are what this program needs, as ``open_database`` does."""
    sqlite = engine.dialect.name == "sqlite"
    if sqlite and not make and not _exists(engine.url.database):
        raise StoreError(f"there is no database {engine.url.database}")
    revision = await current(engine)
    if revision.newer:
        what = f"it is at revision {revision.found}, which is newer than this program"
        raise StoreError(f"cannot use the database: {what}; install the version that made it, or restore a backup")
    if revision.found == revision.wanted:
        return
    if not sqlite or not make:
        what = f"it is at revision {revision.found}, this program needs {revision.wanted}"
        raise StoreError(f"cannot use the database: {what}; run: acd db upgrade")
    await upgrade(engine)


async def current(engine: AsyncEngine) -> Revision:
    """Say at which revision the tables are. Raises ``StoreError``."""
    return await _run(engine, _revision, "use")


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the tables to the newest revision, all of it or nothing. Raises ``StoreError``."""
    await _run(engine, _upgrade, "migrate")


async def _run(engine: AsyncEngine, work: Callable[[Connection], T], what: str) -> T:
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    except (SQLAlchemyError, OSError) as error:
        kind = StoreAway if away(error) else StoreError
        raise kind(f"cannot {what} the database: {plain(error)}") from error


def _exists(database: str | None) -> bool:
    return database is not None and Path(database).is_file()


def _sqlite_settings(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=2000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


_REVISION = re.compile(r'^revision = "(\w+)"', re.MULTILINE)
_BUILT_ON = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


@cache
def _known() -> tuple[frozenset[str], str]:
    """All revisions, and the newest: the one that no other is built on.

    Read without alembic, which a start needs only where there is something to change: it takes a while to load.
    """
    texts = "\n".join(file.read_text(encoding="utf-8") for file in (MIGRATIONS / "versions").glob("v*.py"))
    known = frozenset(_REVISION.findall(texts))
    (newest,) = known.difference(_BUILT_ON.findall(texts))
    return known, newest


def _revision(connection: Connection) -> Revision:
    known, newest = _known()
    found: str | None = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return Revision(found, newest, found is not None and found not in known)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - loaded where it is wanted
    from alembic.util import CommandError  # noqa: PLC0415

    # One transaction around all: sqlite3 begins none for statements that change tables.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
    try:
        command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise StoreError(f"cannot migrate the database: {error}") from error


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - loaded where it is wanted

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
