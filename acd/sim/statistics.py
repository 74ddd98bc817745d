"""Means with what they are worth: 95 % intervals over independent replications.

Decides formulas only. Sums are exact before they are rounded once (``fsum``), so neither the order of the replications
nor the version of Python changes a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import atan, fsum, pi, sqrt

_DIGITS = 6
_LAST_EXACT = 100
_Z = 1.959963984540054
"""The standard normal's 97.5 % point."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and the half-width of its 95 % interval; None when there is no data, or only one replication."""

    mean: float | None
    ci95: float | None

    def as_json(self) -> dict[str, float | None]:
        """The form of the report, to six decimals."""
        return {"mean": _rounded(self.mean), "ci95": _rounded(self.ci95)}

    def holds(self, value: float) -> bool:
        """Whether a value lies inside the interval."""
        return self.mean is not None and self.ci95 is not None and abs(value - self.mean) <= self.ci95


NOTHING = Estimate(None, None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS) + 0.0  # never -0.0


@cache
def student_t(freedom: int) -> float:
    """The two-sided 95 % point of Student's t (Abramowitz and Stegun 26.7.3, 26.7.4 and 26.7.5)."""
    if freedom > _LAST_EXACT:
        z, n = _Z, float(freedom)
        terms = (
            (z**3 + z) / 4,
            (5 * z**5 + 16 * z**3 + 3 * z) / 96,
            (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
            (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
        )
        return round(z + fsum(term / n**power for power, term in enumerate(terms, 1)), 9)
    low, high = _Z, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _inside(middle, freedom) < 0.95 else (low, middle)  # noqa: PLR2004 - 95 %
    return round(high, 9)


def _inside(t: float, freedom: int) -> float:
    """The probability that a t variable lies within ``-t`` and ``t``."""
    sine, square = t / sqrt(freedom + t * t), freedom / (freedom + t * t)
    odd = freedom % 2
    term, total = (sqrt(square), 0.0) if odd else (1.0, 0.0)
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= square * k / (k + 1)
    if odd:
        return 2 / pi * (atan(t / sqrt(freedom)) + sine * total)
    return sine * total


def mean(values: Sequence[float]) -> Estimate:
    """The mean of one value per replication."""
    count = len(values)
    if not count:
        return NOTHING
    middle = fsum(values) / count
    if count == 1:
        return Estimate(middle, None)
    variance = fsum((v - middle) * (v - middle) for v in values) / (count - 1)
    return Estimate(middle, student_t(count - 1) * sqrt(variance / count))


def ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Estimate:
    """Ratio of sums over replications; the interval by the delta method (the ratio's linear part)."""
    below = fsum(bottoms)
    if not below:
        return NOTHING
    value, count = fsum(tops) / below, len(tops)
    if count == 1:
        return Estimate(value, None)
    parts = [top - value * bottom for top, bottom in zip(tops, bottoms, strict=True)]
    variance = fsum(part * part for part in parts) / (count - 1)
    return Estimate(value, student_t(count - 1) * sqrt(variance / count) / (below / count))


def ratio_difference(
    new: tuple[Sequence[float], Sequence[float]], old: tuple[Sequence[float], Sequence[float]]
) -> Estimate:
    """How much a ratio of sums changed; replications are pairs on the same random numbers."""
    below_new, below_old = fsum(new[1]), fsum(old[1])
    if not below_new or not below_old:
        return NOTHING
    value_new, value_old = fsum(new[0]) / below_new, fsum(old[0]) / below_old
    count = len(new[0])
    if count == 1:
        return Estimate(value_new - value_old, None)
    parts = [
        (a - value_new * b) / (below_new / count) - (c - value_old * d) / (below_old / count)
        for a, b, c, d in zip(*new, *old, strict=True)
    ]
    return Estimate(
        value_new - value_old, student_t(count - 1) * sqrt(fsum(p * p for p in parts) / (count - 1) / count)
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """A percentile of ordered values, at least one, with linear interpolation between neighbours."""
    place = share * (len(ordered) - 1)
    below = int(place)
    if below + 1 >= len(ordered):
        return ordered[-1]
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])
