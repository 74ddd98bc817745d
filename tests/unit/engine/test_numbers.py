"""Numbers that may be called back: the Indonesian plan, and what the operator allows."""

from __future__ import annotations

import pytest

from acd.domain.callback_plan import NumberPlan
from acd.engine.numbers import callable_number, e164, of_caller, written

JAKARTA = NumberPlan(area_code="21")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("0811222333", "0811222333"),
        ("+62811222333", "0811222333"),
        ("62811222333", "0811222333"),
        ("0062811222333", "0811222333"),
        ("811222333", "0811222333"),
        ("0812-3456-7890", "081234567890"),
        ("(021) 520 1234", "0215201234"),
        ("5201234", "0215201234"),
        ("0274512345", "0274512345"),
        ("08091234567", "08091234567"),
        ("+6591234567", "+6591234567"),
        ("006591234567", "+6591234567"),
    ],
)
def test_a_number_is_understood_in_the_forms_networks_and_people_give_it(given: str, number: str) -> None:
    assert written(given, JAKARTA) == number


@pytest.mark.parametrize(
    "given",
    [
        "",
        "anonymous",
        "112",
        "110",
        "1500169",
        "14045",
        "08",
        "0811",
        "021123",
        "0111234567",
        "+62",
        "+1",
        "٠٨١١٢٢٢٣٣٣",
    ],
)
def test_short_codes_and_what_is_no_number_are_not_understood(given: str) -> None:
    assert written(given, JAKARTA) is None


def test_a_local_number_needs_an_area_code() -> None:
    assert written("5201234", NumberPlan()) is None


def test_another_country_has_its_own_lengths() -> None:
    singapore = NumberPlan(country_code="65")
    assert written("+6591234567", singapore) == "091234567"
    assert written("811222333", singapore) is None
    assert written("01", singapore) is None


def test_numbers_abroad_free_and_premium_numbers_are_refused_unless_allowed() -> None:
    assert callable_number("0811222333", JAKARTA) == "0811222333"
    assert callable_number("08091234567", JAKARTA) is None
    assert callable_number("0800123456", JAKARTA) is None
    assert callable_number("+6591234567", JAKARTA) is None
    assert callable_number("nonsense", JAKARTA) is None
    neighbours = NumberPlan(allow=("0.", "+65X."), deny=())
    assert callable_number("+6591234567", neighbours) == "+6591234567"
    assert callable_number("+60312345678", neighbours) is None
    assert callable_number("08091234567", neighbours) == "08091234567"


def test_a_refusal_wins_and_classes_match_one_digit() -> None:
    plan = NumberPlan(allow=("08ZN.",), deny=("081122233X",))
    assert callable_number("0812333444", plan) == "0812333444"
    assert callable_number("0811333444", plan) is None
    assert callable_number("0812222333", NumberPlan(allow=("08ZN.",), deny=("081222233X",))) is None


def test_a_number_is_given_with_its_country() -> None:
    assert e164("0811222333", JAKARTA) == "+62811222333"
    assert e164("+6591234567", JAKARTA) == "+6591234567"


@pytest.mark.parametrize(
    ("given", "number"),
    [("0811222333", "+62811222333"), ("+6591234567", "+6591234567"), ("110", ""), ("", ""), ("anonymous", "")],
)
def test_a_calling_number_is_e164_or_nothing(given: str, number: str) -> None:
    assert of_caller(given, JAKARTA) == number
