"""The callback desk: promises are made, kept in their place, expire and are taken back.

A callback is the contact going on without a channel: same place in the queue, same requirement and priority, and one
record at its end. There is at most one promise for a number in a queue. Must not know how an outbound call goes.
"""

from __future__ import annotations

from acd.domain.commands import CallbackReply, HangUp, Play
from acd.domain.copies import replace
from acd.domain.events import CallbackCancelled, CallbackRequested
from acd.domain.exits import Exit
from acd.domain.ids import ContactId, FlowId, NodeId, PlaybackId, PromptKey
from acd.engine import ending, kpi, left_places, matching, numbers, offers, outbound, relaxing, treatment
from acd.engine.callback_state import Callback, key_of
from acd.engine.state import CallingBack, Contact, Position, Promised, Waiting
from acd.engine.turn import Turn

NOTED = PromptKey("callback_noted")
"""Said to a caller who will be called back, before we hang up."""
GOODBYE_S = 30.0
"""How long that may take."""
_WAITING_TIMERS = ("wait", "ask", "offer", "tone", "tell", "play", "relax")


# ---------------------------------------------------------------- promises


def promise(turn: Turn, contact: Contact, waiting: Waiting, number: str) -> None:
    """The caller confirmed a number: keep the place, say so and hang up. The channel's end is seen later.

    Where this number is promised a callback in this queue already, that older place stays and this one is given up.
    """
    contact = offers.withdraw_all(turn, contact, waiting)
    for timer in _WAITING_TIMERS:
        turn.cancel_timer(f"{timer}:{contact.id}")
    queue, _ = left_places.origin(turn, contact, waiting)
    key = key_of(queue, number)
    older = turn.state.callbacks.get(key)
    if older is None:
        turn.state.callbacks[key] = contact.id
        turn.state.figures = kpi.count_promise(turn.state.figures)
        expires_at = turn.at + outbound.plan_of(turn).expires_s
        callback = Callback(number, queue, turn.at, expires_at, turn.at)
        turn.start_timer(f"expire:{contact.id}", expires_at - turn.at)
    else:
        callback = None
    said = waiting.position.plays + 1
    playback = PlaybackId(f"acd-p-{contact.id}-{said}")
    place = replace(waiting, offers=(), tried=(), playback=None, position=replace(waiting.position, plays=said))
    turn.put(
        replace(
            contact,
            phase=Promised(turn.at, place, "goodbye", playback),
            callback=callback,
            asking=None,
            follows=contact.follows if older is None else older,
        )
    )
    turn.do(Play(contact.id, contact.leg, playback, (NOTED,), contact.language or treatment.NO_LANGUAGE))
    turn.start_timer(f"back:{contact.id}", GOODBYE_S)


def say_goodbye(turn: Turn, contact: Contact) -> None:
    """Hang the caller up who knows now that we will call, again until the channel's end is seen."""
    if isinstance(contact.phase, Promised) and contact.phase.outside_since is not None:
        return
    turn.do(HangUp(contact.id, contact.leg))
    turn.start_timer(f"back:{contact.id}", ending.LEAVE_GUARD_S)


def caller_gone(turn: Turn, contact: Contact, promised: Promised) -> None:
    """The channel of a caller who was promised a callback has ended: the place is kept without it."""
    turn.cancel_timer(f"left:{contact.id}")
    back_in_line(turn, turn.put(replace(contact, away=True)), promised)


def back_in_line(turn: Turn, contact: Contact, promised: Promised) -> None:
    """Let a callback be matched again, in its old place."""
    turn.cancel_timer(f"back:{contact.id}")
    place = promised.place
    if promised.why == "scheduled":
        place = replace(place, since=turn.at)
        contact = replace(contact, queued_at=turn.at)
    contact = turn.put(replace(contact, phase=place))
    queue = turn.plan.queues.get(place.queue)
    if queue is not None:
        contact = relaxing.begin(turn, contact, place, queue)
    offers.offer_contact(turn, contact)


def looked_at(turn: Turn, contact: Contact, promised: Promised) -> None:
    """The time to look after a promise has come."""
    if contact.away:
        back_in_line(turn, contact, promised)
    else:
        say_goodbye(turn, contact)


def expired(turn: Turn, contact: Contact) -> None:
    """The time for calling back is over and no call is on its way; the end of one looks at the time itself."""
    ending.finish(turn, contact, Exit.CALLBACK_EXPIRED, 0, None)


def place_of(contact: Contact) -> Waiting | None:
    """The place a promise keeps that can be taken over; None of one not due yet, or too late."""
    match contact.phase:
        case Promised(place=place, why=why) if contact.away and why != "scheduled":
            return place
        case CallingBack(place=place, stage=stage) if stage != "closing":
            return place
        case Waiting() as place if contact.away:
            return place
        case _:
            return None


def take_back(turn: Turn, contact: Contact) -> bool:
    """Cancel a promise. False when it is too late, or there is none."""
    match contact.phase:
        case Promised(outside_since=None) if contact.callback is not None and not contact.away:
            ending.leave(turn, contact, Exit.CALLBACK_CANCELLED, 16)
        case Promised(outside_since=float()):
            ending.finish(turn, contact, Exit.CALLBACK_CANCELLED, 0, None)
        case Promised() | Waiting() if contact.away:
            ending.finish(turn, contact, Exit.CALLBACK_CANCELLED, 0, None)
        case CallingBack() as calling:
            outbound.unlist(turn, contact)
            close(turn, contact, replace(calling, outcome="cancelled"))
        case _:
            return False
    return True


def close(turn: Turn, contact: Contact, calling: CallingBack) -> None:
    """Hang an outbound call up; what becomes of the callback is decided when its end was seen."""
    turn.do(HangUp(contact.id, contact.leg))
    turn.to_phase(contact, replace(calling, stage="closing"))
    turn.start_timer(f"back:{contact.id}", ending.LEAVE_GUARD_S)


# ---------------------------------------------------------------- by request


def requested(turn: Turn, event: CallbackRequested) -> None:
    """Note a callback somebody asked for, now or for a window, and reply."""
    number = numbers.callable_number(event.number, outbound.plan_of(turn).numbers)
    due_at = max(turn.at, event.not_before if event.not_before is not None else turn.at)
    expires_at = event.not_after if event.not_after is not None else due_at + outbound.plan_of(turn).expires_s
    queue = turn.plan.queues.get(event.queue)
    why_not = ""
    if turn.plan.callbacks is None:
        why_not = "no way to call back is configured"
    elif queue is None:
        why_not = "no such queue"
    elif number is None:
        why_not = "this number may not be called back"
    elif expires_at <= due_at:
        why_not = "the window is over before it begins"
    elif key_of(event.queue, number) in turn.state.callbacks:
        why_not = "a callback to this number is promised in this queue already"
    if why_not or queue is None or number is None:
        return turn.do(CallbackReply(event.request_id, None, ok=False, message=why_not))
    turn.state.generation += 1
    pbx = outbound.pbx_for_new(turn)
    begin = f"{pbx}-" if pbx else ""  # as the ids of channels there begin
    contact_id = ContactId(f"{begin}callback-{turn.at:.3f}-{turn.state.generation}")
    place = Waiting(
        since=due_at,
        queue=queue.id,
        requires=matching.requirement(turn.plan, queue, None, event.language),
        priority=queue.priority,
        position=Position(FlowId(""), NodeId("")),
    )
    contact = Contact(
        id=contact_id,
        phase=Promised(turn.at, place, "scheduled"),
        access_code="",
        trunk=None,
        caller=number,
        arrived_at=turn.at,
        language=event.language,
        queue=queue.id,
        callback=Callback(number, queue.id, turn.at, expires_at, due_at),
        away=True,
    )
    turn.state.callbacks[key_of(queue.id, number)] = contact_id
    turn.state.figures = kpi.count_promise(turn.state.figures)
    turn.start_timer(f"expire:{contact_id}", expires_at - turn.at)
    contact = outbound.hold(turn, turn.put(contact), place, "scheduled", due_at)
    turn.do(CallbackReply(event.request_id, contact_id, ok=True))
    if due_at <= turn.at and isinstance(contact.phase, Promised):
        back_in_line(turn, contact, contact.phase)
    return None


def cancelled(turn: Turn, event: CallbackCancelled) -> None:
    """Take a callback back at somebody's request, and reply."""
    contact = turn.contact(event.contact_id)
    if contact is None or contact.callback is None:
        reply = CallbackReply(event.request_id, event.contact_id, ok=False, message="no such callback")
    elif take_back(turn, contact):
        reply = CallbackReply(event.request_id, event.contact_id, ok=True)
    else:
        message = "the customer is on the line already"
        reply = CallbackReply(event.request_id, event.contact_id, ok=False, message=message)
    turn.do(reply)
