"""Gaps: intervals in which this engine could not see everything, so that what is counted in them may be incomplete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

GapKind: TypeAlias = Literal["engine", "ari", "ami", "journal", "clock"]
"""``engine``: none ran. ``ari``, ``ami``: a link to Asterisk was away. ``journal``: events were not kept.

``clock``: the system's clock was set.
"""
KINDS: tuple[GapKind, ...] = ("engine", "ari", "ami", "journal", "clock")


@dataclass(frozen=True, slots=True)
class Gap:
    """One of them. Times are seconds since the epoch; ``ended_at`` is None while it lasts."""

    id: str
    kind: GapKind
    began_at: float
    ended_at: float | None
    missing: str
    """What may be missing, in plain words."""

    def touches(self, since: float | None, until: float | None) -> bool:
        """Whether it lies in an interval, even in part; None: no bound."""
        return (until is None or self.began_at < until) and (
            since is None or self.ended_at is None or self.ended_at >= since
        )


@dataclass(frozen=True, slots=True)
class GapEnd:
    """A gap is over."""

    id: str
    ended_at: float
