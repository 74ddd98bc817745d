"""What matching is told about agents and contacts, and what it answers. Values only; nothing here decides.

They are plain tuples because they are made for every call: a named tuple is built and hashed several times faster than
a frozen dataclass.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from acd.domain.ids import AgentId, QueueId
from acd.domain.plan import Medium
from acd.domain.skills import SkillLevel

Key: TypeAlias = tuple[float | str, ...]
"""Ordered by Python's own comparison of tuples: integers, floats and, last, an id."""
Rank: TypeAlias = Key
"""Lower is better; ends in an id. Its parts are named by ``agent_parts`` and ``contact_parts``."""


class Requirement(NamedTuple):
    """What a contact asks for now. Contacts with equal requirements wait in one line."""

    queue: QueueId
    skills: tuple[SkillLevel, ...]
    """Minimums that must be met."""
    prefers: tuple[SkillLevel, ...] = ()
    """Minimums that make an agent come first, but nobody wait."""
    tier: int | None = None
    """Agents who serve the queue at this level or a lower one; None for all, lower levels first."""
    helpers: tuple[QueueId, ...] = ()
    """Agents of these queues may take it as well, after all of the queue's own."""
    medium: Medium = "voice"
    agent: AgentId | None = None
    """Only this agent, whatever the skills and queues: named by a flow, the caller's last one, or assigned."""


class AgentFacts(NamedTuple):
    """What of an available agent a policy may order by. Times are seconds since the epoch."""

    id: AgentId
    idle_since: float
    contacts: int = 0
    """Contacts talked with."""
    occupancy: float = 0.0
    """Share of the time logged in that went into contacts, 0 to 1, as it stood when the agent became free."""
    last_offer: int = 0
    """A number that grows with every offer anybody gets: the one of this agent's latest, 0 before the first."""
    load: tuple[Medium, ...] = ()
    """The media of the contacts in progress; what more fits beside them is the agent's capacity's to say."""


class Choice(NamedTuple):
    """Who was chosen (an agent's or a contact's id), and by which rank."""

    id: str
    rank: Rank
