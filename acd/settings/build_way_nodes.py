"""Turns checked nodes that decide where a call goes into the engine's.

Decides nothing an operator could get wrong: it runs only on files without mistakes. Must not know where they stood.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.domain.flow import (
    BranchNode,
    CallbackNode,
    Case,
    ExitKey,
    GateNode,
    GotoNode,
    HangUpNode,
    HoursNode,
    Node,
    QueueNode,
    Returned,
    ReturnNode,
    SetNode,
    SubflowNode,
    TransferNode,
    WaitNode,
)
from acd.domain.flow_data import LookupNode, Result
from acd.domain.flow_values import Assignment, VariableType
from acd.domain.ids import AgentId, CalendarId, FlowId, NodeId, QueueId, SkillId
from acd.domain.skills import SkillLevel
from acd.settings.expressions import Checker
from acd.settings.values import way_out
from acd.settings.way_nodes import (
    Branch,
    CallbackNodeSection,
    Gate,
    Goto,
    HangUp,
    Hours,
    Lookup,
    Queue,
    Return,
    Set,
    Subflow,
    Transfer,
    Wait,
    WayNode,
)

Types = Mapping[str, VariableType]
"""A flow's variables."""


def levels(requires: dict[str, int]) -> tuple[SkillLevel, ...]:
    """Skills at levels."""
    return tuple(SkillLevel(SkillId(skill), level) for skill, level in requires.items())


def _assignments(values: dict[str, str], types: Types, checker: Checker) -> tuple[Assignment, ...]:
    return tuple(Assignment(name, checker.made(source, types[name])) for name, source in values.items())


def _way(node: str | None) -> NodeId | None:
    return NodeId(node) if node else None


def node(name: NodeId, node: WayNode, types: Types, others: Mapping[str, Types], checker: Checker) -> Node:
    """The node of a flow with these variables; ``others`` are those of all flows."""
    match node:
        case Hours():
            return HoursNode(
                name, CalendarId(node.calendar), NodeId(node.open), NodeId(node.closed), NodeId(node.holiday)
            )
        case Queue():
            overflow = NodeId(node.overflow) if node.overflow else None
            exits = tuple(ExitKey(key, NodeId(to)) for key, to in node.keys.items())
            return QueueNode(
                name,
                QueueId(node.queue),
                overflow,
                levels(node.requires),
                node.priority,
                exits,
                prefers=levels(node.prefers),
                agent=AgentId(node.agent) if node.agent else None,
                last_agent_within_s=node.last_agent,
                agent_wait_s=node.agent_wait,
                after=_way(node.after),
            )
        case Transfer():
            return _transfer(name, node)
        case HangUp():
            return HangUpNode(name, node.exit, node.cause)
        case Set():
            return SetNode(name, _assignments(node.set, types, checker), NodeId(node.next), _way(node.error))
        case Branch():
            cases = tuple(Case(checker.made(case.when, "boolean"), NodeId(case.next)) for case in node.cases)
            return BranchNode(name, cases, NodeId(node.otherwise), _way(node.error))
        case Goto():
            return GotoNode(name, _way(node.next), FlowId(node.flow) if node.flow else None)
        case Wait():
            return WaitNode(name, node.seconds, NodeId(node.next), node.music)
        case Subflow():
            returns = tuple(Returned(ours, theirs) for ours, theirs in node.returns.items())
            arguments = _assignments(node.arguments, others[node.flow], checker)
            return SubflowNode(name, FlowId(node.flow), NodeId(node.next), arguments, returns, _way(node.error))
        case Return():
            return ReturnNode(name)
        case Lookup():
            results = tuple(Result(variable, column) for variable, column in node.results.items())
            key = checker.made(node.key, "text")
            return LookupNode(name, node.table, key, results, NodeId(node.next), NodeId(node.missing), _way(node.error))
        case Gate():
            return GateNode(
                name,
                NodeId(node.next),
                NodeId(node.refused),
                node.allow,
                node.block,
                node.anonymous == "allow",
                node.rate.calls if node.rate else None,
                node.rate.per if node.rate else 60.0,
            )
        case CallbackNodeSection():
            return CallbackNode(name, QueueId(node.queue), NodeId(node.failed))


def _transfer(name: NodeId, node: Transfer) -> TransferNode:
    if node.number and node.gateway:
        return TransferNode(name, way_out(node.gateway), node.number)
    return TransferNode(name, node.context or "", node.extension or "")
