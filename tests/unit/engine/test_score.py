"""Announced waits against real ones, callers who left before counted as what they are."""

from __future__ import annotations

from random import Random
from statistics import fmean

import pytest

from acd.engine.score import EstimateScore


def scored(answered: list[float], censored: list[float] | None = None) -> EstimateScore:
    score = EstimateScore()
    for error in answered:
        score = score.add(error, answered=True)
    for error in censored or []:
        score = score.add(error, answered=False)
    return score


def test_without_an_answered_caller_there_is_no_figure() -> None:
    for score in (EstimateScore(), scored([], [5.0])):
        assert (score.mean_error_s, score.mean_absolute_error_s, score.within_ratio) == (None, None, None)
    assert (scored([], [5.0]).censored_total, scored([5.0]).answered_total) == (1, 1)


def test_with_everybody_answered_the_figures_are_plain_means() -> None:
    errors = [-31.0, -30.0, -29.0, 0.0, 12.0, 30.0, 31.0, 2000.0]
    score = scored(errors)
    assert score.mean_error_s == pytest.approx(fmean(errors))
    assert score.mean_absolute_error_s == pytest.approx(fmean(map(abs, errors)))
    # A bucket holds its upper bound: -30 itself is counted below the near ones, 30 within.
    assert score.within_ratio == pytest.approx(4 / 8)


def test_who_left_long_after_the_announced_time_was_told_wrong() -> None:
    assert scored([0.0], [700.0]).within_ratio == pytest.approx(1 / 2)
    assert scored([0.0], [700.0]).mean_error_s == pytest.approx(350.0)


def test_who_left_early_says_nothing_either_way() -> None:
    few, many = scored([-10.0, 10.0, 50.0]), scored([-10.0, 10.0, 50.0], [-800.0] * 50)
    assert many.within_ratio == pytest.approx(few.within_ratio)
    assert many.mean_error_s == pytest.approx(few.mean_error_s)


def test_callers_who_leave_do_not_make_the_estimator_look_better_than_it_is() -> None:
    chance = Random(7)
    errors = [chance.expovariate(1 / 120) - 60 for _ in range(4000)]
    patience = [chance.expovariate(1 / 150) - 60 for _ in range(4000)]
    truth = sum(-30 < error <= 30 for error in errors) / len(errors)
    served = [e for e, p in zip(errors, patience, strict=True) if e <= p]
    score = scored(served, [p for e, p in zip(errors, patience, strict=True) if e > p])
    naive = sum(-30 < error <= 30 for error in served) / len(served)
    assert score.within_ratio is not None
    assert score.mean_error_s is not None
    assert abs(score.within_ratio - truth) < 0.02 < abs(naive - truth)
    assert abs(score.mean_error_s - fmean(errors)) < 10 < abs(fmean(served) - fmean(errors))
