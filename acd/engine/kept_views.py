"""Views of agents and contacts kept from one look to the next: values are frozen, so what is the same looks the same.

In a large centre few of them change between two looks. Decides nothing; must not know what a view shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")
W = TypeVar("W")
V = TypeVar("V")


class KeptViews(Generic[K, T, W, V]):
    """The views of things that were there at the latest look, each of one thing and of one other it depends on."""

    def __init__(self, show: Callable[[T, W], V]) -> None:
        self._show = show
        self._kept: dict[K, tuple[T, W, V]] = {}

    def look(self, things: Iterable[tuple[K, T, W]]) -> tuple[V, ...]:
        """Give the view of each thing, anew only where it or what it depends on is another object than before."""
        before, now = self._kept, dict[K, tuple[T, W, V]]()
        for key, thing, other in things:
            kept = before.get(key)
            if kept is None or kept[0] is not thing or kept[1] is not other:
                kept = (thing, other, self._show(thing, other))
            now[key] = kept
        self._kept = now
        return tuple([kept[2] for kept in now.values()])
