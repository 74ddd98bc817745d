"""The queue of the simulated Asterisk itself: who waits there while no engine serves, and who is next.

Decides the order as ``Queue()`` does: by the rank a channel bore when it came in, the highest first, then by arrival.
"""

from __future__ import annotations

from acd.domain.ids import LegId


class OwnQueue:
    """The line."""

    def __init__(self) -> None:
        self._turns: dict[LegId, tuple[int, int]] = {}
        self._joined = 0

    def __contains__(self, leg: LegId) -> bool:
        return leg in self._turns

    def join(self, leg: LegId, rank: int) -> None:
        """Come in; what is written on the channel afterwards changes nothing."""
        self._joined += 1
        self._turns[leg] = (-rank, self._joined)

    def leave(self, leg: LegId) -> None:
        """Be answered, taken back or gone."""
        self._turns.pop(leg, None)

    def line(self) -> list[LegId]:
        """Give who waits, the next one first."""
        return sorted(self._turns, key=self._turns.__getitem__)

    def clear(self) -> None:
        """Asterisk has died."""
        self._turns.clear()
