"""Whether calls are served: what ``acd.app`` finds out and ``/readyz`` tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["ready", "degraded", "not_ready", "standby"]
SERVING: tuple[Status, ...] = ("ready", "degraded")


@dataclass(frozen=True, slots=True)
class Readiness:
    """``problems`` say why calls are not served, ``degraded`` what works less well than it should."""

    problems: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    standby: bool = False
    """Another engine serves the calls; the problems are about taking over from it."""


@dataclass(frozen=True, slots=True)
class ReadinessAnswer:
    """Whether calls are served, and what stands in the way."""

    status: Status
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, readiness: Readiness) -> ReadinessAnswer:
        """Summarise."""
        status: Status = "ready"
        if readiness.standby:
            status = "standby"
        elif readiness.problems:
            status = "not_ready"
        elif readiness.degraded:
            status = "degraded"
        return cls(status, (*readiness.problems, *readiness.degraded))
