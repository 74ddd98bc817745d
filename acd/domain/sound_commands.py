"""What the engine wants done with a caller's own sound: recorded, played back, listened to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.flow_media import Terminator
from acd.domain.ids import ContactId, Language, LegId, PlaybackId, PromptKey, RecordingName


@dataclass(frozen=True, slots=True)
class Beep:
    """Play the tone after which the caller may speak; it lasts until the playback is stopped."""

    contact_id: ContactId
    leg_id: LegId
    playback_id: PlaybackId
    kind: Literal["beep"] = "beep"


@dataclass(frozen=True, slots=True)
class StartTake:
    """Record a caller into a new file. Its end, by whatever cause, comes as ``RecordingEnded``."""

    contact_id: ContactId
    leg_id: LegId
    name: RecordingName
    most_s: float
    silence_s: float
    """0: silence does not end it."""
    terminator: Terminator
    kind: Literal["start_take"] = "start_take"


@dataclass(frozen=True, slots=True)
class StopTake:
    """End a recording of a caller and keep its file."""

    contact_id: ContactId
    name: RecordingName
    kind: Literal["stop_take"] = "stop_take"


@dataclass(frozen=True, slots=True)
class SeekTake:
    """Find out whether a caller is still being recorded; ``CommandFailed`` (gone) tells that nobody is."""

    contact_id: ContactId
    name: RecordingName
    kind: Literal["seek_take"] = "seek_take"


@dataclass(frozen=True, slots=True)
class DiscardTake:
    """Delete the file of a recording that is of no use."""

    contact_id: ContactId
    name: RecordingName
    kind: Literal["discard_take"] = "discard_take"


@dataclass(frozen=True, slots=True)
class PlayTake:
    """Play a caller's recording back, then prompts."""

    contact_id: ContactId
    leg_id: LegId
    playback_id: PlaybackId
    name: RecordingName
    prompts: tuple[PromptKey, ...]
    language: Language
    wordings: tuple[str, ...] = ()
    """As of ``Play``."""
    kind: Literal["play_take"] = "play_take"


@dataclass(frozen=True, slots=True)
class StartListening:
    """Have ``TalkingStarted`` told when the caller says something."""

    contact_id: ContactId
    leg_id: LegId
    kind: Literal["start_listening"] = "start_listening"


@dataclass(frozen=True, slots=True)
class StopListening:
    """Have it told no more."""

    contact_id: ContactId
    leg_id: LegId
    kind: Literal["stop_listening"] = "stop_listening"


SoundCommand: TypeAlias = (
    Beep | StartTake | StopTake | SeekTake | DiscardTake | PlayTake | StartListening | StopListening
)
