"""Limits of a queue and where a contact goes that one of them turns away. Values of the plan; nothing decides here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.ids import FlowId, NodeId, PromptKey, QueueId

LimitName: TypeAlias = Literal["length", "wait", "estimate", "join", "leave"]
Present: TypeAlias = Literal["logged_in", "ready"]
"""Which agents count as there: those logged in, or only those who are not paused."""


@dataclass(frozen=True, slots=True)
class ToBranch:
    """The overflow branch of the flow's queue node; without one the call ends."""

    kind: Literal["branch"] = "branch"


@dataclass(frozen=True, slots=True)
class ToNode:
    """A node of a flow: a message, voice mail, a menu."""

    flow: FlowId
    node: NodeId
    kind: Literal["node"] = "node"


@dataclass(frozen=True, slots=True)
class ToQueue:
    """Another queue, place and waited time kept."""

    queue: QueueId
    drops_language: bool = False
    prompt: PromptKey | None = None
    kind: Literal["queue"] = "queue"


@dataclass(frozen=True, slots=True)
class ToCallback:
    """A callback that keeps the place; who cannot or will not have one takes the node's branch."""

    kind: Literal["callback"] = "callback"


Destination: TypeAlias = ToBranch | ToNode | ToQueue | ToCallback
BRANCH = ToBranch()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a queue refuses; a limit that is None does not exist."""

    length: int | None = None
    """Contacts that may wait at once."""
    length_to: Destination = BRANCH
    wait_to: Destination | None = None
    """Where to after the longest wait; None: the queue's overflow."""
    estimate_s: float | None = None
    """Longest estimated wait with which a contact is let in, while no agent is free."""
    estimate_to: Destination = BRANCH
    join: Present | None = None
    """Let nobody in unless an agent is there who could serve this contact."""
    join_to: Destination = BRANCH
    leave: Present | None = None
    """Let nobody wait on for whom no agent is left."""
    leave_to: Destination = BRANCH
