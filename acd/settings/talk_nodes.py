"""The shape of nodes that speak to callers and ask them: prompts, values, menus, digits, notices, surveys.

Decides which keys each of these kinds has. Must not know whether what it names exists; ``flow_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from acd.domain.flow_talk import SayKind
from acd.settings.fields import Flag, Key, Name, PositiveDuration, Strict, Terminator, Text, Whole

Prompts: TypeAlias = tuple[Name, ...]
SomePrompts = Annotated[tuple[Name, ...], Field(min_length=1)]


class Answer(Strict):
    """Answer the caller's channel."""

    kind: Literal["answer"]
    next: Name


class Play(Strict):
    """Play prompts, then go on."""

    kind: Literal["play"]
    prompts: SomePrompts
    next: Name
    barge_in: Flag = True
    """A key ends the prompts and is kept for the next menu."""


class SayValue(Strict):
    """A value, said as its kind."""

    say: SayKind
    value: Text
    """Expression: a number for number, ordinal and money (rupiah; text such as ``USD 12.50`` too), digits or text for
    digits, a date (2026-11-22) or a time (08:30) for these."""


class SayText(Strict):
    """A text spoken by synthesis."""

    text: Text
    """Template: ``{{ expression }}`` in it is replaced by its value."""


class SayChosen(Strict):
    """A prompt chosen by an expression."""

    prompt: Text
    """Expression that gives the prompt's name."""
    of: SomePrompts
    """Prompts it may give."""


def _item_kind(value: object) -> str:
    if isinstance(value, dict):
        return next((key for key in ("say", "text") if key in value), "chosen")
    return "prompt"


SayItem: TypeAlias = Annotated[
    Annotated[Name, Tag("prompt")]
    | Annotated[SayValue, Tag("say")]
    | Annotated[SayText, Tag("text")]
    | Annotated[SayChosen, Tag("chosen")],
    Discriminator(_item_kind),
]


class Say(Strict):
    """Say prompts, values and texts one after the other, then go on."""

    kind: Literal["say"]
    items: tuple[SayItem, ...] = Field(min_length=1)
    next: Name
    barge_in: Flag = True
    """A key ends it and is kept for the next menu."""
    error: Name | None = None
    """Where to go when an expression has no value, or one that cannot be said."""


class Asking(Strict):
    """What a menu and a collection share."""

    prompts: Prompts = ()
    failed: Name
    """Where to go after the last try."""
    retries: Whole = Field(default=2, ge=0, le=10)
    """Tries after the first."""
    invalid_prompts: Prompts = ()
    timeout_prompts: Prompts = ()
    barge_in: Flag = True


class Menu(Asking):
    """Play prompts and wait for one key."""

    kind: Literal["menu"]
    choices: dict[Key, Name] = Field(min_length=1)
    timeout: PositiveDuration = 5.0
    repeat: Key | None = None
    """Key that says the menu again, e.g. ``"*"``."""
    back: Key | None = None
    """Key that leads to the menu before, e.g. ``"#"``."""


class CheckSection(Strict):
    """What the digits must fulfil besides their number."""

    pattern: Text | None = None
    """Regular expression that all of them match."""
    luhn: Flag = False
    """The last one checks the others, as on payment cards."""
    least: Whole | None = None
    most: Whole | None = None
    date: Literal["DDMMYYYY", "YYYYMMDD", "DDMMYY"] | None = None
    """They are a date, kept as 2026-11-22."""


class Collect(Asking):
    """Collect digits into a variable."""

    kind: Literal["collect"]
    variable: Name
    next: Name
    min_digits: Whole = Field(default=1, ge=1, le=40)
    max_digits: Whole = Field(default=20, ge=1, le=40)
    terminator: Terminator = "#"
    """Key that ends the input, or none."""
    timeout: PositiveDuration = 8.0
    inter_digit: PositiveDuration = 4.0
    check: CheckSection = CheckSection()


class SetLanguage(Strict):
    """Speak this language from here on."""

    kind: Literal["set_language"]
    language: Name
    next: Name


class Consent(Strict):
    """Say a notice and keep what the caller says to it. Who refuses is not recorded, wherever the flow leads."""

    kind: Literal["consent"]
    prompts: SomePrompts
    refuse: Key = "9"
    accept: Key | None = None
    silence: Literal["accepted", "refused"] = "accepted"
    """What it means that the caller presses nothing, or a key for the next menu."""
    timeout: PositiveDuration = 2.0
    next: Name
    refused: Name


class QuestionSection(Strict):
    """A question that a whole number answers."""

    prompts: SomePrompts
    least: Whole = Field(ge=0, le=99)
    most: Whole = Field(ge=0, le=99)
    variable: Name | None = None


class Survey(Strict):
    """Ask questions in turn."""

    kind: Literal["survey"]
    questions: dict[Name, QuestionSection] = Field(min_length=1)
    next: Name
    silent: Name | None = None
    """Node for who says nothing; ``next`` if not given."""
    timeout: PositiveDuration = 6.0
    inter_digit: PositiveDuration = 2.0
    terminator: Key = "#"
    retries: Whole = Field(default=1, ge=0, le=10)
    """Tries of each question after the first."""
    invalid_prompts: Prompts = ()
    timeout_prompts: Prompts = ()


TalkNode: TypeAlias = Answer | Play | Say | Menu | Collect | SetLanguage | Consent | Survey
"""What callers hear and are asked."""
