"""Whether collected digits are what was asked for, and the value that is kept of them.

Must not know who asked.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from acd.domain.flow_talk import DigitCheck

_CENTURY = 2000


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def checked(digits: str, check: DigitCheck) -> str | None:
    """The value to keep: the digits, or the date in ISO 8601; None when they are not what was asked for."""
    if check.pattern and not _compiled(check.pattern).fullmatch(digits):
        return None
    if check.luhn and not luhn(digits):
        return None
    if (check.least is not None and int(digits) < check.least) or (check.most is not None and int(digits) > check.most):
        return None
    return _date(digits, check.date) if check.date else digits


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the sum of two digits
    return total % 10 == 0


def _date(digits: str, order: str) -> str | None:
    if len(digits) != len(order):
        return None
    part = {name: int("".join(d for d, o in zip(digits, order, strict=True) if o == name)) for name in "DMY"}
    year = part["Y"] if "YYYY" in order else _CENTURY + part["Y"]
    try:
        return date(year, part["M"], part["D"]).isoformat()
    except ValueError:
        return None
