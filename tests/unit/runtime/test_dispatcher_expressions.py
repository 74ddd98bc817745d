"""The dispatcher's engine evaluates expressions, after a restart too."""

from __future__ import annotations

from acd.domain.commands import HangUp
from acd.domain.flow import BranchNode, Case, FlowPlan, HangUpNode
from acd.domain.flow_values import Expression, Reads, Value
from acd.domain.ids import FlowId
from acd.engine.ivr import Walk
from acd.runtime.dispatcher import Dispatcher
from tests.engine_kit import ID, make_plan, n
from tests.unit.runtime.world import CODEC, World


def evaluate(expression: Expression, walk: Walk) -> Value:
    """Not what the one name that is read says."""
    return not walk.variables[expression.reads[0].name]


async def test_expressions_have_values_before_and_after_a_restart() -> None:
    when = Expression("!ok", "boolean", (Reads("ok", "boolean"),))
    branch = BranchNode(n("b"), (Case(when, n("yes")),), n("no"))
    nodes = (branch, HangUpNode(n("yes"), cause=16), HangUpNode(n("no"), cause=17))
    flow = FlowPlan(FlowId("direct"), n("b"), (ID,), {node.id: node for node in nodes}, {"ok": "boolean"})
    first = World(make_plan(flows={flow.id: flow}))
    for leg, world in (("c1", first), ("c2", first.next_life())):
        world.dispatcher = Dispatcher(
            world.clock, world.journal, world.records, world.recordings, CODEC, evaluate=evaluate
        )
        await world.start()
        world.call(leg)
        assert world.state.ivr.errors == {}
        assert [command.cause for command in world.commands if isinstance(command, HangUp)] == [16]
        world.dispatcher.snapshot()  # the next life begins with a state, not from nothing
