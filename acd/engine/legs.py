"""The legs' desk: a channel answered, ended or left, a command about one failed; whose it was decides what follows."""

from __future__ import annotations

from acd.domain.commands import HandOver, HangUp
from acd.domain.copies import replace
from acd.domain.decision import Outcome
from acd.domain.events import CommandFailed, LegAnswered, LegEnded, LegLeft, TimerFired
from acd.domain.exits import Exit
from acd.domain.ids import (
    OUR_LEG_PREFIX,
    ContactId,
    LegId,
    PlaybackId,
    RecordingName,
    contact_of_leg,
)
from acd.engine import (
    arrival,
    callback_desk,
    dictation,
    ending,
    fallback,
    ivr,
    offers,
    presence,
    treatment,
)
from acd.engine import queueing as queues
from acd.engine.state import Agent, InFallback, InIvr, Leaving, Offer, Talking, Waiting
from acd.engine.turn import Turn

LEFT_GUARD_S = 2.0
"""After a channel left our application: how long to wait for its end before it counts as living on elsewhere."""


def _agent_of_leg(turn: Turn, leg: LegId) -> Agent | None:
    return next((agent for agent in turn.state.agents.values() if agent.leg == leg), None)


def _offer_of(waiting: Waiting, leg: LegId) -> Offer | None:
    return next((offer for offer in waiting.offers if offer.leg == leg), None)


def answered(turn: Turn, event: LegAnswered) -> None:
    """Somebody we rang picked up: connect, or hang up if that is not wanted any more."""
    if callback_desk.answered(turn, event.leg_id):
        return None
    contact = turn.contact(contact_of_leg(event.leg_id) or ContactId(""))
    if contact is not None:
        match contact.phase:
            case Waiting() as waiting if (offer := _offer_of(waiting, event.leg_id)) is not None:
                return queues.accept(turn, contact, waiting, offer)
            case Talking(leg=leg) if leg == event.leg_id:
                return turn.ignore(event, "already connected")
            case _:
                pass
    if event.leg_id.startswith(OUR_LEG_PREFIX):
        turn.do(HangUp(contact_of_leg(event.leg_id) or ContactId(""), event.leg_id))
        return None
    return turn.ignore(event, "leg is not ours")


def ended(turn: Turn, event: LegEnded, *, torn: bool = False, unseen: bool = False) -> None:
    """A channel is gone: the caller's, an agent's or a feature call's.

    ``torn``: Asterisk died, nobody hung up. ``unseen``: nobody looked when it went, or what came before.
    """
    leg = event.leg_id
    leased = turn.state.leases.pop(leg, None) is not None
    if callback_desk.leg_ended(turn, leg, event.cause, event.sip_code):
        return
    contact = callback_desk.contact_at(turn, leg)
    if contact is not None:
        if not (unseen and fallback.perhaps_ended(turn, contact, event)):
            if event.fell:  # unseen, or nobody had told yet
                contact = fallback.fell_unheard(turn, contact)
            ending.caller_gone(turn, contact, event.cause, event.sip_code, torn=torn)
        return
    owner = contact_of_leg(leg)
    if owner is not None:
        _agent_leg_ended(turn, event, owner)
    elif not presence.feature_call_gone(turn, leg) and not leased:
        turn.ignore(event, "leg is unknown or its end was seen")


def _agent_leg_ended(turn: Turn, event: LegEnded, owner: ContactId) -> None:
    leg = event.leg_id
    agent = _agent_of_leg(turn, leg)
    if agent is None:
        return turn.ignore(event, "leg is unknown or its end was seen")
    turn.put_agent(replace(agent, leg=None))
    contact = turn.contact(owner)
    match contact.phase if contact is not None else None:
        case Waiting() as waiting if contact is not None and (offer := _offer_of(waiting, leg)) is not None:
            offers.withdraw(turn, contact, waiting, _offer_outcome(event.cause), offer)
            queues.changed(turn, agent.id)
            offers.offer_contact(turn, turn.state.contacts[contact.id])
        case Talking(leg=joined, after=after) if contact is not None and joined == leg:
            if after is None:
                ending.leave(turn, contact, Exit.ANSWERED, 16)
            else:
                contact = ending.stay(turn, contact)
                arrival.follow(turn, contact, ivr.enter(arrival.scene(turn, contact), after, after.node))
            queues.changed(turn, agent.id)
        case _:
            callback_desk.agent_leg_ended(turn, contact, agent.id, leg)
            queues.changed(turn, agent.id)
    return None


def rang_out(turn: Turn, event: TimerFired, leg: LegId) -> None:
    """A phone rang for as long as it may: the next agent is tried."""
    contact = turn.contact(contact_of_leg(leg) or ContactId(""))
    waiting = contact.phase if contact is not None else None
    offer = _offer_of(waiting, leg) if isinstance(waiting, Waiting) else None
    if contact is None or not isinstance(waiting, Waiting) or offer is None:
        return turn.ignore(event, "timer is about something past")
    # While its Asterisk is away nobody knows whether the agent heard it ring.
    outcome: Outcome = "rescinded" if contact.cut else "timed_out"
    offers.offer_contact(turn, offers.withdraw(turn, contact, waiting, outcome, offer))
    return None


_OUTCOMES: dict[int, Outcome] = {17: "rejected", 21: "rejected", 18: "timed_out", 19: "timed_out"}


def _offer_outcome(cause: int) -> Outcome:
    """Tell a person's refusal (17 busy, 21 rejected, 19 and 18 no answer) from a failure (Q.850)."""
    return _OUTCOMES.get(cause, "failed")


def left(turn: Turn, event: LegLeft) -> None:
    """A caller's channel went back to the dialplan, or is about to end; the next moments tell."""
    contact = callback_desk.contact_at(turn, event.leg_id)
    if contact is None:
        return turn.ignore(event, "leg is unknown or its end was seen")
    match contact.phase:
        case Leaving(exit=Exit.TRANSFERRED):
            return ending.caller_left(turn, contact)
        case InFallback():
            return turn.ignore(event, "the caller was sent there")
        case _:
            return turn.start_timer(f"left:{contact.id}", LEFT_GUARD_S)


def failed(turn: Turn, event: CommandFailed) -> None:
    """A command about a leg came to nothing."""
    leg = LegId(event.target)
    match event.command, event.reason:
        case ("claim", _):
            _not_ours(turn, event, leg)
        case ("originate", "timeout"):
            turn.ignore(event, "outcome unknown; the ring timeout or the audit settles it")
        case ("originate", _):
            ended(turn, LegEnded(event.at, leg, cause=38))
        case ("hang_up", "gone"):
            _hang_up_found_nothing(turn, event, leg)
        case ("play", "gone" | "refused" | "timeout"):
            if not playback_over(turn, PlaybackId(event.target)):
                turn.ignore(event, "playback is unknown or over")
        case ("start_take", "gone" | "refused") | ("stop_take" | "seek_take", "gone"):
            if not dictation.over(turn, RecordingName(event.target)):
                turn.ignore(event, "recording is unknown or was looked at")
        case ("add_to_bridge", "gone" | "refused"):
            _could_not_join(turn, event)
        case ("continue_in_dialplan", "refused" | "timeout"):
            _could_not_hand_over(turn, event, leg)
        case _:
            turn.ignore(event, "an event or the audit tells what became of it")


def _not_ours(turn: Turn, event: CommandFailed, leg: LegId) -> None:
    contact = turn.contact(ContactId(leg))
    if contact is None:
        return turn.ignore(event, "caller is unknown or gone")
    if contact.fallen and isinstance(contact.phase, fallback.Astray):  # back in the fallback, as will be told
        return fallback.outside(turn, contact, contact.phase, asked=True)
    if event.reason == "gone":  # it never came in: AMI tells where it was
        return ended(turn, LegEnded(event.at, leg), unseen=True)
    turn.state.leases.pop(leg, None)
    return ending.forget(turn, contact)


def _hang_up_found_nothing(turn: Turn, event: CommandFailed, leg: LegId) -> None:
    contact = turn.contact(ContactId(leg))
    cause = contact.phase.cause if contact is not None and isinstance(contact.phase, Leaving) else 0
    ended(turn, LegEnded(event.at, leg, cause=cause))


def _could_not_join(turn: Turn, event: CommandFailed) -> None:
    for contact in list(turn.state.contacts.values()):
        if contact.bridge == event.target and isinstance(contact.phase, Talking):
            if event.reason == "refused":
                known = contact.fallen
                fallback.not_joined(turn, contact)
                if not known:  # mostly outside, as nobody has told yet: to hang up might cut who talks there
                    turn.do(HandOver(contact.id, contact.leg, contact.access_code))
            else:
                ending.leave(turn, contact, Exit.FAILED_TECHNICAL, 41)
            return
    turn.ignore(event, "no conversation in this bridge")


def _could_not_hand_over(turn: Turn, event: CommandFailed, leg: LegId) -> None:
    contact = turn.contact(ContactId(leg))
    if contact is None or not isinstance(contact.phase, Leaving) or contact.phase.exit is not Exit.TRANSFERRED:
        return turn.ignore(event, "nobody is being handed over")
    return ending.leave(turn, contact, Exit.FAILED_TECHNICAL, 41)


def playback_over(turn: Turn, playback: PlaybackId) -> bool:
    """Go on after a prompt. False when nobody waits for its end."""
    if presence.confirmation_ended(turn, playback):
        return True
    contact = turn.contact(ContactId(playback.removeprefix("acd-p-").rsplit("-", 1)[0]))
    if contact is not None and callback_desk.playback_over(turn, contact, playback):
        return True
    match contact.phase if contact is not None else None:
        case InIvr(position=position) if contact is not None and position.playback == playback:
            outcome = ivr.playback_ended(arrival.scene(turn, contact), position, playback)
            arrival.follow(turn, contact, outcome)
            return True
        case Waiting(playback=current) as waiting if contact is not None and current == playback:
            treatment.announcement_ended(turn, contact, waiting)
            return True
        case _:
            return False
