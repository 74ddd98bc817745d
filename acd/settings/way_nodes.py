"""The shape of nodes that decide where a call goes: by hours, conditions, tables and gates; to agents, flows, outside.

Decides which keys each of these kinds has. Must not know whether what it names exists; ``flow_checks`` does.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from acd.domain.exits import Exit
from acd.settings.fields import Key, Level, Name, Outside, PositiveDuration, Priority, Strict, Text, Whole, Word
from acd.settings.matching_files import NodeMatching


class Hours(Strict):
    """Branch by a calendar."""

    kind: Literal["hours"]
    calendar: Name
    open: Name
    closed: Name
    holiday: Name


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


WayNode: TypeAlias = (
    Hours
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
    | Gate
    | CallbackNodeSection
)
"""Where a call goes."""
