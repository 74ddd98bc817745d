"""Numbered lines of entries, best first: the data structure both sides of matching are built of.

An entry is a tuple that ends in an id; the lowest is next. Deletion is lazy: an entry that left stays in its heap until
it comes up, or until there are more dead entries than living ones. ``heads`` holds the best entry of each line and
``filled`` a bit for each line that has one, so that whoever decides looks at heads only and skips empty lines by one
operation on integers. Putting in and taking out cost O(log n) of the line's length.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable
from heapq import heapify, heappop, heappush
from math import inf
from operator import itemgetter
from typing import Any

from acd.engine.matching.facts import Key

NOBODY: Key = (inf,)
"""The head of an empty line: after every other."""
Pick = Callable[[Any], Any]


class Several:
    """More than one line of a set of lines, to find the best head of at once.

    The first numbers of the heads are compared before anything else: they are floats or integers side by side in one
    list, and only those that share the lowest have to be looked at as tuples. Four times as fast as ``min`` of tuples.
    """

    __slots__ = ("_numbers", "_pick")

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = tuple(numbers)
        self._pick: Pick = itemgetter(*self._numbers)

    def best(self, lines: Lines) -> Key:
        """The lowest head; that of an empty line only if all are empty."""
        keys = self._pick(lines.keys)
        low = min(keys)
        if keys.count(low) == 1:
            head: Key = lines.heads[self._numbers[keys.index(low)]]
            return head
        return min([lines.heads[n] for n, key in zip(self._numbers, keys, strict=True) if key == low])


_SPARE = 64


class Lines:
    """Lines 0 … n-1; an id stands at most once in each."""

    __slots__ = ("_alive", "_heaps", "filled", "heads", "keys")

    def __init__(self) -> None:
        self.heads: list[Key] = []
        self.keys: list[float | str] = []
        """The first number of each head."""
        self.filled = 0
        self._heaps: list[list[Key]] = []
        self._alive: list[dict[float | str, Key]] = []

    def add(self) -> int:
        """Make another empty line. Returns its number."""
        self.heads.append(NOBODY)
        self.keys.append(inf)
        self._heaps.append([])
        self._alive.append({})
        return len(self.heads) - 1

    def count(self, line: int) -> int:
        """How many stand in a line."""
        return len(self._alive[line])

    def holds(self, line: int, who: str) -> bool:
        """Whether somebody stands in a line."""
        return who in self._alive[line]

    def entry(self, line: int, who: str) -> Key:
        """The entry of somebody who stands in a line."""
        return self._alive[line][who]

    def best_besides(self, line: int, others: Collection[str]) -> Key | None:
        """The first of a line who is none of the others. O(1) unless the head is one of them, then O(n)."""
        head = self.heads[line]
        if head[-1] not in others:
            return head if head is not NOBODY else None
        return min((entry for who, entry in self._alive[line].items() if who not in others), default=None)

    def entries(self, line: int) -> list[Key]:
        """Everybody in a line, best first. O(n log n)."""
        return sorted(self._alive[line].values())

    def put(self, line: int, entry: Key) -> None:
        """Put an entry into a line, in place of the one of the same id."""
        alive, heap = self._alive[line], self._heaps[line]
        before = alive.get(entry[-1])
        if before == entry:
            return
        alive[entry[-1]] = entry
        heappush(heap, entry)
        if heap[0] is entry:
            self.heads[line] = entry
            self.keys[line] = entry[0]
            self.filled |= 1 << line
        elif before is self.heads[line]:
            self._settle(line)

    def take(self, line: int, who: str) -> None:
        """Take somebody out of a line; no matter if not there."""
        alive = self._alive[line]
        gone = alive.pop(who, None)
        if gone is None:
            return
        if not alive:
            self._heaps[line].clear()
            self.heads[line] = NOBODY
            self.keys[line] = inf
            self.filled &= ~(1 << line)
        elif gone is self.heads[line]:
            self._settle(line)
        elif len(self._heaps[line]) > 2 * len(alive) + _SPARE:
            self._heaps[line][:] = alive.values()
            heapify(self._heaps[line])

    def _settle(self, line: int) -> None:
        """Find the head of a line that has one."""
        alive, heap = self._alive[line], self._heaps[line]
        while alive.get(heap[0][-1]) is not heap[0]:
            heappop(heap)
        self.heads[line] = heap[0]
        self.keys[line] = heap[0][0]


class NumberedLines(Lines):
    """Lines whose members can also be asked for by number, in the order of their ids. O(n) to change, by memmove."""

    __slots__ = ("_sorted",)

    def __init__(self) -> None:
        super().__init__()
        self._sorted: list[list[str]] = []

    def add(self) -> int:
        """Make another empty line. Returns its number."""
        self._sorted.append([])
        return super().add()

    def put(self, line: int, entry: Key) -> None:
        """Put an entry into a line, in place of the one of the same id."""
        if not self.holds(line, str(entry[-1])):
            insort(self._sorted[line], str(entry[-1]))
        super().put(line, entry)

    def take(self, line: int, who: str) -> None:
        """Take somebody out of a line; no matter if not there."""
        if self.holds(line, who):
            del self._sorted[line][bisect_left(self._sorted[line], who)]
        super().take(line, who)

    def member(self, line: int, number: int, others: Collection[str]) -> str:
        """The id at a place (from 0) in a line ordered by id, the others left out."""
        if not others:
            return self._sorted[line][number]
        return [who for who in self._sorted[line] if who not in others][number]
