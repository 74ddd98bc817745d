"""The supervisors' desk: orders that take effect at once on waiting contacts, agents' skills and calendars.

No order loses waited time: ``Waiting.since`` never changes. An order is known by its request id for an hour, so that
asking twice does it once and is answered alike. Changed skills stand in the plan in force itself, so that matching,
limits and views all see them; they hold until the agent logs out. Must not know who may order: that is the API's.
"""

from __future__ import annotations

from itertools import takewhile
from typing import assert_never

from acd.domain.commands import Reply
from acd.domain.copies import replace
from acd.domain.events import SupervisorRequested
from acd.domain.ids import AgentId, ContactId
from acd.domain.orders import (
    AssignToAgent,
    CloseCalendar,
    MoveToQueue,
    ReopenCalendar,
    ResetSkills,
    SetPriority,
    SetSkills,
)
from acd.domain.plan import AgentPlan, Plan
from acd.engine import closures, offers
from acd.engine import queueing as queues
from acd.engine.agent import Refused
from acd.engine.state import Contact, EngineState, OrderAnswer, SkillChange, Waiting
from acd.engine.turn import Turn

KEPT_S = 3600.0
"""How long an order's answer is remembered."""


def ordered(turn: Turn, event: SupervisorRequested) -> None:
    """Carry out an order, once, and reply."""
    answers = turn.state.orders
    answer = answers.get(event.request_id)
    if answer is None:
        refused = _carry_out(turn, event)
        answer = OrderAnswer(turn.at, ok=refused is None, message=refused.why if refused else "")
        for old, _ in list(takewhile(lambda kept: turn.at - kept[1].at > KEPT_S, answers.items())):
            del answers[old]
        answers[event.request_id] = answer
    else:
        turn.ignore(event, "order is known and was answered")
    turn.do(Reply(event.request_id, None, ok=answer.ok, message=answer.message))


def _carry_out(turn: Turn, event: SupervisorRequested) -> Refused | None:
    match event.order:
        case SetPriority() as order:
            return _set_priority(turn, order)
        case MoveToQueue() as order:
            return _move(turn, order)
        case AssignToAgent() as order:
            return _assign(turn, order)
        case SetSkills() as order:
            return _set_skills(turn, order, event.by)
        case ResetSkills(agent_id=agent_id):
            if agent_id not in turn.plan.agents:
                return Refused("no such agent")
            as_configured(turn, agent_id)
            return None
        case CloseCalendar() as order:
            return closures.close(turn, order, event.by)
        case ReopenCalendar() as order:
            return closures.reopen(turn, order)
    assert_never(event.order)


# ---------------------------------------------------------------- waiting contacts


def _waiting(turn: Turn, contact_id: ContactId) -> tuple[Contact, Waiting] | Refused:
    contact = turn.contact(contact_id)
    if contact is None:
        return Refused("no such contact")
    if not isinstance(contact.phase, Waiting):
        return Refused("the contact is not waiting")
    return contact, contact.phase


def _set_priority(turn: Turn, order: SetPriority) -> Refused | None:
    found = _waiting(turn, order.contact_id)
    if isinstance(found, Refused):
        return found
    contact, waiting = found
    offers.offer_contact(turn, turn.to_phase(contact, replace(waiting, priority=order.priority)))
    return None


def _move(turn: Turn, order: MoveToQueue) -> Refused | None:
    found = _waiting(turn, order.contact_id)
    if isinstance(found, Refused):
        return found
    contact, waiting = found
    queue = turn.plan.queues.get(order.queue)
    if queue is None:
        return Refused("no such queue")
    if waiting.queue != queue.id:
        # Who is being rung was chosen for the other queue.
        contact = offers.withdraw_all(turn, contact, waiting)
        queues.place_in(turn, contact, replace(waiting, offers=()), queue)
    return None


def _assign(turn: Turn, order: AssignToAgent) -> Refused | None:
    found = _waiting(turn, order.contact_id)
    if isinstance(found, Refused):
        return found
    contact, waiting = found
    agent = turn.state.agents.get(order.agent_id)
    if agent is None or order.agent_id not in turn.plan.agents:
        return Refused("no such agent")
    if agent.presence != "ready":
        return Refused("the agent is paused" if agent.presence == "paused" else "the agent is not logged in")
    for offer in waiting.offers:
        if offer.agent != agent.id:
            contact = offers.withdraw(turn, contact, waiting, "rescinded", offer)
            waiting = replace(waiting, offers=tuple(o for o in waiting.offers if o != offer))
    turn.cancel_timer(f"named:{contact.id}")
    waiting = replace(waiting, named=agent.id, named_until=None, assigned=True)
    offers.offer_contact(turn, turn.to_phase(contact, waiting))
    return None


# ---------------------------------------------------------------- skills


def _known_skills(plan: Plan) -> set[str]:
    asked = [*plan.agents.values()]
    levels = [level.skill for agent in asked for level in agent.skills]
    levels += [level.skill for queue in plan.queues.values() for level in queue.requires]
    return {*levels, *plan.language_skills.values()}


def _set_skills(turn: Turn, order: SetSkills, by: str) -> Refused | None:
    agent = turn.plan.agents.get(order.agent_id)
    if agent is None:
        return Refused("no such agent")
    known = _known_skills(turn.plan)
    for level in order.skills:
        if level.skill not in known:
            return Refused(f"unknown skill {level.skill!r}")
    for queue in order.queues or ():
        if queue not in turn.plan.queues:
            return Refused(f"unknown queue {queue!r}")
    before = turn.state.skill_changes.get(agent.id)
    configured = before.configured if before is not None else agent
    served = agent.queues if order.queues is None else order.queues
    turn.state.skill_changes[agent.id] = SkillChange(turn.at, by, order.skills, served, configured)
    _use(turn, replace(agent, skills=order.skills, queues=served))
    return None


def as_configured(turn: Turn, agent_id: AgentId) -> None:
    """An agent can again what the configuration says."""
    change = turn.state.skill_changes.pop(agent_id, None)
    if change is not None and agent_id in turn.plan.agents:
        _use(turn, change.configured)


def _use(turn: Turn, agent: AgentPlan) -> None:
    turn.use(replace(turn.plan, agents={**turn.plan.agents, agent.id: agent}))
    queues.changed(turn, agent.id)


def in_force(state: EngineState, plan: Plan, at: float) -> Plan:
    """Lay closures and the changes of this shift over a plan; changes of agents it no longer has are forgotten."""
    changed = {}
    for agent_id, change in list(state.skill_changes.items()):
        configured = plan.agents.get(agent_id)
        if configured is None:
            del state.skill_changes[agent_id]
            continue
        state.skill_changes[agent_id] = replace(change, configured=configured)
        changed[agent_id] = replace(configured, skills=change.skills, queues=change.queues)
    plan = replace(plan, agents={**plan.agents, **changed}) if changed else plan
    return closures.in_force(state, plan, at)
