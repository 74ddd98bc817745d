"""Relaxation: what a waiting contact asks for becomes less as time goes by; and the end of waiting for one agent.

Steps go by the time waited since the first queue, so that an overflow takes none of it away. Each step changes what the
step before left. Knows waiting contacts and timers; who then takes the contact is the matcher's business.
"""

from __future__ import annotations

from dataclasses import replace

from acd.domain.plan import QueuePlan, RelaxationStep
from acd.engine.matching.facts import Requirement
from acd.engine.matching.requirement import relaxed
from acd.engine.state import Contact, Waiting
from acd.engine.turn import Turn


def begin(turn: Turn, contact: Contact, waiting: Waiting, queue: QueuePlan) -> Contact:
    """Take the steps already due in the queue a contact came into, and wait for the next."""
    turn.cancel_timer(f"relax:{contact.id}")
    if waiting.named_until is not None:
        turn.start_timer(f"named:{contact.id}", waiting.named_until - turn.at)
    else:
        turn.cancel_timer(f"named:{contact.id}")
    if not queue.relaxation:
        return contact
    return _relax(turn, contact, waiting, queue, 0)


def step(turn: Turn, contact: Contact, waiting: Waiting) -> Contact:
    """Take the next step: its time has come."""
    queue = turn.plan.queues.get(waiting.queue)
    if queue is None:
        return contact
    return _relax(turn, contact, waiting, queue, 1)


def _relax(turn: Turn, contact: Contact, waiting: Waiting, queue: QueuePlan, at_least: int) -> Contact:
    waited = turn.at - waiting.since
    ahead = queue.relaxation[waiting.step :]
    due = [number for number, one in enumerate(ahead, 1) if number <= at_least or one.after_s <= waited]
    taken = due[-1] if due else 0
    relaxed = waiting
    for one in ahead[:taken]:
        relaxed = relax(relaxed, one)
    if taken < len(ahead):
        turn.start_timer(f"relax:{contact.id}", ahead[taken].after_s - waited)
    return turn.to_phase(contact, replace(relaxed, step=waiting.step + taken)) if taken else contact


def relax(waiting: Waiting, one: RelaxationStep) -> Waiting:
    """What a contact asks for after a step."""
    need = Requirement(waiting.queue, waiting.requires, waiting.prefers, waiting.tier, waiting.helpers)
    less = relaxed(need, one)
    return replace(waiting, requires=less.skills, prefers=less.prefers, tier=less.tier, helpers=less.helpers)


def widen(turn: Turn, contact: Contact, waiting: Waiting) -> Contact:
    """Ask everybody: the one agent was waited for long enough."""
    return turn.to_phase(contact, replace(waiting, named=None, named_until=None))


def end(turn: Turn, contact: Contact) -> None:
    """The contact waits no longer."""
    turn.cancel_timer(f"relax:{contact.id}")
    turn.cancel_timer(f"named:{contact.id}")
