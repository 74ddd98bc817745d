"""Idle times are read from the phones' own log, and only while as many wait as should."""

from __future__ import annotations

import pytest

from acd.demo.bench_waiting import Talk, delay_of, idle_times, read_delays, read_talks
from acd.domain.errors import DeployError


def test_conversations_are_read_in_the_order_of_their_ends() -> None:
    log = (
        "talked agent102 10.000000 0.000000 12.000000 500000.000000\n"
        "something else\n"
        "talked agent101 10.000000 0.000000 11.000000 250.000000\n"
    )
    assert read_talks(log) == [
        Talk("agent101", 10_000.0, 11_000.25),
        Talk("agent102", 10_000.0, 12_500.0),
    ]


def test_idle_is_from_an_agents_bye_to_the_next_invite_at_the_same_phone() -> None:
    talks = [Talk("a", 0, 100), Talk("b", 0, 110), Talk("a", 105, 200), Talk("b", 150, 300), Talk("a", 260, 400)]
    assert sorted(idle_times(talks, 0, 5)) == [5, 40, 60]


def test_only_idle_times_after_the_conversations_that_count_are_given() -> None:
    talks = [Talk("a", 0, 100), Talk("a", 105, 200), Talk("a", 260, 400), Talk("a", 900, 1000)]
    assert idle_times(talks, 1, 2) == [60]


def test_what_an_offer_took_is_read_from_the_metrics_between_two_moments() -> None:
    def text(*counts: int) -> str:
        limits = ("0.001", "0.005", "0.01", "+Inf")
        lines = [f'acd_offer_delay_seconds_bucket{{le="{le}"}} {n}.0' for le, n in zip(limits, counts, strict=True)]
        return "\n".join(("# TYPE acd_offer_delay_seconds histogram", *lines, "acd_offer_delay_seconds_sum 1.0"))

    before, after = read_delays(text(100, 100, 100, 110)), read_delays(text(150, 198, 200, 210))
    assert delay_of(after, before, 0.5) == 0.001
    assert delay_of(after, before, 0.99) == 0.01
    assert delay_of(after, {}, 0.99) == float("inf")
    with pytest.raises(DeployError, match="counted no offers"):
        delay_of(after, after, 0.99)
