"""Which versions of flows are kept when a new plan comes: those that callers are still in.

Must not know what a flow does.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.domain.flow import FlowPlan
from acd.domain.ids import FlowId
from acd.domain.plan import Plan
from acd.engine.ivr.scene import version_of
from acd.engine.state import CallingBack, Contact, EngineState, InIvr, Position, Promised, Waiting


def keep(state: EngineState, plan: Plan) -> None:
    """Keep the versions that ``plan`` replaces as long as a caller is in them; forget the others.

    To be called while the plan before is still the state's. A subflow that a caller would enter later is taken from
    the newest plan.
    """
    if state.plan is None:
        return
    kept: dict[str, FlowPlan] = {}
    for flow, version in dict.fromkeys(_in_use(state)):
        newest = plan.flows.get(flow)
        found = version_of(state.plan, state, flow, version)
        if found is not None and found.version == version and (newest is None or newest.version != version):
            kept[f"{flow}@{version}"] = found
    state.old_flows = kept


def _in_use(state: EngineState) -> Iterator[tuple[FlowId, str]]:
    for contact in state.contacts.values():
        position = _position(contact)
        if position is not None:
            yield position.flow, position.version
            yield from ((frame.flow, frame.version) for frame in position.stack)


def _position(contact: Contact) -> Position | None:
    match contact.phase:
        case InIvr(position=position) | Waiting(position=position):
            return position
        case Promised(place=place) | CallingBack(place=place):
            return place.position
        case _:
            return None
