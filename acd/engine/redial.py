"""Redial: a caller who abandoned the queue, or waits to be called back, and calls again takes the old place.

Decides when that is so: same calling number, same queue, same requirement, in time. Must not know how a place is used.
"""

from __future__ import annotations

from acd.domain.copies import replace
from acd.domain.flow import QueueNode
from acd.domain.ids import ContactId, QueueId
from acd.domain.skills import SkillLevel
from acd.engine import callbacks, kpi, left_places, matching, numbers, outbound
from acd.engine.callback_state import key_of
from acd.engine.state import Contact
from acd.engine.turn import Turn


def regain(turn: Turn, contact: Contact, node: QueueNode) -> Contact:
    """Give a caller who is about to enter a queue the place back that the same number had there."""
    queue = turn.plan.queues.get(node.queue)
    if queue is None or not contact.caller or contact.regained is not None or contact.callback is not None:
        return contact
    requires = matching.requirement(turn.plan, queue, node, contact.language)
    return _called_back(turn, contact, queue.id, requires) or _left(turn, contact, queue.id, requires) or contact


def _left(turn: Turn, contact: Contact, queue: QueueId, requires: tuple[SkillLevel, ...]) -> Contact | None:
    key = key_of(queue, contact.caller)
    place = turn.state.left_places.get(key)
    if place is None or place.until <= turn.at or place.requires != requires:
        return None
    del turn.state.left_places[key]
    return _takes_over(turn, contact, place.since, place.contact)


def _called_back(turn: Turn, contact: Contact, queue: QueueId, requires: tuple[SkillLevel, ...]) -> Contact | None:
    """Who calls again need not be called: the promise is taken back, its place goes on with the new call."""
    number = numbers.callable_number(contact.caller, outbound.plan_of(turn).numbers)
    older = turn.state.callbacks.get(key_of(queue, number)) if number is not None else None
    promised = turn.contact(older) if older is not None else None
    place = callbacks.place_of(promised) if promised is not None else None
    if promised is None or place is None or left_places.origin(turn, promised, place)[1] != requires:
        return None
    callbacks.take_back(turn, promised)
    return _takes_over(turn, contact, place.since, promised.id)


def _takes_over(turn: Turn, contact: Contact, since: float, older: ContactId) -> Contact:
    turn.state.figures = kpi.count_regained(turn.state.figures)
    return turn.put(replace(contact, regained=since, follows=older))
