"""The agent a caller is waited for: named by the flow, or the one who talked with the same number last.

Decides whom a contact waits for alone at first and how long. Numbers are kept only while a flow asks for last agents,
no longer than the longest time asked for, and never more than ``MOST`` of them.
"""

from __future__ import annotations

from acd.domain.copies import replace
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId
from acd.domain.plan import Plan
from acd.engine import matching
from acd.engine.state import Contact, LastAgent, Waiting
from acd.engine.turn import Turn

MOST = 5_000


def wish(turn: Turn, contact: Contact, node: QueueNode, waiting: Waiting) -> Waiting:
    """Let a contact wait for one agent alone, if the flow wants that and the agent is logged in and qualifies."""
    agent_id = node.agent if node.agent is not None else _last(turn, contact, node)
    agent = turn.state.agents.get(agent_id) if agent_id is not None else None
    if agent is None or agent.presence == "logged_out":
        return waiting
    need = matching.need_of(waiting)._replace(tier=None)
    if node.agent is None and isinstance(turn.matcher.router.fit_of(agent.id, need), str):
        return waiting
    return replace(waiting, named=agent.id, named_until=turn.at + node.agent_wait_s)


def _last(turn: Turn, contact: Contact, node: QueueNode) -> AgentId | None:
    known = turn.state.last_agents.get(contact.caller) if node.last_agent_within_s is not None else None
    if known is None or turn.at - known.at > (node.last_agent_within_s or 0.0):
        return None
    return known.agent


def _longest(plan: Plan) -> float:
    nodes = (node for flow in plan.flows.values() for node in flow.nodes.values() if isinstance(node, QueueNode))
    return max((node.last_agent_within_s or 0.0 for node in nodes), default=0.0)


def remember(turn: Turn, contact: Contact, agent: AgentId) -> None:
    """Keep in mind who talked with a caller, and forget what is too old."""
    keep_s, known = _longest(turn.plan), turn.state.last_agents
    if keep_s > 0 and contact.caller:
        known.pop(contact.caller, None)
        known[contact.caller] = LastAgent(agent, turn.at)
    for number, last in list(known.items()):
        if turn.at - last.at <= keep_s and len(known) <= MOST:
            break
        del known[number]
