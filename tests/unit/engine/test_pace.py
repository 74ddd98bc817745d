"""How fast a line moves: counts over time at risk."""

from __future__ import annotations

import pytest

from acd.engine.pace import KEEP, RECENT_S, Pace, Passage, Rates, rates


def known(*paces: Pace, at: float) -> Rates:
    found = rates(paces, at)
    assert found is not None
    return found


def test_time_counts_only_while_somebody_waits() -> None:
    pace = Pace(since=0.0).came(100.0).served(110.0)
    assert pace.last == pace.past == Passage(1, 0, 10.0, 10.0)
    later = pace.came(500.0).served(530.0)
    assert later.last == Passage(1, 0, 30.0, 30.0)
    found = known(later, at=1000.0)
    assert found.served == (1 + KEEP) / (30 + 10 * KEEP)
    assert (found.left, found.departures) == (0.0, 2)


def test_leaving_is_counted_over_the_time_of_everybody_who_waits() -> None:
    pace = Pace().came(0.0).came(0.0).went(10.0).served(20.0)
    assert pace.past == Passage(served=1, left=1, busy_s=20.0, waited_s=30.0)
    assert known(pace, at=20.0).left == 1 / 30


def test_a_wait_that_goes_on_slows_the_pace_before_anybody_is_served() -> None:
    pace = Pace().came(0.0).came(0.0).served(10.0)
    assert (known(pace, at=10.0).served, known(pace, at=100.0).served) == (1 / 10, 1 / 100)


def test_an_offer_that_came_to_nothing_is_no_departure_and_its_time_is_kept() -> None:
    before = Pace().came(0.0).served(30.0).came(30.0).came(30.0).went(35.0)
    pace = before.served(40.0).returned(55.0)
    assert (pace.waiting, pace.departures) == (1, 1)
    assert pace.now == Passage(left=1, busy_s=10.0, waited_s=15.0)
    assert (pace.past.served, pace.past.busy_s) == pytest.approx((before.past.served, before.past.busy_s))
    assert Pace().returned(5.0) == Pace().came(5.0)


def test_old_departures_count_less_and_one_long_ago_says_nothing() -> None:
    pace = Pace()
    for n in range(2000):
        gap = 5.0 if n < 1000 else 8.0
        pace = pace.came(10.0 * n).served(10.0 * n + gap)
    assert known(pace, at=20_000.0).served == pytest.approx(1 / 8, rel=0.001)
    assert known(pace, at=20_000.0).departures == 255
    assert rates((pace,), pace.departed_at + RECENT_S + 1) is None


def test_rates_of_several_lines_are_their_mean_by_time() -> None:
    quick, slow = Pace().came(0.0).served(10.0), Pace().came(0.0).served(30.0)
    found = known(quick, slow, Pace(), at=30.0)
    assert (found.served, found.departures) == (2 / 40, 2)


def test_departures_without_time_give_no_rate() -> None:
    assert rates((Pace().came(5.0).served(5.0),), 5.0) is None
    assert rates((), 5.0) is None


def test_ringing_is_averaged_and_a_clock_that_went_back_adds_nothing() -> None:
    assert Pace().rang(8.0).rang(16.0).ring_s == 9.0
    assert Pace().came(10.0).until(5.0).now.busy_s == 0.0
