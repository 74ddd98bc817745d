"""Opening hours by the wall clock, also where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from acd.domain.calendar_plan import CalendarPlan, Closure, DayOverride, LunchPlan, OpeningHours
from acd.domain.copies import replace
from acd.domain.ids import CalendarId, PromptKey
from acd.engine.hours import at_lunch, is_open, local, moment, next_opening, openings
from tests.engine_kit import MONDAY_10

HOUR = 3600.0
OFFICE = CalendarPlan(
    CalendarId("office"),
    "Asia/Jakarta",
    tuple(OpeningHours(day, 8 * 60, 17 * 60) for day in range(1, 6)),
    ("2024-06-04",),
)


def shown(calendar: CalendarPlan, at: float) -> datetime:
    """What the calendar's clock shows."""
    return local(calendar.time_zone, at)


def test_an_open_calendar_is_open_now() -> None:
    assert next_opening(OFFICE, MONDAY_10) == MONDAY_10


def test_before_the_hours_it_opens_the_same_day_and_after_them_on_the_next_day_that_is_no_holiday() -> None:
    assert next_opening(OFFICE, MONDAY_10 - 3 * HOUR) == MONDAY_10 - 2 * HOUR
    assert next_opening(OFFICE, MONDAY_10 + 7 * HOUR) == MONDAY_10 + 46 * HOUR


def test_over_the_weekend_it_opens_on_monday() -> None:
    friday_20 = MONDAY_10 + (4 * 24 + 10) * HOUR
    assert next_opening(OFFICE, friday_20) == MONDAY_10 + (7 * 24 - 2) * HOUR


def test_a_calendar_without_hours_never_opens() -> None:
    assert next_opening(CalendarPlan(CalendarId("never"), "Asia/Jakarta", ()), MONDAY_10) is None


def test_an_override_opens_a_holiday_and_closes_a_working_day() -> None:
    days = {"2024-06-04": DayOverride(((600, 660),)), "2024-06-05": DayOverride(())}
    plan = replace(OFFICE, overrides=days)
    tuesday_8 = MONDAY_10 + 22 * HOUR
    assert next_opening(plan, MONDAY_10 + 7 * HOUR) == tuesday_8 + 2 * HOUR
    assert next_opening(plan, tuesday_8 + 3 * HOUR) == tuesday_8 + 48 * HOUR


def test_nothing_is_open_before_a_closure_ends() -> None:
    until = MONDAY_10 + 2 * HOUR
    assert next_opening(replace(OFFICE, closure=Closure(MONDAY_10, "rudi", "", until)), MONDAY_10) == until
    after_hours = replace(OFFICE, closure=Closure(MONDAY_10, "rudi", "", MONDAY_10 + 8 * HOUR))
    assert next_opening(after_hours, MONDAY_10) == MONDAY_10 + 46 * HOUR
    assert next_opening(replace(OFFICE, closure=Closure(MONDAY_10, "rudi", "")), MONDAY_10) is None


def test_lunch_is_by_the_wall_clock_with_an_exclusive_end() -> None:
    plan = replace(OFFICE, lunch=LunchPlan(660, 780, PromptKey("lunch")))
    assert [at_lunch(plan, shown(plan, MONDAY_10 + hours * HOUR)) for hours in (0.99, 1, 2.99, 3)] == [
        False,
        True,
        True,
        False,
    ]
    assert not at_lunch(OFFICE, shown(OFFICE, MONDAY_10 + HOUR))


# ---------------------------------------------------------------- where clocks change


def utc(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type] # year to minute


def daily(zone: str, opens: int, closes: int) -> CalendarPlan:
    return CalendarPlan(CalendarId("x"), zone, tuple(OpeningHours(day, opens, closes) for day in range(1, 8)))


@pytest.mark.parametrize(
    ("zone", "day", "minute", "when"),
    [
        ("Asia/Jakarta", date(2026, 3, 29), 8 * 60, utc(2026, 3, 29, 1)),
        ("Europe/Berlin", date(2026, 3, 28), 8 * 60, utc(2026, 3, 28, 7)),
        ("Europe/Berlin", date(2026, 3, 29), 8 * 60, utc(2026, 3, 29, 6)),
        # The clock goes from 2:00 to 3:00: what lies between happens at 3:00.
        ("Europe/Berlin", date(2026, 3, 29), 150, utc(2026, 3, 29, 1)),
        # It goes from 3:00 back to 2:00: the first 2:30 counts.
        ("Europe/Berlin", date(2026, 10, 25), 150, utc(2026, 10, 25, 0, 30)),
        ("Europe/Berlin", date(2026, 10, 25), 1440, utc(2026, 10, 25, 23)),
        # No midnight: the day begins at 1:00.
        ("America/Santiago", date(2026, 9, 6), 0, utc(2026, 9, 6, 4)),
        # A day that never was.
        ("Pacific/Apia", date(2011, 12, 30), 8 * 60, utc(2011, 12, 30, 10)),
    ],
)
def test_a_minute_of_a_day_is_the_first_moment_the_clock_shows_it_or_more(
    zone: str, day: date, minute: int, when: float
) -> None:
    assert moment(zone, day, minute) == when


def test_a_repeated_hour_does_not_shut_a_door_that_is_open() -> None:
    plan = daily("Europe/Berlin", 150, 240)
    opened = utc(2026, 10, 25, 0, 30)
    assert list(openings(plan, date(2026, 10, 25))) == [(opened, utc(2026, 10, 25, 3))]
    assert is_open(plan, shown(plan, opened + HOUR)), "the clock shows 2:30 for the second time"
    assert is_open(plan, shown(plan, opened + 0.75 * HOUR)), (
        "the clock shows 2:15, before the hours, for the second time"
    )
    assert next_opening(plan, opened + 0.75 * HOUR) == opened + 0.75 * HOUR


def test_hours_that_a_change_of_the_clock_swallows_do_not_open() -> None:
    plan = daily("Europe/Berlin", 130, 170)
    assert list(openings(plan, date(2026, 3, 29))) == []
    assert next_opening(plan, utc(2026, 3, 29, 0)) == utc(2026, 3, 30, 0, 10)


def test_a_clock_set_back_over_midnight_keeps_the_new_day_s_hours() -> None:
    # Havana changes at 1:00 back to 0:00; Santiago at 24:00 back to 23:00 of the day that was nearly over.
    late = daily("America/Santiago", 23 * 60, 1440)
    first_23, midnight = utc(2026, 4, 5, 2), utc(2026, 4, 5, 4)
    assert list(openings(late, date(2026, 4, 4))) == [(first_23, midnight)]
    assert is_open(late, shown(late, midnight - 1))
    assert not is_open(late, shown(late, midnight))


def test_a_door_that_opened_at_midnight_stays_open_when_yesterday_is_shown_again() -> None:
    plan = daily("America/St_Johns", 0, 60)
    opened = utc(2010, 11, 7, 2, 30)
    again = opened + 0.5 * HOUR
    assert shown(plan, again).isoformat().startswith("2010-11-06T23:30")
    assert list(openings(plan, date(2010, 11, 7))) == [(opened, utc(2010, 11, 7, 4, 30))]
    assert is_open(plan, shown(plan, again))
