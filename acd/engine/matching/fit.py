"""Whether and how well an agent fits a requirement: skills, queues and levels, never who is available.

This is the one definition of "may take": the router's masks are a faster form of it, and a test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from acd.domain.ids import QueueId, SkillId
from acd.domain.plan import AgentPlan, Capacity, Medium
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement

VOICE_ONLY = (Capacity("voice", 1),)
"""The capacity of an agent for whom none is configured."""
HELPERS_FROM = 1000
"""Added to the level of an agent who only helps out from another queue; a queue's own levels are lower."""


class Group(NamedTuple):
    """What makes agents alike for every decision: skills, and queues with the level each is served at."""

    skills: tuple[SkillLevel, ...]
    tiers: tuple[tuple[QueueId, int], ...]
    """Empty: every queue, at level 1."""


class Fit(NamedTuple):
    """How an agent fits a requirement."""

    tier: int
    """Level at which the queue is served; helpers of other queues come from ``HELPERS_FROM`` on."""
    preferred: int
    """How many of the preferred skills there are."""
    proficiency: int
    """Sum of the proficiencies over the required skills."""


def group_of(agent: AgentPlan) -> Group:
    """The group an agent belongs to."""
    tiers = tuple(sorted((queue, agent.tiers.get(queue, 1)) for queue in agent.queues))
    return Group(tuple(sorted(agent.skills, key=lambda s: s.skill)), tiers)


def tier_of(group: Group, need: Requirement) -> int | None:
    """At which level a group serves a contact's queue or helps it out; None when it does neither."""
    if not group.tiers:
        return 1
    tiers = dict(group.tiers)
    own = tiers.get(need.queue)
    if own is not None and (need.tier is None or own <= need.tier):
        return own
    return min((HELPERS_FROM + tiers[queue] for queue in need.helpers if queue in tiers), default=None)


def fit(group: Group, need: Requirement) -> Fit | str:
    """How a group fits, or in words for a person why it does not. ``need.agent`` is not looked at."""
    tier = tier_of(group, need)
    if tier is None:
        return f"serves {need.queue} only at a level not asked yet" if _serves(group, need) else f"not in {need.queue}"
    levels: dict[SkillId, int] = {s.skill: s.level for s in group.skills}
    for wanted in need.skills:
        level = levels.get(wanted.skill, 0)
        if level < wanted.level:
            return f"{wanted.skill} {level}, needs {wanted.level}" if level else f"has no {wanted.skill}"
    preferred = sum(levels.get(liked.skill, 0) >= liked.level for liked in need.prefers)
    return Fit(tier, preferred, sum(levels[wanted.skill] for wanted in need.skills))


def _serves(group: Group, need: Requirement) -> bool:
    return any(queue == need.queue for queue, _ in group.tiers)


def room(capacity: tuple[Capacity, ...], load: Iterable[Medium]) -> tuple[Medium, ...]:
    """Tell for which media one more contact fits beside those in progress."""
    load = tuple(load)
    return tuple(
        c.medium
        for c in capacity or VOICE_ONLY
        if load.count(c.medium) < c.most and all(m == c.medium or m in c.beside for m in load)
    )
