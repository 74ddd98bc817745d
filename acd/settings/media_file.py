"""The shape of the nodes that listen to the caller (``record``, ``voicemail``, ``silence_check``).

Decides which keys they have. Must not know whether what they name exists; ``media_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from acd.domain.exits import Exit
from acd.domain.flow_media import RecordNode, SilenceCheckNode, TakeLimits, TakeNode, Terminator, VoicemailNode
from acd.domain.ids import NodeId, PromptKey, QueueId
from acd.settings.fields import Duration, Flag, Name, PositiveDuration, Strict, quoted, wrong

LONGEST_S = 600.0
"""Of a recording: ten minutes."""
_ENDS: dict[str, Terminator] = {"#": "#", "*": "*", "any": "any", "none": "none"}


def _end(value: object) -> Terminator:
    found = _ENDS.get(value) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"must be #, *, any or none, not {quoted(str(value))}")
    return found


End = Annotated[Terminator, BeforeValidator(_end), WithJsonSchema({"enum": list(_ENDS)})]
"""The keys by which a caller ends a recording."""


class Taking(Strict):
    """What nodes share that record the caller."""

    prompts: tuple[Name, ...] = ()
    next: Name
    empty: Name
    """Node to go to when nothing was said, or not long enough."""
    failed: Name
    """Node to go to when there is no file that can be kept: a full disk, a missing folder."""
    at_most: PositiveDuration = 120.0
    """Longest recording, 10m at most."""
    silence: Duration = 5.0
    """So much silence ends the recording; 0s: none does. Counted in whole seconds."""
    terminator: End = "#"
    beep: Flag = True
    """A tone says when to speak."""
    review: tuple[Name, ...] = ()
    """Prompts after the recording was played back to the caller: 1 keeps it, 2 records again, else it is kept."""
    barge_in: Flag = True
    """A key ends the prompts, and the recording begins."""


class Record(Taking):
    """Record the caller."""

    kind: Literal["record"]
    variable: Name | None = None
    """Keeps the name of the recording."""
    at_least: Duration = 1.0
    """A shorter recording counts as nothing said."""


class Voicemail(Taking):
    """Record a message for the agents of a queue."""

    kind: Literal["voicemail"]
    queue: Name
    """Whose agents it is for."""
    at_least: Duration = 2.0
    exit: Literal["voicemail", "closed"] = "voicemail"
    """What the call record says of a caller who leaves a message and nothing else: outside the hours, ``closed``."""


class SilenceCheck(Strict):
    """Find out whether anybody is there: listen for a key or a voice."""

    kind: Literal["silence_check"]
    prompts: tuple[Name, ...] = ()
    timeout: PositiveDuration = 5.0
    next: Name
    """Node to go to when something was heard or pressed."""
    silent: Name
    """Node to go to when nothing was."""


MediaSection: TypeAlias = Record | Voicemail | SilenceCheck


def node(name: NodeId, section: MediaSection) -> TakeNode | SilenceCheckNode:
    """Make the node of a section without mistakes."""
    prompts = _keys(section.prompts)
    match section:
        case SilenceCheck():
            return SilenceCheckNode(name, prompts, NodeId(section.next), NodeId(section.silent), section.timeout)
        case Record():
            return RecordNode(
                name,
                prompts,
                *_ways(section),
                limits=_limits(section, section.at_least),
                review=_keys(section.review),
                barge_in=section.barge_in,
                variable=section.variable,
            )
        case Voicemail():
            return VoicemailNode(
                name,
                QueueId(section.queue),
                prompts,
                *_ways(section),
                limits=_limits(section, section.at_least),
                review=_keys(section.review),
                barge_in=section.barge_in,
                exit=Exit(section.exit),
            )


def _keys(prompts: tuple[str, ...]) -> tuple[PromptKey, ...]:
    return tuple(PromptKey(prompt) for prompt in prompts)


def _ways(section: Taking) -> tuple[NodeId, NodeId, NodeId]:
    return NodeId(section.next), NodeId(section.empty), NodeId(section.failed)


def _limits(section: Taking, at_least_s: float) -> TakeLimits:
    return TakeLimits(section.at_most, section.silence, at_least_s, section.terminator, section.beep)
