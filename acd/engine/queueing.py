"""The queue desk: waiting and connecting; ``offers`` rings the phones.

Knows contacts and agents, never how a flow came to a queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from acd.domain.commands import (
    AddToBridge,
    Answer,
    StartRecording,
)
from acd.domain.ids import (
    AgentId,
    Language,
    LegId,
    PromptKey,
    QueueId,
    RecordingName,
)
from acd.domain.plan import QueueNode, QueuePlan
from acd.engine import agent as agents
from acd.engine import familiar, matching, offers, relaxing, treatment
from acd.engine.offers import NO_QUEUE
from acd.engine.state import Agent, Contact, Offer, Offered, Position, RecordingWork, Talking, Waiting
from acd.engine.turn import Turn


def queue_plan(turn: Turn, contact: Contact) -> QueuePlan:
    """The contact's current queue."""
    return turn.plan.queues.get(contact.queue or NO_QUEUE.id, NO_QUEUE)


def waiting_in(turn: Turn, queue: str) -> int:
    """How many wait in a queue, on the line."""
    state = turn.state
    promised = (state.contacts[contact] for contact in state.callbacks.values())
    away = sum(1 for c in promised if c.away and isinstance(c.phase, Waiting) and c.phase.queue == queue)
    return turn.matcher.length(QueueId(queue)) - away


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a contact may wait after some overflows, and what is spoken because of them."""

    queue: QueuePlan
    language: Language | None
    """The language whose skill is still asked for."""
    overflows: int
    prompt: PromptKey | None


def _overflow(turn: Turn, place: _Place) -> _Place | None:
    queue = place.queue
    following = turn.plan.queues.get(queue.overflow_queue) if queue.overflow_queue is not None else None
    if following is None or place.overflows >= len(turn.plan.queues):
        return None
    language = None if queue.overflow_drops_language else place.language
    return _Place(following, language, place.overflows + 1, queue.overflow_prompt or place.prompt)


def _with_room(turn: Turn, place: _Place | None) -> _Place | None:
    while place is not None:
        queue = place.queue
        if queue.max_length is None or waiting_in(turn, queue.id) < queue.max_length:
            return place
        place = _overflow(turn, place)
    return None


def enqueue(turn: Turn, contact: Contact, node: QueueNode, position: Position) -> bool:
    """Put a contact into the node's queue. False when there is no room for it there or in its overflow queues."""
    first = turn.plan.queues.get(node.queue)
    place = _with_room(turn, _Place(first, contact.language, 0, None)) if first is not None else None
    if first is None or place is None:
        return False
    queue, asking = place.queue, None if place.overflows else node
    priority = first.priority if node.priority is None else node.priority
    waiting = Waiting(
        since=turn.at if contact.regained is None else contact.regained,
        queue=queue.id,
        requires=matching.requirement(turn.plan, queue, asking, place.language),
        priority=max(priority, queue.priority) if place.overflows else priority,
        position=position,
        overflows=place.overflows,
        prefers=matching.preferences(queue, asking),
        tier=queue.tier,
    )
    if asking is not None:
        waiting = familiar.wish(turn, contact, asking, waiting)
    waiting, announcement = treatment.spoken(contact, waiting, _keys(place.prompt))
    queued_at = turn.at if contact.queued_at is None else contact.queued_at
    contact = turn.put(replace(contact, phase=waiting, queue=queue.id, queued_at=queued_at, last_node=node.id))
    # The agent's phone first: what the caller hears meanwhile must not delay the connection.
    _settle(turn, contact, waiting, queue)
    if announcement is None:
        treatment.comfort(turn, turn.state.contacts[contact.id])
    else:
        treatment.announce(turn, contact, announcement)
    if contact.answered_at is not None:
        treatment.begin(turn, contact, waiting)
    return True


def _keys(prompt: PromptKey | None) -> tuple[PromptKey, ...]:
    return () if prompt is None else (prompt,)


def _settle(turn: Turn, contact: Contact, waiting: Waiting, queue: QueuePlan) -> None:
    longest = queue.max_wait_by_language.get(contact.language or treatment.NO_LANGUAGE, queue.max_wait_s)
    if longest is not None:
        turn.start_timer(f"wait:{contact.id}", longest)
    offers.offer_contact(turn, relaxing.begin(turn, contact, waiting, queue))


def move(turn: Turn, contact: Contact, waiting: Waiting) -> bool:
    """Overflow to a queue with room, place and waited time kept. False when there is none."""
    here = _Place(
        turn.plan.queues.get(waiting.queue, NO_QUEUE), _asked(turn, contact, waiting), waiting.overflows, None
    )
    place = _with_room(turn, _overflow(turn, here))
    if place is None:
        return False
    _put(turn, contact, waiting, place)
    return True


def place_in(turn: Turn, contact: Contact, waiting: Waiting, queue: QueuePlan) -> None:
    """Let a contact wait in another queue, whatever its limits, place and waited time kept."""
    _put(turn, contact, waiting, _Place(queue, _asked(turn, contact, waiting), waiting.overflows, None))


def _asked(turn: Turn, contact: Contact, waiting: Waiting) -> Language | None:
    """The language an agent must still speak; an overflow may have dropped it."""
    spoken = turn.plan.language_skills.get(contact.language) if contact.language is not None else None
    return contact.language if any(need.skill == spoken for need in waiting.requires) else None


def _put(turn: Turn, contact: Contact, waiting: Waiting, place: _Place) -> None:
    moved = replace(
        waiting,
        queue=place.queue.id,
        requires=matching.requirement(turn.plan, place.queue, None, place.language),
        priority=max(waiting.priority, place.queue.priority),
        overflows=place.overflows,
        told=treatment.afresh(waiting.told),
        prefers=matching.preferences(place.queue, None),
        tier=place.queue.tier,
        helpers=(),
        named=None,
        named_until=None,
        assigned=False,
        step=0,
    )
    prompts = _keys(place.prompt if contact.asking is None else None)
    moved, announcement = treatment.spoken(contact, moved, prompts)
    contact = turn.put(replace(contact, phase=moved, queue=place.queue.id))
    turn.cancel_timer(f"wait:{contact.id}")
    _settle(turn, contact, moved, place.queue)
    if announcement is not None:
        treatment.quiet(turn, contact, waiting)
        treatment.announce(turn, contact, announcement)
    treatment.begin(turn, contact, moved)


# ---------------------------------------------------------------- connecting


def accept(turn: Turn, contact: Contact, waiting: Waiting, offer: Offer) -> None:
    """The agent answered: join both, then record."""
    for timer in ("wait", "tone", "relax", "named"):
        turn.cancel_timer(f"{timer}:{contact.id}")
    if contact.answered_at is None:
        turn.do(Answer(contact.id, contact.leg))
    treatment.quiet(turn, contact, waiting)
    join(turn, contact, offer.agent, offer.leg)
    offers.taken(turn, contact, waiting, offer)


def join(turn: Turn, contact: Contact, agent_id: AgentId, leg: LegId) -> None:
    """Let both parties talk, and record them."""
    turn.do(AddToBridge(contact.id, contact.bridge, (contact.leg, leg)))
    for timer in ("tell", "play"):
        turn.cancel_timer(f"{timer}:{contact.id}")
    recording = None
    if queue_plan(turn, contact).record:
        recording = RecordingName(f"{turn.plan.recording_prefix}{contact.id}")
        turn.do(StartRecording(contact.id, contact.bridge, recording))
        turn.state.recordings[recording] = RecordingWork(contact.id, agent_id, turn.at)
    turn.change_agent(agent_id, lambda agent: agents.connected(agent, turn.at))
    turn.put(
        replace(
            contact,
            phase=Talking(turn.at, agent_id, leg),
            answered_at=contact.answered_at or turn.at,
            connected_at=turn.at,
            agent=agent_id,
            recording=recording,
            asking=None,
        )
    )


def changed(turn: Turn, agent_id: AgentId, change: Callable[[Agent], Agent] = lambda agent: agent) -> Agent | None:
    """Change an agent and use what that makes possible; an agent no longer in the plan goes when free."""
    agent = turn.change_agent(agent_id, change)
    if agent is None:
        return None
    if agent.leaving and agent.leg is None and not isinstance(agent.work, Offered) and agent_id not in turn.plan.agents:
        turn.drop_agent(agent_id)
        return None
    offers.offer_agent(turn, agent_id)
    return turn.state.agents.get(agent_id)
