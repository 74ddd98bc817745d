"""The way out to a customer who is to be called back: whether it is open now, the SST it takes, the agent held for it.

Decides what keeps a callback waiting aside (opening hours, the trunk's reserve) and makes the outbound call. Must not
know how a promise came about, nor what follows when the call ends.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.domain.callback_plan import CallbackLine, CallbackPlan
from acd.domain.commands import DestroyBridge, HangUp, Originate
from acd.domain.copies import replace
from acd.domain.ids import ONLY_PBX, AgentId, LegId, PbxId, customer_leg
from acd.domain.plan import TrunkPlan
from acd.engine import agent as agents
from acd.engine import numbers, trunks
from acd.engine.callback_state import Callback, key_of
from acd.engine.hours import next_opening
from acd.engine.state import CallingBack, Contact, Held, Promised, TrunkState, Waiting
from acd.engine.turn import Turn

NO_CALLBACKS = CallbackPlan()
"""Stands in when a reload took callbacks out of the plan while some were promised: they wait until they expire."""
TRUNK_AGAIN_S = 2.0
"""How soon to look again whether the trunk has room."""
RING_GUARD_S = 5.0
"""After the time to ring: how long to wait for Asterisk to say so."""


def plan_of(turn: Turn) -> CallbackPlan:
    """How customers are called back."""
    return turn.plan.callbacks or NO_CALLBACKS


def promise_of(contact: Contact) -> Callback:
    """The promise to a contact that is in a phase only promises lead to."""
    if contact.callback is None:
        raise TypeError(f"contact {contact.id} was promised nothing")
    return contact.callback


def caller_of(contact: Contact) -> str:
    """The number an agent's phone shows: the one that will be called, or that called."""
    return contact.caller if contact.callback is None else contact.callback.number


def free_line(turn: Turn, contact: Contact) -> CallbackLine | None:
    """The first way out whose trunk is up and has more free SST than are reserved for callers.

    Of several Asterisks it is one of the contact's own, which joins both legs.
    """
    pbx = turn.plan.pbx_of(contact.id)
    return next((line for line, trunk in _lines(turn) if trunk.pbx == pbx and _has_room(turn, line, trunk)), None)


def pbx_for_new(turn: Turn) -> PbxId:
    """Of several Asterisks, the one that calls a customer who is at none: of the first way out that is free now.

    Is none, of the first that is within reach, or else of the first of all: there the callback waits.
    """
    lines = list(_lines(turn))
    free = (trunk.pbx for line, trunk in lines if _within_reach(turn, trunk) and _has_room(turn, line, trunk))
    reached = (trunk.pbx for _, trunk in lines if _within_reach(turn, trunk))
    return next((pbx for pbxs in (free, reached, (trunk.pbx for _, trunk in lines)) for pbx in pbxs), ONLY_PBX)


def _lines(turn: Turn) -> Iterator[tuple[CallbackLine, TrunkPlan]]:
    for line in plan_of(turn).lines:
        trunk = turn.plan.trunks.get(line.trunk)
        if trunk is not None:
            yield line, trunk


def _within_reach(turn: Turn, trunk: TrunkPlan) -> bool:
    return turn.state.links(trunk.pbx).ari


def _has_room(turn: Turn, line: CallbackLine, trunk: TrunkPlan) -> bool:
    if not turn.state.trunks.get(line.trunk, TrunkState()).up:
        return False
    return trunk.capacity - trunks.in_use(turn.state.leases, line.trunk) > line.reserve


def way_out(turn: Turn, contact: Contact, place: Waiting) -> CallbackLine | None:
    """The line to call a customer on for whom an agent is at hand; None after the callback was put aside."""
    plan = plan_of(turn)
    calendar = turn.plan.calendars.get(plan.calendar) if plan.calendar is not None else None
    opens = next_opening(calendar, turn.at) if calendar is not None else turn.at
    line = free_line(turn, contact)
    if opens is None or opens > turn.at:
        hold(turn, contact, place, "closed", promise_of(contact).expires_at if opens is None else opens)
        return None
    if line is None:
        hold(turn, contact, place, "trunk", turn.at + TRUNK_AGAIN_S)
    return line


def hold(turn: Turn, contact: Contact, place: Waiting, why: Held, until: float) -> Contact:
    """Keep a place without being matched until then."""
    if contact.bridged:
        turn.do(DestroyBridge(contact.id, contact.bridge))
    turn.start_timer(f"back:{contact.id}", max(0.0, until - turn.at))
    place = replace(place, offers=(), tried=(), playback=None)
    return turn.put(replace(contact, phase=Promised(turn.at, place, why), bridged=False))


def reserve(turn: Turn, contact: Contact, place: Waiting, line: CallbackLine, agent_id: AgentId) -> None:
    """Call the customer first: the agent is kept free of others meanwhile, and the phone does not ring."""
    number = turn.state.generation + 1
    turn.change_agent(agent_id, lambda agent: agents.offered(agent, contact.id, None, turn.at, number))
    dial(turn, contact, place, line, agent_id, None)


def dial(
    turn: Turn,
    contact: Contact,
    place: Waiting,
    line: CallbackLine,
    agent_id: AgentId,
    agent_leg: LegId | None,
    *,
    exists: bool = False,
) -> Contact:
    """Call the customer, on a leased SST. ``exists``: that was done already, by an engine that died of it."""
    plan, promise = plan_of(turn), promise_of(contact)
    leg = customer_leg(contact.id, promise.legs + 1)
    trunks.lease(turn.state.leases, turn.state.trunks, leg, line.trunk)
    if not exists:
        number = line.dial.replace("{number}", promise.number)
        device = number.replace("{e164}", numbers.e164(promise.number, plan.numbers))
        our_number = plan.caller_id or contact.access_code
        turn.do(Originate(contact.id, leg, device, our_number, plan.ring_s, alone=True))
    turn.start_timer(f"back:{contact.id}", plan.ring_s + RING_GUARD_S)
    place = replace(place, offers=(), playback=None)
    return turn.put(
        replace(
            contact,
            phase=CallingBack(turn.at, place, line.trunk, agent_id, agent_leg),
            callback=replace(promise, legs=promise.legs + 1, called_at=turn.at),
            line=leg,
            away=False,
            trunk=contact.trunk or line.trunk,
        )
    )


def unlist(turn: Turn, contact: Contact) -> None:
    """There is no promise any more that another would be one too many beside."""
    if contact.callback is not None:
        key = key_of(contact.callback.queue, contact.callback.number)
        if turn.state.callbacks.get(key) == contact.id:
            del turn.state.callbacks[key]


def let_agent_go(turn: Turn, contact: Contact, phase: CallingBack) -> None:
    """Give the agent back who was held for an outbound call; what was waited for is no fault of the agent's."""
    if phase.agent is None:
        return
    agent = turn.state.agents.get(phase.agent)
    if phase.agent_leg is not None and agent is not None and agent.leg == phase.agent_leg:
        turn.do(HangUp(contact.id, phase.agent_leg))
    turn.change_agent(phase.agent, lambda a: agents.unoffered(a, turn.at, missed=False, rest=False))
