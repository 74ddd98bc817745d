"""Delays of offers, of the event loop and of the journal: counted where they arise, read at each scrape.

Decides the limits of the histograms. Must not know what an offer is, nor read a clock.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily

LIMITS_S = (0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.5)
"""Ten milliseconds is what is promised; finer below it, to see it coming."""
LOOP_LIMITS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0)

JOURNAL_LIMITS_S = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 5.0)
"""Fifty milliseconds is what is promised."""


class Delays:
    """A histogram that costs the hot path a search among a dozen numbers and two additions."""

    def __init__(self, name: str, text: str, limits: tuple[float, ...] = LIMITS_S) -> None:
        self._name = name
        self._text = text
        self._limits = limits
        self._counts = [0] * (len(limits) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(self._limits, seconds)] += 1
        self._sum += seconds

    def metric(self) -> HistogramMetricFamily:
        """What was counted since the process began."""
        limits = [*map(str, self._limits), "+Inf"]
        family = HistogramMetricFamily(self._name, self._text)
        family.add_metric([], list(zip(limits, accumulate(self._counts), strict=True)), self._sum)
        return family


def of_offers() -> Delays:
    """For the time that offers take."""
    return Delays(
        "acd_offer_delay_seconds",
        "Time from the bytes that made an offer possible, a caller's or a free agent's, to its request.",
    )


def of_own_work() -> Delays:
    """For as much of it as the loop's own work caused."""
    return Delays(
        "acd_loop_held_seconds",
        "As acd_loop_delay_seconds, but no more than the loop's own work since the look before.",
        LOOP_LIMITS_S,
    )


def of_missing_cores() -> Delays:
    """For as much of it as others caused, who had the machine's cores."""
    return Delays(
        "acd_loop_starved_seconds",
        "As acd_loop_delay_seconds, but no more than the loop waited for a core since the look before (Linux).",
        LOOP_LIMITS_S,
    )


def of_loop() -> Delays:
    """For the lateness of the event loop."""
    return Delays(
        "acd_loop_delay_seconds", "How late the event loop was, a hundred times a second; missed beats count.",
        LOOP_LIMITS_S,
    )  # fmt: skip


def of_journal() -> Delays:
    """For the time in which a crash would have taken events with it."""
    return Delays(
        "acd_journal_window_seconds", "How long the oldest event of each commit of the journal was not durable.",
        JOURNAL_LIMITS_S,
    )  # fmt: skip
