"""An outbound call of a callback: agent or customer first, the key that tells a person from a machine, what follows.

Decides how the end of a call is read (Q.850) and whether another is made. Must not know how a promise came about.
"""

from __future__ import annotations

from acd.domain.callback_plan import AttemptOutcome
from acd.domain.commands import HangUp, Play, Ring, StopPlay, StopRing, WriteAttempt
from acd.domain.copies import replace
from acd.domain.exits import Exit
from acd.domain.ids import AgentId, PlaybackId, PromptKey
from acd.domain.record import CallbackAttempt
from acd.engine import agent as agents
from acd.engine import callbacks, ending, kpi, offers, outbound, treatment
from acd.engine import queueing as queues
from acd.engine.state import CallingBack, Contact, Offer, Waiting
from acd.engine.turn import Turn

GREETING = PromptKey("callback_greeting")
"""Who calls, and which key connects."""
SPOKEN_S = 60.0
"""How long the greeting may take to be spoken; then the key is waited for no longer."""
_BY_CAUSE: dict[int, AttemptOutcome] = {
    17: "busy",
    18: "no_answer",
    19: "no_answer",
    20: "no_answer",  # the subscriber's phone is off
    21: "rejected",
    1: "invalid",
    22: "invalid",  # number changed
    28: "invalid",
}
"""What a Q.850 cause says of the customer; any other is the network's failure."""
NOT_COUNTED = ("agent_gone", "cancelled")


def agent_answered(
    turn: Turn, contact: Contact, waiting: Waiting, offer: Offer, *, customer_rings: bool = False
) -> None:
    """The agent is on the line and hears it ring; call the customer, unless the trunk filled up meanwhile or we closed.

    ``customer_rings``: the customer is being called already, by an engine that died before it could note that.
    """
    offers.taken(turn, contact, waiting, offer)
    line = outbound.way_out(turn, contact, waiting)
    if line is not None:
        turn.do(Ring(contact.id, offer.leg))
        outbound.dial(turn, contact, waiting, line, offer.agent, offer.leg, exists=customer_rings)
        return
    turn.do(HangUp(contact.id, offer.leg))
    turn.change_agent(offer.agent, lambda a: agents.unoffered(a, turn.at, missed=False, rest=False))


def agent_gone(turn: Turn, contact: Contact, calling: CallingBack, agent_id: AgentId) -> None:
    """The agent hung up before the customer was there. Who has answered already gets somebody else, in that place."""
    turn.change_agent(agent_id, lambda a: agents.unoffered(a, turn.at, missed=False, rest=True))
    turn.start_timer(f"rest:{agent_id}", offers.REST_S)
    calling = replace(calling, agent=None, agent_leg=None)
    if calling.stage == "ringing":
        callbacks.close(turn, contact, replace(calling, outcome="agent_gone"))
    else:
        turn.to_phase(contact, calling)


def answered(turn: Turn, contact: Contact, calling: CallingBack) -> None:
    """Somebody, or something, took the call."""
    if calling.stage != "ringing":
        return
    contact = replace(contact, answered_at=contact.answered_at or turn.at)
    calling = replace(calling, stage="asking", answered_at=turn.at)
    if outbound.plan_of(turn).confirm_key:
        ask(turn, contact, calling)
    else:
        _confirmed(turn, turn.to_phase(contact, calling), calling)


def ask(turn: Turn, contact: Contact, calling: CallingBack) -> None:
    """Say who calls, and ask for the key."""
    if calling.playback is not None:
        turn.do(StopPlay(contact.id, calling.playback))
    said = calling.place.position.plays + 1
    playback = PlaybackId(f"acd-p-{contact.id}-{said}")
    place = replace(calling.place, position=replace(calling.place.position, plays=said))
    turn.to_phase(contact, replace(calling, place=place, playback=playback, tries=calling.tries + 1))
    turn.start_timer(f"back:{contact.id}", SPOKEN_S)
    turn.do(Play(contact.id, contact.leg, playback, (GREETING,), contact.language or treatment.NO_LANGUAGE))


def asked(turn: Turn, contact: Contact, calling: CallingBack) -> None:
    """The question was spoken: wait for the key."""
    turn.to_phase(contact, replace(calling, playback=None))
    turn.start_timer(f"back:{contact.id}", outbound.plan_of(turn).confirm_s)


def digit(turn: Turn, contact: Contact, calling: CallingBack, key: str) -> bool:
    """A key was pressed. False when it is not the one."""
    if calling.stage != "asking" or key != outbound.plan_of(turn).confirm_key:
        return False
    _confirmed(turn, contact, calling)
    return True


def time_up(turn: Turn, contact: Contact, calling: CallingBack) -> None:
    """No key came; nobody answered, though Asterisk did not say so; or a hang-up was not heard of."""
    if calling.stage == "asking" and calling.tries < outbound.plan_of(turn).confirm_tries:
        return ask(turn, contact, calling)
    if calling.stage == "closing":
        return callbacks.close(turn, contact, calling)
    outcome: AttemptOutcome = "unconfirmed" if calling.stage == "asking" else "no_answer"
    return callbacks.close(turn, contact, replace(calling, outcome=outcome))


def _confirmed(turn: Turn, contact: Contact, calling: CallingBack) -> None:
    """The customer is there: join with the agent on the line, or else be offered as any caller in this place."""
    turn.cancel_timer(f"back:{contact.id}")
    turn.cancel_timer(f"expire:{contact.id}")
    if calling.playback is not None:
        turn.do(StopPlay(contact.id, calling.playback))
    _keep(turn, contact, calling, "connected", 0, None)
    promise = outbound.promise_of(contact)
    promise = replace(promise, attempts=promise.attempts + 1, last="connected")
    contact = turn.put(replace(contact, phase=calling.place, callback=promise))
    if calling.agent is not None and calling.agent_leg is not None:
        turn.do(StopRing(contact.id, calling.agent_leg))
        queues.join(turn, contact, calling.agent, calling.agent_leg)
        return
    outbound.let_agent_go(turn, contact, calling)
    offers.offer_contact(turn, contact)
    treatment.comfort(turn, turn.state.contacts[contact.id])
    _use(turn, calling.agent)


def _use(turn: Turn, agent_id: AgentId | None) -> None:
    if agent_id is not None:
        queues.changed(turn, agent_id)


def ended(turn: Turn, contact: Contact, calling: CallingBack, cause: int, sip_code: int | None) -> None:
    """The outbound call is over without a conversation: another one later, or the callback's end."""
    outcome = calling.outcome or ("unconfirmed" if calling.stage == "asking" else _BY_CAUSE.get(cause, "failed"))
    _keep(turn, contact, calling, outcome, cause, sip_code)
    promise = outbound.promise_of(contact)
    promise = replace(promise, attempts=promise.attempts + (outcome not in NOT_COUNTED), last=outcome)
    outbound.let_agent_go(turn, contact, calling)
    contact = turn.put(replace(contact, line=None, away=True, callback=promise, phase=calling.place))
    plan = outbound.plan_of(turn)
    pauses = {"busy": plan.busy_s, "failed": plan.failed_s, "agent_gone": 0.0}
    again_at = turn.at + pauses.get(outcome, plan.no_answer_s)
    if outcome == "cancelled":
        ending.finish(turn, contact, Exit.CALLBACK_CANCELLED, cause, sip_code)
    elif outcome == "invalid" or promise.attempts >= plan.attempts:
        ending.finish(turn, contact, Exit.CALLBACK_FAILED, cause, sip_code)
    elif again_at >= promise.expires_at:
        ending.finish(turn, contact, Exit.CALLBACK_EXPIRED, cause, sip_code)
    elif outcome == "agent_gone":
        offers.offer_contact(turn, contact)
    else:
        outbound.hold(turn, contact, calling.place, "retry", again_at)
    _use(turn, calling.agent)


def _keep(
    turn: Turn, contact: Contact, calling: CallingBack, outcome: AttemptOutcome, cause: int, sip_code: int | None
) -> None:
    """Make the row of an outbound call, and count it."""
    number = outbound.promise_of(contact).number
    row = CallbackAttempt(
        leg=contact.leg,
        contact_id=contact.id,
        number=number,
        trunk=calling.trunk,
        started_at=calling.since,
        answered_at=calling.answered_at,
        ended_at=turn.at,
        outcome=outcome,
        cause=cause,
        sip_code=sip_code,
    )
    turn.do(WriteAttempt(row))
    turn.state.figures = kpi.count_attempt(turn.state.figures, outcome)
