"""What a supervisor can order about contacts, agents and calendars. Every member names its kind, for the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.ids import AgentId, CalendarId, ContactId, PromptKey, QueueId
from acd.domain.skills import SkillLevel


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Serve a contact sooner or later; 0 to 999, higher first."""

    contact_id: ContactId
    priority: int
    kind: Literal["set_priority"] = "set_priority"


@dataclass(frozen=True, slots=True)
class MoveToQueue:
    """Let a contact wait in another queue, whatever its limits, with the time waited so far."""

    contact_id: ContactId
    queue: QueueId
    kind: Literal["move_to_queue"] = "move_to_queue"


@dataclass(frozen=True, slots=True)
class AssignToAgent:
    """Give a contact to one agent, whatever the skills; it waits for that agent alone."""

    contact_id: ContactId
    agent_id: AgentId
    kind: Literal["assign_to_agent"] = "assign_to_agent"


@dataclass(frozen=True, slots=True)
class SetSkills:
    """Change what an agent can do, until the agent logs out. ``queues`` None: those served so far."""

    agent_id: AgentId
    skills: tuple[SkillLevel, ...]
    queues: tuple[QueueId, ...] | None = None
    kind: Literal["set_skills"] = "set_skills"


@dataclass(frozen=True, slots=True)
class ResetSkills:
    """Take an agent's changed skills and queues back to the configured ones."""

    agent_id: AgentId
    kind: Literal["reset_skills"] = "reset_skills"


@dataclass(frozen=True, slots=True)
class CloseCalendar:
    """Close at once, whatever the hours, until a moment (seconds since the epoch) or until it is taken back."""

    calendar: CalendarId
    reason: str
    until: float | None = None
    message: PromptKey | None = None
    """A prompt about it."""
    kind: Literal["close_calendar"] = "close_calendar"


@dataclass(frozen=True, slots=True)
class ReopenCalendar:
    """Take an ordered closure back; the configured hours hold again."""

    calendar: CalendarId
    kind: Literal["reopen_calendar"] = "reopen_calendar"


Order: TypeAlias = SetPriority | MoveToQueue | AssignToAgent | SetSkills | ResetSkills | CloseCalendar | ReopenCalendar
