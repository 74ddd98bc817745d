"""Reconciliation: what the engine believes against the channels and bridges that exist.

Run after every (re)connect (``after_gap``), when events may have been missed, and at intervals as an audit. It makes
up for what was missed by the same transitions the events would have taken, so there is one way to end a call.
"""

from __future__ import annotations

from dataclasses import replace

from acd.domain.commands import AddToBridge, CreateBridge, DestroyBridge, HangUp
from acd.domain.events import BridgeSeen, CallArrived, ChannelSeen, LegAnswered, LegEnded, Resynced
from acd.domain.ids import OUR_BRIDGE_PREFIX, BridgeId, ContactId, LegId
from acd.engine import arrival, ending, ivr, legs, trunks
from acd.engine import queueing as queues
from acd.engine.state import Contact, InCall, InIvr, Leaving, Talking, TrunkState, Waiting
from acd.engine.turn import Turn

SETTLED_S = 5.0
"""In an audit, a channel younger than this may have events on their way and is left alone."""


def resynced(turn: Turn, event: Resynced) -> None:
    """Bring belief and reality together."""
    channels = {c.leg_id: c for c in event.channels}
    bridges = {b.bridge_id: b for b in event.bridges}
    _missing(turn, event, channels)
    _leases(turn, event)
    for contact in list(turn.state.contacts.values()):
        _repair(turn, contact, channels, bridges, after_gap=event.after_gap)
    _unknown(turn, event, bridges)
    for bridge in bridges.values():
        if bridge.bridge_id.startswith(OUR_BRIDGE_PREFIX) and _owner(turn, bridge.bridge_id) is None:
            turn.do(DestroyBridge(ContactId(bridge.bridge_id.removeprefix(OUR_BRIDGE_PREFIX)), bridge.bridge_id))
    for name, work in list(turn.state.recordings.items()):
        if work.ended_at is not None and event.after_gap:
            ending.check_recording(turn, name)
    queues.offer_all(turn)


def _owner(turn: Turn, bridge: BridgeId) -> Contact | None:
    contact = turn.contact(ContactId(bridge.removeprefix(OUR_BRIDGE_PREFIX)))
    return contact if contact is not None and contact.bridged else None


def _missing(turn: Turn, event: Resynced, channels: dict[LegId, ChannelSeen]) -> None:
    """End every leg we believe in that does not exist. Agents' legs first: their end ends the conversation."""
    state = turn.state
    known = [(agent.leg, agent.work.since) for agent in state.agents.values() if agent.leg is not None]
    known += [(contact.leg, contact.arrived_at) for contact in state.contacts.values()]
    known += [(leg, call.since) for leg, call in state.feature_calls.items()]
    for leg, since in known:
        # In an audit, what we ordered or heard of lately may be younger than the list.
        if leg not in channels and (event.after_gap or event.at - since > SETTLED_S):
            legs.ended(turn, LegEnded(event.at, leg))


def _leases(turn: Turn, event: Resynced) -> None:
    """Make the ledger anew: channels hold SST, whoever serves them."""
    state = turn.state
    refused = {c.leg for c in state.contacts.values() if isinstance(c.phase, Leaving) and c.leg not in state.leases}
    if not event.after_gap:
        # An audit's list may be older than the last events: who ended since stays ended, who came since stays.
        young = {c.leg_id for c in event.channels if event.at - c.created_at <= SETTLED_S}
        refused |= {leg for leg in (*young, *state.ended) if leg not in state.leases}
    seen = ((channel.leg_id, channel.name) for channel in event.channels)
    leases = trunks.rebuild(turn.plan, seen, frozenset(refused))
    if not event.after_gap:
        leases |= {leg: trunk for leg, trunk in state.leases.items() if ContactId(leg) in state.contacts}
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
    match contact.phase:
        case Waiting(offer=offer) if offer is not None and offer.leg in channels and channels[offer.leg].up:
            if channels[offer.leg].in_app:
                legs.answered(turn, LegAnswered(turn.at, offer.leg))
        case Waiting(playback=playback) as waiting if after_gap:
            if playback is not None:
                contact = turn.to_phase(contact, replace(waiting, playback=None))
            queues.comfort(turn, contact)
        case Talking(leg=leg):
            bridge = bridges.get(contact.bridge)
            if bridge is None:
                turn.do(CreateBridge(contact.id, contact.bridge))
            if bridge is None or not {contact.leg, leg} <= set(bridge.members):
                turn.do(AddToBridge(contact.id, contact.bridge, (contact.leg, leg)))
        case InIvr(position=position) if after_gap:
            arrival.follow(turn, contact, ivr.resume(turn.plan, contact.id, position, turn.at))
        case Leaving(cause=cause, since=since) if after_gap or turn.at - since > SETTLED_S:
            turn.do(HangUp(contact.id, contact.leg, cause))
        case _:
            pass


def _unknown(turn: Turn, event: Resynced, bridges: dict[BridgeId, BridgeSeen]) -> None:
    """Adopt callers nobody knows, end other channels of ours that nobody needs."""
    agent_legs = {agent.leg for agent in turn.state.agents.values()}
    for channel in event.channels:
        leg = channel.leg_id
        settled = event.after_gap or event.at - channel.created_at > SETTLED_S
        if not channel.in_app or not settled or ContactId(leg) in turn.state.contacts or leg in agent_legs:
            continue
        if leg in turn.state.feature_calls or leg in turn.state.ended:
            continue
        if trunks.trunk_of(turn.plan, channel.name) is not None:
            if not _adopt_conversation(turn, channel, event, bridges):
                arrived = CallArrived(event.at, leg, channel.name, channel.extension, channel.caller)
                turn.state.leases.pop(leg, None)
                arrival.arrive(turn, arrived)
        else:
            turn.do(HangUp(legs.contact_of_leg(leg) or ContactId(leg), leg))


def _adopt_conversation(turn: Turn, channel: ChannelSeen, event: Resynced, bridges: dict[BridgeId, BridgeSeen]) -> bool:
    """Take over a caller who talks with an agent though the journal does not know: the bridge tells."""
    bridge = bridges.get(BridgeId(OUR_BRIDGE_PREFIX + channel.leg_id))
    if bridge is None or channel.leg_id not in bridge.members:
        return False
    for other in event.channels:
        device = other.name.rsplit("-", 1)[0]
        agent_plan = next((plan for plan in turn.plan.agents.values() if plan.device == device), None)
        if other.leg_id not in bridge.members or other.leg_id == channel.leg_id or agent_plan is None:
            continue
        agent = turn.state.agents[agent_plan.id]
        contact = Contact(
            id=ContactId(channel.leg_id),
            phase=Talking(event.at, agent.id, other.leg_id),
            access_code=channel.extension,
            trunk=trunks.trunk_of(turn.plan, channel.name),
            caller=channel.caller,
            arrived_at=channel.created_at,
            answered_at=channel.created_at,
            connected_at=event.at,
            agent=agent.id,
            bridged=True,
        )
        turn.put(contact)
        turn.state.agents[agent.id] = replace(agent, work=InCall(event.at, contact.id), leg=other.leg_id)
        return True
    return False
