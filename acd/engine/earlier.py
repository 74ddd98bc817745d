"""Earlier contacts of a number: how many within a time, and how the last one ended.

Decides what is remembered and for how long: only while a flow of the plan reads it, no longer than the plan says, and
never of more than ``MOST`` numbers. Numbers are E.164; a caller without one is not remembered.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.exits import Exit
from acd.domain.ids import QueueId

MOST = 20_000
"""Numbers remembered; who has not called for the longest time is forgotten first."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is remembered of a number; ``last_at`` is the end of its last contact, seconds since the epoch."""

    calls: int
    last_at: float
    last_exit: Exit
    last_queue: QueueId | None = None


def remember(
    known: dict[str, Earlier], number: str, exit_: Exit, queue: QueueId | None, at: float, keep_s: float
) -> None:
    """Count a contact that ended at ``at``; forget what is older than ``keep_s``. ``known`` stays in order of time."""
    if keep_s > 0 and number:
        before = known.pop(number, None)
        calls = before.calls if before is not None and at - before.last_at <= keep_s else 0
        known[number] = Earlier(calls + 1, at, exit_, queue)
    while known:
        number, oldest = next(iter(known.items()))
        if at - oldest.last_at <= keep_s and len(known) <= MOST:
            break
        del known[number]


def of(known: dict[str, Earlier], number: str, at: float, keep_s: float) -> Earlier | None:
    """What is remembered of a number; None when there was no contact within the time."""
    found = known.get(number)
    return found if found is not None and at - found.last_at <= keep_s else None
