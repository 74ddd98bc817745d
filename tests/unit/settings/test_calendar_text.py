"""Opening hours from text."""

from __future__ import annotations

import pytest

from acd.domain.calendar_plan import OpeningHours
from acd.settings.calendar_text import days, is_date, overlapping, span


@pytest.mark.parametrize(
    ("text", "expected"),
    [("mon", (1,)), ("mon-fri", (1, 2, 3, 4, 5)), ("sat-mon", (6, 7, 1)), ("sun-sun", (7,)), ("tue-thu", (2, 3, 4))],
)
def test_days_are_iso_weekdays(text: str, expected: tuple[int, ...]) -> None:
    assert days(text) == expected


@pytest.mark.parametrize("text", ["", "-", "mon-", "-fri", "Mon", "senin", "mon-fri-sat"])
def test_other_words_are_no_days(text: str) -> None:
    assert days(text) is None


def test_a_span_is_minutes_of_the_day_and_may_end_at_midnight() -> None:
    assert span("08:00-17:00") == (480, 1020)
    assert span("00:00-24:00") == (0, 1440)


@pytest.mark.parametrize(
    "text", ["8:00-17:00", "08:00", "08:60-09:00", "08:00-24:01", "17:00-08:00", "08:00-08:00", "x"]
)
def test_a_span_that_is_none_says_why(text: str) -> None:
    assert isinstance(span(text), str)


def test_spans_that_touch_do_not_overlap() -> None:
    assert not overlapping(OpeningHours(1, 480, 720), OpeningHours(1, 720, 1020))
    assert overlapping(OpeningHours(1, 480, 721), OpeningHours(1, 720, 1020))
    assert not overlapping(OpeningHours(1, 480, 1020), OpeningHours(2, 480, 1020))


@pytest.mark.parametrize(("text", "expected"), [("2028-02-29", True), ("2027-02-29", False), ("20270101", False)])
def test_a_date_is_written_out_and_exists(text: str, *, expected: bool) -> None:
    assert is_date(text) is expected
