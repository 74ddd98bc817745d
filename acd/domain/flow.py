"""Flows as the interpreter walks them: nodes by id, each a frozen value with the names of the nodes after it.

Built by ``acd.settings`` from YAML. Every member of a union has a ``kind``, which makes its JSON self-describing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from acd.domain.data import Method, Wanted
from acd.domain.exits import Exit
from acd.domain.flow_media import RecordNode, SilenceCheckNode, VoicemailNode
from acd.domain.ids import (
    AgentId,
    CalendarId,
    FlowId,
    Language,
    NodeId,
    PromptKey,
    QueueId,
)
from acd.domain.skills import SkillLevel

Value: TypeAlias = str | int | float | bool
"""What a variable can hold."""
SayKind: TypeAlias = Literal["number", "digits", "date", "time", "money", "ordinal"]
VariableType: TypeAlias = Literal["text", "digits", "number", "boolean", "date", "time"]
"""Digits are text of digits alone; dates are ISO 8601 (2026-11-22), times HH:MM; numbers are whole, of 64 bits."""
KeyClass: TypeAlias = Literal["none", "digit", "star", "hash", "letter", "timeout", "invalid"]
"""How a caller came to a node: the kind of the key, never the key itself."""


@dataclass(frozen=True, slots=True)
class Reads:
    """A name that an expression reads, such as ``queue.q_lkpm.length``, and its type."""

    name: str
    type: VariableType


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as an operator wrote it, and the type of its value; checked when the plan was built."""

    source: str
    type: VariableType
    reads: tuple[Reads, ...] = ()
    """So that an expression stands for itself, in a journal too."""


@dataclass(frozen=True, slots=True)
class Template:
    """Text with expressions in it, in order."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable and what it is set to."""

    variable: str
    value: Expression


@dataclass(frozen=True, slots=True)
class PathStep:
    """A node that a contact came to; ``at`` in seconds since the epoch, UTC."""

    at: float
    flow: FlowId
    node: NodeId
    key: KeyClass = "none"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a caller said to a notice: by which words, in which language, by which key (empty: none), and when."""

    at: float
    flow: FlowId
    node: NodeId
    version: str
    """The prompts with their versions, e.g. ``notice@2``."""
    language: Language | None
    key: str
    given: bool


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """A caller's answer to a question of a survey."""

    at: float
    flow: FlowId
    node: NodeId
    question: str
    value: int


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
class AnswerNode:
    """Answer the caller's channel."""

    id: NodeId
    next: NodeId
    kind: Literal["answer"] = "answer"


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
class HoursNode:
    """Branch by the calendar at the moment the node is entered."""

    id: NodeId
    calendar: CalendarId
    open: NodeId
    closed: NodeId
    holiday: NodeId
    kind: Literal["hours"] = "hours"


@dataclass(frozen=True, slots=True)
class LanguageNode:
    """Speak ``language`` from here on; a queue then also requires the language's skill."""

    id: NodeId
    language: Language
    next: NodeId
    kind: Literal["language"] = "language"


@dataclass(frozen=True, slots=True)
class ExitKey:
    """A key (0-9, ``*`` or ``#``) by which a waiting caller leaves the queue, and the node it leads to."""

    digit: str
    next: NodeId
    kind: Literal["exit"] = "exit"


WaitingKey: TypeAlias = ExitKey
"""What a key can do while a caller waits."""


@dataclass(frozen=True, slots=True)
class QueueNode:
    """Wait for an agent. ``overflow`` is where the caller goes when no agent could be found in time."""

    id: NodeId
    queue: QueueId
    overflow: NodeId | None = None
    requires: tuple[SkillLevel, ...] = ()
    priority: int | None = None
    keys: tuple[WaitingKey, ...] = ()
    """What keys do while the caller waits."""
    prefers: tuple[SkillLevel, ...] = ()
    agent: AgentId | None = None
    """At first only this agent is asked."""
    last_agent_within_s: float | None = None
    """At first only the agent is asked who talked with the same number within this time, if that agent qualifies."""
    agent_wait_s: float = 30.0
    """How long the contact waits for that one agent before anybody else is asked."""
    after: NodeId | None = None
    """Where the caller goes when the agent hung up first, e.g. to a survey."""
    kind: Literal["queue"] = "queue"


@dataclass(frozen=True, slots=True)
class TransferNode:
    """Hand the caller back to Asterisk's dialplan at ``context``, ``extension``, priority 1."""

    id: NodeId
    context: str
    extension: str
    kind: Literal["transfer"] = "transfer"


@dataclass(frozen=True, slots=True)
class HangUpNode:
    """Hang up with a Q.850 cause; ``exit`` is the reason in the call record."""

    id: NodeId
    exit: Exit = Exit.IVR_EXIT
    cause: int = 16
    kind: Literal["hang_up"] = "hang_up"


@dataclass(frozen=True, slots=True)
class SetNode:
    """Set variables, in order: a later one reads what an earlier one set."""

    id: NodeId
    assignments: tuple[Assignment, ...]
    next: NodeId
    error: NodeId | None = None
    """Where to go when an expression has no value."""
    kind: Literal["set"] = "set"


@dataclass(frozen=True, slots=True)
class Case:
    """A way that is taken when ``when`` (boolean) is true."""

    when: Expression
    next: NodeId


@dataclass(frozen=True, slots=True)
class BranchNode:
    """The first case that is true, else ``otherwise``."""

    id: NodeId
    cases: tuple[Case, ...]
    otherwise: NodeId
    error: NodeId | None = None
    kind: Literal["branch"] = "branch"


@dataclass(frozen=True, slots=True)
class GotoNode:
    """Go on at a node, or at the entry of another flow, which begins with its own variables."""

    id: NodeId
    next: NodeId | None = None
    flow: FlowId | None = None
    kind: Literal["goto"] = "goto"


@dataclass(frozen=True, slots=True)
class WaitNode:
    """Wait, with music where ``music`` names a class of it; keys pressed meanwhile are lost."""

    id: NodeId
    seconds: float
    next: NodeId
    music: str | None = None
    kind: Literal["wait"] = "wait"


@dataclass(frozen=True, slots=True)
class Returned:
    """A variable of the calling flow and the variable of the subflow it takes its value from."""

    variable: str
    source: str


@dataclass(frozen=True, slots=True)
class SubflowNode:
    """Walk another flow up to its return; it sees its own variables only, those in ``arguments`` set at the start."""

    id: NodeId
    flow: FlowId
    next: NodeId
    arguments: tuple[Assignment, ...] = ()
    returns: tuple[Returned, ...] = ()
    error: NodeId | None = None
    kind: Literal["subflow"] = "subflow"


@dataclass(frozen=True, slots=True)
class ReturnNode:
    """Go back to the flow that called this one; called by none, the call ends as ``hang_up`` does."""

    id: NodeId
    kind: Literal["return"] = "return"


@dataclass(frozen=True, slots=True)
class Result:
    """A variable and the column of the table it takes its value from."""

    variable: str
    column: str


@dataclass(frozen=True, slots=True)
class LookupNode:
    """Find the row of a table whose first column equals ``key`` and keep some of it."""

    id: NodeId
    table: str
    key: Expression
    results: tuple[Result, ...]
    next: NodeId
    missing: NodeId
    error: NodeId | None = None
    kind: Literal["lookup"] = "lookup"


@dataclass(frozen=True, slots=True)
class HeaderTemplate:
    """A header: text, then the secret of that name if one is named."""

    name: str
    text: Template
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Filling:
    """A value of a JSON body: text made of a template, or the one expression's value as it is."""

    template: Template


@dataclass(frozen=True, slots=True)
class HttpNode:
    """Ask another system. The caller hears ``prompts`` to their end, then ``music``, until the answer leads on."""

    id: NodeId
    method: Method
    url: Template
    next: NodeId
    not_found: NodeId
    invalid: NodeId
    timed_out: NodeId
    failed: NodeId
    headers: tuple[HeaderTemplate, ...] = ()
    body: tuple[str | Filling, ...] | None = None
    """JSON text with values to fill in, in order."""
    idempotent: bool = True
    results: tuple[Wanted, ...] = ()
    timeout_s: float = 3.0
    retries: int = 1
    cache_s: float = 0.0
    cache_not_found_s: float = 0.0
    prompts: tuple[PromptKey, ...] = ()
    music: str | None = None
    error: NodeId | None = None
    kind: Literal["http"] = "http"


@dataclass(frozen=True, slots=True)
class EventNode:
    """Tell a webhook that something happened, with some values; the caller goes on at once."""

    id: NodeId
    webhook: str
    event: str
    next: NodeId
    values: tuple[Assignment, ...] = ()
    error: NodeId | None = None
    kind: Literal["event"] = "event"


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


@dataclass(frozen=True, slots=True)
class GateNode:
    """Let callers in or not. Asked in this order: allow list, block list, anonymous, rate."""

    id: NodeId
    next: NodeId
    refused: NodeId
    allow: str | None = None
    """Table of numbers that are always let in."""
    block: str | None = None
    """Table of numbers that never are."""
    anonymous: bool = True
    """Whether callers without a number are let in."""
    calls: int | None = None
    """Calls of one number within ``per_s`` that are let in; None: any."""
    per_s: float = 60.0
    kind: Literal["gate"] = "gate"


@dataclass(frozen=True, slots=True)
class CallbackNode:
    """Offer to call the customer back, by a queue; ``failed`` when that is not possible or not wanted."""

    id: NodeId
    queue: QueueId
    failed: NodeId
    kind: Literal["callback"] = "callback"


Node: TypeAlias = (
    AnswerNode
    | PlayNode
    | SayNode
    | MenuNode
    | CollectNode
    | HoursNode
    | LanguageNode
    | QueueNode
    | TransferNode
    | HangUpNode
    | SetNode
    | BranchNode
    | GotoNode
    | WaitNode
    | SubflowNode
    | ReturnNode
    | LookupNode
    | HttpNode
    | EventNode
    | ConsentNode
    | SurveyNode
    | GateNode
    | CallbackNode
    | RecordNode
    | VoicemailNode
    | SilenceCheckNode
)


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table for lookups: its columns after the first, and the rows by their first column, as values of variables."""

    columns: tuple[str, ...]
    rows: dict[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """A flow: nodes by id, where it starts and which languages it speaks (the first is the default)."""

    id: FlowId
    entry: NodeId
    languages: tuple[Language, ...]
    nodes: dict[NodeId, Node]
    variables: dict[str, VariableType] = field(default_factory=dict)
    on_error: NodeId | None = None
    """Where a node leads whose expression has no value, and that names no ``error`` of its own."""
    version: str = ""
    """Short hash of the flow's file and of the wordings; callers finish on the version they began."""
    wordings: dict[PromptKey, dict[Language, str]] = field(default_factory=dict)
    """The wording of each prompt the flow names, by language: a short hash that its sound file bears."""
