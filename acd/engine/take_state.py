"""What the engine keeps of callers' own recordings: the one being made, and the messages nobody has dealt with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from acd.domain.exits import Exit
from acd.domain.ids import PlaybackId, QueueId, RecordingName, VoicemailId
from acd.domain.record import RecordingRow


@dataclass(frozen=True, slots=True)
class Take:
    """A recording a caller makes at a node, until it is kept or thrown away."""

    name: RecordingName
    stage: Literal["beep", "recording", "checking", "review"]
    """``checking``: it has ended and its file is looked at; ``review``: the caller hears it and decides."""
    queue: QueueId | None = None
    """Of a message: whose agents it is for."""
    exit: Exit = Exit.VOICEMAIL
    """Of a message: how the contact counts that ends without more."""
    beep: PlaybackId | None = None
    sought: bool = False
    """Nobody watched for a while: that there is no file may mean that it was never begun."""
    row: RecordingRow | None = None
    """In review: what is kept of it."""


@dataclass(frozen=True, slots=True)
class OpenVoicemail:
    """A message that is not done."""

    queue: QueueId
    state: Literal["new", "heard"] = "new"


@dataclass(slots=True)
class Voicemails:
    """All messages: those still open, and how many are done."""

    open: dict[VoicemailId, OpenVoicemail] = field(default_factory=dict)
    done: dict[QueueId, int] = field(default_factory=dict)
