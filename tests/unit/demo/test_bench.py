"""The measurement is fair and its arithmetic right."""

from __future__ import annotations

import pytest

from acd.demo.bench import APP_QUEUE, ENGINE, Result, Times, order, percentile, read_times


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.5) == percentile([7.0], 0.99) == 7.0


def test_blocks_alternate_so_that_a_drift_meets_both_alike() -> None:
    turns = order(4)
    assert turns == [APP_QUEUE, ENGINE, ENGINE, APP_QUEUE] * 2
    places = {side: sum(n for n, turn in enumerate(turns) if turn == side) for side in (APP_QUEUE, ENGINE)}
    assert places[APP_QUEUE] == places[ENGINE]


def test_times_are_read_to_the_microsecond() -> None:
    log = "answered 1795360000.000000 999900.000000 1795360001.000000 5400.000000\nsomething else\n"
    assert read_times(log) == [pytest.approx(5.5)]


def test_the_ratio_is_the_engines_time_over_app_queues() -> None:
    result = Result(Times(10, 4.0, 10.0), Times(10, 5.0, 8.0))
    assert (result.p50_ratio, result.p99_ratio) == (1.25, 0.8)
    assert result.as_json()["ratio"] == {"p50": 1.25, "p99": 0.8}
