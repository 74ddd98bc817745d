"""Whether calls are served: what ``acd.app`` finds out and ``/readyz`` tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Readiness:
    """``problems`` say why calls are not served, ``degraded`` what works less well than it should."""

    problems: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadinessAnswer:
    """Whether calls are served, and what stands in the way."""

    status: Literal["ready", "degraded", "not_ready"]
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, readiness: Readiness) -> ReadinessAnswer:
        """Summarise."""
        status: Literal["ready", "degraded", "not_ready"] = "ready"
        if readiness.problems:
            status = "not_ready"
        elif readiness.degraded:
            status = "degraded"
        return cls(status, (*readiness.problems, *readiness.degraded))
