from __future__ import annotations

import pytest

from acd.domain.commands import Command, Ignored, Ring, WriteRecord
from acd.domain.events import CallArrived, Event, LegEnded, LinkChanged, PlanLoaded
from acd.domain.exits import Exit
from acd.domain.flow import BranchNode, Case, FlowPlan, HangUpNode
from acd.domain.flow_values import Expression
from acd.domain.ids import ContactId, FlowId, LegId
from acd.engine.core import Engine
from acd.engine.ivr import Evaluator
from acd.engine.matching import standard
from acd.engine.state import EngineState
from acd.runtime.replay import Step, replay
from tests.engine_kit import GW, ID, MONDAY_10, make_plan, n

EVENTS: list[tuple[int, Event]] = [
    (7, PlanLoaded(MONDAY_10, make_plan())),
    (8, LinkChanged(MONDAY_10, "ari", up=True)),
    (9, CallArrived(MONDAY_10, LegId("c1"), f"{GW}-1", "170", "0811")),
    (10, LegEnded(MONDAY_10 + 1, LegId("c2"))),
]


def test_gives_each_event_with_its_number_and_commands() -> None:
    steps = list(replay(None, EVENTS))
    assert [step.seq for step in steps] == [7, 8, 9, 10]
    assert Ring(ContactId("c1"), LegId("c1")) in steps[2].commands
    assert steps[3] == Step(10, EVENTS[3][1], (Ignored("leg_ended", "leg is unknown or its end was seen"),))


def test_goes_on_from_a_state() -> None:
    engine = Engine(EngineState())
    for _, event in EVENTS[:2]:
        engine.handle(event)
    assert list(replay(engine.state, EVENTS[2:])) == list(replay(None, EVENTS))[2:]


def test_tells_an_event_the_engine_failed_on_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Engine.handle

    def handle(self: Engine, event: Event) -> list[Command]:
        if event.kind == "call_arrived":
            raise KeyError("x")
        return sound(self, event)

    monkeypatch.setattr(Engine, "handle", handle)
    steps = list(replay(None, EVENTS))
    assert [step.defect for step in steps] == ["", "", "KeyError: 'x'", ""]
    assert steps[2].commands == ()


def test_expressions_are_evaluated_as_they_were() -> None:
    branch = BranchNode(n("b"), (Case(Expression("true", "boolean"), n("yes")),), n("no"), n("no"))
    ends = (HangUpNode(n("yes"), Exit.SELF_SERVICE), HangUpNode(n("no"), Exit.FAILED_TECHNICAL))
    flow = FlowPlan(FlowId("direct"), n("b"), (ID,), {node.id: node for node in (branch, *ends)})
    plan = PlanLoaded(MONDAY_10, make_plan(flows={flow.id: flow}))

    def exit_of(*evaluator: Evaluator) -> Exit:
        events = [(7, plan), *EVENTS[1:3], (10, LegEnded(MONDAY_10 + 1, LegId("c1")))]
        last = list(replay(None, events, standard, *evaluator))[-1]
        return next(command.record.exit for command in last.commands if isinstance(command, WriteRecord))

    assert exit_of(lambda _expression, _walk: True) is Exit.SELF_SERVICE
    assert exit_of() is Exit.FAILED_TECHNICAL
