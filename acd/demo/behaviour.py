"""What callers do: which keys they press and when, how long their patience lasts, and how many are of which kind.

Decides the mix and each caller's script, from a given source of chance. Must not know how calls are placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from acd.demo.rtp import Press


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of caller. ``keys`` are (seconds after the answer, key); one of the tuples is drawn."""

    name: str
    weight: int
    keys: tuple[tuple[tuple[float, str], ...], ...]
    patience_s: tuple[float, float]
    """When the caller hangs up at the latest, seconds after the answer."""
    dialled: str | None = None
    """Another number than the access code."""


@dataclass(frozen=True, slots=True)
class Script:
    """One caller: number, number dialled, keys, patience."""

    number: str
    kind: str
    dialled: str
    presses: tuple[Press, ...]
    patience_s: float


def script(place: int, kind: Kind, access_code: str, chance: Random) -> Script:
    """Draw a caller of a kind; ``place`` makes the number unlike all others. Times vary by a tenth."""
    return Script(
        number=f"0812{place:07d}",
        kind=kind.name,
        dialled=kind.dialled or access_code,
        presses=tuple(Press(at * chance.uniform(0.9, 1.1), key) for at, key in chance.choice(kind.keys)),
        patience_s=chance.uniform(*kind.patience_s),
    )


def crowd(calls: int, kinds: Sequence[Kind], access_code: str, chance: Random) -> tuple[Script, ...]:
    """Draw so many callers by the kinds' weights.

    The shares are kept as well as they can be in any number of calls (largest remainder), and their order is shuffled.
    """
    total = sum(kind.weight for kind in kinds)
    drawn: list[Kind] = []
    owed = dict.fromkeys((kind.name for kind in kinds), 0.0)
    for _ in range(calls):
        for kind in kinds:
            owed[kind.name] += kind.weight / total
        chosen = max(kinds, key=lambda kind: owed[kind.name])
        owed[chosen.name] -= 1
        drawn.append(chosen)
    chance.shuffle(drawn)
    return tuple(script(place, kind, access_code, chance) for place, kind in enumerate(drawn, 1))
