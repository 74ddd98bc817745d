"""Speaking values: a number, digits, a time, a place in the queue as a sequence of prompts, in the caller's language.

Decides which prompts, in which order, and what each of them says where nobody has recorded it. Must not know who speaks
when. Numbers are put together from 0 to 19, the tens and the hundreds, so some forty short prompts say every number up
to 999 in a language. Both languages put the larger part first; they differ in their words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Literal

from acd.domain.ids import Language, PromptKey

HIGHEST = 999
"""The highest number spoken as a number."""
Bound = Literal["about", "less_than", "more_than"]

_ALONE = 20
"""Numbers below have a prompt of their own."""
_HUNDRED = 100
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class _Words:
    """What a language says. A text that is empty is not said; a word's plural only where it has one."""

    numbers: tuple[str, ...]
    """0 to 19."""
    tens: tuple[str, ...]
    """20 to 90."""
    hundreds: tuple[str, ...]
    """100 to 900."""
    minute: str
    second: str
    less_than: str
    more_than: str
    first: str
    place: str
    wait: str
    minutes: str = ""
    seconds: str = ""
    place_end: str = ""


_SATUAN = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")

_INDONESIAN = _Words(
    numbers=(*_SATUAN, "sepuluh", "sebelas", *(f"{word} belas" for word in _SATUAN[2:])),
    tens=tuple(f"{word} puluh" for word in _SATUAN[2:]),
    hundreds=("seratus", *(f"{word} ratus" for word in _SATUAN[2:])),
    minute="menit",
    second="detik",
    less_than="kurang dari",
    more_than="lebih dari",
    first="Anda berada di urutan pertama.",
    place="Anda berada di antrean nomor",
    wait="Perkiraan waktu tunggu",
)
_ENGLISH = _Words(
    numbers=(*_ONES, *_TEENS),
    tens=("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),
    hundreds=tuple(f"{word} hundred" for word in _ONES[1:]),
    minute="minute",
    minutes="minutes",
    second="second",
    seconds="seconds",
    less_than="less than",
    more_than="more than",
    first="You are next in the queue.",
    place="You are number",
    place_end="in the queue",
    wait="The estimated waiting time is",
)
_SPOKEN = {"id": _INDONESIAN, "en": _ENGLISH}


def _words(language: Language) -> _Words | None:
    """The words of a language; ``en-US`` speaks as ``en``."""
    return _SPOKEN.get(language.replace("_", "-").partition("-")[0].lower())


def speaks(language: Language) -> bool:
    """Tell whether values can be said in a language."""
    return _words(language) is not None


def catalogue(languages: Iterable[Language]) -> dict[PromptKey, dict[Language, str]]:
    """Texts of every prompt used here, by key and language; languages without words have none."""
    texts: dict[PromptKey, dict[Language, str]] = {}
    for language in languages:
        words = _words(language)
        for key, text in _texts(words) if words is not None else ():
            texts.setdefault(_key(key), {})[language] = text
    return texts


def _key(name: str | int) -> PromptKey:
    return PromptKey(f"say_{name}")


def _texts(words: _Words) -> Iterable[tuple[str | int, str]]:
    yield from enumerate(words.numbers)
    yield from ((10 * n, text) for n, text in enumerate(words.tens, 2))
    yield from ((_HUNDRED * n, text) for n, text in enumerate(words.hundreds, 1))
    for name in ("minute", "minutes", "second", "seconds", "less_than", "more_than", "first", "place", "place_end"):
        if text := getattr(words, name):
            yield name, text
    yield "wait", words.wait


def number(value: int) -> tuple[PromptKey, ...]:
    """Say a whole number from 0 to 999; a higher one digit by digit."""
    if value > HIGHEST:
        return digits(str(value))
    hundreds, rest = divmod(value, _HUNDRED)
    parts = [hundreds * _HUNDRED] if hundreds else []
    if rest >= _ALONE:
        parts.append(rest - rest % 10)
        rest %= 10
    if rest or not parts:
        parts.append(rest)
    return tuple(_key(part) for part in parts)


def digits(text: str) -> tuple[PromptKey, ...]:
    """Say the digits of a text one by one; anything else in it is not said."""
    return tuple(_key(digit) for digit in text if digit in "0123456789")


def duration(seconds: float, language: Language) -> tuple[PromptKey, ...]:
    """Say a time in minutes and seconds, begun seconds counted whole; nothing in a language without words."""
    words = _words(language)
    if words is None:
        return ()
    minutes, rest = divmod(ceil(seconds), _MINUTE)
    said: tuple[PromptKey, ...] = ()
    if minutes:
        said += (*number(minutes), _unit("minute", words.minutes, minutes))
    if rest or not minutes:
        said += (*number(rest), _unit("second", words.seconds, rest))
    return said


def _unit(name: str, plural: str, count: int) -> PromptKey:
    return _key(f"{name}s" if plural and count != 1 else name)


def place(position: int, language: Language) -> tuple[PromptKey, ...]:
    """Say a place in the queue, 1 being next; nothing in a language without words."""
    words = _words(language)
    if words is None:
        return ()
    if position == 1:
        return (_key("first"),)
    return (_key("place"), *number(position), *((_key("place_end"),) if words.place_end else ()))


def wait(seconds: float, bound: Bound, language: Language) -> tuple[PromptKey, ...]:
    """Say an estimated wait: about, less or more than so many seconds; nothing in a language without words."""
    if not speaks(language):
        return ()
    return (_key("wait"), *(() if bound == "about" else (_key(bound),)), *duration(seconds, language))
