"""Long lists dealt with in portions, so that the event loop serves calls in between. Must not know what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
V = TypeVar("V")

PORTION = 200
"""Channels or the like: about two milliseconds of work."""


async def in_portions(make: Callable[[T], V], items: Sequence[T]) -> tuple[V, ...]:
    """Make something of each item, in order."""
    made = list[V]()
    for begin in range(0, len(items), PORTION):
        if begin:
            await asyncio.sleep(0)
        made += map(make, items[begin : begin + PORTION])
    return tuple(made)
