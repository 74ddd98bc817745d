"""Queue limits: who is not let into a queue, and who may not wait on because nobody is left to serve.

By skill, not by queue: an agent counts who could take this very contact, now or after every relaxation still to come.
Decides that and where to; must not know how a contact gets there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from acd.domain.copies import replace
from acd.domain.flow import QueueNode
from acd.domain.ids import FlowId, Language, NodeId, QueueId
from acd.domain.limits import Destination, LimitName
from acd.domain.plan import Plan, QueuePlan
from acd.domain.skills import SkillLevel
from acd.engine import estimate, matching, relaxing
from acd.engine import queueing as queues
from acd.engine.matching.facts import Requirement
from acd.engine.matching.headcount import AtWork
from acd.engine.state import Contact, Position, Waiting
from acd.engine.turn import Turn

Who: TypeAlias = AtWork
NOWHERE = Position(FlowId(""), NodeId(""))


class Turned(NamedTuple):
    """A limit that turns a contact away, and where to."""

    why: LimitName
    to: Destination


def at_door(turn: Turn, contact: Contact, node: QueueNode) -> Turned | None:
    """Tell which limit keeps a contact out of the node's queue; None lets it in."""
    queue_plan = turn.plan.queues.get(node.queue)
    if queue_plan is None or queue_plan.limits is None:
        return None  # most queues: nothing more stands between a caller and the ringing phone

    def estimated(queue: QueueId, requires: tuple[SkillLevel, ...]) -> float | None:
        known = estimate.newcomer(turn.state, queue, requires, turn.at)
        return known.wait_s if known is not None else None

    centre = Centre(
        length=lambda queue: queues.waiting_in(turn, queue),
        served=lambda need, who: turn.matcher.at_work(need, who) > 0,
        estimated=estimated,
    )
    return door(turn.plan, contact.language, node, centre)


class Centre(NamedTuple):
    """What a limit needs to know of the call centre as it is now."""

    length: Callable[[QueueId], int]
    """How many wait in a queue."""
    served: Callable[[Requirement, Who], bool]
    """Whether somebody is there who could serve this."""
    estimated: Callable[[QueueId, tuple[SkillLevel, ...]], float | None]
    """The wait of a newcomer who asks for this, seconds; None when it is not known."""


def door(plan: Plan, language: Language | None, node: QueueNode, centre: Centre) -> Turned | None:
    """Tell which limit keeps a caller out of a queue, from the plan and from what the centre says; None lets in."""
    queue = plan.queues.get(node.queue)
    if queue is None or queue.limits is None:
        return None
    limits = queue.limits
    requires = matching.requirement(plan, queue, node, language)
    need = _widest(queue, requires)
    if limits.join is not None and not centre.served(need, limits.join):
        return Turned("join", limits.join_to)
    if limits.length is not None and centre.length(queue.id) >= limits.length:
        return Turned("length", limits.length_to)
    if limits.estimate_s is not None and not centre.served(need, "available"):
        known = centre.estimated(queue.id, requires)
        if known is not None and known > limits.estimate_s:
            return Turned("estimate", limits.estimate_to)
    return None


def deserted(turn: Turn) -> list[tuple[Contact, Waiting, Destination]]:
    """Who waits though nobody is left who could serve, where the queue does not want that. By order of arrival."""
    if not _may_have_emptied(turn):
        return []
    served: dict[Requirement, bool] = {}
    found: list[tuple[Contact, Waiting, Destination]] = []
    for contact in turn.state.contacts.values():
        waiting = contact.phase
        if not isinstance(waiting, Waiting) or waiting.offers or contact.away or contact.asking is not None:
            continue
        queue = turn.plan.queues.get(waiting.queue)
        if queue is None or queue.limits is None or queue.limits.leave is None:
            continue
        need = _widest(queue, waiting.requires)
        if need not in served:
            served[need] = turn.matcher.at_work(need, queue.limits.leave) > 0
        if not served[need]:
            found.append((contact, waiting, queue.limits.leave_to))
    return found


def _may_have_emptied(turn: Turn) -> bool:
    """Whether in this turn somebody's presence changed, or somebody came to wait elsewhere, where that may count."""
    agents, contacts = turn.state.agents, turn.state.contacts
    gone = any(
        old is not None
        and (
            agent_id not in agents or agents[agent_id].presence != old.presence or agents[agent_id].lost is not old.lost
        )
        for agent_id, old in turn.agents_were
    )
    moved = any(
        old is not None and contact_id in contacts and contacts[contact_id].queue != old.queue
        for contact_id, old in turn.contacts_were
    )
    if not gone and not moved and not turn.plan_changed:
        return False
    return any(queue.limits is not None and queue.limits.leave is not None for queue in turn.plan.queues.values())


def _widest(queue: QueuePlan, requires: tuple[SkillLevel, ...]) -> Requirement:
    """What a contact will ask for in the end, when everything was relaxed and all levels are asked."""
    waiting = Waiting(0.0, queue.id, requires, 0, NOWHERE)
    for step in queue.relaxation:
        waiting = relaxing.relax(waiting, step)
    return matching.need_of(replace(waiting, tier=None))
