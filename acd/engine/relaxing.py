"""Relaxation: what a waiting contact asks for becomes less as time goes by; and the end of waiting for one agent.

Steps go by the time waited since the first queue, so that an overflow takes none of it away. Each step changes what the
step before left. Knows waiting contacts and timers; who then takes the contact is the matcher's business.
"""

from __future__ import annotations

from acd.domain.copies import replace
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
    relaxed, next_s = due(waiting, queue, turn.at, at_least)
    if next_s is not None:
        turn.start_timer(f"relax:{contact.id}", next_s)
    return turn.to_phase(contact, relaxed) if relaxed is not waiting else contact


def due(waiting: Waiting, queue: QueuePlan, at: float, at_least: int = 0) -> tuple[Waiting, float | None]:
    """Take the steps that are due, ``at_least`` so many; and tell in how many seconds the next one is, if there is."""
    waited = at - waiting.since
    ahead = queue.relaxation[waiting.step :]
    numbers = [number for number, one in enumerate(ahead, 1) if number <= at_least or one.after_s <= waited]
    taken = numbers[-1] if numbers else 0
    relaxed = waiting
    for one in ahead[:taken]:
        relaxed = relax(relaxed, one)
    if taken:
        relaxed = replace(relaxed, step=waiting.step + taken)
    return relaxed, ahead[taken].after_s - waited if taken < len(ahead) else None


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
