"""Flows as the interpreter walks them: nodes by id, each a frozen value with the names of the nodes after it.

Built by ``acd.settings`` from YAML. Every member of a union has a ``kind``, which makes its JSON self-describing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from acd.domain.exits import Exit
from acd.domain.flow_data import EventNode, HttpNode, LookupNode
from acd.domain.flow_media import RecordNode, SilenceCheckNode, VoicemailNode
from acd.domain.flow_talk import CollectNode, ConsentNode, MenuNode, PlayNode, SayNode, SurveyNode
from acd.domain.flow_values import Assignment, Expression, VariableType
from acd.domain.ids import AgentId, CalendarId, FlowId, Language, NodeId, PromptKey, QueueId
from acd.domain.skills import SkillLevel


@dataclass(frozen=True, slots=True)
class AnswerNode:
    """Answer the caller's channel."""

    id: NodeId
    next: NodeId
    kind: Literal["answer"] = "answer"


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
