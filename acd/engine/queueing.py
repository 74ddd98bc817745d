"""The queue desk: waiting and connecting; ``offers`` rings the phones.

Knows contacts and agents, never how a flow came to a queue.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from acd.domain.commands import (
    AddToBridge,
    Answer,
    Play,
    Ring,
    StartMusic,
    StartRecording,
    StopMusic,
    StopPlay,
)
from acd.domain.ids import AgentId, Language, PlaybackId, PromptKey, RecordingName
from acd.domain.plan import QueueNode, QueuePlan
from acd.engine import agent as agents
from acd.engine import matching, offers
from acd.engine.offers import NO_QUEUE
from acd.engine.state import Agent, Contact, Offer, Offered, Position, RecordingWork, Talking, Waiting
from acd.engine.turn import Turn

TONE_S = 0.2
"""How long a caller who is not answered and whose agent's phone rings waits for the ringing tone."""
NO_LANGUAGE = Language("")
"""Never spoken: a flow's start chooses a language before any prompt."""


def queue_plan(turn: Turn, contact: Contact) -> QueuePlan:
    """The contact's current queue."""
    return turn.plan.queues.get(contact.queue or NO_QUEUE.id, NO_QUEUE)


def waiting_in(turn: Turn, queue: str) -> int:
    """How many wait in a queue."""
    return sum(1 for c in turn.state.contacts.values() if isinstance(c.phase, Waiting) and c.phase.queue == queue)


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
    queue = place.queue
    priority = first.priority if node.priority is None else node.priority
    waiting = Waiting(
        since=turn.at,
        queue=queue.id,
        requires=matching.requirement(turn.plan, queue, None if place.overflows else node, place.language),
        priority=max(priority, queue.priority) if place.overflows else priority,
        position=position,
        overflows=place.overflows,
    )
    waiting, announcement = _to_be_told(contact, waiting, place.prompt)
    queued_at = turn.at if contact.queued_at is None else contact.queued_at
    contact = turn.put(replace(contact, phase=waiting, queue=queue.id, queued_at=queued_at, last_node=node.id))
    # The agent's phone first: what the caller hears meanwhile must not delay the connection.
    _settle(turn, contact, queue)
    if announcement is None:
        comfort(turn, turn.state.contacts[contact.id])
    else:
        turn.do(announcement)
    return True


def _settle(turn: Turn, contact: Contact, queue: QueuePlan) -> None:
    longest = queue.max_wait_by_language.get(contact.language or NO_LANGUAGE, queue.max_wait_s)
    if longest is not None:
        turn.start_timer(f"wait:{contact.id}", longest)
    offers.offer_contact(turn, contact)


def comfort(turn: Turn, contact: Contact) -> None:
    """Let a waiting caller hear that something happens: ringing before the answer, music after it.

    While a phone rings, the ringing tone waits a moment: an agent who answers at once should not wait for it.
    """
    if contact.answered_at is None:
        if isinstance(contact.phase, Waiting) and contact.phase.offers:
            turn.start_timer(f"tone:{contact.id}", TONE_S)
        else:
            tone(turn, contact)
    else:
        turn.do(StartMusic(contact.id, contact.leg, queue_plan(turn, contact).music))


def tone(turn: Turn, contact: Contact) -> None:
    """Give the ringing tone a caller waited for; only one who is not answered ever does."""
    turn.do(Ring(contact.id, contact.leg))


def quiet(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """End what an answered caller hears while waiting: an announcement, or else music."""
    if waiting.playback is not None:
        turn.do(StopPlay(contact.id, waiting.playback))
    elif contact.answered_at is not None:
        turn.do(StopMusic(contact.id, contact.leg))


def move(turn: Turn, contact: Contact, waiting: Waiting) -> bool:
    """Overflow to a queue with room, place and waited time kept. False when there is none."""
    spoken = turn.plan.language_skills.get(contact.language) if contact.language is not None else None
    asked = contact.language if any(need.skill == spoken for need in waiting.requires) else None
    here = _Place(turn.plan.queues.get(waiting.queue, NO_QUEUE), asked, waiting.overflows, None)
    place = _with_room(turn, _overflow(turn, here))
    if place is None:
        return False
    moved = replace(
        waiting,
        queue=place.queue.id,
        requires=matching.requirement(turn.plan, place.queue, None, place.language),
        priority=max(waiting.priority, place.queue.priority),
        overflows=place.overflows,
    )
    moved, announcement = _to_be_told(contact, moved, place.prompt)
    contact = turn.put(replace(contact, phase=moved, queue=place.queue.id))
    _settle(turn, contact, place.queue)
    if announcement is not None:
        quiet(turn, contact, waiting)
        turn.do(announcement)
    return True


def _to_be_told(contact: Contact, waiting: Waiting, prompt: PromptKey | None) -> tuple[Waiting, Play | None]:
    """Speak to an answered caller instead of the music."""
    if prompt is None or contact.answered_at is None:
        return waiting, None
    number = waiting.position.plays + 1
    playback = PlaybackId(f"acd-p-{contact.id}-{number}")
    told = replace(waiting, playback=playback, position=replace(waiting.position, plays=number))
    return told, Play(contact.id, contact.leg, playback, (prompt,), contact.language or NO_LANGUAGE)


def announcement_ended(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """The music goes on after an announcement."""
    contact = turn.to_phase(contact, replace(waiting, playback=None))
    comfort(turn, contact)


# ---------------------------------------------------------------- connecting


def accept(turn: Turn, contact: Contact, waiting: Waiting, offer: Offer) -> None:
    """The agent answered: join both, then record."""
    for timer in ("wait", "tone"):
        turn.cancel_timer(f"{timer}:{contact.id}")
    if contact.answered_at is None:
        turn.do(Answer(contact.id, contact.leg))
    quiet(turn, contact, waiting)
    turn.do(AddToBridge(contact.id, contact.bridge, (contact.leg, offer.leg)))
    recording = None
    if queue_plan(turn, contact).record:
        recording = RecordingName(f"{turn.plan.recording_prefix}{contact.id}")
        turn.do(StartRecording(contact.id, contact.bridge, recording))
        turn.state.recordings[recording] = RecordingWork(contact.id, offer.agent, turn.at)
    offers.taken(turn, contact, waiting, offer)
    turn.change_agent(offer.agent, lambda agent: agents.connected(agent, turn.at))
    turn.put(
        replace(
            contact,
            phase=Talking(turn.at, offer.agent, offer.leg),
            answered_at=contact.answered_at or turn.at,
            connected_at=turn.at,
            agent=offer.agent,
            recording=recording,
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
