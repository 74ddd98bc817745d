"""The gap ledger: when this engine could not see everything, kept in the store and told with every figure it touches.

Decides when a gap begins and ends from what it is told. Keeps all of them in memory too, so that figures can be marked
while the store is away. Must not know links, journals or clocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import structlog

from acd.domain.gaps import KINDS, Gap, GapEnd, GapKind
from acd.domain.ids import ONLY_PBX, PbxId
from acd.ports import Clock, Row

log = structlog.get_logger(__name__)

MISSING: Mapping[GapKind, str] = {
    "engine": "no engine ran: what became of callers meanwhile is known only as far as Asterisk wrote it down",
    "ari": "no events of calls: what began and ended within is known from AMI alone, causes and times may be missing",
    "ami": "no events of phones, trunks and the fallback queue: callers who were never with the engine may be missing",
    "journal": "events were not kept: a crash in this time would have lost them",
    "clock": "the system's clock was set: times of day before and after do not fit together",
}


class GapLedger:
    """See the module.

    Args:
        clock: the time.
        write: keeps rows for good.
    """

    def __init__(self, clock: Clock, write: Callable[[Iterable[Row]], None]) -> None:
        self._clock = clock
        self._write = write
        self._gaps: dict[str, Gap] = {}
        """By id, oldest first."""
        self._open: dict[tuple[GapKind, PbxId], str] = {}

    def adopt(self, gaps: Iterable[Gap], over_at: float) -> None:
        """Take over what is in the store. One that lasted when its engine died was over then: at ``over_at``."""
        for gap in gaps:
            if gap.id in self._gaps:
                continue
            self._gaps[gap.id] = gap
            if gap.ended_at is None:
                self._end(gap.id, over_at)
        self._gaps = dict(sorted(self._gaps.items(), key=lambda item: (item[1].began_at, item[0])))

    def open(self, kind: GapKind, since: float, detail: str = "", pbx: PbxId = ONLY_PBX) -> None:
        """Begin a gap, unless one of its kind lasts already; each of several Asterisks has its own."""
        if (kind, pbx) in self._open:
            return
        detail = detail or (f"at {pbx}" if pbx else "")
        missing = f"{MISSING[kind]}{f' ({detail})' if detail else ''}"
        self._begin(Gap(_id_of(kind, pbx, since), kind, since, None, missing), pbx)

    def _begin(self, gap: Gap, pbx: PbxId) -> None:
        self._gaps[gap.id] = gap
        self._open[gap.kind, pbx] = gap.id
        self._write([gap])
        log.warning("gap_opened", gap=gap.kind, since=gap.began_at, **({"pbx": pbx} if pbx else {}))

    def close(self, kind: GapKind, at: float | None = None, pbx: PbxId = ONLY_PBX) -> None:
        """End the gap of this kind, if one lasts."""
        gap_id = self._open.pop((kind, pbx), None)
        if gap_id is not None:
            self._end(gap_id, self._clock.now() if at is None else at)

    def moved(self, by_s: float) -> None:
        """The clock was set by so many seconds: what lasts ends by the old time, and goes on by the new one."""
        now = self._clock.now()
        for (kind, pbx), gap_id in list(self._open.items()):
            self.close(kind, now - by_s, pbx)
            self._begin(replace(self._gaps[gap_id], id=_id_of(kind, pbx, now), began_at=now, ended_at=None), pbx)

    def note(self, kind: GapKind, since: float, until: float, detail: str = "") -> None:
        """Enter a gap that is over."""
        self.open(kind, since, detail)
        self.close(kind, until)

    def _end(self, gap_id: str, at: float) -> None:
        gap = replace(self._gaps[gap_id], ended_at=max(at, self._gaps[gap_id].began_at))
        self._gaps[gap_id] = gap
        self._write([GapEnd(gap_id, gap.ended_at or 0.0)])
        log.info("gap_closed", gap=gap.kind, since=gap.began_at, seconds=round((gap.ended_at or 0.0) - gap.began_at, 3))

    def touching(self, since: float | None, until: float | None) -> tuple[Gap, ...]:
        """Every gap in an interval, oldest first."""
        return tuple(gap for gap in self._gaps.values() if gap.touches(since, until))

    def lasting(self) -> frozenset[GapKind]:
        """The kinds of which one lasts now."""
        return frozenset(kind for kind, _ in self._open)

    def seconds(self) -> dict[GapKind, float]:
        """All seconds of each kind up to now."""
        now, total = self._clock.now(), dict.fromkeys(KINDS, 0.0)
        for gap in self._gaps.values():
            total[gap.kind] += max(0.0, (now if gap.ended_at is None else gap.ended_at) - gap.began_at)
        return total

    def counts(self) -> dict[GapKind, int]:
        """How many of each kind."""
        total = dict.fromkeys(KINDS, 0)
        for gap in self._gaps.values():
            total[gap.kind] += 1
        return total


def _id_of(kind: GapKind, pbx: PbxId, since: float) -> str:
    return "-".join(part for part in (kind, pbx, f"{since:.3f}") if part)
