"""Which callback an event belongs to, and what it means there. Other desks ask here first; nothing is decided here."""

from __future__ import annotations

from acd.domain.commands import Ignored
from acd.domain.ids import AgentId, ContactId, LegId, PlaybackId, contact_of_leg
from acd.engine import callback_ask, callback_dial, callbacks
from acd.engine.state import CallingBack, Contact, Promised, Waiting
from acd.engine.turn import Turn

TIMERS = frozenset({"ask", "offer", "back", "expire"})
"""Timers of contacts that are this desk's."""


def contact_at(turn: Turn, leg: LegId) -> Contact | None:
    """The contact whose customer is on this leg now, however the leg came about."""
    contact = turn.contact(ContactId(leg)) or turn.contact(contact_of_leg(leg) or ContactId(""))
    return contact if contact is not None and contact.leg == leg and not contact.away else None


def answered(turn: Turn, leg: LegId) -> bool:
    """Somebody we rang picked up: a customer called back, or an agent for one who is not there yet."""
    contact = turn.contact(contact_of_leg(leg) or ContactId(""))
    match contact.phase if contact is not None else None:
        case CallingBack() as calling if contact is not None and leg in {contact.leg, calling.agent_leg}:
            if leg == contact.leg:
                callback_dial.answered(turn, contact, calling)
            return True
        case Waiting(offers=ringing) as waiting if contact is not None and contact.away:
            offer = next((offer for offer in ringing if offer.leg == leg), None)
            if offer is not None:
                callback_dial.agent_answered(turn, contact, waiting, offer)
            return offer is not None
        case _:
            known = contact is not None and contact_at(turn, leg) is not None
            if known:
                turn.do(Ignored("leg_answered", "the customer is on the line already"))
            return known


def leg_ended(turn: Turn, leg: LegId, cause: int, sip_code: int | None) -> bool:
    """A customer's channel is gone. False when no callback is concerned."""
    contact = contact_at(turn, leg)
    if contact is None:
        return False
    match contact.phase:
        case Promised() as promised if contact.callback is not None:
            callbacks.caller_gone(turn, contact, promised)
        case CallingBack() as calling:
            callback_dial.ended(turn, contact, calling, cause, sip_code)
        case _:
            return False
    return True


def agent_leg_ended(turn: Turn, contact: Contact | None, agent_id: AgentId, leg: LegId) -> None:
    """An agent's channel is gone that was no offer's and no conversation's."""
    if contact is not None and isinstance(contact.phase, CallingBack) and contact.phase.agent_leg == leg:
        callback_dial.agent_gone(turn, contact, contact.phase, agent_id)


def digit(turn: Turn, contact: Contact, key: str) -> bool:
    """A key was pressed outside a flow. False when it means nothing."""
    match contact.phase:
        case Waiting() as waiting:
            return callback_ask.digit(turn, contact, waiting, key)
        case CallingBack() as calling:
            return callback_dial.digit(turn, contact, calling, key)
        case _:
            return False


def playback_over(turn: Turn, contact: Contact, playback: PlaybackId) -> bool:
    """Something was spoken to its end. False when it was nothing of ours."""
    match contact.phase:
        case Promised(playback=spoken) if spoken == playback and not contact.away:
            callbacks.say_goodbye(turn, contact)
        case CallingBack(playback=spoken) as calling if spoken == playback and calling.stage == "asking":
            callback_dial.asked(turn, contact, calling)
        case Waiting(playback=spoken) as waiting if spoken == playback and contact.asking is not None:
            callback_ask.spoken(turn, contact, waiting)
        case _:
            return False
    return True


def timer(turn: Turn, contact: Contact, kind: str) -> bool:
    """One of our timers ran out. False when it is about something past."""
    match kind, contact.phase:
        case "back", Promised() as promised:
            callbacks.looked_at(turn, contact, promised)
        case "back", CallingBack() as calling:
            callback_dial.time_up(turn, contact, calling)
        case "ask", Waiting() as waiting if contact.asking is not None:
            callback_ask.time_up(turn, contact, waiting, contact.asking)
        case "offer", Waiting() as waiting:
            callback_ask.announce(turn, contact, waiting)
        case "expire", Promised() | Waiting() if contact.away:
            callbacks.expired(turn, contact)
        case _:
            return False
    return True


def repair(turn: Turn, contact: Contact) -> bool:
    """After a gap: say and ask again what may not have been heard. False when no callback is concerned."""
    match contact.phase:
        case Promised():
            callbacks.say_goodbye(turn, contact)
        case CallingBack(stage="asking") as calling:
            callback_dial.ask(turn, contact, calling)
        case CallingBack(stage="closing") as calling:
            callbacks.close(turn, contact, calling)
        case Waiting() as waiting if contact.asking is not None:
            callback_ask.resume(turn, contact, waiting, contact.asking)
        case _:
            return False
    return True
