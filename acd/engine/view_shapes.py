"""What the outside may see of the engine: frozen, complete at one moment, free of the state's own types.

The HTTP API, the live table and the Prometheus collector read these and nothing else; ``views`` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from acd.domain.callback_plan import AttemptOutcome
from acd.domain.ids import AgentId, ContactId, Language, NodeId, PbxId, QueueId, TrunkId
from acd.engine.calendar_views import CalendarView
from acd.engine.kpi import Figures
from acd.engine.state import Held, Links

Activity = Literal["logged_out", "paused", "idle", "offered", "talking", "wrap_up", "unavailable"]
"""``unavailable``: ready, but the phone is busy with another call, unreachable, or resting after a missed offer."""
ACTIVITIES: tuple[Activity, ...] = ("logged_out", "paused", "idle", "offered", "talking", "wrap_up", "unavailable")


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent now; ``since`` is when the activity began, seconds since the epoch."""

    id: AgentId
    name: str
    device: str
    presence: Literal["logged_out", "ready", "paused"]
    pause_reason: str
    activity: Activity
    since: float
    phone_reachable: bool
    phone_busy: bool
    skills: tuple[tuple[str, int], ...]
    contact_id: ContactId | None
    contacts: int
    """Contacts talked with since the counters began."""
    missed: int
    """Offers in a row that were not answered."""
    wrap_up_until: float | None = None
    skills_by: str | None = None
    """The supervisor who changed the skills or queues for this shift; null: as configured."""


ContactPhase = Literal["ivr", "waiting", "offered", "callback", "calling_back", "talking", "leaving", "fallback"]
"""``callback``: the place is kept without a channel, to be called back; ``calling_back``: being called now;
``fallback``: in Asterisk's own queue."""


@dataclass(frozen=True, slots=True)
class ContactView:
    """One contact now; ``caller`` is masked to the last three digits."""

    id: ContactId
    phase: ContactPhase
    since: float
    arrived_at: float
    caller: str
    access_code: str
    trunk: TrunkId | None
    language: Language | None
    node: NodeId | None
    queue: QueueId | None
    position: int | None
    """1 is next of those who wait in its queue with the same requirement; None while an agent's phone rings for it."""
    agent: AgentId | None
    """Who talks with the contact, or is the only one asked while it waits."""
    estimated_wait_s: float | None = None
    """From now to the conversation; None while nothing is known, or a phone rings."""
    estimate_confidence: float | None = None
    """The chance that the estimate is right within 30 s, 0 to 1."""
    priority: int | None = None
    """While it waits; higher is served first."""


IVR_TOTALS = ("visits", "tries", "errors", "exits", "refused", "answers", "consents")


@dataclass(frozen=True, slots=True)
class IvrView:
    """Totals of flows; see ``IvrFigures``."""

    visits: dict[str, int] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    consents: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewcomerView:
    """What somebody would wait who came to a queue now, by the language chosen; None where nothing is known yet."""

    language: Language | None
    """None where no language needs a skill."""
    ahead: int
    """Who waits with the same requirement."""
    estimated_wait_s: float | None
    estimate_confidence: float | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue now."""

    id: QueueId
    name: str
    waiting: int
    longest_wait_s: float
    agents_ready: int
    """Agents with the queue's skills who are idle."""
    agents_logged_in: int
    newcomers: tuple[NewcomerView, ...] = ()


@dataclass(frozen=True, slots=True)
class TrunkView:
    """One trunk now; ``in_use`` and ``capacity`` count SST (channels)."""

    id: TrunkId
    capacity: int
    in_use: int
    peak: int
    blocked: int
    up: bool


@dataclass(frozen=True, slots=True)
class CallbackView:
    """One promised callback; ``number`` is masked to the last three digits. Times are seconds since the epoch."""

    contact_id: ContactId
    queue: QueueId
    number: str
    state: Literal["waiting", "held", "offered", "calling"]
    """``waiting`` for an agent; ``held`` back for a reason; ``offered``: an agent's phone rings for it."""
    held_by: Held | None
    """What keeps it from being made: opening hours, the trunk's reserve, or the pause after an outcome."""
    waiting_since: float
    """When the place in the queue began."""
    asked_at: float
    due_at: float
    next_at: float | None
    """When a held one is looked at again."""
    expires_at: float
    attempts: int
    last_outcome: AttemptOutcome | None
    position: int | None
    """1 is next in its queue; None while held or being called."""


@dataclass(frozen=True, slots=True)
class VoicemailsView:
    """The messages left for a queue, by state; ``done`` since the counters began."""

    queue: QueueId
    new: int
    heard: int
    done: int


@dataclass(frozen=True, slots=True)
class EngineView:
    """Everything at one moment."""

    at: float
    plan_version: str
    ari_up: bool
    ami_up: bool
    draining: bool
    agents: tuple[AgentView, ...]
    contacts: tuple[ContactView, ...]
    queues: tuple[QueueView, ...]
    trunks: tuple[TrunkView, ...]
    figures: Figures
    ivr: IvrView
    callbacks: tuple[CallbackView, ...] = ()
    """Promises not yet kept."""
    voicemails: tuple[VoicemailsView, ...] = ()
    calendars: tuple[CalendarView, ...] = ()
    pbxs: tuple[tuple[PbxId, Links], ...] = ()
    """The links to each of several Asterisks; to a single one, see above."""
