"""The shape of a flow file in ``ivr_flows/``: nodes by name, told apart by ``kind``.

Decides which keys each kind of node has. Must not know whether what it names exists; ``flow_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from acd.domain.exits import Exit
from acd.domain.flow import VariableType
from acd.settings.data_nodes import Event, Http
from acd.settings.fields import (
    Flag,
    Key,
    Level,
    Name,
    PositiveDuration,
    Priority,
    Strict,
    Terminator,
    Text,
    Whole,
    Word,
)
from acd.settings.matching_files import NodeMatching

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


class Transfer(Strict):
    """Hand the caller to Asterisk's dialplan."""

    kind: Literal["transfer"]
    context: Word
    extension: Word


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


NodeSection: TypeAlias = Annotated[
    Answer
    | Play
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
    | Event,
    Field(discriminator="kind"),
]


class FlowFile(Strict):
    """A flow."""

    languages: tuple[Name, ...] = Field(min_length=1)
    """Languages it speaks; the first is the one it begins in."""
    entry: Name
    """Node where a call begins."""
    variables: dict[Name, VariableType] = Field(default_factory=dict)
    """What the flow remembers of a caller. What a ``collect`` keeps is declared by that, as digits."""
    on_error: Name | None = None
    """Node to go to when an expression has no value and its node says nothing of that."""
    nodes: dict[Name, NodeSection]

    @property
    def types(self) -> dict[str, VariableType]:
        """The flow's variables, those that collections keep included."""
        kept: dict[str, VariableType] = {
            node.variable: "digits" for node in self.nodes.values() if isinstance(node, Collect)
        }
        return {**kept, **self.variables}

    @property
    def known_variables(self) -> frozenset[str]:
        """Their names."""
        return frozenset(self.types)
