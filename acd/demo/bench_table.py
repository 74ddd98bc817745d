"""What a bench found: rows of one table, with the other side's value and the bar where there are such.

Decides what a ratio and a kept bar are, and which percentile is meant. Must not know what was measured, nor how.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    ``against`` is what Asterisk alone takes, where there are two sides; a bar then is about the ratio unless
    ``bar_on_value`` is set, otherwise about the value.
    """

    what: str
    unit: str
    value: float
    against: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    bar_on_value: bool = False

    @property
    def ratio(self) -> float | None:
        """The engine's value over the other side's; None without one."""
        return self.value / self.against if self.against else None

    @property
    def kept(self) -> bool | None:
        """Whether the bar was kept; None where there is none."""
        judged = self.value if self.against is None or self.bar_on_value else self.ratio
        if judged is None or (self.at_most is None and self.at_least is None):
            return None
        return (self.at_most is None or judged <= self.at_most) and (self.at_least is None or judged >= self.at_least)

    @property
    def bar(self) -> str:
        """The bar in words; empty without one."""
        parts = (("≤", self.at_most), ("≥", self.at_least))
        return ", ".join(f"{sign} {limit:,g}" for sign, limit in parts if limit is not None)

    def as_json(self) -> dict[str, object]:
        """Everything, for a file."""
        return {
            "what": self.what,
            "unit": self.unit,
            "value": self.value,
            "app_queue": self.against,
            "ratio": self.ratio,
            "at_most": self.at_most,
            "at_least": self.at_least,
            "kept": self.kept,
        }


def percentile(values: Iterable[float], share: float) -> float:
    """Give the nearest-rank percentile. Raises ``ValueError`` without values."""
    ordered: Sequence[float] = sorted(values)
    if not ordered:
        raise ValueError("a percentile of nothing")
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
