"""Database errors in words an operator may read: what the database said, never the values it was given."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError


def plain(error: Exception) -> str:
    """Say what the database said, without the statement and its values, which hold callers' numbers."""
    return str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
