"""Digits one by one: as they are, or in groups a listener can write down.

Decides where the pauses are.
"""

from __future__ import annotations

import re

from acd.domain.ids import PromptKey
from acd.engine.saying.words import key

LONGEST = 40
"""So many digits are said at most."""

_SIGNS = {"*": "star", "#": "hash", "+": "plus"}
_SAYABLE = re.compile(r"[0-9*#+]+(?:[ ./()-]+[0-9*#+]+)*")
_APART = re.compile(r"[ ./()-]+")
_GROUP = 4


def digits(text: str) -> tuple[PromptKey, ...]:
    """Say the digits of a text one by one; anything else in it is not said."""
    return tuple(key(digit) for digit in text if digit in "0123456789")


def grouped(text: str) -> tuple[PromptKey, ...]:
    """Say digits, ``*``, ``#`` and ``+`` with a pause between groups.

    Groups are those of the text (``0811-6774-642``), else of three or four: a NIB is heard as 4, 3, 3 and 3 digits.

    Raises:
        ValueError: the text holds anything else, nothing, or too much.
    """
    bare = text.strip(" ()")
    if not _SAYABLE.fullmatch(bare):
        raise ValueError("digits are 0 to 9, *, # and +, maybe apart by spaces, dots, slashes or dashes")
    given = _APART.split(bare)
    if sum(map(len, given)) > LONGEST:
        raise ValueError(f"more than {LONGEST} digits cannot be said")
    groups = given if len(given) > 1 else _even(given[0])
    said = [key(_SIGNS.get(digit, digit)) for digit in groups[0]]
    for group in groups[1:]:
        said += [key("pause"), *(key(_SIGNS.get(digit, digit)) for digit in group)]
    return tuple(said)


def _even(text: str) -> list[str]:
    """Cut a text into as few groups of at most four as it takes, as equal as they can be, longer ones first."""
    count = -(-len(text) // _GROUP)
    short, longer = divmod(len(text), count)
    groups, start = [], 0
    for index in range(count):
        end = start + short + (index < longer)
        groups.append(text[start:end])
        start = end
    return groups
