"""Telephone numbers: what was keyed in, or given by the network, to a number that may be called.

Decides what is a number of the Indonesian plan (Permenkominfo 14/2018; 8 to 12 digits behind the 0) and what the
operator allows. Must not know callbacks.

Written form: ``0811222333`` within the country, ``+6591234567`` abroad. Patterns match that form whole:
digits and ``+`` stand for themselves, ``X`` is any digit, ``Z`` 1-9, ``N`` 2-9, and ``.`` at the end any rest.
"""

from __future__ import annotations

import re
from functools import lru_cache

from acd.domain.callback_plan import NumberPlan

PATTERN = r"\+?[0-9XZN]*\.?"
"""What a pattern may look like."""
_CLASSES = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": "[0-9]*", "+": r"\+"}
_PUNCTUATION = str.maketrans("", "", " -./()")
_INDONESIAN = re.compile(
    r"08[1-9][0-9]{7,10}"  # mobile: 10 to 13 digits
    r"|0(?:21|22|24|31|61)[0-9]{7,8}"  # the five large cities, area codes of two digits
    r"|0(?!21|22|24|31|61)[2-79][0-9]{2}[0-9]{5,8}"  # all others, of three
    r"|080[0-9][0-9]{6,8}"  # services: free, premium
)
_ABROAD = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164: at most 15 digits
_HOME = "62"


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_CLASSES.get(char, char) for char in pattern))


def written(given: str, plan: NumberPlan) -> str | None:
    """Bring a number into its written form, without judging whether it may be called; None for what is no number.

    Understood are ``+62...``, ``0062...``, ``62...`` and ``0...``, a mobile number without its 0 as some carriers give
    it, a local number when the plan has an area code, and numbers abroad after ``+`` or ``00``.
    """
    text = given.translate(_PUNCTUATION)
    abroad = text.startswith(("+", "00"))
    digits = text.removeprefix("+") if text.startswith("+") else text.removeprefix("00") if abroad else text
    if not (digits.isascii() and digits.isdecimal()):
        return None
    home = plan.country_code
    if abroad:
        number = "0" + digits.removeprefix(home) if digits.startswith(home) else "+" + digits
    elif digits.startswith("0"):
        number = digits
    elif digits.startswith(home) and len(digits) >= 10:  # noqa: PLR2004 - shorter ones are local
        number = "0" + digits.removeprefix(home)
    elif home == _HOME and re.fullmatch(r"8[1-9][0-9]{7,10}", digits):
        number = "0" + digits
    elif plan.area_code and re.fullmatch(r"[2-9][0-9]{4,7}", digits):
        number = f"0{plan.area_code}{digits}"
    else:
        return None  # short codes, emergency numbers, 140xx and 1500xxx: nobody is called back there
    return number if _plausible(number, home) else None


def _plausible(number: str, home: str) -> bool:
    if number.startswith("+"):
        return _ABROAD.fullmatch(number) is not None
    if home == _HOME:
        return _INDONESIAN.fullmatch(number) is not None
    return re.fullmatch(r"0[1-9][0-9]{4,13}", number) is not None


def callable_number(given: str, plan: NumberPlan) -> str | None:
    """The written form of a number that may be called; None when it is none, or the operator does not allow it."""
    number = written(given, plan)
    if number is None or any(_compiled(pattern).fullmatch(number) for pattern in plan.deny):
        return None
    return number if any(_compiled(pattern).fullmatch(number) for pattern in plan.allow) else None


def e164(number: str, plan: NumberPlan) -> str:
    """A written form with its country: ``+62811222333``."""
    return number if number.startswith("+") else f"+{plan.country_code}{number[1:]}"


def of_caller(given: str, plan: NumberPlan) -> str:
    """A calling number as E.164, such as ``+62811222333``; '' when the network gave none, or none that is one."""
    number = written(given, plan)
    return "" if number is None else e164(number, plan)
