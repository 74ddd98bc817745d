"""Idle times are read from the phones' own log, and only while as many wait as should."""

from __future__ import annotations

from acd.demo.bench_waiting import Talk, idle_times, read_talks


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
