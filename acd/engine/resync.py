"""Reconciliation: what the engine believes against the channels and bridges that exist.

Run after every (re)connect (``after_gap``), when events may have been missed, and at intervals as an audit. It makes
up for what was missed by the same transitions the events would have taken, so there is one way to end a call.
"""

from __future__ import annotations

from acd.domain.commands import AddToBridge, Answer, CreateBridge, DestroyBridge, HangUp, StartRecording, StopPlay
from acd.domain.copies import replace
from acd.domain.events import ENDED, BridgeSeen, CallArrived, ChannelSeen, LegAnswered, LegEnded, Resynced
from acd.domain.exits import Exit
from acd.domain.ids import (
    OUR_BRIDGE_PREFIX,
    OUR_LEG_PREFIX,
    BridgeId,
    ContactId,
    LegId,
    contact_of_leg,
    customer_leg,
    is_customer_leg,
)
from acd.engine import (
    arrival,
    callback_desk,
    callback_dial,
    ending,
    fallback,
    ivr,
    kpi,
    legs,
    offers,
    outbound,
    takes,
    treatment,
    trunks,
)
from acd.engine import queueing as queues
from acd.engine.state import (
    Agent,
    CallingBack,
    Contact,
    InCall,
    InIvr,
    Leaving,
    Offer,
    Offered,
    Promised,
    Talking,
    TrunkState,
    Waiting,
    WrapUp,
)
from acd.engine.turn import Turn

CAUSE_TEMPORARY = 41
"""Q.850, temporary failure: what the calls of an Asterisk that died ended with."""
SETTLED_S = 5.0
"""In an audit, a channel younger than this may have events on their way and is left alone."""


def resynced(turn: Turn, event: Resynced) -> None:
    """Bring belief and reality together."""
    channels = {c.leg_id: c for c in event.channels}
    bridges = {b.bridge_id: b for b in event.bridges}
    if event.after_gap:
        _forgotten(turn, event, channels, bridges)
        _talked(turn, channels, bridges)
    _missing(turn, event, channels)
    _leases(turn, event)
    here, asked_at = _Here(turn, event), _asked_at(event)
    for contact in [contact for contact in turn.state.contacts.values() if here(contact.id)]:
        if contact.arrived_at <= asked_at:  # of who came since then nothing was missed
            _repair(turn, contact, channels, bridges, after_gap=event.after_gap)
    _callers(turn, event, bridges)
    if event.asterisk_started != ENDED:
        for leg in [leg for leg in turn.state.lost if here(leg) and leg not in channels]:
            del turn.state.lost[leg]
    fallback.resynced(turn, event)
    _needless(turn, event)
    for bridge in bridges.values():
        if bridge.bridge_id.startswith(OUR_BRIDGE_PREFIX) and _owner(turn, bridge.bridge_id) is None:
            turn.do(DestroyBridge(ContactId(bridge.bridge_id.removeprefix(OUR_BRIDGE_PREFIX)), bridge.bridge_id))
    if event.after_gap:
        ending.check_recordings_again(turn, event.pbx)
    offers.offer_all(turn)


def _asked_at(event: Resynced) -> float:
    return event.at if event.asked_at is None else event.asked_at


def _owner(turn: Turn, bridge: BridgeId) -> Contact | None:
    contact = turn.contact(ContactId(bridge.removeprefix(OUR_BRIDGE_PREFIX)))
    return contact if contact is not None and contact.bridged else None


def _missing(turn: Turn, event: Resynced, channels: dict[LegId, ChannelSeen]) -> None:
    """End every leg we believe in that does not exist. Callers first: no phone shall ring for one who is gone."""
    state = turn.state
    asked_at = _asked_at(event)
    here = _Here(turn, event)
    there = [contact for contact in state.contacts.values() if not contact.away and here(contact.id)]
    # The end of an outbound call may free an agent at once: by then nobody else may be believed in who is gone.
    there.sort(key=lambda contact: isinstance(contact.phase, CallingBack))
    known = [(contact.leg, _on_line_since(contact)) for contact in there]
    legs_known = [(agent.leg, agent.work.since) for agent in state.agents.values() if agent.leg is not None]
    known += [(leg, since) for leg, since in legs_known if here(leg)]
    known += [(leg, call.since) for leg, call in state.feature_calls.items() if here(leg)]
    links = state.links(event.pbx)
    lost = event.asterisk_started == ENDED
    died = bool(links.started and event.asterisk_started not in {"", ENDED, links.started})
    torn = lost or died
    started = links.started if lost else event.asterisk_started or links.started
    state.put_links(event.pbx, replace(links, started=started, lost=lost))
    if lost is not links.lost:
        for agent in [a for a in state.agents.values() if turn.plan.pbx_of_agent(a.id) == event.pbx]:
            turn.put_agent(agent)
    if died:
        _hang_up_elsewhere(turn, event)
    for leg, since in known:
        # What we heard of since Asterisk was asked is younger than the list; in an audit, so may be what we ordered.
        if leg not in channels and since <= asked_at and (event.after_gap or event.at - since > SETTLED_S):
            if torn:  # it ended when Asterisk did, and that is when the link broke
                turn.at = min(event.at, max(since, links.ari_lost_at))
            gone = LegEnded(turn.at, leg, CAUSE_TEMPORARY if torn else 0)
            legs.ended(turn, gone, torn=torn, unseen=event.after_gap and not torn)
            turn.at = event.at


class _Here:
    """Tells whether a contact or a leg is at the Asterisk that was looked at."""

    def __init__(self, turn: Turn, event: Resynced) -> None:
        self._plan, self._pbx = turn.plan, event.pbx

    def __call__(self, name: str) -> bool:
        return self._plan.pbx_of(name) == self._pbx


def _hang_up_elsewhere(turn: Turn, event: Resynced) -> None:
    """Asterisk died, and with it the way from other ones to its phones: there the legs are up yet, with nobody on."""
    for agent in turn.state.agents.values():
        leg = agent.leg
        if leg is not None and turn.plan.pbx_of_agent(agent.id) == event.pbx != turn.plan.pbx_of(leg):
            turn.do(HangUp(contact_of_leg(leg) or ContactId(""), leg))


def _forgotten(
    turn: Turn, event: Resynced, channels: dict[LegId, ChannelSeen], bridges: dict[BridgeId, BridgeSeen]
) -> None:
    """Learn of legs to agents that the journal does not know, as its end was lost: before anybody is offered anything.

    Their names are taken, their phones are in use until their end is seen, who talks goes on talking, and who hung up
    since has talked: an agent's leg comes into the bridge with the caller only.
    """
    for channel in event.channels:
        leg = channel.leg_id
        agent = _agent_at(turn, channel) if leg.startswith(OUR_LEG_PREFIX) else None
        if agent is None or agent.leg is not None or isinstance(agent.work, Offered | InCall):
            continue
        agent = turn.put_agent(replace(agent, leg=leg))
        contact = turn.contact(contact_of_leg(leg) or ContactId(""))
        if contact is None:
            continue
        contact = turn.put(replace(contact, offers=_offers(turn, contact.offers, leg)))
        bridge = bridges.get(contact.bridge)
        with_caller = bridge is not None and (contact.leg in bridge.members or contact.leg not in channels)
        if bridge is not None and with_caller and leg in bridge.members and not contact.away:
            _go_on_talking(turn, contact, agent, leg)


def _talked(turn: Turn, channels: dict[LegId, ChannelSeen], bridges: dict[BridgeId, BridgeSeen]) -> None:
    """Callers who are gone have talked where the agent whose phone rang for them is in the bridge yet, alone."""
    for contact in list(turn.state.contacts.values()):
        bridge = bridges.get(contact.bridge)
        if bridge is None or contact.away or contact.leg in channels or not isinstance(contact.phase, Waiting):
            continue
        for offer in contact.phase.offers:
            if offer.leg in bridge.members:
                legs.answered(turn, LegAnswered(turn.at, offer.leg))
                break


def _offers(turn: Turn, known: int, leg: LegId) -> int:
    """Count the offers up to the one of this leg."""
    number = max(known, int(leg.rpartition("-")[2]))
    for _ in range(known, number):
        turn.state.figures = kpi.count_offer(turn.state.figures, "rescinded")
    return number


def _go_on_talking(turn: Turn, contact: Contact, agent: Agent, leg: LegId) -> None:
    """A caller who is believed to wait, or to be in a flow, talks with an agent."""
    after = None
    match contact.phase:
        case Waiting() as waiting:
            contact = offers.withdraw_all(turn, contact, waiting)
            after = queues.after(turn, waiting.position)
        case InIvr(position=position):
            contact = contact if position.take is None else takes.abandon(turn, contact, position.take)
        case _:
            return
    for timer in ending.TIMERS:
        turn.cancel_timer(f"{timer}:{contact.id}")
    turn.cancel_timer(f"wrap:{agent.id}")
    turn.put_agent(replace(agent, work=InCall(turn.at, contact.id)))
    talking = Talking(turn.at, agent.id, leg, after)
    answered_at = turn.at if contact.answered_at is None else contact.answered_at
    turn.put(
        replace(
            contact,
            phase=talking,
            answered_at=answered_at,
            connected_at=turn.at,
            agent=agent.id,
            bridged=True,
            asking=None,
        )
    )


def _agent_at(turn: Turn, channel: ChannelSeen) -> Agent | None:
    """Tell whose phone a channel is."""
    device = channel.name.rpartition("-")[0]
    agent_id = next((plan.id for plan in turn.plan.agents.values() if plan.device == device), None)
    return turn.state.agents.get(agent_id) if agent_id is not None else None


def _on_line_since(contact: Contact) -> float:
    return contact.arrived_at if contact.line is None or contact.callback is None else contact.callback.called_at


def _leases(turn: Turn, event: Resynced) -> None:
    """Make the ledger anew: channels hold SST, whoever serves them."""
    state = turn.state
    refused = {c.leg for c in state.contacts.values() if isinstance(c.phase, Leaving) and c.leg not in state.leases}
    # The list may be older than the last events: who ended since stays ended, who came since stays.
    if event.after_gap:
        asked_at = _asked_at(event)
        refused |= {leg for leg, ended_at in state.ended.items() if ended_at > asked_at and leg not in state.leases}
    else:
        young = {c.leg_id for c in event.channels if event.at - c.created_at <= SETTLED_S}
        refused |= {leg for leg in (*young, *state.ended) if leg not in state.leases}
    seen = ((channel.leg_id, channel.name) for channel in event.channels)
    leases = trunks.rebuild(turn.plan, seen, frozenset(refused), event.pbx)
    callers = {contact.leg for contact in state.contacts.values() if not contact.away}
    here = _Here(turn, event)
    leases |= {leg: trunk for leg, trunk in state.leases.items() if leg in callers or not here(leg)}
    state.leases = leases
    for trunk in turn.plan.trunks:
        known = state.trunks.get(trunk, TrunkState())
        state.trunks[trunk] = replace(known, peak=max(known.peak, trunks.in_use(leases, trunk)))


def _repair(
    turn: Turn,
    contact: Contact,
    channels: dict[LegId, ChannelSeen],
    bridges: dict[BridgeId, BridgeSeen],
    *,
    after_gap: bool,
) -> None:
    """Do again what may not have been done, catch up with what was missed."""
    settled = after_gap or turn.at - contact.phase.since > SETTLED_S
    if contact.away:
        return _repair_promise(turn, contact, channels, bridges, settled=settled)
    caller = channels.get(contact.leg)
    if caller is None:
        return None  # too young for this audit
    if settled and not caller.in_app and isinstance(contact.phase, Waiting | InIvr):
        return fallback.outside(turn, contact, contact.phase)
    if settled and not caller.in_app and isinstance(contact.phase, Talking):
        return fallback.not_joined(turn, contact)
    if not caller.in_app and isinstance(contact.phase, Promised):
        return fallback.promised_outside(turn, contact, contact.phase)
    if after_gap and contact.answered_at is not None and contact.line is None and not caller.up:
        turn.do(Answer(contact.id, contact.leg))
    if settled and contact.bridged and contact.bridge not in bridges:
        turn.do(CreateBridge(contact.id, contact.bridge))
    match contact.phase:
        case Waiting(offers=ringing) if any(o.leg in channels and channels[o.leg].up for o in ringing):
            if (first := _answered(channels, ringing)) is not None:
                legs.answered(turn, LegAnswered(turn.at, first.leg))
        case CallingBack(stage="ringing") if caller.up and caller.in_app:
            legs.answered(turn, LegAnswered(turn.at, contact.leg))
        case _ if after_gap and callback_desk.repair(turn, contact):
            pass
        case Waiting(playback=playback) as waiting if after_gap:
            if playback is not None:
                turn.do(StopPlay(contact.id, playback))
            treatment.announcement_ended(turn, contact, waiting)
        case Talking(leg=leg) if settled and not (after_gap and _has_just_left(contact, leg, bridges)):
            _rejoin(turn, contact, leg, bridges.get(contact.bridge))
        case InIvr(position=position) if after_gap:
            arrival.follow(turn, contact, ivr.resume(arrival.scene(turn, contact), position))
        case Leaving(exit=Exit.TRANSFERRED) if not caller.in_app:
            ending.caller_left(turn, contact)
        case Leaving() as leaving if settled and not caller.in_app:
            fallback.beyond_reach(turn, contact, leaving)
        case Leaving(cause=cause) if settled:
            turn.do(HangUp(contact.id, contact.leg, cause))
        case _:
            pass
    return None


def _answered(channels: dict[LegId, ChannelSeen], ringing: tuple[Offer, ...]) -> Offer | None:
    """The offer somebody took though we were not told."""
    seen = ((offer, channels.get(offer.leg)) for offer in ringing)
    return next((offer for offer, channel in seen if channel is not None and channel.up and channel.in_app), None)


def _repair_promise(
    turn: Turn,
    contact: Contact,
    channels: dict[LegId, ChannelSeen],
    bridges: dict[BridgeId, BridgeSeen],
    *,
    settled: bool,
) -> None:
    """A callback nobody is on the line for: an agent may have answered, even the customer's phone may ring already."""
    if settled and contact.bridged and contact.bridge not in bridges:
        turn.do(CreateBridge(contact.id, contact.bridge))
    promise = outbound.promise_of(contact)
    unknown = customer_leg(contact.id, promise.legs + 1) in channels
    taken = _answered(channels, contact.phase.offers) if isinstance(contact.phase, Waiting) else None
    if taken is not None and isinstance(contact.phase, Waiting):
        callback_dial.agent_answered(turn, contact, contact.phase, taken, customer_rings=unknown)
        if unknown:
            _repair(turn, turn.state.contacts[contact.id], channels, bridges, after_gap=True)
    elif unknown:  # of no use, and hung up below; its name is taken
        turn.put(replace(contact, callback=replace(promise, legs=promise.legs + 1)))


def _has_just_left(contact: Contact, leg: LegId, bridges: dict[BridgeId, BridgeSeen]) -> bool:
    """One of the two is in the bridge without the other: they talked, and the other's end is on its way to us.

    They come into it together, and bridges are listed after channels. A join that is refused would tell of a failure;
    the next look puts right what is still so.
    """
    bridge = bridges.get(contact.bridge)
    return bridge is not None and (leg in bridge.members) is not (contact.leg in bridge.members)


def _rejoin(turn: Turn, contact: Contact, leg: LegId, bridge: BridgeSeen | None) -> None:
    if bridge is None or not {contact.leg, leg} <= set(bridge.members):
        turn.do(AddToBridge(contact.id, contact.bridge, (contact.leg, leg)))
    if bridge is None and contact.recording is not None:
        turn.do(StartRecording(contact.id, contact.bridge, contact.recording))


def _settled(event: Resynced, channel: ChannelSeen) -> bool:
    return event.after_gap or event.at - channel.created_at > SETTLED_S


def _callers(turn: Turn, event: Resynced, bridges: dict[BridgeId, BridgeSeen]) -> None:
    """Adopt callers nobody knows, in the order they came."""
    state = turn.state
    for channel in sorted(event.channels, key=lambda c: (c.created_at, c.leg_id)):
        known = ContactId(channel.leg_id) in state.contacts or state.is_over(channel.leg_id)
        known = known or channel.leg_id.startswith(OUR_LEG_PREFIX)
        if known or not channel.in_app or not _settled(event, channel):
            continue
        if trunks.trunk_of(turn.plan, channel.name, event.pbx) is None:
            continue
        if _adopt_conversation(turn, channel, event, bridges):
            continue
        state.leases.pop(channel.leg_id, None)
        offered = 0
        for other in event.channels:
            if contact_of_leg(other.leg_id) == ContactId(channel.leg_id) and not is_customer_leg(other.leg_id):
                offered = _offers(turn, offered, other.leg_id)  # whom we rang for a caller we have forgotten
        came = CallArrived(event.at, channel.leg_id, channel.name, channel.extension, channel.caller)
        arrival.take_in(turn, came, offered)


def _needless(turn: Turn, event: Resynced) -> None:
    """Hang up the channels of ours that serve nothing: their hang-up, or the news of their answer, was lost."""
    state = turn.state
    serving = {agent.leg for agent in state.agents.values() if isinstance(agent.work, Offered | InCall)}
    serving |= {contact.line for contact in state.contacts.values()}
    # Not of agents who are free: that may have begun when the wrap-up ended, and the channel is left over from before.
    letting_go = {agent.leg: agent.work.since for agent in state.agents.values() if isinstance(agent.work, WrapUp)}
    for channel in event.channels:
        leg = channel.leg_id
        if leg in serving or ContactId(leg) in state.contacts or not _settled(event, channel):
            continue
        since = letting_go.get(leg, state.ended.get(leg, event.at - SETTLED_S - 1))
        ours = channel.in_app or leg.startswith(OUR_LEG_PREFIX)
        confirming = leg in state.feature_calls and not event.after_gap
        if ours and not confirming and (event.after_gap or event.at - since > SETTLED_S):
            turn.do(HangUp(contact_of_leg(leg) or ContactId(leg), leg))


def _adopt_conversation(turn: Turn, channel: ChannelSeen, event: Resynced, bridges: dict[BridgeId, BridgeSeen]) -> bool:
    """Take over a caller who talks with an agent though the journal does not know: the bridge tells."""
    bridge = bridges.get(BridgeId(OUR_BRIDGE_PREFIX + channel.leg_id))
    if bridge is None or channel.leg_id not in bridge.members:
        return False
    others = [c for c in event.channels if c.leg_id in bridge.members and c.leg_id != channel.leg_id]
    for other in others:
        agent = _agent_at(turn, other)
        if agent is None or isinstance(agent.work, Offered | InCall):
            continue
        contact = Contact(
            id=ContactId(channel.leg_id),
            phase=Talking(event.at, agent.id, other.leg_id),
            access_code=channel.extension,
            trunk=trunks.trunk_of(turn.plan, channel.name, event.pbx),
            caller=channel.caller,
            arrived_at=channel.created_at,
            answered_at=channel.created_at,
            connected_at=event.at,
            agent=agent.id,
            bridged=True,
            offers=_offers(turn, 0, other.leg_id),
        )
        turn.put(contact)
        turn.cancel_timer(f"wrap:{agent.id}")
        turn.put_agent(replace(agent, work=InCall(event.at, contact.id), leg=other.leg_id))
        return True
    return False
