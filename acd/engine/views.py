"""What the outside may see of the engine: frozen, complete at one moment, free of the state's own types.

The HTTP API, the live table and the Prometheus collector read these and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acd.domain.ids import AgentId, ContactId, Language, NodeId, QueueId, TrunkId
from acd.engine.kpi import Figures

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


@dataclass(frozen=True, slots=True)
class ContactView:
    """One contact now; ``caller`` is masked to the last three digits."""

    id: ContactId
    phase: Literal["ivr", "waiting", "offered", "talking", "leaving"]
    since: float
    arrived_at: float
    caller: str
    access_code: str
    trunk: TrunkId | None
    language: Language | None
    node: NodeId | None
    queue: QueueId | None
    position: int | None
    """1 is next in its queue."""
    agent: AgentId | None


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
class EngineView:
    """Everything at one moment."""

    at: float
    plan_version: str
    ari_up: bool
    ami_up: bool
    agents: tuple[AgentView, ...]
    contacts: tuple[ContactView, ...]
    queues: tuple[QueueView, ...]
    trunks: tuple[TrunkView, ...]
    figures: Figures
