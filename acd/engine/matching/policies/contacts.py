"""The contact policies: which waiting contact a free agent takes. Priority comes before any of them."""

from __future__ import annotations

from typing import ClassVar

from acd.engine.matching.facts import Key
from acd.engine.matching.policies.contract import Crowd, Head


class LongestWait:
    """Who has waited longest, across queues. The default."""

    parts: ClassVar[tuple[str, ...]] = ()
    plain: ClassVar[bool] = True

    def weigh(self, head: Head, crowd: Crowd, now: float) -> Key:  # noqa: ARG002 - the contract's
        """Nothing beside the waiting time."""
        return ()


class Weight:
    """Queue weight with ageing: the waited time counts ``weight`` times. Weight 2 waits half as long as weight 1."""

    parts: ClassVar[tuple[str, ...]] = ("weighted_wait",)
    plain: ClassVar[bool] = False

    def weigh(self, head: Head, crowd: Crowd, now: float) -> Key:  # noqa: ARG002 - the contract's
        """Minus weight times waited."""
        return (-head.queue.weight * (now - head.since),)


class BestSkillFirst:
    """The contact for whom the agent is best, by the sum of proficiencies over the required skills."""

    parts: ClassVar[tuple[str, ...]] = ("proficiency",)
    plain: ClassVar[bool] = False

    def weigh(self, head: Head, crowd: Crowd, now: float) -> Key:  # noqa: ARG002 - the contract's
        """By proficiency."""
        return (-head.fit.proficiency,)


class GeneralisedCMu:
    """Largest marginal cost of waiting times service rate: C'(w) µ with the cost C(w) = ``weight`` w²/2.

    The generalised c-µ rule of Mandelbaum and Stolyar, "Scheduling flexible servers with convex delay costs",
    Operations Research 52 (2004); w is the head's waited time, 1/µ the queue's ``service_time``.
    """

    parts: ClassVar[tuple[str, ...]] = ("cost_rate",)
    plain: ClassVar[bool] = False

    def weigh(self, head: Head, crowd: Crowd, now: float) -> Key:  # noqa: ARG002 - the contract's
        """Minus weight times waited divided by the mean service time."""
        return (-head.queue.weight * (now - head.since) / head.queue.service_time_s,)


class FixedQueueRatio:
    """The queue longest beyond its ``share`` of all who wait for this agent: argmax of Q(i) - p(i) Q.

    Gurvich and Whitt, "Service-level differentiation in many-server service systems via queue-ratio routing",
    Operations Research 58 (2010). Counted in whole numbers.
    """

    parts: ClassVar[tuple[str, ...]] = ("length_beyond_share",)
    plain: ClassVar[bool] = False

    def weigh(self, head: Head, crowd: Crowd, now: float) -> Key:  # noqa: ARG002 - the contract's
        """Minus the imbalance times the sum of the shares."""
        return (head.queue.share * crowd.waiting - head.waiting * crowd.share,)
