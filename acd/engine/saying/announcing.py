"""What waiting callers are told: their place in the queue and how long it may take, in whole sentences.

Decides how seconds become minutes. Must not know how a wait is estimated.
"""

from __future__ import annotations

from math import ceil
from typing import Literal

from acd.domain.ids import Language, PromptKey
from acd.engine.saying.numbers import number
from acd.engine.saying.words import key, plural, speaks, words_of

Bound = Literal["about", "less_than", "more_than"]

_MINUTE = 60


def duration(seconds: float, language: Language) -> tuple[PromptKey, ...]:
    """Say a time in minutes and seconds, begun seconds counted whole; nothing in a language without words."""
    words = words_of(language)
    if words is None:
        return ()
    minutes, rest = divmod(ceil(seconds), _MINUTE)
    said: tuple[PromptKey, ...] = ()
    if minutes:
        said += (*number(minutes), plural("minute", minutes, words))
    if rest or not minutes:
        said += (*number(rest), plural("second", rest, words))
    return said


def place(position: int, language: Language) -> tuple[PromptKey, ...]:
    """Say a place in the queue, 1 being next; nothing in a language without words."""
    words = words_of(language)
    if words is None:
        return ()
    if position == 1:
        return (key("first"),)
    return (key("place"), *number(position), *((key("place_end"),) if words.has("place_end") else ()))


def wait(seconds: float, bound: Bound, language: Language) -> tuple[PromptKey, ...]:
    """Say an estimated wait: about, less or more than so many seconds; nothing in a language without words."""
    if not speaks(language):
        return ()
    return (key("wait"), *(() if bound == "about" else (key(bound),)), *duration(seconds, language))
