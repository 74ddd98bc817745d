"""How fast a line moves: counts over time at risk."""

from __future__ import annotations

from acd.engine.pace import KEPT, RECENT_S, Pace, rates


def test_time_counts_only_while_somebody_waits() -> None:
    pace = Pace(since=0.0).came(100.0).served(110.0).came(500.0).served(530.0)
    assert [(d.busy_s, d.waited_s) for d in pace.departures] == [(10.0, 10.0), (30.0, 30.0)]
    known = rates((pace,), 1000.0)
    assert known is not None
    assert (known.served, known.left, known.departures) == (2 / 40, 0.0, 2)


def test_leaving_is_counted_over_the_time_of_everybody_who_waits() -> None:
    pace = Pace().came(0.0).came(0.0).went(10.0).served(20.0)
    (departure,) = pace.departures
    assert (departure.busy_s, departure.waited_s, departure.left) == (20.0, 30.0, 1)
    known = rates((pace,), 20.0)
    assert known is not None
    assert known.left == 1 / 30


def test_a_wait_that_goes_on_slows_the_pace_before_anybody_is_served() -> None:
    pace = Pace().came(0.0).came(0.0).served(10.0)
    early, late = rates((pace,), 10.0), rates((pace,), 100.0)
    assert early is not None
    assert late is not None
    assert (early.served, late.served) == (1 / 10, 1 / 100)


def test_an_offer_that_came_to_nothing_is_no_departure_and_its_time_is_kept() -> None:
    pace = Pace().came(0.0).came(0.0).went(5.0).served(10.0).returned(25.0)
    assert pace.departures == ()
    assert (pace.waiting, pace.busy_s, pace.waited_s, pace.left) == (1, 10.0, 15.0, 1)
    assert Pace().returned(5.0) == Pace().came(5.0)


def test_memory_is_bounded_and_what_is_old_says_nothing() -> None:
    pace = Pace()
    for n in range(200):
        pace = pace.came(10.0 * n).served(10.0 * n + 5)
    assert len(pace.departures) == KEPT
    last = pace.departures[-1].at
    assert rates((pace,), last + RECENT_S + 1) is None
    known = rates((pace,), last + RECENT_S - 10)
    assert known is not None
    assert known.departures == 2


def test_rates_of_several_lines_are_their_mean_by_time() -> None:
    quick, slow = Pace().came(0.0).served(10.0), Pace().came(0.0).served(30.0)
    known = rates((quick, slow, Pace()), 30.0)
    assert known is not None
    assert (known.served, known.departures) == (2 / 40, 2)


def test_departures_without_time_give_no_rate() -> None:
    assert rates((Pace().came(5.0).served(5.0),), 5.0) is None
    assert rates((), 5.0) is None


def test_ringing_is_averaged_and_a_clock_that_went_back_adds_nothing() -> None:
    assert Pace().rang(8.0).rang(16.0).ring_s == 9.0
    assert Pace().came(10.0).until(5.0).busy_s == 0.0
