"""A circuit breaker: a host that fails again and again is left alone for a while, and callers do not wait for it.

Decides when to ask. Time is given by whoever asks; must not know what a failure is.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

BreakerState: TypeAlias = Literal["closed", "half_open", "open"]


class Breaker:
    """Closed until ``failures`` in a row; then open for ``pause_s``; then half open: one request tries the host."""

    def __init__(self, failures: int, pause_s: float) -> None:
        self._limit, self._pause_s = failures, pause_s
        self._failures = 0
        self._open_until: float | None = None
        self._trying_until: float | None = None

    def may(self, now: float) -> bool:
        """Whether to ask now. In the half-open state the first to ask gets the try, until ``succeeded`` or ``failed``.

        A try of which nothing is heard any more frees its place after another pause.
        """
        if self._open_until is None:
            return True
        if now < self._open_until or (self._trying_until is not None and now < self._trying_until):
            return False
        self._trying_until = now + self._pause_s
        return True

    def succeeded(self) -> None:
        """The host answered."""
        self._failures = 0
        self._open_until = self._trying_until = None

    def failed(self, now: float) -> None:
        """The host did not answer, or said that it cannot."""
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until = now + self._pause_s
            self._trying_until = None

    def released(self) -> None:
        """Who asked went away before anything was known."""
        self._trying_until = None

    def state(self, now: float) -> BreakerState:
        """What it does now."""
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half_open"
