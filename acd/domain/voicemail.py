"""Messages that callers leave for a queue: what is kept of one, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.ids import ContactId, Language, QueueId, RecordingName, VoicemailId

VoicemailState: TypeAlias = Literal["new", "heard", "done"]
"""In this order, and never back: nobody has heard it, somebody has, nothing is left to do about it."""
Marking: TypeAlias = Literal["heard", "done"]


@dataclass(frozen=True, slots=True)
class VoicemailRow:
    """A message. Times are seconds since the epoch, UTC."""

    id: VoicemailId
    contact_id: ContactId
    queue: QueueId
    language: Language | None
    caller: str
    """Calling number as the network gave it; empty when withheld."""
    left_at: float
    """When it was recorded to its end."""
    duration_s: float
    recording: RecordingName
    state: VoicemailState = "new"
    by: str = ""
    """Whose token brought it to ``state``; empty while new."""
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class VoicemailMark:
    """How far a message has come since its row was written; the state only ever goes on."""

    id: VoicemailId
    state: Marking
    by: str
    at: float

    @property
    def contact_id(self) -> ContactId:
        """The contact whose message it is: a message's id is its contact's and a number."""
        return ContactId(self.id.rpartition("-")[0])
