"""The agent policies: which free agent gets a contact. Each is a few lines; the contract says what they may look at."""

from __future__ import annotations

from typing import ClassVar

from acd.engine.matching.facts import AgentFacts, Key
from acd.engine.matching.fit import Fit
from acd.engine.matching.policies.contract import Pool


class LongestIdle:
    """Who has been free longest. Fair, and blind to how well anybody knows the matter."""

    parts: ClassVar[tuple[str, ...]] = ("idle_since",)

    def level(self, fit: Fit) -> Key:  # noqa: ARG002 - the contract's
        """All groups alike."""
        return ()

    def order(self, agent: AgentFacts, position: int) -> Key:  # noqa: ARG002 - the contract's
        """By the moment the agent became free."""
        return (agent.idle_since,)


class BestProficiency(LongestIdle):
    """Highest sum of proficiencies over the required skills, then who has been free longest. The default."""

    parts: ClassVar[tuple[str, ...]] = ("proficiency", "idle_since")

    def level(self, fit: Fit) -> Key:
        """By how well the group knows what is asked."""
        return (-fit.proficiency,)


class LeastOccupied(LongestIdle):
    """Smallest share of the logged-in time spent on contacts, as it stood when the agent became free.

    The share of a free agent shrinks with every second, at a speed of its own; taken at one moment it orders agents
    once, which keeps a decision at O(1) and the reason of a choice readable.
    """

    parts: ClassVar[tuple[str, ...]] = ("occupancy", "idle_since")

    def order(self, agent: AgentFacts, position: int) -> Key:  # noqa: ARG002 - the contract's
        """By occupancy, then by the moment the agent became free."""
        return (agent.occupancy, agent.idle_since)


class FewestContacts(LongestIdle):
    """Fewest contacts so far, then who has been free longest."""

    parts: ClassVar[tuple[str, ...]] = ("contacts", "idle_since")

    def order(self, agent: AgentFacts, position: int) -> Key:  # noqa: ARG002 - the contract's
        """By contacts taken."""
        return (agent.contacts, agent.idle_since)


class RoundRobin(LongestIdle):
    """Whose latest offer is longest ago, taken up or not; who never had one first, in the order of ``agents.yaml``."""

    parts: ClassVar[tuple[str, ...]] = ("last_offer", "position")

    def order(self, agent: AgentFacts, position: int) -> Key:
        """By the number of the latest offer."""
        return (agent.last_offer, position)


class FixedOrder(LongestIdle):
    """The order of ``agents.yaml``: always the first who is free."""

    parts: ClassVar[tuple[str, ...]] = ("position",)

    def order(self, agent: AgentFacts, position: int) -> Key:  # noqa: ARG002 - the contract's
        """By the place in the file."""
        return (position,)


class WeightedRandom(LongestIdle):
    """By lot, each agent with as many lots as the sum of proficiencies over the required skills (at least one).

    The lot is a hash of contact and offer number, so that a replay draws the same one.
    """

    parts: ClassVar[tuple[str, ...]] = ("lot",)

    def order(self, agent: AgentFacts, position: int) -> Key:  # noqa: ARG002 - the contract's
        """All agents alike."""
        return (0,)

    def tickets(self, fit: Fit) -> int:
        """By how well the group knows what is asked."""
        return max(1, fit.proficiency)


class FixedQueueRatio(LongestIdle):
    """The group with most agents idle beyond its share of all idle agents; then who has been free longest.

    The idleness half of the queue-and-idleness-ratio rule of Gurvich and Whitt, "Queue-and-idleness-ratio controls in
    many-server service systems", Mathematics of Operations Research 34 (2009): argmax of I(j) - v(j) I. The target
    shares v(j) are the groups' sizes, which spreads idle time evenly over persons. Counted in whole numbers.
    """

    parts: ClassVar[tuple[str, ...]] = ("idle_beyond_share", "idle_since")

    def weigh(self, pool: Pool, all_pools: Pool) -> Key:
        """Minus I(j) N - N(j) I: the imbalance times the number of agents N."""
        return (pool.size * all_pools.idle - pool.idle * all_pools.size,)
