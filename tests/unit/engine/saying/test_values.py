"""Values of flows, each said as its kind in both languages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from acd.domain.ids import Language
from acd.engine import saying
from acd.engine.saying import SayKind

ID, EN = Language("id"), Language("en")
TEXTS = saying.catalogue((ID, EN))


def spoken(kind: SayKind, value: object, language: Language) -> str:
    """What a caller hears; a prompt without a text in the language fails."""
    return " ".join(TEXTS[key][language] for key in saying.say(kind, value, language))


@pytest.mark.parametrize(
    ("kind", "value", "indonesian", "english"),
    [
        ("number", 0, "nol", "zero"),
        ("number", -1250, "minus seribu dua ratus lima puluh", "minus one thousand two hundred fifty"),
        ("number", "1000000", "satu juta", "one million"),
        ("number", 0.125, "nol koma satu tiga", "zero point one three"),
        ("number", -0.001, "nol", "zero"),
        ("number", 1e-9, "nol", "zero"),
        ("digits", "0217", "nol dua satu tujuh", "zero two one seven"),
        ("digits", 12345, "satu dua tiga , empat lima", "one two three , four five"),
        (
            "date",
            "2026-11-22",
            "dua puluh dua November dua ribu dua puluh enam",
            "twenty second of November twenty twenty six",
        ),
        ("date", "2026-08-17T09:00:00+07:00", "tujuh belas Agustus dua ribu dua puluh enam", None),
        ("date", "1945-08-17", None, "seventeenth of August nineteen forty five"),
        ("date", "0900-01-01", "satu Januari sembilan ratus", "first of January nine hundred"),
        ("time", "08:00", "pukul delapan", "eight a.m."),
        ("time", "08:30", "pukul delapan lewat tiga puluh menit", "eight thirty a.m."),
        ("time", "17:05", "pukul tujuh belas lewat lima menit", "five oh five p.m."),
        ("time", "00:00", "pukul nol", "midnight"),
        ("time", "00:01:30", "pukul nol lewat satu menit", "twelve oh one a.m."),
        ("time", "12:00", "pukul dua belas", "noon"),
        ("time", "2026-11-22T12:45:10.5Z", "pukul dua belas lewat empat puluh lima menit", "twelve forty five p.m."),
        ("money", 1500000, "satu juta lima ratus ribu rupiah", "one million five hundred thousand rupiah"),
        ("money", "Rp 2500", "dua ribu lima ratus rupiah", "two thousand five hundred rupiah"),
        ("money", "IDR 99.5", "seratus rupiah", "one hundred rupiah"),
        ("money", -1000, "minus seribu rupiah", "minus one thousand rupiah"),
        ("money", "USD 12.50", "dua belas dolar lima puluh sen", "twelve dollars and fifty cents"),
        ("money", "USD 1.01", "satu dolar satu sen", "one dollar and one cent"),
        ("money", "USD -0.75", "minus tujuh puluh lima sen", "minus seventy five cents"),
        ("money", "USD 0", "nol dolar", "zero dollars"),
        ("ordinal", 1, "pertama", "first"),
        ("ordinal", "5", "kelima", "fifth"),
        ("ordinal", 21.0, "kedua puluh satu", "twenty first"),
    ],
)
def test_values_are_said_as_people_say_them(
    kind: SayKind, value: object, indonesian: str | None, english: str | None
) -> None:
    if indonesian is not None:
        assert spoken(kind, value, ID) == indonesian
    if english is not None:
        assert spoken(kind, value, EN) == english


def test_every_day_and_every_minute_has_words_of_its_own() -> None:
    days = [(date(2026, 1, 1) + timedelta(days)).isoformat() for days in range(365)]
    minutes = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60)]
    for language in (ID, EN):
        assert len({spoken("date", day, language) for day in days}) == 365
        assert len({spoken("time", minute, language) for minute in minutes}) == 1440


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "twelve"),
        ("number", ""),
        ("number", "1e5"),
        ("number", "1.000.000"),
        ("number", 10**12),
        ("number", -(10**12)),
        ("number", float("inf")),
        ("number", float("nan")),
        ("number", 1e300),
        ("number", True),
        ("number", None),
        ("number", [1]),
        ("digits", 1.5),
        ("digits", -5),
        ("date", "2026-02-30"),
        ("date", "22-11-2026"),
        ("date", "20261122"),
        ("date", 20261122),
        ("time", "25:00"),
        ("time", "8 o'clock"),
        ("time", 8.3),
        ("money", "EUR 5"),
        ("money", "USD"),
        ("money", ""),
        ("ordinal", 0),
        ("ordinal", 1.5),
        ("ordinal", "first"),
    ],
)
def test_what_cannot_be_said_is_refused_without_repeating_it(kind: SayKind, value: object) -> None:
    with pytest.raises(ValueError, match=r"\w") as refusal:
        saying.say(kind, value, ID)
    if isinstance(value, str) and value:
        assert value not in str(refusal.value)


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be said in fr"):
        saying.say("number", 1, Language("fr"))
