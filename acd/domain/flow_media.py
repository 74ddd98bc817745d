"""Nodes that listen to the caller: recordings, voicemail, and whether anybody is there at all.

Values of the plan; nothing decides here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.exits import Exit
from acd.domain.ids import NodeId, PromptKey, QueueId

Terminator: TypeAlias = Literal["#", "*", "any", "none"]
"""The keys by which Asterisk itself ends a recording, even while nobody watches."""


@dataclass(frozen=True, slots=True)
class TakeLimits:
    """How a recording of a caller begins and ends; times in seconds."""

    most_s: float = 120.0
    silence_s: float = 5.0
    """So much silence ends it; 0: none does."""
    at_least_s: float = 1.0
    """A shorter one counts as nothing said."""
    terminator: Terminator = "#"
    beep: bool = True


@dataclass(frozen=True, slots=True)
class RecordNode:
    """Say prompts, record the caller; ``empty`` when nothing was said, ``failed`` when no file can be kept."""

    id: NodeId
    prompts: tuple[PromptKey, ...]
    next: NodeId
    empty: NodeId
    failed: NodeId
    limits: TakeLimits = TakeLimits()
    review: tuple[PromptKey, ...] = ()
    """Said after the recording was played back: 1 keeps it, 2 records again. Empty: it is kept at once."""
    barge_in: bool = True
    """A key ends the prompts: the recording begins."""
    variable: str | None = None
    """Keeps the recording's name."""
    kind: Literal["record"] = "record"


@dataclass(frozen=True, slots=True)
class VoicemailNode:
    """Record a message for the agents of a queue."""

    id: NodeId
    queue: QueueId
    prompts: tuple[PromptKey, ...]
    next: NodeId
    empty: NodeId
    failed: NodeId
    limits: TakeLimits = TakeLimits(at_least_s=2.0)
    review: tuple[PromptKey, ...] = ()
    barge_in: bool = True
    exit: Exit = Exit.VOICEMAIL
    """How the contact counts that ends without more than the message: as ``voicemail`` or as ``closed``."""
    kind: Literal["voicemail"] = "voicemail"


@dataclass(frozen=True, slots=True)
class SilenceCheckNode:
    """Say prompts, then listen for a key or a voice for ``timeout_s``."""

    id: NodeId
    prompts: tuple[PromptKey, ...]
    next: NodeId
    silent: NodeId
    timeout_s: float = 5.0
    kind: Literal["silence_check"] = "silence_check"


TakeNode: TypeAlias = RecordNode | VoicemailNode
"""Nodes that record the caller."""
