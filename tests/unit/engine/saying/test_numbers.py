"""Numbers and ordinals, held against what num2words says of them."""

from __future__ import annotations

import re
from decimal import Decimal
from random import Random

import pytest
from num2words import num2words

from acd.domain.ids import Language, PromptKey
from acd.engine import saying
from acd.engine.saying.numbers import decimal, ordinal
from acd.engine.saying.words import Words, words_of

ID, EN = Language("id"), Language("en")
TEXTS = saying.catalogue((ID, EN))
HIGHEST = saying.HIGHEST


def spoken(keys: tuple[PromptKey, ...], language: Language) -> str:
    return " ".join(TEXTS[key][language] for key in keys)


def plainly(text: str) -> str:
    """What num2words says, without hyphens, commas and the English "and"."""
    return " ".join(word for word in text.replace("-", " ").replace(",", "").split() if word != "and")


def indonesian(text: str) -> str:
    """What num2words says, with "seribu" also after a million: people say "satu juta seribu"."""
    return re.sub("(juta|miliar) satu ribu", r"\1 seribu", text)


def words(language: Language) -> Words:
    found = words_of(language)
    assert found is not None
    return found


def values() -> list[int]:
    """All up to 2,100, the neighbours of every power of ten and its multiples, and 3,000 of every length."""
    chance = Random(7)
    edges = {m * 10**n + d for n in range(13) for m in (1, 2, 9, 11) for d in (-1, 0, 1)}
    drawn = {chance.randrange(10 ** chance.randint(4, 12)) for _ in range(3000)}
    return sorted(value for value in edges | drawn | set(range(2100)) if 0 <= value <= HIGHEST)


def test_every_number_is_said_as_num2words_says_it() -> None:
    for value in values():
        assert spoken(saying.number(value), ID) == indonesian(num2words(value, lang="id")), value
        assert spoken(saying.number(value), EN) == plainly(num2words(value, lang="en")), value


def test_every_ordinal_is_said_as_num2words_says_it() -> None:
    for value in values()[1:]:
        assert spoken(ordinal(value, words(ID)), ID) == indonesian(num2words(value, lang="id", to="ordinal")), value
        assert spoken(ordinal(value, words(EN)), EN) == plainly(num2words(value, lang="en", to="ordinal")), value


def test_a_number_beyond_the_highest_is_said_digit_by_digit_and_an_ordinal_not_at_all() -> None:
    assert len(saying.number(HIGHEST)) < 20
    assert saying.number(HIGHEST + 1) == saying.digits("1000000000000")
    for value in (0, -3, HIGHEST + 1):
        with pytest.raises(ValueError, match="an ordinal is from 1"):
            ordinal(value, words(ID))


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        ("-15", "minus lima belas", "minus fifteen"),
        ("3.5", "tiga koma lima", "three point five"),
        ("-0.25", "minus nol koma dua lima", "minus zero point two five"),
        ("10.00", "sepuluh", "ten"),
    ],
)
def test_negative_numbers_and_decimals_are_said(value: str, indonesian: str, english: str) -> None:
    assert spoken(decimal(Decimal(value)), ID) == indonesian
    assert spoken(decimal(Decimal(value)), EN) == english


def test_a_number_that_is_too_large_is_refused() -> None:
    assert len(decimal(Decimal(-HIGHEST))) > 10
    for value in (HIGHEST + 1, -HIGHEST - 1):
        with pytest.raises(ValueError, match="too large"):
            decimal(Decimal(value))


def test_a_year_is_said_as_num2words_says_it() -> None:
    for year in (1000, 1066, 1800, 1905, 1998, 2000, 2005, 2010, 2026, 2099, 2100, 2108):
        english = spoken(saying.say("date", f"{year}-03-01", EN), EN).removeprefix("first of March ")
        assert english == plainly(num2words(year, lang="en", to="year")), year
        assert spoken(saying.say("date", f"{year}-03-01", ID), ID) == f"satu Maret {num2words(year, lang='id')}"
