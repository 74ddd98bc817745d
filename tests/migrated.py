"""A database brought to the newest revision, whatever it is."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import create_async_engine

from acd.store.database import _upgrade


async def migrate(url: str) -> None:
    """Make or change its tables."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)
    await engine.dispose()
