"""Nodes that a caller does not notice: variables, branches, tables, other flows.

Must not know how an expression is evaluated or what a queue is.
"""

from __future__ import annotations

from acd.domain.errors import ExpressionError
from acd.domain.exits import Exit
from acd.domain.flow import BranchNode, GotoNode, SetNode, SubflowNode
from acd.domain.flow_data import LookupNode
from acd.domain.ids import NodeId
from acd.engine.ivr.actions import BROKEN, Finish
from acd.engine.ivr.cells import value_in
from acd.engine.ivr.walk import Walk, flow_named
from acd.engine.state import Frame

DEEPEST = 10
"""Subflows within subflows."""


def assign(walk: Walk, node: SetNode) -> NodeId:
    """Set the variables; none is kept when one has no value."""
    before = walk.variables
    try:
        for assignment in node.assignments:
            walk.keep(assignment.variable, walk.value(assignment.value))
    except Exception:
        walk.come_back(before)
        raise
    return node.next


def branch(walk: Walk, node: BranchNode) -> NodeId:
    """Take the first case that is true."""
    return next((case.next for case in node.cases if walk.value(case.when) is True), node.otherwise)


def look_up(walk: Walk, node: LookupNode) -> NodeId:
    """Find the row; what of it is wanted becomes variables."""
    table = walk.scene.plan.tables.get(node.table)
    row = table.rows.get(str(walk.value(node.key))) if table is not None else None
    if table is None or row is None:
        return node.missing
    types = walk.flow.variables if walk.flow is not None else {}
    for result in node.results:
        value = value_in(str(row[table.columns.index(result.column)]), types.get(result.variable, "text"))
        if value is None:  # a reload made another type of it
            raise ExpressionError(f"column {result.column} holds no {types[result.variable]}")
        walk.keep(result.variable, value)
    return node.next


def go_to(walk: Walk, node: GotoNode) -> NodeId | None:
    """Go on elsewhere in this flow, or at the beginning of another, which nothing comes back from."""
    if node.flow is None:
        return node.next
    flow = flow_named(walk.scene, node.flow)
    if flow is None:
        walk.do(BROKEN)
        return None
    walk.begin(flow)
    return flow.entry


def call(walk: Walk, node: SubflowNode) -> NodeId | None:
    """Begin another flow; the caller comes back to this node's ``next``."""
    flow = flow_named(walk.scene, node.flow)
    if flow is None or len(walk.position.stack) >= DEEPEST:
        walk.do(BROKEN)
        return None
    arguments = {argument.variable: walk.value(argument.value) for argument in node.arguments}
    here = walk.position
    walk.move(stack=(*here.stack, Frame(here.flow, here.version, node.id, walk.variables)))
    walk.begin(flow, arguments)
    return flow.entry


def come_back(walk: Walk) -> NodeId | None:
    """Return to the flow that called this one."""
    stack = walk.position.stack
    if not stack:
        walk.do(Finish(Exit.IVR_EXIT, 16))
        return None
    frame, theirs = stack[-1], walk.variables
    walk.move(flow=frame.flow, version=frame.version, node=frame.node, stack=stack[:-1], trail=())
    node = walk.scene.node(walk.position)
    walk.come_back(frame.variables)
    if not isinstance(node, SubflowNode):  # a reload made another node of it
        return walk.flow.entry if walk.flow is not None else frame.node
    for returned in node.returns:
        if returned.source in theirs:
            walk.keep(returned.variable, theirs[returned.source])
    return node.next
