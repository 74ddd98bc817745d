"""What the interpreter wants done with a caller's own sound; ``acd.engine.takes`` makes commands of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from acd.domain.flow_media import TakeLimits
from acd.domain.ids import PlaybackId, PromptKey, RecordingName
from acd.engine.take_state import Take


@dataclass(frozen=True, slots=True)
class SoundTone:
    """Play the tone after which the caller may speak."""

    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class Record:
    """Record the caller."""

    name: RecordingName
    limits: TakeLimits


@dataclass(frozen=True, slots=True)
class StopRecording:
    """End a recording; that it has ended is told."""

    name: RecordingName


@dataclass(frozen=True, slots=True)
class SeekRecording:
    """Find out whether the caller is still being recorded."""

    name: RecordingName


@dataclass(frozen=True, slots=True)
class PlayBack:
    """Play a recording to its caller, then prompts."""

    playback: PlaybackId
    name: RecordingName
    prompts: tuple[PromptKey, ...]
    duration_s: float
    wordings: tuple[str, ...] = ()
    """As of ``Play``."""


@dataclass(frozen=True, slots=True)
class Keep:
    """A recording is kept; a message is there for its queue."""

    take: Take


@dataclass(frozen=True, slots=True)
class Discard:
    """A recording is of no use."""

    name: RecordingName


@dataclass(frozen=True, slots=True)
class Abandon:
    """The caller goes elsewhere in the middle of a recording."""

    take: Take


@dataclass(frozen=True, slots=True)
class Listen:
    """Tell when the caller says something."""


@dataclass(frozen=True, slots=True)
class StopListening:
    """Tell it no more."""


SoundAction: TypeAlias = (
    SoundTone | Record | StopRecording | SeekRecording | PlayBack | Keep | Discard | Abandon | Listen | StopListening
)
