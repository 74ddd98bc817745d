"""The shape of a flow file in ``ivr_flows/``: nodes by name, told apart by ``kind``.

Decides which keys each kind of node has. Must not know whether what it names exists; ``flow_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from acd.domain.exits import Exit
from acd.domain.flow import SayKind, VariableType
from acd.settings.data_nodes import Event, Http
from acd.settings.fields import (
    Flag,
    Key,
    Level,
    Name,
    Outside,
    PositiveDuration,
    Priority,
    Strict,
    Terminator,
    Text,
    Whole,
    Word,
)
from acd.settings.matching_files import NodeMatching
from acd.settings.media_file import Record, SilenceCheck, Voicemail

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


class Hours(Strict):
    """Branch by a calendar."""

    kind: Literal["hours"]
    calendar: Name
    open: Name
    closed: Name
    holiday: Name


class SetLanguage(Strict):
    """Speak this language from here on."""

    kind: Literal["set_language"]
    language: Name
    next: Name


class Queue(NodeMatching):
    """Wait for an agent."""

    kind: Literal["queue"]
    queue: Name
    overflow: Name | None = None
    """Node to go to when no agent could be found in time."""
    requires: dict[Name, Level] = Field(default_factory=dict)
    """Skills beside the queue's own."""
    priority: Priority | None = None
    keys: dict[Key, Name] = Field(default_factory=dict)
    """Keys by which a waiting caller leaves the queue, and the node each leads to."""
    after: Name | None = None
    """Node the caller goes to when the agent hung up first, e.g. a survey."""


class Transfer(Strict):
    """Hand the caller to Asterisk's dialplan, or there to a number outside. To an agent leads a ``queue`` node."""

    kind: Literal["transfer"]
    context: Word | None = None
    extension: Word | None = None
    number: Outside | None = None
    """Number outside, as the gateway wants it."""
    gateway: Word | None = None
    """PJSIP endpoint of a trunk, by which that number is called."""


class HangUp(Strict):
    """End the call."""

    kind: Literal["hang_up"]
    exit: Exit = Exit.IVR_EXIT
    """What the call record says."""
    cause: Whole = Field(default=16, ge=1, le=127)
    """Q.850 cause."""


class Set(Strict):
    """Set variables, in order."""

    kind: Literal["set"]
    set: dict[Name, Text] = Field(min_length=1)
    """Variables, and the expression each gets its value from."""
    next: Name
    error: Name | None = None
    """Node to go to when an expression has no value; else the flow's ``on_error``."""


class CaseSection(Strict):
    """A way that is taken when an expression is true."""

    when: Text
    next: Name


class Branch(Strict):
    """Take the first case that is true."""

    kind: Literal["branch"]
    cases: tuple[CaseSection, ...] = Field(min_length=1)
    otherwise: Name
    error: Name | None = None


class Goto(Strict):
    """Go on at a node, or at the beginning of another flow, which nothing comes back from."""

    kind: Literal["goto"]
    next: Name | None = None
    flow: Name | None = None


class Wait(Strict):
    """Wait, with music or in silence."""

    kind: Literal["wait"]
    seconds: PositiveDuration
    music: Word | None = None
    """Class of music on hold."""
    next: Name


class Subflow(Strict):
    """Walk another flow up to its ``return`` node, then go on."""

    kind: Literal["subflow"]
    flow: Name
    arguments: dict[Name, Text] = Field(default_factory=dict)
    """The other flow's variables, and the expression each gets its value from."""
    returns: dict[Name, Name] = Field(default_factory=dict)
    """This flow's variables, and the other flow's variable each gets its value from."""
    next: Name
    error: Name | None = None


class Return(Strict):
    """Go back to the flow that called this one."""

    kind: Literal["return"]


class Lookup(Strict):
    """Find a row of a table, the CSV file of that name beside the flows, by its first column."""

    kind: Literal["lookup"]
    table: Name
    key: Text
    """Expression."""
    results: dict[Name, Name] = Field(default_factory=dict)
    """Variables, and the column each gets its value from."""
    next: Name
    missing: Name
    """Node to go to when the table has no such row."""
    error: Name | None = None


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


class RateSection(Strict):
    """How often one number may call."""

    calls: Whole = Field(ge=1, le=1000)
    per: PositiveDuration


class Gate(Strict):
    """Let callers in, or not."""

    kind: Literal["gate"]
    allow: Name | None = None
    """Table, the CSV file of that name beside the flows, whose numbers are always let in."""
    block: Name | None = None
    """Table whose numbers never are."""
    anonymous: Literal["allow", "refuse"] = "allow"
    """Callers who do not show a number."""
    rate: RateSection | None = None
    next: Name
    refused: Name


class CallbackNodeSection(Strict):
    """Offer to call the customer back, in the turn of a queue."""

    kind: Literal["callback"]
    queue: Name
    failed: Name
    """Node for who cannot be called back, or does not want to."""


NodeSection: TypeAlias = Annotated[
    Answer
    | Play
    | Say
    | Menu
    | Collect
    | Hours
    | SetLanguage
    | Queue
    | Transfer
    | HangUp
    | Set
    | Branch
    | Goto
    | Wait
    | Subflow
    | Return
    | Lookup
    | Http
    | Event
    | Consent
    | Survey
    | Gate
    | CallbackNodeSection
    | Record
    | Voicemail
    | SilenceCheck,
    Field(discriminator="kind"),
]


class FlowFile(Strict):
    """A flow."""

    languages: tuple[Name, ...] = Field(min_length=1)
    """Languages it speaks; the first is the one it begins in."""
    entry: Name
    """Node where a call begins."""
    variables: dict[Name, VariableType] = Field(default_factory=dict)
    """What the flow remembers of a caller. A ``collect`` declares what it keeps, as digits, a ``record`` as text."""
    on_error: Name | None = None
    """Node to go to when an expression has no value and its node says nothing of that."""
    nodes: dict[Name, NodeSection]

    @property
    def types(self) -> dict[str, VariableType]:
        """The flow's variables, those that collections and recordings keep included."""
        kept: dict[str, VariableType] = {
            node.variable: "digits" if isinstance(node, Collect) else "text"
            for node in self.nodes.values()
            if isinstance(node, Collect | Record) and node.variable is not None
        }
        return {**kept, **self.variables}

    @property
    def known_variables(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self.types)
