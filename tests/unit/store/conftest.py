"""The store's tests run on both databases: ``address`` is one with its tables and no rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.store.database import sqlite_url


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "r.sqlite")
    url: str = request.getfixturevalue("migrated_url")
    return url


@pytest.fixture
def journal_url(migrated_url: str) -> str:
    """The address of a database with the tables of the journal and the seat."""
    return migrated_url
