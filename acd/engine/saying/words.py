"""The prompts values are spoken with: their keys, and their texts in Bahasa Indonesia and English.

Knows words only; the order in which they are said is decided beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acd.domain.ids import Language, PromptKey

ALONE = 20
"""Numbers below have a prompt of their own."""
HUNDRED = 100
THOUSAND = 1000


@dataclass(frozen=True, slots=True)
class Words:
    """What a language says.

    ``named`` are words by the name of their prompt; one that a language does without is absent, and not said.
    """

    numbers: tuple[str, ...]
    """0 to 19."""
    tens: tuple[str, ...]
    """20 to 90."""
    hundreds: tuple[str, ...]
    """100 to 900."""
    thousand: str
    """1,000."""
    ordinals: Mapping[str | int, str]
    """The form that makes a number a place in a sequence, by what it stands for."""
    months: tuple[str, ...]
    named: Mapping[str, str]
    ordinal_leads: bool = False
    """An ordinal changes the number's first word ("kedua puluh satu"), not its last ("twenty first")."""
    parts: Mapping[str | int, str] = field(init=False)
    """The words of numbers by what they stand for: 7, 20, 300, 1000, "million"."""

    def __post_init__(self) -> None:
        parts: dict[str | int, str] = dict(enumerate(self.numbers))
        parts.update((10 * n, text) for n, text in enumerate(self.tens, 2))
        parts.update((HUNDRED * n, text) for n, text in enumerate(self.hundreds, 1))
        object.__setattr__(self, "parts", parts | {THOUSAND: self.thousand})

    def has(self, name: str) -> bool:
        """Tell whether the language has a word of this name."""
        return name in self.named


_SATUAN = ("nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_PAUSE = ","
"""A text without words: a short silence."""

_BILANGAN = (*_SATUAN, "sepuluh", "sebelas", *(f"{word} belas" for word in _SATUAN[2:]))
_PULUHAN = tuple(f"{word} puluh" for word in _SATUAN[2:])
_RATUSAN = ("seratus", *(f"{word} ratus" for word in _SATUAN[2:]))

_INDONESIAN = Words(
    numbers=_BILANGAN,
    tens=_PULUHAN,
    hundreds=_RATUSAN,
    thousand="seribu",
    ordinals={
        **{n: f"ke{word}" for n, word in enumerate(_BILANGAN) if n},
        **{10 * n: f"ke{word}" for n, word in enumerate(_PULUHAN, 2)},
        **{HUNDRED * n: f"ke{word}" for n, word in enumerate(_RATUSAN, 1)},
        THOUSAND: "keseribu",
        "only": "pertama",
    },
    ordinal_leads=True,
    months=(
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ),
    named={
        "thousand": "ribu",
        "million": "juta",
        "billion": "miliar",
        "minus": "minus",
        "point": "koma",
        "plus": "plus",
        "star": "bintang",
        "hash": "pagar",
        "pause": _PAUSE,
        "at": "pukul",
        "past": "lewat",
        "rupiah": "rupiah",
        "dollar": "dolar",
        "cent": "sen",
        "minute": "menit",
        "second": "detik",
        "less_than": "kurang dari",
        "more_than": "lebih dari",
        "first": "Anda berada di urutan pertama.",
        "place": "Anda berada di antrean nomor",
        "wait": "Perkiraan waktu tunggu",
    },
)
_ENGLISH = Words(
    numbers=(*_ONES, *_TEENS),
    tens=_TENS,
    hundreds=tuple(f"{word} hundred" for word in _ONES[1:]),
    thousand="one thousand",
    ordinals={
        **dict(enumerate(("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"), 1)),
        10: "tenth",
        11: "eleventh",
        12: "twelfth",
        **{n: f"{word}th" for n, word in enumerate(_TEENS[3:], 13)},
        **{10 * n: f"{word.removesuffix('y')}ieth" for n, word in enumerate(_TENS, 2)},
        **{HUNDRED * n: f"{word} hundredth" for n, word in enumerate(_ONES[1:], 1)},
        THOUSAND: "one thousandth",
        "thousand": "thousandth",
        "million": "millionth",
        "billion": "billionth",
    },
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    named={
        "thousand": "thousand",
        "million": "million",
        "billion": "billion",
        "minus": "minus",
        "point": "point",
        "plus": "plus",
        "star": "star",
        "hash": "hash",
        "pause": _PAUSE,
        "of": "of",
        "oh": "oh",
        "hundred": "hundred",
        "am": "a.m.",
        "pm": "p.m.",
        "noon": "noon",
        "midnight": "midnight",
        "rupiah": "rupiah",
        "dollar": "dollar",
        "dollars": "dollars",
        "and": "and",
        "cent": "cent",
        "cents": "cents",
        "minute": "minute",
        "minutes": "minutes",
        "second": "second",
        "seconds": "seconds",
        "less_than": "less than",
        "more_than": "more than",
        "first": "You are next in the queue.",
        "place": "You are number",
        "place_end": "in the queue",
        "wait": "The estimated waiting time is",
    },
)
_SPOKEN = {"id": _INDONESIAN, "en": _ENGLISH}


def words_of(language: Language) -> Words | None:
    """The words of a language; ``en-US`` speaks as ``en``."""
    return _SPOKEN.get(language.replace("_", "-").partition("-")[0].lower())


def speaks(language: Language) -> bool:
    """Tell whether values can be said in a language."""
    return words_of(language) is not None


def catalogue(languages: Iterable[Language]) -> dict[PromptKey, dict[Language, str]]:
    """Texts of every prompt used here, by key and language; languages without words have none."""
    texts: dict[PromptKey, dict[Language, str]] = {}
    for language in languages:
        words = words_of(language)
        for said, text in _texts(words) if words is not None else ():
            texts.setdefault(said, {})[language] = text
    return texts


def key(name: str | int) -> PromptKey:
    """Name the prompt of a word or of a number's part."""
    return PromptKey(f"say_{name}")


def nth(name: str | int) -> PromptKey:
    """Name the prompt of a word or of a number's part as it is in an ordinal."""
    return key(f"nth_{name}")


def month(number: int) -> PromptKey:
    """Name the prompt of a month, 1 to 12."""
    return key(f"month_{number}")


def plural(name: str, count: int, words: Words) -> PromptKey:
    """Name the prompt of a unit: its plural where the language has one and the count asks for it."""
    many = f"{name}s"
    return key(many if count != 1 and words.has(many) else name)


def _texts(words: Words) -> Iterable[tuple[PromptKey, str]]:
    yield from ((key(part), text) for part, text in words.parts.items())
    yield from ((nth(part), text) for part, text in words.ordinals.items())
    yield from ((month(number), text) for number, text in enumerate(words.months, 1))
    yield from ((key(name), text) for name, text in words.named.items())
