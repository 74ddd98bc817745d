"""What the runtime needs from outside, as protocols; ``acd.app`` chooses who fulfils them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from acd.domain.commands import FetchData, SendHook, TelephonyCommand
from acd.domain.data import DataOutcome
from acd.domain.decision import Decision, Step, Story
from acd.domain.events import DataFetched, Event, RecordingChecked, Resynced
from acd.domain.exits import Exit
from acd.domain.gaps import Gap, GapEnd
from acd.domain.ids import ContactId, LegId, QueueId, RecordingName, VoicemailId
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    DispositionRow,
    HookDone,
    HookRow,
    RecordCorrection,
    RecordingRow,
)
from acd.domain.voicemail import VoicemailMark, VoicemailRow, VoicemailState
from acd.engine.dead_man import Place

Row: TypeAlias = (
    CallRecord
    | RecordCorrection
    | RecordingRow
    | DispositionRow
    | CallbackAttempt
    | VoicemailRow
    | VoicemailMark
    | Decision
    | Story
    | HookRow
    | HookDone
    | Gap
    | GapEnd
)
"""What is kept for good."""


class Clock(Protocol):
    """Time for everything that decides."""

    def now(self) -> float:
        """Seconds since the epoch, UTC; never goes backwards while calls go on, whatever is done to the system's."""


class Commands(Protocol):
    """The way of commands to Asterisk, or to several."""

    def execute(self, command: TelephonyCommand) -> None:
        """Send a command without waiting; commands of one contact are carried out in order. Failures come as events."""


class CallControl(Commands, Protocol):
    """The way to one Asterisk."""

    async def resync(self, *, after_gap: bool) -> Resynced:
        """Look at what exists. Raises ``TelephonyError``."""


class Lifeline(Protocol):
    """How Asterisk is told, without waiting for an answer, what to do with a caller should the engine die."""

    def renew(self, contact_id: ContactId, leg_id: LegId, seconds: float) -> None:
        """Leave the caller where it is for so long; 0: for ever."""

    def note(self, contact_id: ContactId, leg_id: LegId, place: Place | None, number: int) -> int:
        """Keep a caller's place with its channel; the highest number is served first. Gives what it cost, in writes."""


class Journal(Protocol):
    """Every input of the engine, in order, so that its state can be made again."""

    def append(self, event: Event) -> None:
        """Keep an event; durable within 50 ms, never waits."""

    def place(self) -> int:
        """The place after the last event appended, for a snapshot of this moment that is ready only later."""

    def snapshot(self, state: bytes, place: int | None = None) -> None:
        """Keep the state as it was at ``place``; events before it need not be replayed. None: after the last event.

        Only a snapshot of now ends a gap: one of a ``place`` is dropped while there is a gap. No other snapshot may
        have been kept since that place was asked for.
        """

    async def load(self) -> tuple[bytes | None, Sequence[Event]]:
        """The newest snapshot, if any, and the events after it."""

    async def flush(self) -> None:
        """Wait until everything appended is durable."""

    async def close(self) -> None:
        """Flush and let go of the file."""


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Which records to give; times in seconds since the epoch, ``since`` inclusive, ``until`` exclusive, by end."""

    since: float | None = None
    until: float | None = None
    exit: Exit | None = None
    queue: QueueId | None = None
    limit: int = 100
    after: str | None = None
    """Opaque cursor of the page before."""


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records, oldest end first, and the cursor of the next page (None at the end)."""

    records: tuple[CallRecord, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class VoicemailFilter:
    """Which messages to give; times in seconds since the epoch, ``since`` inclusive, ``until`` exclusive."""

    queues: tuple[QueueId, ...] | None = None
    """None: those of every queue."""
    states: tuple[VoicemailState, ...] = ("new", "heard", "done")
    since: float | None = None
    until: float | None = None
    limit: int = 100
    after: str | None = None
    """Opaque cursor of the page before."""


@dataclass(frozen=True, slots=True)
class VoicemailPage:
    """Messages, the oldest first, and the cursor of the next page (None at the end)."""

    voicemails: tuple[VoicemailRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is kept of how a contact was served: its offers in order, and its way (empty until it has ended)."""

    decisions: tuple[Decision, ...]
    steps: tuple[Step, ...]


class RecordWriter(Protocol):
    """Where call records, recording rows, decisions and stories go."""

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows without waiting; written in order, tried again until they are durable, the first of an id stays."""

    def durable(self) -> bool:
        """Whether everything written is durable now, if only in a spool. Until it is, its events must be replayable."""

    async def flush(self) -> None:
        """Wait until everything written is durable."""


class Records(Protocol):
    """Call records, recording rows, decisions and stories."""

    def write(self, items: Iterable[Row]) -> None:
        """Keep rows without waiting; written in order, tried again until they are durable, the first of an id stays."""

    async def page(self, wanted: RecordFilter) -> RecordPage:
        """One page of call records. Raises ``StoreError``; ``ValueError`` for a cursor that is none."""

    async def get(self, contact_id: ContactId) -> CallRecord | None:
        """One call record."""

    async def recordings(self, contact_id: ContactId) -> tuple[RecordingRow, ...]:
        """The recordings of a contact."""

    async def attempts(self, contact_id: ContactId) -> tuple[CallbackAttempt, ...]:
        """The outbound calls made to call a contact back."""

    async def voicemails(self, wanted: VoicemailFilter) -> VoicemailPage:
        """One page of messages. Raises ``StoreError``; ``ValueError`` for a cursor that is none."""

    async def voicemail(self, voicemail_id: VoicemailId) -> VoicemailRow | None:
        """One message. Raises ``StoreError``."""

    async def explanation(self, contact_id: ContactId) -> Explanation:
        """How a contact was served; empty for one that is not known. Raises ``StoreError``."""

    async def flush(self) -> None:
        """Wait until everything written is durable."""


class Recordings(Protocol):
    """Recording files."""

    async def check(self, name: RecordingName, talk_s: float, now: Callable[[], float]) -> RecordingChecked:
        """Size and duration of a file against the talk time; a missing file is a result, not an error."""


class DataSource(Protocol):
    """Other systems, asked and told over HTTP."""

    async def fetch(self, question: FetchData, now: Callable[[], float]) -> DataFetched:
        """Ask, within the question's time; whatever goes wrong is an outcome, never an error."""

    def send(self, hook: SendHook) -> None:
        """Tell an event without waiting; tried again until it was taken or given up, and counted."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a node's questions to a host came to an outcome; ``cached``: without asking the host."""

    node: str
    host: str
    outcome: DataOutcome
    cached: bool
    count: int


@dataclass(frozen=True, slots=True)
class HostFigures:
    """How a host does. ``buckets`` count answers up to each of ``bounds`` seconds and, last, longer ones."""

    host: str
    breaker: str
    """``closed``, ``half_open`` or ``open``."""
    buckets: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class HookFigures:
    """How events told to a webhook came out; ``waiting`` are under way."""

    hook: str
    delivered: int
    failed: int
    """Attempts that came to nothing."""
    lost: int
    """Given up."""
    waiting: int


@dataclass(frozen=True, slots=True)
class DataFigures:
    """All of it; counted since the process began."""

    bounds: tuple[float, ...]
    asked: tuple[Asked, ...]
    hosts: tuple[HostFigures, ...]
    hooks: tuple[HookFigures, ...]
