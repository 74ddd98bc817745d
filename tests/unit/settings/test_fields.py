"""Text into numbers, durations, flags and names."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from acd.settings import fields


def read(kind: Any, text: Any) -> Any:
    return TypeAdapter(kind).validate_python(text)


def refusal(kind: Any, text: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(kind, text)
    (error,) = caught.value.errors()
    return error["msg"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20s", 20), ("3m", 180), ("1h30m", 5400), ("500ms", 0.5), ("1m30s250ms", 90.25), ("0s", 0), ("24h", 86400)],
)
def test_a_duration_carries_its_units(text: str, seconds: float) -> None:
    assert read(fields.Duration, text) == seconds


@pytest.mark.parametrize("text", ["", "s", "m20", "20 s", "-5s", "1s1m", "20sec", "1d", "\u0663s"])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    assert refusal(fields.Duration, text)


def test_a_plain_number_is_no_duration_and_the_message_says_how_to_write_it() -> None:
    assert refusal(fields.Duration, "20") == "a duration needs its unit: 20s for seconds, 20m for minutes"


def test_a_duration_that_must_be_positive_is_not_zero_and_none_is_longer_than_a_day() -> None:
    assert refusal(fields.PositiveDuration, "0s")
    assert refusal(fields.Duration, "25h")


@pytest.mark.parametrize("text", ["1.0", "1e3", "0x10", "", " 1", "\uff11", "--1", "9999999999"])
def test_a_whole_number_is_digits_and_nothing_else(text: str) -> None:
    assert refusal(fields.Whole, text)


def test_flags_are_true_and_false_only() -> None:
    assert read(fields.Flag, "true") is True
    assert read(fields.Flag, "false") is False
    assert refusal(fields.Flag, "yes") == "must be true or false, not 'yes'"


def test_a_list_or_a_mapping_is_not_text() -> None:
    assert refusal(fields.Text, ["a"]) == "must be text, not a list"
    assert refusal(fields.Text, {"a": "b"}) == "must be text, not a mapping"
    assert refusal(fields.Text, "") == "must not be empty"


@pytest.mark.parametrize("level", ["0", "6"])
def test_a_level_is_1_to_5(level: str) -> None:
    assert refusal(fields.Level, level)


@pytest.mark.parametrize("number", ["169", "1500169", "0217001234", "+6221169"])
def test_an_access_number_keeps_its_digits(number: str) -> None:
    assert read(fields.AccessNumber, number) == number


@pytest.mark.parametrize("number", ["1", "16a", "169 ", "169\n", "1" * 16])
def test_a_number_with_anything_but_digits_is_refused(number: str) -> None:
    assert refusal(fields.AccessNumber, number)


def test_a_quoted_value_is_short_and_printable() -> None:
    assert fields.quoted("a\x1b[2J" + "x" * 100) == "'a\ufffd[2J" + "x" * 35 + "…'"
