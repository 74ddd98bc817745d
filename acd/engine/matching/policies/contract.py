"""The contract of a policy: what a class must offer to be named in ``queues.yaml``, ours or an operator's own.

An operator's module is named ``my_module:MyPolicy``; the class is made once, without arguments. A policy must be pure:
the same facts give the same answer, on every machine and in every replay. No clock, no chance, nothing kept between two
calls. What it gives back are tuples of integers and floats, compared by Python; lower is better.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeGuard, runtime_checkable

from acd.domain.plan import QueuePlan
from acd.engine.matching.facts import AgentFacts, Key
from acd.engine.matching.fit import Fit


@runtime_checkable
class AgentPolicy(Protocol):
    """Which of the available agents who may take a contact gets it; named by queue (``policy``).

    Agents come in groups of equal skills and queues. A decision compares groups by level, then the first agents of the
    groups at the best level by order, then ids. Agents who let this contact pass come after all others; then come the
    lower tier and more preferred skills; only then speaks the policy.
    """

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the numbers in ``level`` and ``order``, in that order, for the explanation of a decision."""

    def level(self, fit: Fit) -> Key:
        """Rank a group for a requirement, always with equally many numbers. Asked once for each pair."""

    def order(self, agent: AgentFacts, position: int) -> Key:
        """Rank an agent within the group; the first must be a number. Asked when the agent's facts change.

        ``position`` is the agent's in ``agents.yaml``, from 0. What changes while an agent is free must not count here.
        """


class Pool(NamedTuple):
    """A group as a decision finds it."""

    idle: int
    """Agents available."""
    size: int
    """Agents there are."""


class PoolPolicy(AgentPolicy, Protocol):
    """An agent policy that weighs the groups of one level anew at each decision. Costs O(groups with somebody free)."""

    def weigh(self, pool: Pool, all_pools: Pool) -> Key:
        """Rank a group beside the sum of all groups at this level; stands between ``level`` and ``order``."""


class DrawPolicy(AgentPolicy, Protocol):
    """An agent policy that draws lots among the agents of one level, the same ones for the same contact and offer."""

    def tickets(self, fit: Fit) -> int:
        """How many lots each agent of a group has, at least 1."""


def weighs(policy: AgentPolicy) -> TypeGuard[PoolPolicy]:
    """Whether a policy weighs groups: to look the whole protocol over would take longer than to rank an agent."""
    return hasattr(policy, "weigh")


def draws(policy: AgentPolicy) -> TypeGuard[DrawPolicy]:
    """Whether a policy draws lots."""
    return hasattr(policy, "tickets")


class Head(NamedTuple):
    """The contact who is next among those with equal requirements."""

    priority: int
    since: float
    queue: QueuePlan
    fit: Fit
    """How the agent fits."""
    waiting: int
    """Contacts who wait in this queue."""


class Crowd(NamedTuple):
    """The queues in which somebody waits whom the agent could take."""

    waiting: int
    """Contacts who wait in them."""
    share: int
    """Sum of their configured shares."""


@runtime_checkable
class ContactPolicy(Protocol):
    """Which waiting contact an agent takes who came free; one for the deployment (``contact_policy``).

    Priority always comes first, and among contacts of equal requirements and priority who came first. A policy only
    says what counts between them: the rank is (-priority, the policy's numbers, waiting since, id).
    """

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the numbers in ``weigh``, for the explanation of a decision."""

    @property
    def plain(self) -> bool:
        """Whether ``weigh`` gives nothing; heads are then compared without asking. Otherwise O(lines with somebody)."""

    def weigh(self, head: Head, crowd: Crowd, now: float) -> Key:
        """Rank a head at a moment, always with equally many numbers."""


class Policies(NamedTuple):
    """Every policy by the name it has in the configuration."""

    agent: dict[str, AgentPolicy]
    contact: dict[str, ContactPolicy]
