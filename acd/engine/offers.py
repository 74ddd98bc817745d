"""The offers desk: whose phone rings for whom, and how an offer ends that came to nothing.

An agent holds at most one offer, so no two contacts ever ring one phone. A contact holds as many as its queue rings at
once; the first agent to answer gets it (``queueing.accept``), the others are taken back and lose nothing by it. More
than one phone rings for a contact only while nobody who could have such an agent is without any. Knows contacts and
agents; never why somebody waits, nor what is heard meanwhile.
"""

from __future__ import annotations

from acd.domain.commands import CreateBridge, HangUp, Originate
from acd.domain.copies import replace
from acd.domain.decision import Outcome
from acd.domain.ids import OUR_LEG_PREFIX, AgentId, ContactId, LegId
from acd.domain.plan import QueuePlan
from acd.engine import agent as agents
from acd.engine import matching, outbound
from acd.engine.state import Agent, Contact, Offer, Offered, Waiting
from acd.engine.turn import Turn

REST_S = 5.0
"""How long a phone is left alone after an offer that came to nothing, so that it does not ring again at once."""
CAUSE_ANSWERED_ELSEWHERE = 26
"""Q.850: tells a phone that somebody else took the call, so that it shows no missed one (RFC 3326)."""
NO_QUEUE = QueuePlan(id="", name="", requires=())  # type: ignore[arg-type]
"""Stands in for a queue that a reload took away while somebody waited in it."""


def offer_contact(turn: Turn, contact: Contact, phones: int | None = None) -> bool:
    """Ring for a waiting contact: so many phones at once, as many as its queue says by default.

    Tells whether one more rings than before.
    """
    before = contact.offers
    while (
        turn.state.serving
        and not contact.cut
        and isinstance(contact.phase, Waiting)
        and len(contact.phase.offers) < (phones or turn.plan.queues.get(contact.phase.queue, NO_QUEUE).ring)
    ):
        chosen = turn.matcher.best_agent(contact)
        if chosen is None:
            break
        if contact.away and not contact.phase.offers:
            line = outbound.way_out(turn, contact, contact.phase)
            if line is None:
                return True  # put aside: the agent is there for the next contact
            if outbound.plan_of(turn).first == "caller":
                outbound.reserve(turn, contact, contact.phase, line, AgentId(chosen.id))
                return True
        contact = _offer(turn, contact, contact.phase, AgentId(chosen.id))
    return contact.offers > before


def offer_agent(turn: Turn, agent_id: AgentId) -> None:
    """Look for a waiting contact for an agent who may be available, and for those this one makes available."""
    if not turn.state.serving:
        return
    _serve(turn, agent_id)
    for other in turn.matcher.freed_elsewhere(agent_id):
        _serve(turn, other)


def _serve(turn: Turn, agent_id: AgentId) -> None:
    # The contact decides among all agents: where some are kept in reserve, another one may be better, and then this one
    # is still there for the next contact.
    contacts = turn.state.contacts
    while (chosen := turn.matcher.best_contact(agent_id, turn.at)) is not None and offer_contact(
        turn, contacts[ContactId(chosen.id)]
    ):
        continue
    rung = _rung_for_too_few(turn, agent_id)
    if rung is not None:
        offer_contact(turn, contacts[rung])


def _rung_for_too_few(turn: Turn, agent_id: AgentId) -> ContactId | None:
    """Find the contact for whom another phone may ring; looked for only where a queue rings several."""
    if all(queue.ring == 1 for queue in turn.plan.queues.values()):
        return None
    held = {agent.work.contact for agent in turn.state.agents.values() if isinstance(agent.work, Offered)}
    ranked = []
    for contact in (turn.state.contacts[contact_id] for contact_id in held):
        waiting = contact.phase
        if not isinstance(waiting, Waiting) or contact.cut or not turn.matcher.may_take(agent_id, contact):
            continue
        if len(waiting.offers) < turn.plan.queues.get(waiting.queue, NO_QUEUE).ring:
            ranked.append(matching.contact_rank(contact, waiting))
    return min(ranked)[-1] if ranked else None


def offer_all(turn: Turn) -> None:
    """Match everybody, in order, after a reload or a resync: a phone for each before a second one for anybody."""
    waiting = sorted(
        matching.contact_rank(c, c.phase) for c in turn.state.contacts.values() if isinstance(c.phase, Waiting)
    )
    for *_, contact_id in waiting:
        offer_contact(turn, turn.state.contacts[contact_id], 1)
    for *_, contact_id in waiting:
        offer_contact(turn, turn.state.contacts[contact_id])


def _offer(turn: Turn, contact: Contact, waiting: Waiting, agent_id: AgentId) -> Contact:
    turn.chosen(contact.id, agent_id)
    leg = LegId(f"{OUR_LEG_PREFIX}{contact.id}-{contact.offers + 1}")
    ring_s = turn.plan.queues.get(waiting.queue, NO_QUEUE).ring_timeout_s
    number = turn.state.generation + 1
    turn.change_agent(agent_id, lambda agent: agents.offered(agent, contact.id, leg, turn.at, number))
    called = turn.plan.agents[agent_id]
    device, phone = called.device, ""
    if called.pbx != turn.plan.pbx_of(contact.id):
        device, phone = called.from_elsewhere, called.device
    caller = contact.leg if contact.answered_at is None and not contact.away else None
    shown = outbound.caller_of(contact)
    turn.do(Originate(contact.id, leg, device, shown, ring_s + 5, contact.away, caller, phone))
    if not contact.bridged:
        turn.do(CreateBridge(contact.id, contact.bridge))
    offered = replace(waiting, offers=(*waiting.offers, Offer(agent_id, leg, turn.at)))
    turn.start_timer(f"ring:{leg}", ring_s)
    return turn.put(replace(contact, phase=offered, offers=contact.offers + 1, bridged=True))


# ---------------------------------------------------------------- offers that come to nothing


def withdraw(turn: Turn, contact: Contact, waiting: Waiting, outcome: Outcome, offer: Offer) -> Contact:
    """End one offer. ``timed_out``, ``rejected`` and ``failed`` let the phone rest; ``rescinded`` does not."""
    blamed = outcome != "rescinded"
    _end(turn, contact, waiting, offer, outcome, 16)
    left = tuple(other for other in waiting.offers if other != offer)
    tried = (*waiting.tried, offer.agent) if blamed and offer.agent not in waiting.tried else waiting.tried
    waiting = replace(waiting, offers=left, tried=tried)
    if blamed and (waiting.named_until is not None or waiting.assigned):
        # The one agent waited for does not take the contact: no use in waiting for that one any longer.
        turn.cancel_timer(f"named:{contact.id}")
        waiting = replace(waiting, named=None, named_until=None, assigned=False)
    contact = turn.to_phase(contact, waiting)
    agent = turn.state.agents.get(offer.agent)
    if blamed and agent is not None and agent.presence != "ready":
        unassign(turn, offer.agent)
    return contact


def unassign(turn: Turn, agent_id: AgentId) -> None:
    """Ask everybody again for the contacts a supervisor gave to an agent who will not take them."""
    for contact in list(turn.state.contacts.values()):
        waiting = contact.phase
        if isinstance(waiting, Waiting) and waiting.assigned and waiting.named == agent_id:
            offer_contact(turn, turn.to_phase(contact, replace(waiting, named=None, assigned=False)))


def withdraw_all(turn: Turn, contact: Contact, waiting: Waiting) -> Contact:
    """Take back every offer of a contact who no longer wants one."""
    for offer in waiting.offers:
        _end(turn, contact, waiting, offer, "rescinded", 16)
    return turn.to_phase(contact, replace(waiting, offers=()))


def turned_down(turn: Turn, agent: Agent, outcome: Outcome) -> bool:
    """End the offer an agent holds, by the agent's will or for a fault of the phone. False when there is none."""
    contact = turn.contact(agent.work.contact) if isinstance(agent.work, Offered) else None
    waiting = contact.phase if contact is not None else None
    if contact is None or not isinstance(waiting, Waiting):
        return False
    offer = next(offer for offer in waiting.offers if offer.agent == agent.id)
    offer_contact(turn, withdraw(turn, contact, waiting, outcome, offer))
    return True


def taken(turn: Turn, contact: Contact, waiting: Waiting, offer: Offer) -> None:
    """Somebody answered: that phone rings no longer, and the others learn that the call was answered elsewhere."""
    turn.cancel_timer(f"ring:{offer.leg}")
    turn.offer_over(contact.id, offer, "accepted")
    for other in waiting.offers:
        if other != offer:
            _end(turn, contact, waiting, other, "rescinded", CAUSE_ANSWERED_ELSEWHERE)


def _end(turn: Turn, contact: Contact, waiting: Waiting, offer: Offer, outcome: Outcome, cause: int) -> None:
    turn.cancel_timer(f"ring:{offer.leg}")
    turn.offer_over(contact.id, offer, outcome)
    missed, rest = outcome == "timed_out", outcome != "rescinded"
    limit, reason = turn.plan.queues.get(waiting.queue, NO_QUEUE).max_no_answer, turn.plan.no_answer_reason
    agent = turn.change_agent(
        offer.agent,
        lambda a: agents.missed_too_often(
            agents.unoffered(a, turn.at, missed=missed, rest=rest), limit, turn.at, reason
        ),
    )
    if rest:
        turn.start_timer(f"rest:{offer.agent}", REST_S)
    if agent is not None and agent.leg is not None:
        turn.do(HangUp(contact.id, offer.leg, cause))
