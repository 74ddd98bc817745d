"""The gap ledger as metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from acd.domain.gaps import KINDS, GapKind


class Ledger(Protocol):
    """What is shown of it."""

    def lasting(self) -> frozenset[GapKind]:
        """The kinds of which one lasts now."""

    def seconds(self) -> Mapping[GapKind, float]:
        """All seconds of each kind up to now."""

    def counts(self) -> Mapping[GapKind, int]:
        """How many of each kind."""


def metrics(ledger: Ledger) -> Iterator[Metric]:
    """Every kind always, so that the first gap of one is a change."""
    open_now = GaugeMetricFamily("acd_gap_open", "Whether a gap lasts now.", labels=["kind"])
    counts = CounterMetricFamily("acd_gaps", "Intervals in which not everything was seen.", labels=["kind"])
    seconds = CounterMetricFamily("acd_gap_seconds", "Their length, seconds.", labels=["kind"])
    for kind in KINDS:
        open_now.add_metric([kind], kind in ledger.lasting())
        counts.add_metric([kind], ledger.counts()[kind])
        seconds.add_metric([kind], ledger.seconds()[kind])
    yield from (open_now, counts, seconds)
