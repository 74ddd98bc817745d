"""Places of callers who abandoned a queue, remembered for a while in case they call again.

A number is kept only as long as the queue's time for it, and no more than ``MOST`` of them at once. Must not know how a
place is given back; ``redial`` does that.
"""

from __future__ import annotations

from acd.domain.flow import QueueNode
from acd.domain.ids import QueueId
from acd.domain.skills import SkillLevel
from acd.engine import ivr, matching
from acd.engine.callback_state import LeftPlace, key_of
from acd.engine.state import Contact, Waiting
from acd.engine.turn import Turn

MOST = 10_000
"""Places kept at once; the oldest give way."""


def origin(turn: Turn, contact: Contact, waiting: Waiting) -> tuple[QueueId, tuple[SkillLevel, ...]]:
    """The queue and requirement a place began with, whatever it overflowed to or was relaxed to since."""
    node = ivr.node_at(turn.plan, turn.state, waiting.position)
    queue = turn.plan.queues.get(node.queue) if isinstance(node, QueueNode) else None
    if queue is None or not isinstance(node, QueueNode):
        return waiting.queue, waiting.requires
    return queue.id, matching.requirement(turn.plan, queue, node, contact.language)


def remember(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """A caller abandoned the queue: keep the place for a while."""
    queue_id, requires = origin(turn, contact, waiting)
    queue = turn.plan.queues.get(queue_id)
    if queue is None or queue.redial_s <= 0 or not contact.caller:
        return
    places = turn.state.left_places
    key = key_of(queue_id, contact.caller)
    places.pop(key, None)
    places[key] = LeftPlace(waiting.since, requires, contact.id, turn.at + queue.redial_s)
    if len(places) > MOST:
        del places[next(iter(places))]
    if "redial:" not in turn.state.timers:
        turn.start_timer("redial:", queue.redial_s)


def forget(turn: Turn) -> None:
    """Forget the places whose time is over, and look again when the next one's is."""
    places = turn.state.left_places
    for key in [key for key, place in places.items() if place.until <= turn.at]:
        del places[key]
    if places:
        turn.start_timer("redial:", min(place.until for place in places.values()) - turn.at)
