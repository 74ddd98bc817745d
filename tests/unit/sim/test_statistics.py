"""Intervals: by hand, by tables, and by what 95 % means."""

from __future__ import annotations

import math

import pytest

from acd.sim.chance import Exponential, stream
from acd.sim.statistics import NOTHING, Estimate, mean, percentile, ratio, ratio_difference, student_t


@pytest.mark.parametrize(
    ("freedom", "point"),
    [
        (1, 12.706),
        (2, 4.303),
        (3, 3.182),
        (9, 2.262),
        (10, 2.228),
        (30, 2.042),
        (100, 1.984),
        (101, 1.984),
        (1000, 1.962),
    ],
)
def test_points_of_students_t_are_those_of_the_tables(freedom: int, point: float) -> None:
    assert student_t(freedom) == pytest.approx(point, abs=6e-4)


def test_the_mean_of_three_replications_by_hand() -> None:
    found = mean([1.0, 2.0, 6.0])
    assert found.mean == 3.0
    assert found.ci95 == pytest.approx(4.302653 * math.sqrt(7 / 3), rel=1e-6)
    assert found.holds(3.0)
    assert not found.holds(20.0)


def test_one_replication_has_a_mean_but_no_interval_and_none_has_neither() -> None:
    assert mean([4.0]) == Estimate(4.0, None)
    assert mean([]) == NOTHING
    assert ratio([1.0], [4.0]) == Estimate(0.25, None)
    assert ratio([0.0], [0.0]) == NOTHING
    assert ratio_difference(([1.0], [2.0]), ([1.0], [4.0])) == Estimate(0.25, None)
    assert ratio_difference(([1.0], [2.0]), ([0.0], [0.0])) == NOTHING
    assert not NOTHING.holds(0.0)


def test_a_ratio_is_one_of_sums_and_not_a_mean_of_ratios() -> None:
    found = ratio([1.0, 9.0], [10.0, 10.0])
    assert found.mean == 0.5
    assert ratio([0.0, 90.0], [1.0, 99.0]).mean == 0.9


def test_a_ratio_that_is_the_same_in_every_replication_is_certain() -> None:
    assert ratio([1.0, 2.0, 4.0], [2.0, 4.0, 8.0]) == Estimate(0.5, 0.0)


def test_the_interval_of_a_ratio_holds_the_truth_in_about_95_of_100_studies() -> None:
    inside = 0
    for number in range(400):
        top, bottom = (Exponential((1.0,)).draws(stream(number, side))[0] for side in "ab")
        bottoms = [10 + bottom() for _ in range(30)]
        inside += ratio([0.7 * b + top() - 1 for b in bottoms], bottoms).holds(0.7)
    assert 0.91 <= inside / 400 <= 0.98


def test_pairs_on_the_same_chance_make_a_difference_more_certain_than_either_ratio() -> None:
    noise = Exponential((1.0,)).draws(stream("pairs"))[0]
    bottoms = [20.0] * 30
    old = [10 + noise() for _ in bottoms]
    new = [value + 1 for value in old]
    found = ratio_difference((new, bottoms), (old, bottoms))
    assert found.mean == pytest.approx(0.05)
    spread, alone = found.ci95, ratio(new, bottoms).ci95
    assert spread is not None
    assert alone is not None
    assert spread < alone / 1e6


def test_percentiles_lie_between_neighbours() -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0, 5.0], 0.5) == 3.0
    assert percentile([0.0, 10.0], 0.9) == 9.0
    assert percentile([7.0], 0.99) == 7.0
    assert percentile([1.0, 2.0], 1.0) == 2.0


def test_the_form_of_the_report_has_six_decimals_and_no_minus_zero() -> None:
    assert Estimate(1 / 3, -0.0).as_json() == {"mean": 0.333333, "ci95": 0.0}
    assert str(Estimate(-1e-9, None).as_json()) == "{'mean': 0.0, 'ci95': None}"
