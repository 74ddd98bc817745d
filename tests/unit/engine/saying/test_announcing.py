"""Places, times and waits as sequences of prompts, and the numbers in them."""

from __future__ import annotations

import pytest

from acd.domain.ids import Language, PromptKey
from acd.engine import saying

ID, EN, FRENCH = Language("id"), Language("en"), Language("fr")
TEXTS = saying.catalogue((ID, EN))


def spoken(keys: tuple[PromptKey, ...], language: Language) -> str:
    """What a caller hears; a prompt without a text in the language fails."""
    return " ".join(TEXTS[key][language] for key in keys)


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (0, "nol", "zero"),
        (1, "satu", "one"),
        (10, "sepuluh", "ten"),
        (11, "sebelas", "eleven"),
        (12, "dua belas", "twelve"),
        (19, "sembilan belas", "nineteen"),
        (20, "dua puluh", "twenty"),
        (21, "dua puluh satu", "twenty one"),
        (45, "empat puluh lima", "forty five"),
        (99, "sembilan puluh sembilan", "ninety nine"),
        (100, "seratus", "one hundred"),
        (101, "seratus satu", "one hundred one"),
        (111, "seratus sebelas", "one hundred eleven"),
        (200, "dua ratus", "two hundred"),
        (350, "tiga ratus lima puluh", "three hundred fifty"),
        (999, "sembilan ratus sembilan puluh sembilan", "nine hundred ninety nine"),
    ],
)
def test_numbers_are_said_as_people_say_them(value: int, indonesian: str, english: str) -> None:
    assert spoken(saying.number(value), ID) == indonesian
    assert spoken(saying.number(value), EN) == english


def test_every_number_up_to_999_is_said_in_at_most_three_prompts_and_no_two_alike() -> None:
    for language in (ID, EN):
        said = [spoken(saying.number(value), language) for value in range(1000)]
        assert len(set(said)) == 1000
    assert max(len(saying.number(value)) for value in range(1000)) == 3


def test_a_number_too_high_is_said_digit_by_digit() -> None:
    assert saying.number(1_000_000_000_042) == saying.digits("1000000000042")
    assert spoken(saying.digits("0812-7"), ID) == "nol delapan satu dua tujuh"


@pytest.mark.parametrize(
    ("seconds", "indonesian", "english"),
    [
        (0, "nol detik", "zero seconds"),
        (1, "satu detik", "one second"),
        (59.2, "satu menit", "one minute"),
        (60, "satu menit", "one minute"),
        (90, "satu menit tiga puluh detik", "one minute thirty seconds"),
        (121, "dua menit satu detik", "two minutes one second"),
        (1800, "tiga puluh menit", "thirty minutes"),
    ],
)
def test_times_are_said_in_minutes_and_seconds(seconds: float, indonesian: str, english: str) -> None:
    assert spoken(saying.duration(seconds, ID), ID) == indonesian
    assert spoken(saying.duration(seconds, EN), EN) == english


def test_places_and_waits_are_whole_sentences_in_both_languages() -> None:
    assert spoken(saying.place(1, ID), ID) == "Anda berada di urutan pertama."
    assert spoken(saying.place(1, EN), EN) == "You are next in the queue."
    assert spoken(saying.place(12, ID), ID) == "Anda berada di antrean nomor dua belas"
    assert spoken(saying.place(12, EN), EN) == "You are number twelve in the queue"
    assert spoken(saying.wait(120, "about", ID), ID) == "Perkiraan waktu tunggu dua menit"
    assert spoken(saying.wait(60, "less_than", ID), ID) == "Perkiraan waktu tunggu kurang dari satu menit"
    assert spoken(saying.wait(1800, "more_than", EN), EN) == "The estimated waiting time is more than thirty minutes"


def test_a_regional_form_speaks_as_its_language_and_an_unknown_one_says_nothing() -> None:
    assert saying.speaks(Language("en-US"))
    assert saying.catalogue((Language("en_GB"),))[PromptKey("say_7")] == {Language("en_GB"): "seven"}
    assert not saying.speaks(FRENCH)
    assert saying.catalogue((FRENCH,)) == {}
    assert saying.place(2, FRENCH) == saying.wait(60, "about", FRENCH) == saying.duration(60, FRENCH) == ()
