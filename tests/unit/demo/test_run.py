"""The pace leaves the last callers time to finish."""

from __future__ import annotations

import pytest

from acd.demo.run import RATE, Wanted


def test_all_calls_are_placed_when_six_tenths_of_the_time_are_over() -> None:
    assert Wanted(60, 90.0).rate == pytest.approx(60 / 54)


@pytest.mark.parametrize("wanted", [Wanted(None, None), Wanted(None, 90.0), Wanted(60, None)])
def test_without_calls_or_time_the_pace_is_the_usual_one(wanted: Wanted) -> None:
    assert wanted.rate == RATE
