"""The wrap-up desk: how long an agent may finish the work after a conversation, and how the conversation went.

Decides the length (the disposition's own, else the agent's, else the queue's, never more than the queue's longest),
and which dispositions a queue knows. Must not know who asked, nor what the next contact is.
"""

from __future__ import annotations

from acd.domain.commands import WriteDisposition
from acd.domain.copies import replace
from acd.domain.ids import AgentId, DispositionId, QueueId
from acd.domain.plan import Plan, QueuePlan
from acd.domain.record import DispositionRow
from acd.engine import agent as agents
from acd.engine import familiar
from acd.engine.agent import Refused
from acd.engine.offers import NO_QUEUE
from acd.engine.state import Agent, Contact, InCall, WrapUp
from acd.engine.turn import Turn


def _queue(turn: Turn, queue: QueueId | None) -> QueuePlan:
    return turn.plan.queues.get(queue or NO_QUEUE.id, NO_QUEUE)


def length(plan: Plan, queue: QueuePlan, agent: AgentId, disposition: DispositionId | None = None) -> float:
    """Seconds of wrap-up: what is said nearest to the conversation counts."""
    configured, chosen = plan.agents.get(agent), queue.dispositions.get(disposition) if disposition else None
    said = (chosen.wrap_up_s if chosen is not None else None, configured.wrap_up_s if configured is not None else None)
    seconds = next((each for each in said if each is not None), queue.wrap_up_s)
    return min(seconds, queue.max_wrap_up_s)


def release(turn: Turn, contact: Contact, agent_id: AgentId) -> None:
    """A conversation ended: wrap-up, or free at once."""
    familiar.remember(turn, contact, agent_id)
    queue = _queue(turn, contact.queue)
    wrap_up_s = length(turn.plan, queue, agent_id, contact.disposition)
    agent = turn.change_agent(agent_id, lambda a: agents.released(a, wrap_up_s, turn.at, contact.queue))
    if agent is not None and isinstance(agent.work, WrapUp):
        turn.start_timer(f"wrap:{agent_id}", wrap_up_s)


def extend(turn: Turn, agent: Agent, seconds: float) -> Agent | Refused:
    """Give an agent more time; never beyond the queue's longest wrap-up."""
    if not isinstance(agent.work, WrapUp):
        return Refused("not in wrap-up")
    latest = agent.work.since + _queue(turn, agent.work.queue).max_wrap_up_s
    if agent.work.until >= latest:
        return Refused("wrap-up is at its longest")
    return _ends(turn, agent, agent.work, min(agent.work.until + seconds, latest))


def dispose(turn: Turn, agent: Agent, disposition: DispositionId) -> Agent | Refused:
    """Keep how the contact went, during the conversation or in wrap-up, which may then end sooner or later."""
    if not isinstance(agent.work, InCall | WrapUp):
        return Refused("no conversation to say it of")
    contact = turn.contact(agent.work.contact)
    queue = _queue(turn, agent.work.queue if isinstance(agent.work, WrapUp) else contact.queue if contact else None)
    if disposition not in queue.dispositions:
        known = ", ".join(queue.dispositions)
        return Refused(f"unknown disposition {disposition!r}; this queue knows {known or 'none'}")
    if contact is not None:
        turn.put(replace(contact, disposition=disposition))
    else:  # its record is made already
        turn.do(WriteDisposition(DispositionRow(agent.work.contact, disposition, agent.id, turn.at)))
    if isinstance(agent.work, InCall) or queue.dispositions[disposition].wrap_up_s is None:
        return agent
    return _ends(turn, agent, agent.work, agent.work.since + length(turn.plan, queue, agent.id, disposition))


def _ends(turn: Turn, agent: Agent, work: WrapUp, until: float) -> Agent:
    if until <= turn.at:
        turn.cancel_timer(f"wrap:{agent.id}")
        return agents.wrapped_up(agent, turn.at)
    turn.start_timer(f"wrap:{agent.id}", until - turn.at)
    return replace(agent, work=replace(work, until=until))
