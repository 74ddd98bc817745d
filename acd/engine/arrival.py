"""The arrival desk: a caller's channel enters; trunk capacity is taken, the flow leads the caller on."""

from __future__ import annotations

from typing import assert_never

from acd.domain.commands import Answer, ContinueInDialplan, HangUp, Play, StartMusic, StopMusic, StopPlay
from acd.domain.copies import replace
from acd.domain.events import CallArrived
from acd.domain.exits import Exit
from acd.domain.flow import CallbackNode, QueueNode
from acd.domain.ids import ContactId, NodeId
from acd.domain.limits import BRANCH, Destination, ToBranch, ToCallback, ToNode, ToQueue
from acd.engine import (
    admission,
    callback_ask,
    ending,
    ivr,
    kpi,
    limits,
    noting,
    offers,
    redial,
    relaxing,
    takes,
    treatment,
    trunks,
)
from acd.engine import queueing as queues
from acd.engine.state import Contact, InIvr, Position, TrunkState, Waiting
from acd.engine.turn import Turn

CAUSE_UNALLOCATED = 1
CAUSE_NO_CIRCUIT = 34
CAUSE_TEMPORARY = 41
CAUSE_CONGESTION = 42
MOST_HOPS = 20
"""Queues and nodes a contact is sent through within one event before it is let go."""
PLAY_GUARD_S = 120.0
"""Longer than any prompt: if its end was not told by then, that news was lost."""


def arrive(turn: Turn, event: CallArrived) -> None:
    """Take a new caller in, or refuse: 42 under overload, 34 when the trunk is full, 1 when the number is not ours."""
    contact_id = ContactId(event.leg_id)
    if contact_id in turn.state.contacts:
        return turn.ignore(event, "caller is known")
    if turn.state.is_over(event.leg_id):
        # Sent back by the dialplan after its record was made: better no call than one that hears nothing for ever.
        return turn.do(HangUp(contact_id, event.leg_id, CAUSE_TEMPORARY))
    if (most := turn.plan.overload) is not None:
        if (why := admission.refusal(most, turn.state.admitted, event.load, turn.at)) is not None:
            turn.state.figures = kpi.count_overload(turn.state.figures, why)
            return ending.leave(turn, _newcomer(turn, event), Exit.OVERLOADED, CAUSE_CONGESTION)
        turn.state.admitted = admission.taken(most, turn.state.admitted, turn.at)
    return take_in(turn, event)


def take_in(turn: Turn, event: CallArrived, offered: int = 0) -> None:
    """Lead a caller into the flow, whatever the load; refuse when the trunk is full or the number is not ours.

    ``offered``: how many agents' phones we rang already, in a time that is forgotten.
    """
    contact = _newcomer(turn, event, offered)
    if not seize(turn, contact):
        return ending.leave(turn, contact, Exit.BLOCKED, CAUSE_NO_CIRCUIT)
    if contact.flow is None:
        return ending.leave(turn, contact, Exit.UNKNOWN_NUMBER, CAUSE_UNALLOCATED)
    return follow(turn, contact, ivr.start(scene(turn, contact), contact.flow))


def _newcomer(turn: Turn, event: CallArrived, offered: int = 0) -> Contact:
    trunk = trunks.trunk_of(turn.plan, event.channel_name, turn.plan.pbx_of(event.leg_id))
    position = Position(flow="", node="")  # type: ignore[arg-type] # before any flow
    code = turn.plan.access_codes.get(event.access_code)
    return turn.put(
        Contact(
            id=ContactId(event.leg_id),
            phase=InIvr(turn.at, position),
            access_code=event.access_code,
            trunk=trunk,
            caller=event.caller,
            arrived_at=turn.at,
            flow=code.flow if code is not None else None,
            offers=offered,
        )
    )


def seize(turn: Turn, contact: Contact) -> bool:
    """Lease a channel's SST; False and counted as blocked when the trunk is full."""
    trunk = contact.trunk
    if trunk is None or contact.leg in turn.state.leases:
        return True
    if not trunks.has_room(turn.plan, turn.state.leases, trunk):
        known = turn.state.trunks.get(trunk, TrunkState())
        turn.state.trunks[trunk] = replace(known, blocked=known.blocked + 1)
        return False
    trunks.lease(turn.state.leases, turn.state.trunks, contact.leg, trunk)
    return True


def scene(turn: Turn, contact: Contact) -> ivr.Scene:
    """What the interpreter may read now."""
    return ivr.Scene(turn.plan, contact, turn.state, turn.matcher, turn.at, turn.evaluate)


def follow(turn: Turn, contact: Contact, outcome: ivr.Outcome) -> None:
    """Do what the interpreter decided. A flow that leads nowhere ends as a technical failure, never in silence."""
    position, actions = outcome
    before = contact.phase.position if isinstance(contact.phase, InIvr) else None
    since = contact.phase.since if isinstance(contact.phase, InIvr) else turn.at
    contact = replace(contact, phase=InIvr(since, position), last_node=position.node or contact.last_node, asking=None)
    kept: Contact | None = None
    turn.cancel_timer(f"ivr:{contact.id}")
    if before is None or position.playback is None or position.playback != before.playback:
        turn.cancel_timer(f"play:{contact.id}")  # else the same prompt is still heard, and its end may get lost
    for action in actions:
        if isinstance(action, ivr.Note):
            contact = noting.note(turn, contact, action)
            continue
        # Kept once for all that was noted: the matcher is told of every change, and somebody may wait for a phone.
        if contact is not kept:
            kept = turn.put(contact)
        match action:
            case ivr.AnswerCall():
                contact = _answered(turn, contact)
            case ivr.Music(name):
                turn.do(StartMusic(contact.id, contact.leg, name))
            case ivr.Silence():
                turn.do(StopMusic(contact.id, contact.leg))
            case ivr.Speak(playback, prompts, wordings):
                turn.start_timer(f"play:{contact.id}", PLAY_GUARD_S * len(prompts))
                language = contact.language or treatment.NO_LANGUAGE
                turn.do(Play(contact.id, contact.leg, playback, prompts, language, wordings))
            case ivr.Hush(playback):
                turn.do(StopPlay(contact.id, playback))
            case ivr.Await(seconds):
                turn.start_timer(f"ivr:{contact.id}", seconds)
            case ivr.Fetch(question):
                turn.do(question)
            case ivr.Tell(hook):
                turn.do(hook)
            case ivr.ToCallback(promise):
                _to_callback(turn, contact, promise, position)
                return
            case ivr.ToQueue(node):
                if turn.state.left_places or turn.state.callbacks:
                    contact = redial.regain(turn, contact, node)
                _to_queue(turn, contact, node, position)
                return
            case ivr.ToDialplan(node):
                ending.hand_over(turn, contact)
                turn.do(ContinueInDialplan(contact.id, contact.leg, node.context, node.extension))
                return
            case ivr.Finish(why, cause):
                ending.leave(turn, contact, why, cause)
                return
            case _:
                contact = takes.act(turn, contact, action)
    if contact is not kept:
        turn.put(contact)


def _to_queue(turn: Turn, contact: Contact, node: QueueNode, position: Position) -> None:
    turned = limits.at_door(turn, contact, node)
    if turned is None and queues.enqueue(turn, contact, node, position):
        return callback_ask.announce_in(turn, turn.state.contacts[contact.id])
    # Offered to the queue all the same: a full queue must not look better than it is.
    queued_at = turn.at if contact.queued_at is None else contact.queued_at
    contact = turn.put(replace(contact, queue=node.queue, queued_at=queued_at))
    turned = turned or limits.Turned("length", BRANCH)
    turn.state.figures = kpi.count_diverted(turn.state.figures, node.queue, turned.why)
    return _not_let_in(turn, contact, node, position, turned.to)


def _to_callback(turn: Turn, contact: Contact, node: CallbackNode, position: Position) -> None:
    """Take a place in the queue, and offer to keep it without the caller on the line."""
    cannot = turn.plan.callbacks is None or contact.answered_at is None
    to = BRANCH if cannot else ToCallback()
    return _not_let_in(turn, contact, QueueNode(node.id, node.queue, node.failed), position, to)


def as_queue(node: object) -> QueueNode | None:
    """The queue node by which a caller waits, a callback node taken for one."""
    if isinstance(node, CallbackNode):
        return QueueNode(node.id, node.queue, node.failed)
    return node if isinstance(node, QueueNode) else None


def _not_let_in(turn: Turn, contact: Contact, node: QueueNode, position: Position, to: Destination) -> None:
    """Lead a contact on whom a queue did not let in."""
    turn.hops += 1
    if turn.hops > MOST_HOPS:  # limits that lead round in circles
        return ending.leave(turn, contact, Exit.OVERFLOWED, 16 if contact.answered_at is not None else 42)
    match to:
        case ToNode():
            return follow(turn, contact, ivr.enter_flow(scene(turn, contact), position, to.flow, to.node))
        case ToQueue():
            turned = limits.at_door(turn, contact, replace(node, queue=to.queue, requires=()))
            if turned is not None:
                return _not_let_in(turn, contact, node, position, turned.to)
            if not queues.enqueue(turn, contact, node, position, to):
                return no_place(turn, contact, node, position)
            return callback_ask.announce_in(turn, turn.state.contacts[contact.id])
        case ToCallback() if queues.enqueue(turn, contact, node, position):
            contact = turn.state.contacts[contact.id]
            if isinstance(contact.phase, Waiting) and not contact.phase.offers:
                _may_not_wait(turn, contact, contact.phase, to)
            return None
        case ToBranch() | ToCallback():
            pass
        case _:
            assert_never(to)
    return no_place(turn, contact, node, position)


def _may_not_wait(turn: Turn, contact: Contact, waiting: Waiting, to: Destination) -> None:
    """Lead a contact on that may no longer wait in its queue."""
    node = ivr.node_at(turn.plan, turn.state, waiting.position)
    match to:
        case ToQueue() if (queue := turn.plan.queues.get(to.queue)) is not None:
            return queues.place_in(turn, contact, waiting, queue, to)
        case ToCallback() if callback_ask.divert(turn, contact):
            return None
        case ToNode():
            contact = _stop_waiting(turn, contact, waiting)
            return follow(turn, contact, ivr.enter_flow(scene(turn, contact), waiting.position, to.flow, to.node))
        case _:
            contact = _stop_waiting(turn, contact, waiting)
    if (place := as_queue(node)) is not None:
        return no_place(turn, contact, place, waiting.position)
    return ending.leave(turn, contact, Exit.OVERFLOWED, 16)


def declined(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """A caller who may not wait does not want to be called back either: the node's branch, else the end."""
    _may_not_wait(turn, contact, waiting, BRANCH)


def leave_deserted(turn: Turn) -> None:
    """Lead those on for whom no agent is left, where the queue says so."""
    for contact, waiting, to in limits.deserted(turn):
        turn.state.figures = kpi.count_diverted(turn.state.figures, waiting.queue, "leave")
        _may_not_wait(turn, contact, waiting, to)


def _answered(turn: Turn, contact: Contact) -> Contact:
    """Answer a caller, once."""
    if contact.answered_at is not None:
        return contact
    turn.do(Answer(contact.id, contact.leg))
    return turn.put(replace(contact, answered_at=turn.at))


def no_place(turn: Turn, contact: Contact, node: QueueNode, position: Position) -> None:
    """The queue has no room or no agent in time: the node's overflow branch, else the end."""
    if node.overflow is None:
        return ending.leave(turn, contact, Exit.OVERFLOWED, 16 if contact.answered_at is not None else 42)
    return follow(turn, contact, ivr.enter(scene(turn, contact), position, node.overflow))


def waited_too_long(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """Maximum wait: where the queue's limit says, else the overflow queue, the node's overflow branch, or the end.

    In another queue a ringing agent may still answer.
    """
    turn.state.figures = kpi.count_diverted(turn.state.figures, waiting.queue, "wait")
    queue = turn.plan.queues.get(waiting.queue)
    to = queue.limits.wait_to if queue is not None and queue.limits is not None else None
    if to is not None or not queues.move(turn, contact, waiting):
        _may_not_wait(turn, contact, waiting, to or BRANCH)


def _stop_waiting(turn: Turn, contact: Contact, waiting: Waiting) -> Contact:
    contact = offers.withdraw_all(turn, contact, waiting)
    for timer in ("wait", "tone", "tell", "play", "offer"):
        turn.cancel_timer(f"{timer}:{contact.id}")
    relaxing.end(turn, contact)
    treatment.quiet(turn, contact, waiting)
    return contact


def key_while_waiting(turn: Turn, contact: Contact, waiting: Waiting, digit: str) -> bool:
    """A waiting caller pressed a key: do what the queue's node says. False when it says nothing of that key."""
    node = ivr.node_at(turn.plan, turn.state, waiting.position)
    keys = node.keys if isinstance(node, QueueNode) else ()
    key = next((key for key in keys if key.digit == digit), None)
    if key is None:
        return False
    _leave_queue(turn, contact, waiting, key.next)
    return True


def _leave_queue(turn: Turn, contact: Contact, waiting: Waiting, to: NodeId) -> None:
    """The caller would rather go on in the flow than wait; a phone that rings for it is silenced."""
    contact = _stop_waiting(turn, contact, waiting)
    follow(turn, contact, ivr.enter(scene(turn, contact), waiting.position, to))
