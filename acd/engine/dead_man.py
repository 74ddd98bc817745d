"""Who would be left alone if the engine died now, and in which order they should leave for Asterisk's own queue.

Decides from the state alone. Must not know what keeps a caller from being left alone: that is the runtime's.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.ids import ContactId, LegId, QueueId
from acd.engine import matching
from acd.engine.state import Contact, EngineState, InIvr, Promised, Talking, Waiting


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a queue. ``since`` is when waiting began, seconds since the epoch; a higher priority comes first."""

    queue: QueueId
    since: float
    priority: int


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller on the line. ``place`` is None for one who does not wait in a queue."""

    contact: ContactId
    leg: LegId
    place: Place | None = None
    talking: bool = False


def caller(contact: Contact) -> Caller | None:
    """Give the caller of a contact; None without one who could leave: away, called by us, or on the way out."""
    if contact.away or contact.line is not None:
        return None
    match contact.phase:
        case Waiting(queue=queue, since=since, priority=priority):
            return Caller(contact.id, contact.leg, Place(queue, since, priority))
        case Talking():
            return Caller(contact.id, contact.leg, talking=True)
        case InIvr() | Promised(outside_since=None):
            return Caller(contact.id, contact.leg)
        case _:
            return None


def callers(state: EngineState) -> list[Caller]:
    """Give all of them: who waits first, in the order of service, then the others in the order they came."""
    line: list[tuple[tuple[float | str, ...], Caller]] = []
    others: list[tuple[float, ContactId, Caller]] = []
    for contact in state.contacts.values():
        found = caller(contact)
        if found is None:
            continue
        if isinstance(contact.phase, Waiting):
            line.append((matching.contact_rank(contact, contact.phase), found))
        else:
            others.append((contact.arrived_at, contact.id, found))
    line.sort(key=lambda entry: entry[0])
    others.sort(key=lambda entry: entry[:2])
    return [*(one for _, one in line), *(one for *_, one in others)]
