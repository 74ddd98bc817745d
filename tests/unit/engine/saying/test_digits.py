"""Digits one by one, and in groups."""

from __future__ import annotations

import pytest

from acd.domain.ids import Language, PromptKey
from acd.engine import saying
from acd.engine.saying.digits import LONGEST, grouped

ID, EN = Language("id"), Language("en")
TEXTS = saying.catalogue((ID, EN))


def written(keys: tuple[PromptKey, ...]) -> str:
    """The digits with a comma for each pause."""
    return "".join("," if key == "say_pause" else key.removeprefix("say_") for key in keys)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("7", "7"),
        ("1234", "1234"),
        ("12345", "123,45"),
        ("0211234567", "0211,234,567"),
        ("9120001234567", "9120,001,234,567"),
        ("3171234567890001", "3171,2345,6789,0001"),
        ("0811 6774 642", "0811,6774,642"),
        ("(021) 525-2008", "021,525,2008"),
        ("123456-7", "123456,7"),
    ],
)
def test_digits_are_heard_in_groups_of_the_text_or_of_three_and_four(text: str, groups: str) -> None:
    assert written(grouped(text)) == groups


def test_signs_of_the_keypad_have_names() -> None:
    assert [TEXTS[key][ID] for key in grouped("*#+0")] == ["bintang", "pagar", "plus", "nol"]
    assert [TEXTS[key][EN] for key in grouped("*#+0")] == ["star", "hash", "plus", "zero"]


@pytest.mark.parametrize("text", ["", " ", "12a", "-", "1--", "١٢", "9" * (LONGEST + 1)])
def test_what_is_not_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        grouped(text)


def test_the_longest_text_is_said() -> None:
    assert written(grouped("9" * LONGEST)).replace(",", "") == "9" * LONGEST
