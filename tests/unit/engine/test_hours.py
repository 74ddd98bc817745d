"""When a calendar opens next."""

from __future__ import annotations

from acd.domain.ids import CalendarId
from acd.domain.plan import CalendarPlan, OpeningHours
from acd.engine.hours import next_opening
from tests.engine_kit import MONDAY_10

HOUR = 3600.0
OFFICE = CalendarPlan(
    CalendarId("office"),
    "Asia/Jakarta",
    tuple(OpeningHours(day, 8 * 60, 17 * 60) for day in range(1, 6)),
    ("2024-06-04",),
)


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
