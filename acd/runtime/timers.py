"""Timers: the engine's StartTimer and CancelTimer on the event loop, back as TimerFired."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from acd.domain.commands import StartTimer
from acd.domain.events import TimerFired
from acd.domain.ids import TimerKey
from acd.ports import Clock


class Timers:
    """One loop timer per key. Held back until ``release``, so that nothing runs out before a resync told what is."""

    def __init__(self, clock: Clock, fire: Callable[[TimerFired], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._running: dict[TimerKey, asyncio.Handle] = {}
        self._held: dict[TimerKey, StartTimer] | None = {}

    def start(self, command: StartTimer) -> None:
        """Start or replace a timer."""
        if self._held is not None:
            self._held[command.key] = command
            return
        self.cancel(command.key)
        loop, delay = asyncio.get_running_loop(), command.due - self._clock.now()
        # A loop promises an order for call_soon only: timers with the same delay may change places.
        self._running[command.key] = (
            loop.call_later(delay, self._due, command) if delay > 0 else loop.call_soon(self._due, command)
        )

    def cancel(self, key: TimerKey) -> None:
        """Forget a timer."""
        if self._held is not None:
            self._held.pop(key, None)
        handle = self._running.pop(key, None)
        if handle is not None:
            handle.cancel()

    def moved(self, by_s: float) -> None:
        """The clock was set: timers have as long to go as before. Those that run do not look at it."""
        if self._held is not None:
            self._held = {key: replace(command, due=command.due + by_s) for key, command in self._held.items()}

    def release(self) -> None:
        """Let the timers held back run; overdue ones fire at once, in order of their due time."""
        held, self._held = self._held, None
        for command in sorted((held or {}).values(), key=lambda c: (c.due, c.key)):
            self.start(command)

    def close(self) -> None:
        """Forget all timers."""
        for handle in self._running.values():
            handle.cancel()
        self._running.clear()
        self._held = {}

    def _due(self, command: StartTimer) -> None:
        self._running.pop(command.key, None)
        self._fire(TimerFired(self._clock.now(), command.key, command.generation))
