"""Nodes that say something or ask the caller for keys: prompts, values, menus, digits, notices and surveys.

Values of the plan; nothing decides here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.flow_values import Expression, Template
from acd.domain.ids import NodeId, PromptKey

SayKind: TypeAlias = Literal["number", "digits", "date", "time", "money", "ordinal"]


@dataclass(frozen=True, slots=True)
class DigitCheck:
    """What collected digits must fulfil besides their number. None, empty and False ask for nothing."""

    pattern: str = ""
    """Regular expression that the whole input matches."""
    luhn: bool = False
    """The last digit is the check digit of ISO/IEC 7812-1, annex B."""
    least: int | None = None
    most: int | None = None
    date: str = ""
    """The order of a date's digits: ``DDMMYYYY``, ``YYYYMMDD`` or ``DDMMYY``; it is kept as ISO 8601."""


@dataclass(frozen=True, slots=True)
class PlayNode:
    """Play prompts to the end, or until a key when ``barge_in`` is set (the key is kept for the next menu)."""

    id: NodeId
    prompts: tuple[PromptKey, ...]
    next: NodeId
    barge_in: bool = True
    kind: Literal["play"] = "play"


@dataclass(frozen=True, slots=True)
class SayItem:
    """A value, said as its kind; see ``acd.engine.saying.say``."""

    say: SayKind
    value: Expression
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class TextItem:
    """A text made of a template, spoken by synthesis."""

    text: Template
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class ChosenItem:
    """A prompt whose name an expression gives; one of ``of``, so that none is missing."""

    prompt: Expression
    of: tuple[PromptKey, ...]
    kind: Literal["chosen"] = "chosen"


SayingItem: TypeAlias = PromptKey | SayItem | TextItem | ChosenItem


@dataclass(frozen=True, slots=True)
class SayNode:
    """Say prompts, values and texts one after the other, to the end or until a key, as ``PlayNode`` does."""

    id: NodeId
    items: tuple[SayingItem, ...]
    next: NodeId
    barge_in: bool = True
    error: NodeId | None = None
    """Where to go when an expression has no value, or one that cannot be said."""
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class MenuChoice:
    """One key (0-9, ``*`` or ``#``) and where it leads."""

    digit: str
    next: NodeId


@dataclass(frozen=True, slots=True)
class MenuNode:
    """Play prompts and wait for one key. ``retries`` more tries after the first, then ``failed``."""

    id: NodeId
    prompts: tuple[PromptKey, ...]
    choices: tuple[MenuChoice, ...]
    failed: NodeId
    timeout_s: float = 5.0
    retries: int = 2
    invalid_prompts: tuple[PromptKey, ...] = ()
    timeout_prompts: tuple[PromptKey, ...] = ()
    barge_in: bool = True
    repeat: str = ""
    """The key that says the menu again; empty: none. It uses up no try."""
    back: str = ""
    """The key that leads to the menu before; empty: none. In the first menu it is a wrong key."""
    kind: Literal["menu"] = "menu"


@dataclass(frozen=True, slots=True)
class CollectNode:
    """Collect digits into ``variable`` until ``terminator``, ``max_digits`` or ``inter_digit_s`` of silence."""

    id: NodeId
    prompts: tuple[PromptKey, ...]
    variable: str
    next: NodeId
    failed: NodeId
    min_digits: int = 1
    max_digits: int = 20
    terminator: str = "#"
    timeout_s: float = 8.0
    inter_digit_s: float = 4.0
    retries: int = 2
    invalid_prompts: tuple[PromptKey, ...] = ()
    timeout_prompts: tuple[PromptKey, ...] = ()
    barge_in: bool = True
    check: DigitCheck = DigitCheck()
    kind: Literal["collect"] = "collect"


@dataclass(frozen=True, slots=True)
class ConsentNode:
    """Say a notice and keep what the caller says to it. Silence, and a key that is neither, mean ``silence``.

    Such a key is kept for the next menu. Who refuses is not recorded, wherever the flow leads.
    """

    id: NodeId
    prompts: tuple[PromptKey, ...]
    version: str
    next: NodeId
    refused: NodeId
    refuse: str = "9"
    accept: str = ""
    silence: bool = True
    """Whether silence is consent."""
    timeout_s: float = 2.0
    kind: Literal["consent"] = "consent"


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """A question that a whole number from ``least`` to ``most`` answers."""

    id: str
    prompts: tuple[PromptKey, ...]
    least: int
    most: int
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class SurveyNode:
    """Ask questions in turn. Who says nothing in all tries is asked no further and goes to ``silent``."""

    id: NodeId
    questions: tuple[SurveyQuestion, ...]
    next: NodeId
    silent: NodeId
    timeout_s: float = 6.0
    inter_digit_s: float = 2.0
    """How long a further digit is waited for where one could follow; the terminator ends that at once."""
    terminator: str = "#"
    retries: int = 1
    invalid_prompts: tuple[PromptKey, ...] = ()
    timeout_prompts: tuple[PromptKey, ...] = ()
    kind: Literal["survey"] = "survey"
