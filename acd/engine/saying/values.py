"""``say``: a value of a flow, spoken as its kind.

Decides what a value means: which forms a date, a time or an amount of money may have, and how a language says it. Must
not know where the value came from. The same value gives the same prompts on every machine: decimals are counted in
tens, not in floats.
"""

from __future__ import annotations

import re
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from typing import assert_never

from acd.domain.flow_talk import SayKind
from acd.domain.ids import Language, PromptKey
from acd.engine.saying.digits import grouped
from acd.engine.saying.numbers import decimal, number, ordinal
from acd.engine.saying.words import HUNDRED, Words, key, month, plural, words_of

_CENTS = Decimal("0.01")
_WHOLE = Decimal(1)
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
_CURRENCY = re.compile(r"(?:(IDR|Rp|USD) ?)?(.*)", re.DOTALL)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", re.ASCII)
_TIME = re.compile(r"(?:\d{4}-\d\d-\d\d[T ])?(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_BEYOND = Decimal(10**12)
_NOON = 12
_TEN = 10


def say(kind: SayKind, value: object, language: Language) -> tuple[PromptKey, ...]:
    """Say a value.

    Args:
        kind: what to say it as.
        value: number, money and ordinal: a whole or decimal number, or its text; money is in rupiah, without decimals,
            unless its text names dollars (``USD 12.50``). digits: a text or a whole number. date, time: a text by ISO
            8601 (``2026-11-22``, ``08:30``, or both), seconds are not said. A number is said to two decimals.
        language: one that ``speaks``.

    Raises:
        ValueError: it cannot be said; what stands in it is not told, it may be somebody's.
    """
    words = words_of(language)
    if words is None:
        raise ValueError(f"values cannot be said in {language}")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"a {type(value).__name__} cannot be said as {kind}")  # noqa: TRY004 - callers catch one error
    match kind:
        case "number":
            return decimal(_number(value, _CENTS))
        case "digits":
            return grouped(value if isinstance(value, str) else str(_whole(value)))
        case "date":
            return _date(date.fromisoformat(_found(_DATE, value)), words)
        case "time":
            return _time(time.fromisoformat(_found(_TIME, value)), words)
        case "money":
            return _money(str(value), words)
        case "ordinal":
            return ordinal(_whole(value), words)
    assert_never(kind)


def _number(value: float | str, step: Decimal) -> Decimal:
    """Read a number, rounded half up to a step."""
    if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
        raise ValueError("not a number")
    found = Decimal(str(value).strip())
    if not found.is_finite() or abs(found) >= _BEYOND:
        raise ValueError("the number is too large to be said")
    return found.quantize(step, ROUND_HALF_UP)


def _whole(value: float | str) -> int:
    found = _number(value, _CENTS)
    if found != int(found):
        raise ValueError("not a whole number")
    return int(found)


def _found(form: re.Pattern[str], value: float | str) -> str:
    """Find a date or a time in its text; Python's own message would repeat one of another form."""
    found = form.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not a date or time by ISO 8601")
    return str(found[1])


def _date(day: date, words: Words) -> tuple[PromptKey, ...]:
    if words.has("of"):
        return (*ordinal(day.day, words), key("of"), month(day.month), *_year(day.year))
    return (*number(day.day), month(day.month), *number(day.year))


def _year(year: int) -> tuple[PromptKey, ...]:
    """Say a year in two halves, as English does: twenty twenty-six, nineteen oh five, but two thousand five."""
    century, rest = divmod(year, HUNDRED)
    if century < _TEN or (century % _TEN == 0 and rest < _TEN):
        return number(year)
    if not rest:
        return (*number(century), key("hundred"))
    return (*number(century), *((key("oh"),) if rest < _TEN else ()), *number(rest))


def _time(at: time, words: Words) -> tuple[PromptKey, ...]:
    if words.has("past"):
        minutes = (key("past"), *number(at.minute), plural("minute", at.minute, words)) if at.minute else ()
        return (key("at"), *number(at.hour), *minutes)
    if not at.minute and at.hour % _NOON == 0:
        return (key("noon" if at.hour else "midnight"),)
    minutes = (*((key("oh"),) if at.minute < _TEN else ()), *number(at.minute)) if at.minute else ()
    return (*number(at.hour % _NOON or _NOON), *minutes, key("am" if at.hour < _NOON else "pm"))


def _money(text: str, words: Words) -> tuple[PromptKey, ...]:
    found = _CURRENCY.fullmatch(text.strip())
    currency, amount = found.groups() if found else (None, text)
    if currency != "USD":
        return (*decimal(_number(amount, _WHOLE)), key("rupiah"))
    value = _number(amount, _CENTS)
    dollars, cents = divmod(int(abs(value) * HUNDRED), HUNDRED)
    said: tuple[PromptKey, ...] = (key("minus"),) if value < 0 else ()
    if dollars or not cents:
        said += (*number(dollars), plural("dollar", dollars, words))
    if cents:
        linked = (key("and"),) if dollars and words.has("and") else ()
        said += (*linked, *number(cents), plural("cent", cents, words))
    return said
