"""What gates remember of callers: when a number last came, by gate and number.

Must not know who is let in.
"""

from __future__ import annotations

MOST = 20_000
"""Numbers remembered; who has not called for the longest time is forgotten first."""


def passed(known: dict[str, tuple[float, ...]], name: str, times: tuple[float, ...]) -> None:
    """Remember when a number came; ``known`` stays in the order of the last times."""
    known.pop(name, None)
    known[name] = times
    while len(known) > MOST:
        del known[next(iter(known))]
