"""The shape of what the files say about matching: policies, relaxation, levels, capacity, reservations.

Decides which keys there are, their types, ranges and defaults; part of ``files`` and, for nodes, of ``way_nodes``. What
refers to what is checked in ``matching_checks``.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from acd.settings.fields import (
    Duration,
    Flag,
    Level,
    Name,
    Number,
    PolicyName,
    PositiveDuration,
    Priority,
    Strict,
    Whole,
)

MediumName = Literal["voice", "whatsapp", "email", "chat"]


class RelaxationSection(Strict):
    """What is asked no longer once a caller has waited so long, whatever the queues waited in."""

    after: PositiveDuration
    """Waited time at which the step is taken."""
    lower: dict[Name, Whole] = Field(default_factory=dict)
    """New, lower minimums of skills; 0 asks for the skill no more."""
    drop_preferred: Flag = False
    """From now on the policy alone decides between agents."""
    tier: Whole | None = Field(default=None, ge=2, le=9)
    """From now on agents who serve the queue at this level, too."""
    helpers: tuple[Name, ...] = ()
    """Queues whose agents may help out, if they have the skills still asked; they are asked last."""


class QueueMatching(Strict):
    """How a queue finds agents and how its callers stand beside those of other queues."""

    policy: PolicyName = "best_proficiency"
    """How one of the available agents is chosen: longest_idle, best_proficiency, least_occupied, fewest_contacts,
    round_robin, fixed_order, weighted_random, fixed_queue_ratio, or ``module:Class`` of your own."""
    prefers: dict[Name, Level] = Field(default_factory=dict)
    """Skills that make an agent come first, though no caller waits for them."""
    tier: Whole | None = Field(default=None, ge=1, le=9)
    """Agents who serve the queue at this level or a lower one are asked at first, higher ones after a step of
    ``relaxation``; without it all are, lower levels first."""
    relaxation: tuple[RelaxationSection, ...] = ()
    """Steps by waited time, the earliest first."""
    weight: Number = Field(default=1.0, gt=0, le=1000)
    """How much a second of waiting counts, for the contact policies weight and generalised_cmu."""
    service_time: PositiveDuration = 180.0
    """Expected conversation and wrap-up, for the contact policy generalised_cmu."""
    share: Whole = Field(default=1, ge=1, le=1000)
    """Share of all who wait, for the contact policy fixed_queue_ratio."""


class ReservationSection(Strict):
    """Keep the last agents of a skill for who needs them most."""

    skill: Name
    level: Level = 1
    keep: Whole = Field(ge=1, le=1000)
    """How many available agents are kept; those above may take any caller."""
    queues: tuple[Name, ...] = ()
    """Queues whose callers may have them."""
    priority: Priority | None = None
    """Callers of this priority and above may have them."""


class CapacitySection(Strict):
    """How many contacts of one medium an agent may have."""

    most: Whole = Field(default=1, ge=1, le=20)
    beside: tuple[MediumName, ...] = ()
    """Media of which contacts may be in progress when one of this medium is added."""


class AgentMatching(Strict):
    """What matching knows of an agent besides skills and queues."""

    tiers: dict[Name, Whole] = Field(default_factory=dict)
    """Level, 1 to 9, at which a queue is served; 1 for queues not named here."""
    capacity: dict[MediumName, CapacitySection] = Field(default_factory=dict)
    """Contacts by medium; one call and nothing else by default."""


class NodeMatching(Strict):
    """What a flow's queue node asks for besides skills."""

    prefers: dict[Name, Level] = Field(default_factory=dict)
    """Skills that make an agent come first, beside the queue's."""
    agent: Name | None = None
    """At first only this agent is asked, whatever the skills."""
    last_agent: PositiveDuration | None = None
    """At first only the agent is asked who talked with this number within this time, if qualified and logged in."""
    agent_wait: Duration = 30.0
    """How long a caller waits for that one agent alone; less if the agent lets the call pass."""
