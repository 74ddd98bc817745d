"""Opening the database of call records and bringing its tables up to date. SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from acd.domain.errors import StoreError
from acd.store.faults import plain

MIGRATIONS = Path(__file__).parent / "migrations"


def sqlite_url(path: Path) -> str:
    """Make the URL of an SQLite file, as ``open_database`` takes it."""
    escaped = str(path.absolute()).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
    return f"sqlite+aiosqlite:///{escaped}"


async def open_database(url: str, *, make: bool = True) -> AsyncEngine:
    """Connect; an SQLite database is made and migrated here, any other must already be at the newest revision.

    With ``make=False`` an SQLite database must be there, at the newest revision, too.

    Raises:
        StoreError: the URL is wrong, the database cannot be reached, or it belongs to a newer version of this program.
    """
    try:
        engine = create_async_engine(url)
    except ImportError as error:
        raise StoreError(f"cannot use the database: its driver {error.name} is not installed") from error
    except ArgumentError as error:
        raise StoreError(f"cannot use the database: {error}") from error
    sqlite = engine.dialect.name == "sqlite"
    if sqlite and not make and not _exists(engine.url.database):
        await engine.dispose()
        raise StoreError(f"there is no database {engine.url.database}")
    if sqlite:
        event.listen(engine.sync_engine, "connect", _sqlite_settings)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade if sqlite and make else _check)
    except (SQLAlchemyError, OSError) as error:
        await engine.dispose()
        raise StoreError(f"cannot use the database: {plain(error)}") from error
    except CommandError as error:
        await engine.dispose()
        what = "migrate" if make else "use"
        raise StoreError(f"cannot {what} the database: {error}") from error
    return engine


def _exists(database: str | None) -> bool:
    return database is not None and Path(database).is_file()


def _sqlite_settings(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=2000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _check(connection: Connection) -> None:
    wanted = ScriptDirectory.from_config(_config(connection)).get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found != wanted:
        raise CommandError(f"it is at revision {found}, this program needs {wanted}")
