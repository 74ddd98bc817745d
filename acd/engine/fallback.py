"""The fallback desk: callers in Asterisk's own queue, and their way back; draining, which sends them there.

Who never came to the engine is known here from the moment AMI tells of the caller; who had been with it keeps the place
and the waited time. Decides who is wanted back and what then goes on. Must not know how a channel is moved.
"""

from __future__ import annotations

from typing import TypeAlias

from acd.domain.commands import HandOver, TakeBack
from acd.domain.copies import replace
from acd.domain.events import CallArrived, DrainRequested, FallbackSeen, LegEnded, Resynced, UnroutedEnded
from acd.domain.exits import Exit
from acd.domain.ids import ONLY_PBX, ContactId, LegId, PbxId, is_customer_leg
from acd.engine import arrival, callback_desk, callbacks, ending, ivr, kpi, matching, offers, takes, trunks
from acd.engine import queueing as queues
from acd.engine.state import (
    Contact,
    Gone,
    InFallback,
    InIvr,
    Leaving,
    Links,
    Position,
    Promised,
    Talking,
    Waiting,
)
from acd.engine.turn import Turn

Astray: TypeAlias = Waiting | InIvr | InFallback
"""Where a caller is to be led, and so may be outside."""
STRAY_S = 60.0
"""Longer than Asterisk's lists are apart: who is neither with us nor in the fallback by then is with somebody else."""

STOOD_STILL_S = 1.0
"""So late a timer tells that this process, or its machine, was stopped."""


def seen(turn: Turn, event: FallbackSeen) -> None:
    """A caller waits, or talks, in Asterisk's own queue."""
    contact = _contact_at(turn, event.leg_id)
    if turn.state.is_over(event.leg_id) or (contact is None and is_customer_leg(event.leg_id)):
        return turn.ignore(event, "the call has its record")
    if contact is not None and isinstance(contact.phase, Leaving) and contact.phase.exit is not Exit.TRANSFERRED:
        beyond_reach(turn, contact, contact.phase)
        if event.leg_id in turn.state.ended:
            return None
        contact = None
    if contact is None:
        contact = _adopt(turn, event)
    if isinstance(contact.phase, Talking):  # an order to join them may be under way; its answer tells
        contact = turn.put(replace(contact, fallen=True))
    if isinstance(contact.phase, Promised) and not contact.away:
        return promised_outside(turn, contact, contact.phase)
    if contact.away or not isinstance(contact.phase, Waiting | InIvr | InFallback):
        return turn.ignore(event, "the caller is not waiting")
    contact, fallen = _outside(turn, contact, contact.phase)
    if not fallen.channel:
        turn.state.figures = kpi.count_fallback(turn.state.figures)
    there = replace(fallen, channel=event.channel_name, connected_at=event.connected_at)
    contact = turn.to_phase(contact, there)
    if not there.asked:
        _want_back(turn, contact, there)
    return None


def _contact_at(turn: Turn, leg: LegId) -> Contact | None:
    """Whose leg this is; that of a customer who was called back is not named as the contact."""
    return turn.contact(ContactId(leg)) or callback_desk.contact_at(turn, leg)


def beyond_reach(turn: Turn, contact: Contact, leaving: Leaving) -> None:
    """A caller was to be hung up on, which did not arrive, and is outside: to try again might cut who talks there.

    Who was refused at the door is forgotten: to that caller no engine was there. With others all was said and done.
    """
    if contact.path:
        return ending.finish(turn, contact, leaving.exit, leaving.cause, None)
    turn.state.leases.pop(LegId(contact.id), None)
    return ending.forget(turn, contact)


def _adopt(turn: Turn, event: FallbackSeen) -> Contact:
    trunk = trunks.trunk_of(turn.plan, event.channel_name, turn.plan.pbx_of(event.leg_id))
    if trunk is not None:
        trunks.lease(turn.state.leases, turn.state.trunks, event.leg_id, trunk)
    return turn.put(
        Contact(
            id=ContactId(event.leg_id),
            phase=InFallback(event.arrived_at),
            access_code=event.access_code,
            trunk=trunk,
            caller=event.caller,
            arrived_at=event.arrived_at,
            fallen=True,
        )
    )


def outside(turn: Turn, contact: Contact, phase: Astray, *, asked: bool = False) -> None:
    """A caller is not in our application, though the call lives: no phone may ring for it until it is back."""
    contact, fallen = _outside(turn, contact, phase)
    turn.to_phase(contact, replace(fallen, asked=asked))


def fell_unheard(turn: Turn, contact: Contact) -> Contact:
    """A caller ended in the fallback, and nobody had told that it fell: what became of it there AMI has yet to tell."""
    if not isinstance(contact.phase, Waiting | InIvr) or takes.pending(contact) is not None:
        return contact
    contact, _ = _outside(turn, contact, contact.phase)
    return contact


def not_joined(turn: Turn, contact: Contact) -> None:
    """A caller who was to talk with an agent is not in our application: nothing came of it.

    Asterisk's own queue may have the caller by now, and to hang up would cut who talks there. If the caller is inside
    all the same, the next look tells.
    """
    contact = ending.let_go(turn, contact)
    turn.put(replace(contact, phase=InFallback(turn.at), agent=None, connected_at=None, recording=None, fallen=True))


def promised_outside(turn: Turn, contact: Contact, promised: Promised) -> None:
    """Somebody may talk there with a caller who was promised a callback, and is called back afterwards.

    No goodbye is said any more: to hang up would cut them.
    """
    turn.cancel_timer(f"back:{contact.id}")
    since = turn.at if promised.outside_since is None else promised.outside_since
    turn.to_phase(contact, replace(promised, outside_since=since))


def _outside(turn: Turn, contact: Contact, phase: Astray) -> tuple[Contact, InFallback]:
    if isinstance(phase, InFallback):
        return contact, phase
    fallen = InFallback(turn.at, _still(phase))
    return turn.put(replace(ending.let_go(turn, contact), phase=fallen, fallen=True, asking=None)), fallen


def _still(phase: Waiting | InIvr) -> Waiting | InIvr:
    """What is kept of a phase while nothing rings or sounds."""
    if isinstance(phase, Waiting):
        return replace(phase, offers=(), playback=None)
    position = replace(phase.position, playback=None, take=None, listening=False, music=False)
    return replace(phase, position=position)


# ---------------------------------------------------------------- the way back


def _want_back(turn: Turn, contact: Contact, fallen: InFallback) -> None:
    """Have a caller back who waits there, but no customer whom we called.

    A leg of ours that comes in has answered, for Asterisk's side of us: it is no caller's.
    """
    there = bool(fallen.channel) and fallen.connected_at is None and fallen.gone is None and contact.line is None
    if there and turn.state.serving and not contact.cut:
        turn.to_phase(contact, replace(fallen, asked=True))
        turn.do(TakeBack(contact.id, contact.leg, fallen.channel))


def want_all_back(turn: Turn, pbx: PbxId) -> None:
    """Have everybody back who waits in an Asterisk's fallback, in the order they wait."""
    if not turn.state.links(pbx).ami:
        return  # the order could not be sent; AMI, once back, tells of each caller anew
    fallen = [
        (contact, contact.phase) for contact in turn.state.contacts.values() if turn.plan.pbx_of(contact.id) == pbx
    ]
    for contact, phase in sorted(fallen, key=lambda found: _turn_of(found[0])):
        if isinstance(phase, InFallback):
            _want_back(turn, contact, phase)


def _turn_of(contact: Contact) -> tuple[bool, int, float, ContactId]:
    """Where a caller stands: who waits in a queue of ours, by its order, comes before who is on the way to one."""
    was = contact.phase.was if isinstance(contact.phase, InFallback) else contact.phase
    if isinstance(was, Waiting):
        return False, *matching.contact_rank(contact, was)
    return True, 0, contact.arrived_at, contact.id


def arrived(turn: Turn, event: CallArrived) -> None:
    """Take a caller in, again if it comes from the fallback; while draining nobody stays."""
    contact = turn.contact(ContactId(event.leg_id))
    if contact is not None and isinstance(contact.phase, InFallback):
        if contact.phase.connected_at is not None:
            return turn.ignore(event, "the caller is offered late, and talks with an agent of that queue by now")
        return _go_on(turn, contact, contact.phase)
    arrival.arrive(turn, event)
    contact = turn.contact(ContactId(event.leg_id))
    if turn.state.draining and contact is not None and isinstance(contact.phase, Waiting | InIvr):
        _hand_over(turn, contact, contact.phase)
    return None


def _go_on(turn: Turn, contact: Contact, fallen: InFallback) -> None:
    """Let a caller go on where the engine lost it; one it never had begins, the time waited already kept."""
    turn.cancel_timer(f"fallback:{contact.id}")
    if turn.state.draining:
        return turn.do(HandOver(contact.id, contact.leg, contact.access_code))
    turn.state.figures = kpi.count_taken_back(turn.state.figures)
    if contact.answered_at is None:
        contact = replace(contact, answered_at=turn.at)  # that queue answers callers
    match fallen.was:
        case Waiting() as waiting:
            queues.wait_on(turn, contact, waiting)
        case InIvr(position=position) as was:
            contact = turn.to_phase(contact, was)
            arrival.follow(turn, contact, ivr.resume(arrival.scene(turn, contact), position))
        case _:
            _begin(turn, contact)
    return None


def _begin(turn: Turn, contact: Contact) -> None:
    code = turn.plan.access_codes.get(contact.access_code)
    position = Position(flow="", node="")  # type: ignore[arg-type] # before any flow
    flow = code.flow if code is not None else None
    contact = turn.put(
        replace(contact, phase=InIvr(turn.at, position), flow=flow, regained=contact.arrived_at, queued_at=None)
    )
    if code is None:
        return ending.leave(turn, contact, Exit.UNKNOWN_NUMBER, arrival.CAUSE_UNALLOCATED)
    return arrival.follow(turn, contact, ivr.start(arrival.scene(turn, contact), code.flow))


def resynced(turn: Turn, event: Resynced) -> None:
    """Find those who came back unseen, let those go who are with somebody else, and want the others back.

    Who fell only after Asterisk was asked may still be inside by its answer, and is not.
    """
    asked_at = event.at if event.asked_at is None else event.asked_at
    inside = {channel.leg_id: channel.in_app for channel in event.channels}
    here = [contact for contact in turn.state.contacts.values() if turn.plan.pbx_of(contact.id) == event.pbx]
    for contact in sorted(here, key=_turn_of):  # who is handed over again stands there as before
        match contact.phase:
            case InFallback() as fallen if inside.get(contact.leg) and fallen.since <= asked_at:
                _go_on(turn, contact, fallen)
            case InFallback(channel="", gone=None, since=since) if turn.at - since > STRAY_S:
                ending.finish(turn, contact, Exit.TRANSFERRED, 0, None)
            case InFallback(channel="", asked=True) as fallen:  # by this look nobody can be asked; AMI has yet to tell
                turn.to_phase(contact, replace(fallen, asked=False))
            case Promised(outside_since=float(since)) as promised if inside.get(contact.leg) and since <= asked_at:
                callbacks.say_goodbye(turn, turn.to_phase(contact, replace(promised, outside_since=None)))
            case _:
                pass
    want_all_back(turn, event.pbx)


# ---------------------------------------------------------------- how it ends there


def ended(turn: Turn, event: UnroutedEnded) -> bool:
    """Make the record of a caller whose call ended in the fallback. False when it did not."""
    contact = _contact_at(turn, event.leg_id)
    if contact is None or contact.away or contact.leg != event.leg_id:
        return False
    match contact.phase:
        case InFallback(was=Waiting() | InIvr() as was, gone=Gone(inside=True)) as fallen if not event.fell:
            at = max(event.at, was.since)  # Asterisk tells whole seconds
            untold(turn, contact, replace(fallen, gone=Gone(at, event.cause, event.sip_code, inside=True)))
            return True
        case InFallback() as fallen:
            pass
        case Waiting() | InIvr() as phase if event.fell and (
            event.connected_at is not None or not _links(turn, contact).ari
        ):  # AMI is the first to tell; who was answered there never came back
            contact, fallen = _outside(turn, contact, phase)
        case Promised(outside_since=float()) as promised:  # ARI may not follow who fell before it was connected
            turn.state.leases.pop(event.leg_id, None)
            callbacks.caller_gone(turn, contact, promised)
            return True
        case _:
            return False
    # The dialplan noted it at once, in whole seconds; we may have heard of the caller later.
    turn.at = max(event.at, contact.arrived_at)
    connected_at = event.connected_at or fallen.connected_at
    if connected_at is not None:
        connected_at = min(max(connected_at, contact.arrived_at), turn.at)
    _finish(turn, replace(contact, connected_at=connected_at), event.cause, event.sip_code)
    return True


def perhaps_ended(turn: Turn, contact: Contact, event: LegEnded) -> bool:
    """A caller went unseen, and AMI may have yet to tell whether from the fallback: let the record wait for that.

    False when it need not. Of a recording that broke off, the file tells how the call ended.
    """
    phase = contact.phase
    if contact.line is not None or takes.pending(contact) is not None:
        return False
    if not isinstance(phase, Waiting | InIvr):
        return False
    contact = ending.let_go(turn, contact)
    gone = Gone(turn.at, event.cause, event.sip_code, inside=True)
    turn.to_phase(contact, InFallback(turn.at, _still(phase), gone=gone))
    ending.wait_for_ami(turn, contact)
    return True


def _links(turn: Turn, contact: Contact) -> Links:
    return turn.state.links(turn.plan.pbx_of(contact.id))


def link_changed(turn: Turn, pbx: PbxId) -> None:
    """AMI is up, and has told of who ended unseen, but for what it is settling; or it is down: then wait for that."""
    for contact in [c for c in turn.state.contacts.values() if turn.plan.pbx_of(c.id) == pbx]:
        if isinstance(contact.phase, InFallback) and contact.phase.gone is not None:
            ending.wait_for_ami(turn, contact)


def time_up(turn: Turn, contact: Contact, fallen: InFallback, late_s: float) -> None:
    """AMI had its time to tell how the call ended there, unless we stood still: then what it told is yet to be read."""
    if late_s > STOOD_STILL_S and _links(turn, contact).ami:
        return ending.wait_for_ami(turn, contact)
    return untold(turn, contact, fallen)


def untold(turn: Turn, contact: Contact, fallen: InFallback) -> None:
    """Nobody told how the call ended there: make the record of what is known."""
    gone = fallen.gone or Gone(turn.at, 0, None)
    now, turn.at = turn.at, gone.at  # the wait for AMI was not the caller's
    if fallen.was is None or not gone.inside:
        _finish(turn, replace(contact, connected_at=fallen.connected_at), gone.cause, gone.sip_code)
    else:
        ending.caller_gone(turn, turn.to_phase(contact, fallen.was), gone.cause, gone.sip_code)
    turn.at = now


def _finish(turn: Turn, contact: Contact, cause: int, sip_code: int | None) -> None:
    turn.state.leases.pop(contact.leg, None)
    why = Exit.FALLBACK_ANSWERED if contact.connected_at is not None else Exit.FALLBACK_ABANDONED
    ending.finish(turn, contact, why, cause, sip_code)


# ---------------------------------------------------------------- draining


def drain(turn: Turn, event: DrainRequested) -> None:
    """Hand everybody over who waits or is on the way to a queue, in order; or go back to normal."""
    if turn.state.draining == event.on:
        return turn.ignore(event, "so it is already")
    turn.state.draining = event.on
    if not event.on:
        for pbx in turn.plan.pbxs or (ONLY_PBX,):
            want_all_back(turn, pbx)
        return offers.offer_all(turn)
    there = [contact for contact in turn.state.contacts.values() if not contact.away]
    for contact in sorted(there, key=_turn_of):
        if isinstance(contact.phase, Waiting | InIvr):
            _hand_over(turn, contact, contact.phase)
    return None


def _hand_over(turn: Turn, contact: Contact, phase: Waiting | InIvr) -> None:
    """Send a caller to the fallback; what goes on there is known here as of any other."""
    _outside(turn, contact, phase)
    turn.do(HandOver(contact.id, contact.leg, contact.access_code))
