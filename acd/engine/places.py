"""Places to wait: the queue a contact comes into, and the one it overflows to.

Decides which queue has room, and what a contact asks for in it. Works on the plan and on queues' lengths alone, so that
the live desk and the simulator decide the same. Must not know agents, channels, timers or what a caller hears.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from acd.domain.copies import replace
from acd.domain.flow import QueueNode
from acd.domain.ids import Language, PromptKey, QueueId
from acd.domain.limits import ToQueue
from acd.domain.plan import Plan, QueuePlan
from acd.engine import matching
from acd.engine.state import Position, Waiting

Length: TypeAlias = Callable[[QueueId], int]
"""How many wait in a queue."""
_GONE = QueuePlan(id=QueueId(""), name="", requires=())
"""Stands in for a queue that a reload took away while somebody waited in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contact may wait after some overflows, and what is spoken because of them."""

    queue: QueuePlan
    language: Language | None
    """The language whose skill is still asked for."""
    overflows: int = 0
    prompt: PromptKey | None = None


def _following(plan: Plan, place: Place) -> Place | None:
    queue = place.queue
    following = plan.queues.get(queue.overflow_queue) if queue.overflow_queue is not None else None
    if following is None or place.overflows >= len(plan.queues):
        return None
    language = None if queue.overflow_drops_language else place.language
    return Place(following, language, place.overflows + 1, queue.overflow_prompt or place.prompt)


def _with_room(plan: Plan, place: Place | None, length: Length) -> Place | None:
    while place is not None:
        queue = place.queue
        if queue.max_length is None or length(queue.id) < queue.max_length:
            return place
        place = _following(plan, place)
    return None


def _chosen(queue: QueuePlan, language: Language | None, overflows: int, to: ToQueue | None) -> Place:
    """The place somebody chose, or a limit leads ``to``."""
    if to is None:
        return Place(queue, language, overflows)
    return Place(queue, None if to.drops_language else language, overflows + 1, to.prompt)


def enter(
    plan: Plan,
    node: QueueNode,
    language: Language | None,
    at: float,
    position: Position,
    length: Length,
    to: ToQueue | None = None,
) -> tuple[Waiting, Place] | None:
    """Find a place for a contact a flow's node, or a limit of that node's queue, sends to a queue.

    None when there is no room there or further on.
    """
    first = plan.queues.get(node.queue if to is None else to.queue)
    place = _with_room(plan, _chosen(first, language, 0, to), length) if first is not None else None
    if first is None or place is None:
        return None
    queue, asking = place.queue, None if place.overflows else node
    priority = first.priority if node.priority is None else node.priority
    requires = matching.requirement(plan, queue, asking, place.language)
    waiting = Waiting(
        since=at,
        queue=queue.id,
        requires=requires,
        asked=requires,
        priority=max(priority, queue.priority) if place.overflows else priority,
        position=position,
        overflows=place.overflows,
        prefers=matching.preferences(queue, asking),
        tier=queue.tier,
    )
    return waiting, place


def onward(plan: Plan, language: Language | None, waiting: Waiting, length: Length) -> tuple[Waiting, Place] | None:
    """Find the place a contact overflows to, its waited time kept; None when there is none with room."""
    here = Place(plan.queues.get(waiting.queue, _GONE), _asked(plan, language, waiting), waiting.overflows)
    place = _with_room(plan, _following(plan, here), length)
    return None if place is None else (_moved(plan, waiting, place), place)


def into(
    plan: Plan, language: Language | None, waiting: Waiting, queue: QueuePlan, to: ToQueue | None = None
) -> tuple[Waiting, Place]:
    """Find the place of a contact in a queue somebody chose, whatever the queue's limits, its waited time kept."""
    place = _chosen(queue, _asked(plan, language, waiting), waiting.overflows, to)
    return _moved(plan, waiting, place), place


def _asked(plan: Plan, language: Language | None, waiting: Waiting) -> Language | None:
    """The language an agent must still speak; an overflow may have dropped it."""
    spoken = plan.language_skills.get(language) if language is not None else None
    return language if any(need.skill == spoken for need in waiting.requires) else None


def _moved(plan: Plan, waiting: Waiting, place: Place) -> Waiting:
    requires = matching.requirement(plan, place.queue, None, place.language)
    return replace(
        waiting,
        queue=place.queue.id,
        requires=requires,
        asked=requires,
        priority=max(waiting.priority, place.queue.priority),
        overflows=place.overflows,
        prefers=matching.preferences(place.queue, None),
        tier=place.queue.tier,
        helpers=(),
        named=None,
        named_until=None,
        assigned=False,
        step=0,
    )


def longest_wait(queue: QueuePlan, language: Language | None) -> float | None:
    """Seconds a caller of a language may wait in a queue; None for ever."""
    return queue.max_wait_s if language is None else queue.max_wait_by_language.get(language, queue.max_wait_s)
