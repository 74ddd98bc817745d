"""Who is let in: by lists of numbers, by having a number at all, and by how often a number called.

Every call that reaches a gate counts, those turned away too: who goes on calling stays out. Must not know what happens
to who is turned away.
"""

from __future__ import annotations

from acd.domain.callback_plan import NumberPlan
from acd.domain.flow import GateNode
from acd.domain.ids import NodeId
from acd.engine import numbers
from acd.engine.ivr.actions import Pass, TurnAway
from acd.engine.ivr.walk import Walk


def judge(walk: Walk, node: GateNode) -> NodeId:
    """Let the caller in, or not."""
    callbacks = walk.scene.plan.callbacks
    given = walk.scene.contact.caller
    number = numbers.written(given, callbacks.numbers if callbacks is not None else NumberPlan()) or given
    why = None
    if not _listed(walk, node.allow, number, given):
        why = _reason(walk, node, number, given)
    if why is None:
        return node.next
    walk.do(TurnAway(walk.position.flow, node.id, why))
    return node.refused


def _reason(walk: Walk, node: GateNode, number: str, given: str) -> str | None:
    if _listed(walk, node.block, number, given):
        return "blocked"
    if not number:
        return None if node.anonymous else "anonymous"
    return "rate" if node.calls is not None and _too_often(walk, node, number, node.calls) else None


def _listed(walk: Walk, table: str | None, number: str, given: str) -> bool:
    """A list holds numbers as they are written in the country (0811...), or as the network gives them."""
    found = walk.scene.plan.tables.get(table) if table is not None else None
    return found is not None and (number in found.rows or given in found.rows)


def _too_often(walk: Walk, node: GateNode, number: str, calls: int) -> bool:
    name = f"{walk.position.flow} {node.id} {number}"
    before = walk.scene.state.gates.get(name, ())
    times = (*(at for at in before if walk.scene.at - at < node.per_s), walk.scene.at)
    walk.do(Pass(name, times[-(calls + 1) :]))
    return len(times) > calls
