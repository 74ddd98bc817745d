"""The queue desk: waiting and connecting; ``offers`` rings the phones.

Knows contacts and agents, never how a flow came to a queue.
"""

from __future__ import annotations

from collections.abc import Callable

from acd.domain.commands import (
    AddToBridge,
    Answer,
    StartRecording,
)
from acd.domain.copies import replace
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, LegId, PromptKey, QueueId, RecordingName
from acd.domain.limits import ToQueue
from acd.domain.plan import QueuePlan
from acd.engine import agent as agents
from acd.engine import familiar, offers, places, relaxing, treatment
from acd.engine.ivr.scene import node_at
from acd.engine.offers import NO_QUEUE
from acd.engine.places import Place
from acd.engine.state import Agent, Contact, Offer, Offered, Position, RecordingWork, Talking, Waiting
from acd.engine.turn import Turn


def queue_plan(turn: Turn, contact: Contact) -> QueuePlan:
    """The contact's current queue."""
    return turn.plan.queues.get(contact.queue or NO_QUEUE.id, NO_QUEUE)


def waiting_in(turn: Turn, queue: str) -> int:
    """How many wait in a queue, on the line."""
    return turn.matcher.on_line(QueueId(queue))


def enqueue(turn: Turn, contact: Contact, node: QueueNode, position: Position, to: ToQueue | None = None) -> bool:
    """Put a contact into the node's queue, or ``to`` another one. False when there is no room there nor beyond."""
    since = turn.at if contact.regained is None else contact.regained
    found = places.enter(turn.plan, node, contact.language, since, position, lambda queue: waiting_in(turn, queue), to)
    if found is None:
        return False
    waiting, place = found
    if not place.overflows:
        waiting = familiar.wish(turn, contact, node, waiting)
    waiting, announcement = treatment.spoken(contact, waiting, _keys(place.prompt))
    # Who calls again has the older place, and waits for this call's record only since now.
    began = since if contact.follows is None else turn.at
    queued_at = began if contact.queued_at is None else contact.queued_at
    contact = turn.put(replace(contact, phase=waiting, queue=waiting.queue, queued_at=queued_at, last_node=node.id))
    # The agent's phone first: what the caller hears meanwhile must not delay the connection.
    _settle(turn, contact, waiting, place.queue)
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
    longest = places.longest_wait(queue, contact.language)
    if longest is not None:
        turn.start_timer(f"wait:{contact.id}", longest)
    offers.offer_contact(turn, relaxing.begin(turn, contact, waiting, queue))


def wait_on(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """Let a contact wait again in the place it had."""
    contact = turn.put(replace(contact, phase=waiting))
    _settle(turn, contact, waiting, turn.plan.queues.get(waiting.queue, NO_QUEUE))
    treatment.comfort(turn, turn.state.contacts[contact.id])
    treatment.begin(turn, contact, waiting)


def move(turn: Turn, contact: Contact, waiting: Waiting) -> bool:
    """Overflow to a queue with room, place and waited time kept. False when there is none."""
    found = places.onward(turn.plan, contact.language, waiting, lambda queue: waiting_in(turn, queue))
    if found is None:
        return False
    _put(turn, contact, waiting, *found)
    return True


def place_in(turn: Turn, contact: Contact, waiting: Waiting, queue: QueuePlan, to: ToQueue | None = None) -> None:
    """Let a contact wait in another queue, whatever its limits, place and waited time kept."""
    _put(turn, contact, waiting, *places.into(turn.plan, contact.language, waiting, queue, to))


def _put(turn: Turn, contact: Contact, waiting: Waiting, moved: Waiting, place: Place) -> None:
    moved = replace(moved, told=treatment.afresh(moved.told))
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
    join(turn, contact, offer.agent, offer.leg, after(turn, waiting.position))
    offers.taken(turn, contact, waiting, offer)


def after(turn: Turn, position: Position) -> Position | None:
    """Where the caller goes on in the flow when the agent hangs up first."""
    node = node_at(turn.plan, turn.state, position)
    return replace(position, node=node.after) if isinstance(node, QueueNode) and node.after is not None else None


def join(turn: Turn, contact: Contact, agent_id: AgentId, leg: LegId, after: Position | None = None) -> None:
    """Let both parties talk, and record them, unless the queue or the caller does not want that."""
    turn.do(AddToBridge(contact.id, contact.bridge, (contact.leg, leg)))
    for timer in ("tell", "play"):
        turn.cancel_timer(f"{timer}:{contact.id}")
    recording = None
    if contact.recorded and queue_plan(turn, contact).record:
        recording = RecordingName(f"{turn.plan.recording_prefix}{contact.id}")
        turn.do(StartRecording(contact.id, contact.bridge, recording))
        turn.state.recordings[recording] = RecordingWork(contact.id, agent_id, turn.at)
    turn.change_agent(agent_id, lambda agent: agents.connected(agent, turn.at))
    turn.put(
        replace(
            contact,
            phase=Talking(turn.at, agent_id, leg, after),
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
