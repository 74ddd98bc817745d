"""What is kept of how a contact was served: each offer with everybody who was passed over, and the contact's way.

Made after the fact, for people: nothing here is ever read to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.ids import AgentId, ContactId, FlowId, Language, NodeId, QueueId, SkillId
from acd.domain.skills import SkillLevel

Reason: TypeAlias = Literal[
    "named_other",
    "no_capacity",
    "other_queues",
    "tier",
    "lacks_skill",
    "not_logged_in",
    "paused",
    "phone_unreachable",
    "phone_busy",
    "in_call",
    "wrap_up",
    "offered_other",
    "rings_already",
    "resting",
    "hanging_up",
    "leaving",
    "reserved",
]
"""Why an agent was not asked. ``named_other``: another agent is waited for alone; ``no_capacity``: takes no contacts of
this medium; ``tier``: serves the queue at a level not asked yet; ``rings_already``: for this very contact, whose queue
rings several; ``reserved``: among the last ones, kept for other queues or higher priorities. The reasons are looked for
in this order: who could not take the contact anyway is not asked what else stood in the way."""

AheadReason: TypeAlias = Literal[
    "cut_off",
    "named_other",
    "no_capacity",
    "other_queues",
    "tier",
    "lacks_skill",
    "being_offered",
    "reserved",
    "not_next",
]
"""Why a contact that was ahead in the line was not the one the agent got. ``cut_off``: its Asterisk, one of several,
was out of reach, so it kept its place and could not be connected; ``not_next``: the agent could have had it, but the
rule by which agents get contacts put it later."""

Trigger: TypeAlias = Literal["arrived", "offer_ended", "changed", "agent_free", "resync", "reload"]
"""What made the engine look: the contact came to the queue, the offer before came to nothing, the contact's queue,
requirement or priority changed, the agent became available, Asterisk came back, the configuration changed."""

Outcome: TypeAlias = Literal["accepted", "timed_out", "rejected", "failed", "rescinded"]

RankValue: TypeAlias = int | float | str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent who could have had the contact; ``rank`` is compared from its first component on, the lowest wins."""

    agent: AgentId
    rank: tuple[RankValue, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """Agents who could not have the contact, all for the same reason. ``agents`` may be fewer than ``count``."""

    reason: Reason
    count: int
    agents: tuple[AgentId, ...]
    detail: str = ""
    """The pause's reason, or the agent who is waited for alone."""
    skill: SkillId | None = None
    has: int = 0
    """Level of the skill, or at which the queue is served."""
    needs: int = 0
    later_s: float | None = None
    """Waited time from which on they would have done, by the queue's relaxation."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Contacts of one queue that came before in the chosen agent's line and that this agent could not take."""

    reason: AheadReason
    count: int
    queue: QueueId
    oldest: float
    """When the one that waited longest began to wait."""
    contacts: tuple[ContactId, ...]
    """The first few."""
    skill: SkillId | None = None
    has: int = 0
    needs: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """One offer and how it came about. Identified by contact and ``offer``, which counts from 1."""

    contact_id: ContactId
    offer: int
    at: float
    """The engine's clock, seconds since the epoch."""
    plan_version: str
    trigger: Trigger
    agent: AgentId
    """Who was rung."""
    queue: QueueId
    requires: tuple[SkillLevel, ...]
    prefers: tuple[SkillLevel, ...]
    tier: int | None
    """Highest level of agents asked; None for all."""
    helpers: tuple[QueueId, ...]
    """Queues whose agents may help out."""
    named: AgentId | None
    """The one agent waited for."""
    priority: int
    waiting_since: float
    policy: str
    """The rule by which candidates were ranked: the queue's, or ``named`` where one agent was waited for alone."""
    contact_policy: str
    """The rule by which an agent who becomes free gets one of those who wait."""
    rank_names: tuple[str, ...]
    """What each component of a rank is."""
    candidates: tuple[Candidate, ...]
    """Best first, so the first is ``agent``; at most 50."""
    candidates_count: int
    """All who could have had it."""
    passed: tuple[Passed, ...]
    ahead: tuple[Ahead, ...]
    ahead_count: int
    """Contacts that came before in the line; 0 when this one was first."""
    behind_count: int
    """Contacts that came after in the line."""

    @property
    def best(self) -> AgentId | None:
        """Who comes first by this account, which is made independently of the choice."""
        return self.candidates[0].agent if self.candidates else None


# ---------------------------------------------------------------- a contact's way


@dataclass(frozen=True, slots=True)
class AtNode:
    """The flow led the contact to a node and waits there for speech or keys; ``key`` was pressed just before."""

    at: float
    flow: FlowId
    node: NodeId
    key: str = ""
    kind: Literal["at_node"] = "at_node"


@dataclass(frozen=True, slots=True)
class Spoke:
    """The contact's language became known."""

    at: float
    language: Language
    kind: Literal["spoke"] = "spoke"


@dataclass(frozen=True, slots=True)
class InLine:
    """The contact waits in a queue, or waits otherwise than before; ``key`` was pressed just before."""

    at: float
    queue: QueueId
    requires: tuple[SkillLevel, ...]
    priority: int
    prefers: tuple[SkillLevel, ...] = ()
    tier: int | None = None
    helpers: tuple[QueueId, ...] = ()
    named: AgentId | None = None
    key: str = ""
    by: str = ""
    """The supervisor who ordered it, by the name of the token."""
    kind: Literal["in_line"] = "in_line"


@dataclass(frozen=True, slots=True)
class OfferMade:
    """An agent's phone begins to ring."""

    at: float
    offer: int
    agent: AgentId
    kind: Literal["offer_made"] = "offer_made"


@dataclass(frozen=True, slots=True)
class OfferOver:
    """An offer ended."""

    at: float
    offer: int
    agent: AgentId
    outcome: Outcome
    kind: Literal["offer_over"] = "offer_over"


@dataclass(frozen=True, slots=True)
class SentAway:
    """We hung up, or handed the caller to the dialplan; the agent or the flow was done."""

    at: float
    kind: Literal["sent_away"] = "sent_away"


Step: TypeAlias = AtNode | Spoke | InLine | OfferMade | OfferOver | SentAway


@dataclass(frozen=True, slots=True)
class Story:
    """A contact's way from arrival to end, in order; what is missing at its end stands in the call record."""

    contact_id: ContactId
    steps: tuple[Step, ...]
