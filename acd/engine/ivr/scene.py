"""What the interpreter may read: the plan, the contact, the moment, the engine's state, and who evaluates expressions.

Decides which version of a flow a caller is in. Must not know what happens there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from acd.domain.errors import ExpressionError
from acd.domain.flow import FlowPlan, Node
from acd.domain.flow_values import Expression, Value
from acd.domain.ids import FlowId, NodeId
from acd.domain.plan import Plan
from acd.engine.matching import Matcher
from acd.engine.state import Contact, EngineState, Position

if TYPE_CHECKING:
    from acd.engine.ivr.walk import Walk


class Evaluator(Protocol):
    """Finds the value of an expression."""

    def __call__(self, expression: Expression, walk: Walk) -> Value:
        """Bounded in time and size; the same for the same walk, on every machine. Raises ``ExpressionError``."""
        ...


def no_evaluator(expression: Expression, walk: Walk) -> Value:
    """Stand in where no plan has expressions; every expression is an error."""
    raise ExpressionError(f"nobody evaluates {expression.source} at {walk.position.node}")


@dataclass(frozen=True, slots=True)
class Scene:
    """One event's view for the interpreter; read only."""

    plan: Plan
    contact: Contact
    state: EngineState
    matcher: Matcher
    at: float
    evaluate: Evaluator = no_evaluator

    def flow(self, flow: FlowId, version: str) -> FlowPlan | None:
        """Give a flow in the caller's version where it is still known, else in the plan's."""
        return version_of(self.plan, self.state, flow, version)

    def node(self, position: Position) -> Node | None:
        """Give the node a caller is at; None when the flow no longer has it."""
        return node_at(self.plan, self.state, position)


def version_of(plan: Plan, state: EngineState, flow: FlowId, version: str) -> FlowPlan | None:
    """Give a flow in a version where that is still known, else in the plan's."""
    found = plan.flows.get(flow)
    if found is not None and found.version == version:
        return found
    return state.old_flows.get(f"{flow}@{version}", found)


def node_at(plan: Plan, state: EngineState, position: Position, node: NodeId | None = None) -> Node | None:
    """Give the node at a position, or another one of its flow; None when the flow no longer has it."""
    flow = version_of(plan, state, position.flow, position.version)
    return None if flow is None else flow.nodes.get(position.node if node is None else node)
