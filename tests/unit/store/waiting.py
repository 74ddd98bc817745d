"""Waiting for something another thread does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until ``condition`` holds."""
    while not condition():  # noqa: ASYNC110 - the other side is a thread that sets no event
        await asyncio.sleep(0.005)
