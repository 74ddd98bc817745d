"""Numbers and ordinals as sequences of prompts.

Decides the order of a number's parts, which both languages share. A part is what one prompt says: 7, 20, 300, 1000
("seribu"), "million".
"""

from __future__ import annotations

from decimal import Decimal

from acd.domain.ids import PromptKey
from acd.engine.saying.digits import digits
from acd.engine.saying.words import ALONE, HUNDRED, THOUSAND, Words, key, nth

HIGHEST = 999_999_999_999
"""The highest number spoken as a number."""

_LARGE = ((1_000_000_000, "billion"), (1_000_000, "million"), (THOUSAND, "thousand"))


def number(value: int) -> tuple[PromptKey, ...]:
    """Say a whole number from 0; one above ``HIGHEST`` digit by digit."""
    if value > HIGHEST:
        return digits(str(value))
    return tuple(key(part) for part in parts(value))


def parts(value: int) -> list[str | int]:
    """Take a number from 0 to ``HIGHEST`` apart, the larger parts first."""
    found: list[str | int] = []
    for size, name in _LARGE:
        count, value = divmod(value, size)
        if size == THOUSAND and count == 1:
            found.append(THOUSAND)
        elif count:
            found += [*_below_thousand(count), name]
    if value or not found:
        found += _below_thousand(value)
    return found


def _below_thousand(value: int) -> list[int]:
    hundreds, rest = divmod(value, HUNDRED)
    found = [hundreds * HUNDRED] if hundreds else []
    if rest >= ALONE:
        found.append(rest - rest % 10)
        rest %= 10
    if rest or not found:
        found.append(rest)
    return found


def decimal(value: Decimal) -> tuple[PromptKey, ...]:
    """Say a number with its decimals, a negative one with a minus.

    Raises:
        ValueError: it is higher than ``HIGHEST`` or lower than its negative.
    """
    whole = int(abs(value))
    if whole > HIGHEST:
        raise ValueError("the number is too large to be said")
    _, _, decimals = f"{abs(value):f}".partition(".")
    decimals = decimals.rstrip("0")
    said = (key("minus"),) if value < 0 else ()
    return (*said, *number(whole), *((key("point"), *digits(decimals)) if decimals else ()))


def ordinal(value: int, words: Words) -> tuple[PromptKey, ...]:
    """Say a place in a sequence, 1 being the first.

    Raises:
        ValueError: there is no such place, or it is higher than ``HIGHEST``.
    """
    if not 1 <= value <= HIGHEST:
        raise ValueError("an ordinal is from 1 to 999999999999")
    if value == 1 and "only" in words.ordinals:
        return (nth("only"),)
    found = parts(value)
    if words.ordinal_leads:
        return (nth(found[0]), *(key(part) for part in found[1:]))
    return (*(key(part) for part in found[:-1]), nth(found[-1]))
