"""Scores of announced waits: what was said against what the caller then really waited.

Decides how errors are counted and the figures made of the counts: the mean error and the share within 30 s. Must not
know queues or contacts. The error is *waited minus announced*, so a positive one means the caller waited longer.

Callers who leave before an agent takes them are censored: they would have waited longer than they did, nobody knows by
how much. To leave them out would favour the estimator, for long waits lose more callers; to count them as answered
would say that the announcement was too long. So the distribution of errors is the product-limit estimate of Kaplan and
Meier (1958) over buckets of the error, with the life table's convention that who is censored in a bucket was at risk
for half of it. Who had already waited 30 s more than announced when leaving counts fully as a miss, who left early
counts as nothing yet. It supposes that callers leave for reasons of their own and not because of the error.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TypeVar

from acd.domain.copies import replace

N = TypeVar("N", int, float)

BOUNDS_S: tuple[float, ...] = (
    *(-900, -600, -300, -180, -120, -90, -60, -45, -30, -15, 0, 15, 30, 45, 60, 90, 120, 180, 300, 600, 900),
)
"""Upper bounds of the buckets of errors, the bound included; the last bucket is everything above."""
NEAR_S = 30.0
"""An announcement that is wrong by no more than this was right."""
_SLOTS = len(BOUNDS_S) + 1
_NONE = (0,) * _SLOTS
_NOTHING = (0.0,) * _SLOTS


@dataclass(frozen=True, slots=True)
class EstimateScore:
    """Announcements by error. Bounded, and the sums of any two periods or queues can be added."""

    answered: tuple[int, ...] = _NONE
    """By bucket: the caller was joined with an agent."""
    answered_sum_s: tuple[float, ...] = _NOTHING
    censored: tuple[int, ...] = _NONE
    """By bucket of the error there would have been had an agent come the moment the caller left."""
    censored_sum_s: tuple[float, ...] = _NOTHING

    def add(self, error_s: float, *, answered: bool) -> EstimateScore:
        """Count one announcement."""
        slot = bisect_left(BOUNDS_S, error_s)
        if answered:
            return replace(
                self,
                answered=_more(self.answered, slot, 1),
                answered_sum_s=_more(self.answered_sum_s, slot, error_s),
            )
        return replace(
            self,
            censored=_more(self.censored, slot, 1),
            censored_sum_s=_more(self.censored_sum_s, slot, error_s),
        )

    @property
    def answered_total(self) -> int:
        """Announcements to callers who were then joined with an agent."""
        return sum(self.answered)

    @property
    def censored_total(self) -> int:
        """Announcements to callers who left before."""
        return sum(self.censored)

    @property
    def mean_error_s(self) -> float | None:
        """Mean of waited minus announced, seconds; None without an answered caller."""
        parts = self._parts()
        return sum(share * error for _, share, error in parts) if parts else None

    @property
    def mean_absolute_error_s(self) -> float | None:
        """Mean size of the error, seconds; None without an answered caller."""
        parts = self._parts()
        return sum(share * abs(error) for _, share, error in parts) if parts else None

    @property
    def within_ratio(self) -> float | None:
        """Share of announcements wrong by no more than 30 s, 0 to 1; None without an answered caller."""
        parts = self._parts()
        if not parts:
            return None
        near = range(bisect_left(BOUNDS_S, -NEAR_S) + 1, bisect_left(BOUNDS_S, NEAR_S) + 1)
        return min(1.0, sum(share for slot, share, _ in parts if slot in near))

    def _parts(self) -> list[tuple[int, float, float]]:
        """Bucket, probability of an error in it, and its mean there."""
        if not self.answered_total:
            return []
        parts: list[tuple[int, float, float]] = []
        surviving, at_risk = 1.0, self.answered_total + self.censored_total
        for slot, (ended, lost) in enumerate(zip(self.answered, self.censored, strict=True)):
            if ended:
                share = surviving * min(1.0, ended / (at_risk - lost / 2))
                parts.append((slot, share, self.answered_sum_s[slot] / ended))
                surviving -= share
            at_risk -= ended + lost
        last = max((slot for slot, lost in enumerate(self.censored) if lost), default=None)
        if last is not None and surviving > 0:
            # The longest were all lost: theirs counts as if it had ended then (Efron 1967), which is too short.
            parts.append((last, surviving, self.censored_sum_s[last] / self.censored[last]))
        return parts


def _more(values: tuple[N, ...], slot: int, by: N) -> tuple[N, ...]:
    return tuple(value + by if number == slot else value for number, value in enumerate(values))


NO_SCORE = EstimateScore()
