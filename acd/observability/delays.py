"""How long offers take inside the process: counted where they are sent, read at each scrape.

Decides the limits of the histogram. Must not know what an offer is, nor read a clock.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily

LIMITS_S = (0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5)
"""Ten milliseconds is what is promised; finer below it, to see it coming."""


class Delays:
    """A histogram that costs the hot path a search among a dozen numbers and two additions."""

    def __init__(self) -> None:
        self._counts = [0] * (len(LIMITS_S) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(LIMITS_S, seconds)] += 1
        self._sum += seconds

    def metric(self) -> HistogramMetricFamily:
        """What was counted since the process began."""
        limits = [*map(str, LIMITS_S), "+Inf"]
        family = HistogramMetricFamily(
            "acd_offer_delay_seconds",
            "Time from the bytes that made an offer possible, a caller's or a free agent's, to its request.",
        )
        family.add_metric([], list(zip(limits, accumulate(self._counts), strict=True)), self._sum)
        return family
