"""A database with the tables of the journal and the seat."""

from __future__ import annotations

import pytest

from tests.migrated import migrate


@pytest.fixture
async def journal_url(postgresql_url: str) -> str:
    """The address of a migrated database."""
    await migrate(postgresql_url)
    return postgresql_url
