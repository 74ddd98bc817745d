"""The arithmetic of the bench is right."""

from __future__ import annotations

import pytest

from acd.demo.bench_table import Row, percentile


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="of nothing"):
        percentile([], 0.5)


def test_the_ratio_is_the_engines_time_over_app_queues_and_is_what_the_bar_is_about() -> None:
    row = Row("p99", "ms", 8.0, against=10.0, at_most=0.7)
    assert (row.ratio, row.kept) == (0.8, False)
    assert Row("p99", "ms", 8.0, against=10.0, at_most=0.8).kept is True


def test_without_the_other_side_the_bar_is_about_the_value() -> None:
    row = Row("decision", "µs", 12.0, at_most=10.0)
    assert (row.ratio, row.kept, row.bar) == (None, False, "≤ 10")
    faster = Row("simulated", "contacts/s", 31_000.0, at_least=20_000.0)
    assert (faster.kept, faster.bar) == (True, "≥ 20,000")


def test_without_a_bar_nothing_is_kept_or_missed() -> None:
    row = Row("p99", "ms", 8.0, against=10.0)
    assert (row.kept, row.bar) == (None, "")
    assert row.as_json()["ratio"] == 0.8


def test_a_bar_on_the_value_does_not_ask_for_the_ratio() -> None:
    row = Row("key to prompt", "ms", 50.0, against=10.0, at_most=60.0, bar_on_value=True)
    assert (row.ratio, row.kept) == (5.0, True)
    assert not Row("key to prompt", "ms", 61.0, against=61.0, at_most=60.0, bar_on_value=True).kept
