"""What a database's error means: in words an operator may read, and whose fault it is.

Words are what the database said, never the values it was given: those hold callers' numbers. asyncpg's errors are known
by their SQLSTATE only, so that the driver need not be there.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from acd.domain.errors import StoreError

_VALUES = ("21", "22", "23")
"""SQLSTATE classes: cardinality, data exception, integrity."""
_CONFIGURATION = ("28", "3D", "3F", "42")
"""Authorization, catalog and schema names, access rules: waiting does not help, somebody must act."""
_AWAY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}
_PRIMARY = 0xFF


def plain(error: BaseException) -> str:
    """Say what the database said, without the statement and its values."""
    if not isinstance(error, DBAPIError):
        return str(error) if isinstance(error, StoreError) else _system(error)
    if row_at_fault(error):
        return "a value does not fit its column" if _driver(error) is not None else str(error.orig)
    driver = _driver(error)
    if driver is not None:  # its str() has the details, which may quote a row
        return str(driver.args[0]) if driver.args else type(driver).__name__
    return str(error.orig)


def row_at_fault(error: BaseException) -> bool:
    """Whether this row would be refused by a healthy database too; otherwise waiting may help."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, StoreError | UnicodeError | OverflowError | ValueError | TypeError)
    if isinstance(error, DataError | IntegrityError):
        return True
    driver = _driver(error)
    return isinstance(driver, ValueError) or _state(error).startswith(_VALUES)


def away(error: BaseException) -> bool:
    """Whether the database cannot be had now but may come back by itself."""
    if isinstance(error, TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return getattr(error.orig, "sqlite_errorcode", 0) & _PRIMARY in _AWAY
        return not row_at_fault(error) and not _state(error).startswith(_CONFIGURATION)
    if (state := _own_state(error)) is not None:  # of a connection that never came to be, SQLAlchemy wraps nothing
        return not state.startswith((*_VALUES, *_CONFIGURATION))
    return isinstance(error, OSError)


def _system(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error.args[0]) if _own_state(error) is not None and error.args else type(error).__name__


def _driver(error: DBAPIError) -> BaseException | None:
    """The driver's own error, where SQLAlchemy put one of its own between."""
    return error.orig.__cause__ if error.orig is not None else None


def _state(error: DBAPIError) -> str:
    return _own_state(_driver(error)) or ""


def _own_state(error: BaseException | None) -> str | None:
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None
