"""What a calendar says at a moment."""

from __future__ import annotations

import pytest

from acd.domain.calendar_plan import (
    ANY_LANGUAGE,
    CalendarPlan,
    Closure,
    DayOverride,
    HolidayName,
    LunchPlan,
    OpeningHours,
    Wording,
)
from acd.domain.copies import replace
from acd.domain.ids import CalendarId, Language, PromptKey
from acd.engine.calendars import Reading, closed_by, read, worded
from tests.engine_kit import EN, ID, MONDAY_10

HOUR = 3600.0
WAISAK: Wording = {ID: "Hari Raya Waisak", EN: "Vesak Day"}
CALENDAR = CalendarPlan(
    CalendarId("x"),
    "Asia/Jakarta",
    (OpeningHours(1, 480, 1020), OpeningHours(2, 480, 1020)),
    ("2024-06-04", "2024-06-11"),
    {"2024-06-04": HolidayName(WAISAK, "national")},
)


@pytest.mark.parametrize(
    ("hours_later", "state"),
    [
        (0, "open"),
        (-2, "open"),
        (-2 - 1 / 3600, "closed"),
        (7, "closed"),
        (7 - 1 / 3600, "open"),
        (24, "holiday"),
        (48, "closed"),
    ],
)
def test_opening_hours_are_local_with_an_exclusive_end_and_holidays_first(hours_later: float, state: str) -> None:
    assert read(CALENDAR, MONDAY_10 + hours_later * HOUR).state == state


def test_a_holiday_is_named_if_it_has_a_name() -> None:
    assert read(CALENDAR, MONDAY_10 + 24 * HOUR) == Reading("holiday", "holiday", reason=WAISAK)
    assert read(CALENDAR, MONDAY_10 + 8 * 24 * HOUR) == Reading("holiday", "holiday")


def test_an_override_wins_over_holiday_and_weekday_and_says_why() -> None:
    reason: Wording = {ANY_LANGUAGE: "lembur"}
    plan = replace(
        CALENDAR,
        overrides={
            "2024-06-03": DayOverride((), reason, PromptKey("tutup_hari_ini")),
            "2024-06-04": DayOverride(((480, 720),), reason),
        },
    )
    assert read(plan, MONDAY_10) == Reading("closed", "override", reason=reason, message=PromptKey("tutup_hari_ini"))
    assert read(plan, MONDAY_10 + 24 * HOUR) == Reading("open", "override", reason=reason)
    assert read(plan, MONDAY_10 + 27 * HOUR) == Reading("closed", "override", reason=reason)


def test_lunch_is_only_while_it_is_open() -> None:
    plan = replace(CALENDAR, lunch=LunchPlan(660, 780, PromptKey("lunch")))
    assert read(plan, MONDAY_10 + HOUR) == Reading("open", "hours", lunch=True)
    assert read(plan, MONDAY_10) == Reading("open", "hours")
    assert not read(plan, MONDAY_10 + 25 * HOUR).lunch, "a holiday"
    shortened = replace(plan, overrides={"2024-06-03": DayOverride(((600, 720),))})
    assert read(shortened, MONDAY_10 + HOUR) == Reading("open", "override", lunch=True)
    assert read(shortened, MONDAY_10 + 2 * HOUR) == Reading("closed", "override")


def test_a_closure_wins_over_everything_until_it_ends() -> None:
    closure = Closure(MONDAY_10, "rudi", "banjir", MONDAY_10 + HOUR, PromptKey("darurat"))
    plan = replace(CALENDAR, closure=closure, overrides={"2024-06-03": DayOverride(((0, 1440),))})
    closed = Reading("closed", "closure", reason={ANY_LANGUAGE: "banjir"}, message=PromptKey("darurat"))
    assert read(plan, MONDAY_10) == closed
    assert read(plan, MONDAY_10 + HOUR - 0.001) == closed
    assert read(plan, MONDAY_10 + HOUR) == Reading("open", "override")
    endless = replace(plan, closure=replace(closure, until=None))
    assert read(endless, MONDAY_10 + 1000 * HOUR) == closed
    assert closed_by(plan, MONDAY_10 + HOUR) is None
    assert closed_by(CALENDAR, MONDAY_10) is None


@pytest.mark.parametrize(
    ("wording", "language", "said"),
    [
        (WAISAK, EN, "Vesak Day"),
        (WAISAK, Language("zh"), "Hari Raya Waisak"),
        (WAISAK, None, "Hari Raya Waisak"),
        ({ANY_LANGUAGE: "banjir", EN: "flood"}, EN, "flood"),
        ({EN: "flood", ANY_LANGUAGE: "banjir"}, ID, "banjir"),
        ({}, ID, ""),
    ],
)
def test_a_reason_is_said_in_the_caller_s_language_if_it_can_be(
    wording: Wording, language: Language | None, said: str
) -> None:
    assert worded(wording, language) == said
