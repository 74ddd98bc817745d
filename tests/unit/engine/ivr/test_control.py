"""Variables, branches, tables and flows within flows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.exits import Exit
from acd.domain.flow import (
    AnswerNode,
    BranchNode,
    Case,
    FlowPlan,
    GotoNode,
    HangUpNode,
    Node,
    Returned,
    ReturnNode,
    SetNode,
    SubflowNode,
    WaitNode,
)
from acd.domain.flow_data import LookupNode, Result, TablePlan
from acd.domain.flow_path import PathStep
from acd.domain.flow_talk import CollectNode, PlayNode
from acd.domain.flow_values import Assignment, Expression, Value
from acd.domain.ids import ContactId, FlowId, NodeId, PlaybackId
from acd.domain.plan import Plan
from acd.engine import ivr
from acd.engine.ivr.control import DEEPEST
from acd.engine.matching import Matcher
from acd.engine.state import Contact, EngineState, Frame, InIvr, Position
from tests.engine_kit import ID, MONDAY_10, make_plan, n, prompts

A, B = FlowId("a"), FlowId("b")


def text(source: str) -> Expression:
    return Expression(source, "text")


def read(expression: Expression, walk: ivr.Walk) -> Value:
    """An evaluator of its own: a name is that variable, anything in quotes is itself, ``!`` has no value."""
    if expression.source == "!":
        raise ivr.ExpressionError
    if expression.source.startswith("'"):
        return expression.source.strip("'")
    if " is " in expression.source:
        name, _, wanted = expression.source.partition(" is ")
        return walk.variables[name] == wanted
    return walk.variables[expression.source]


def flow(name: FlowId, *nodes: Node, **more: object) -> FlowPlan:
    return FlowPlan(name, nodes[0].id, (ID,), {node.id: node for node in nodes}, **more)  # type: ignore[arg-type]


def plan(*flows: FlowPlan, **more: object) -> Plan:
    return replace(make_plan(), flows={one.id: one for one in flows}, **more)  # type: ignore[arg-type]


def scene(made: Plan, position: Position | None = None, variables: dict[str, Value] | None = None) -> ivr.Scene:
    phase = InIvr(MONDAY_10, position or Position(A, n("")))
    contact = Contact(ContactId("c"), phase, "169", None, "", MONDAY_10, variables=variables or {})
    return ivr.Scene(made, contact, EngineState(made), Matcher(EngineState(made)), MONDAY_10, read)


def start(made: Plan) -> tuple[Position, list[ivr.Action], dict[str, Value]]:
    position, actions = ivr.start(scene(made), A)
    kept = next((action.variables for action in actions if isinstance(action, ivr.Remember)), {})
    return position, actions, kept


def nodes(actions: list[ivr.Action]) -> list[str]:
    return [action.step.node for action in actions if isinstance(action, ivr.Visit)]


END = HangUpNode(n("end"), Exit.SELF_SERVICE)
OOPS = HangUpNode(n("oops"), Exit.FAILED_TECHNICAL)


def test_a_flow_begins_with_its_variables_empty_by_their_type() -> None:
    kinds = {"t": "text", "d": "digits", "n": "number", "b": "boolean", "day": "date", "h": "time"}
    made = plan(flow(A, END, variables=kinds))
    assert start(made)[2] == {"t": "", "d": "", "n": 0, "b": False, "day": "", "h": ""}


def test_variables_are_set_in_order_and_a_later_one_reads_an_earlier_one() -> None:
    set_ = SetNode(n("set"), (Assignment("x", text("'1'")), Assignment("y", text("x"))), n("end"))
    made = plan(flow(A, set_, END, variables={"x": "text", "y": "text"}))
    assert start(made)[2] == {"x": "1", "y": "1"}


@pytest.mark.parametrize(("own", "general", "ends_at"), [("oops", None, "oops"), (None, "oops", "oops")])
def test_an_expression_without_a_value_takes_the_error_branch_and_sets_nothing(
    own: str | None, general: str | None, ends_at: str
) -> None:
    set_ = SetNode(
        n("set"), (Assignment("x", text("'1'")), Assignment("y", text("!"))), n("end"), NodeId(own) if own else None
    )
    made = plan(flow(A, set_, END, OOPS, variables={"x": "text"}, on_error=NodeId(general) if general else None))
    _, actions, kept = start(made)
    assert kept["x"] == ""
    assert ivr.Miscarry(A, n("set")) in actions
    assert nodes(actions) == ["set", ends_at]


@pytest.mark.parametrize("on_error", [None, "set"])
def test_without_an_error_branch_that_leads_elsewhere_the_caller_goes_the_plain_way(on_error: str | None) -> None:
    set_ = SetNode(n("set"), (Assignment("x", text("!")),), n("end"))
    made = plan(flow(A, set_, END, on_error=NodeId(on_error) if on_error else None))
    _, actions, _ = start(made)
    assert ivr.Miscarry(A, n("set")) in actions
    assert nodes(actions) == ["set", "end"]


def test_a_node_that_leads_nowhere_else_ends_the_call_as_a_technical_failure() -> None:
    set_ = SetNode(n("set"), (Assignment("x", text("!")),), n("set"))
    assert start(plan(flow(A, set_, END, on_error=n("set"))))[1][-1] == ivr.BROKEN


@pytest.mark.parametrize(
    ("node", "way"),
    [
        (BranchNode(n("a"), (Case(Expression("!", "boolean"), n("yes")),), n("no")), "no"),
        (LookupNode(n("a"), "t", text("!"), (), n("yes"), n("no")), "no"),
        (SubflowNode(n("a"), A, n("on"), (Assignment("x", text("!")),)), "on"),
    ],
)
def test_the_plain_way_is_that_of_a_caller_for_whom_nothing_was_found(node: Node, way: str) -> None:
    ends = [HangUpNode(n(name)) for name in ("yes", "no", "on")]
    _, actions, _ = start(plan(flow(A, node, *ends, variables={"x": "text"})))
    assert nodes(actions) == ["a", way]


def test_the_first_case_that_is_true_is_taken_else_otherwise() -> None:
    cases = (Case(Expression("x is 1", "boolean"), n("one")), Case(Expression("x is 2", "boolean"), n("two")))
    one, two = HangUpNode(n("one")), HangUpNode(n("two"))
    made = plan(flow(A, BranchNode(n("b"), cases, n("end")), one, two, END))
    for value, wanted in (("1", "one"), ("2", "two"), ("3", "end")):
        position, _ = ivr.enter(scene(made, variables={"x": value}), Position(A, n("b")), n("b"))
        assert position.node == wanted


def test_a_row_found_becomes_variables_and_one_not_found_goes_its_own_way() -> None:
    look = LookupNode(n("l"), "kota", text("x"), (Result("name", "city"),), n("end"), n("oops"))
    tables = {"kota": TablePlan(("zone", "city"), {"021": ("WIB", "Jakarta")})}
    made = plan(flow(A, look, END, OOPS), tables=tables)
    position, actions = ivr.enter(scene(made, variables={"x": "021"}), Position(A, n("l")), n("l"))
    assert (position.node, actions[0]) == ("end", ivr.Remember({"x": "021", "name": "Jakarta"}))
    assert ivr.enter(scene(made, variables={"x": "022"}), Position(A, n("l")), n("l"))[0].node == "oops"
    typed = plan(flow(A, replace(look, error=n("oops")), END, OOPS, variables={"name": "number"}), tables=tables)
    assert ivr.enter(scene(typed, variables={"x": "021"}), Position(A, n("l")), n("l"))[0].node == "oops"
    gone = plan(flow(A, look, END, OOPS))
    assert ivr.enter(scene(gone, variables={"x": "021"}), Position(A, n("l")), n("l"))[0].node == "oops"


def test_goto_leads_to_a_node_or_to_another_flow_with_its_own_variables() -> None:
    made = plan(
        flow(A, GotoNode(n("g"), n("h")), GotoNode(n("h"), flow=B), variables={"x": "text"}),
        flow(B, HangUpNode(n("there")), variables={"y": "number"}, version="2"),
    )
    position, actions, kept = start(made)
    assert (position.flow, position.version, position.node, kept) == (B, "2", "there", {"y": 0})
    assert nodes(actions) == ["g", "h", "there"]
    broken = plan(flow(A, GotoNode(n("g"), flow=B)))
    assert start(broken)[1][-1] == ivr.BROKEN


def test_a_subflow_gets_arguments_and_gives_back_what_is_asked_for() -> None:
    call = SubflowNode(n("call"), B, n("end"), (Assignment("nib", text("x")),), (Returned("x", "stage"),))
    give = SetNode(n("give"), (Assignment("stage", text("nib")),), n("back"))
    made = plan(
        flow(
            A,
            SetNode(n("s"), (Assignment("x", text("'7'")),), n("call")),
            call,
            END,
            variables={"x": "text", "z": "text"},
        ),
        flow(B, give, ReturnNode(n("back")), variables={"nib": "text", "stage": "text"}),
    )
    position, actions, kept = start(made)
    assert nodes(actions) == ["s", "call", "give", "back", "end"]
    assert kept == {"x": "7", "z": ""}
    assert (position.flow, position.stack) == (A, ())


def test_a_subflow_that_waits_remembers_who_called_it() -> None:
    made = plan(
        flow(A, SubflowNode(n("call"), B, n("end")), END),
        flow(B, PlayNode(n("p"), prompts("x"), n("r"), barge_in=False), ReturnNode(n("r"))),
    )
    position, _, _ = start(made)
    assert position.stack == (Frame(A, "", n("call"), {}),)
    position, actions = ivr.playback_ended(scene(made, position), position, PlaybackId("acd-p-c-1"))
    assert (position.flow, position.node, position.stack) == (A, "end", ())
    assert actions[-1] == ivr.Finish(Exit.SELF_SERVICE, 16)


def test_what_the_subflow_does_not_have_is_not_taken_over() -> None:
    made = plan(
        flow(A, SubflowNode(n("call"), B, n("end"), (), (Returned("x", "none"),)), END, variables={"x": "text"}),
        flow(B, ReturnNode(n("r"))),
    )
    assert start(made)[2] == {"x": ""}


def test_a_return_that_nobody_called_ends_the_call() -> None:
    assert start(plan(flow(A, ReturnNode(n("r")))))[1][-1] == ivr.Finish(Exit.IVR_EXIT, 16)


def test_a_subflow_that_is_not_there_or_too_deep_ends_as_a_technical_failure() -> None:
    call = SubflowNode(n("call"), B, n("end"))
    assert start(plan(flow(A, call, END)))[1][-1] == ivr.BROKEN
    endless = plan(flow(A, call, END), flow(B, SubflowNode(n("again"), B, n("r")), ReturnNode(n("r"))))
    position, actions, _ = start(endless)
    assert actions[-1] == ivr.BROKEN
    assert len(position.stack) == DEEPEST


def test_a_caller_who_comes_back_to_a_node_that_is_another_now_begins_that_flow_again() -> None:
    made = plan(flow(A, PlayNode(n("call"), prompts("x"), n("end")), END), flow(B, ReturnNode(n("r"))))
    inside = Position(B, n("r"), stack=(Frame(A, "", n("call"), {}),))
    assert ivr.enter(scene(made, inside), inside, n("r"))[0].node == "call"
    gone = plan(flow(B, ReturnNode(n("r"))))
    assert ivr.enter(scene(gone, inside), inside, n("r"))[1][-1] == ivr.BROKEN


def test_a_wait_plays_its_music_and_ends_it() -> None:
    made = plan(flow(A, WaitNode(n("w"), 3.0, n("end"), "default"), END))
    position, actions, _ = start(made)
    assert actions[-2:] == [ivr.Music("default"), ivr.Await(3.0)]
    position, actions = ivr.timeout(scene(made, position), position)
    assert [action for action in actions if not isinstance(action, ivr.Visit)] == [
        ivr.Silence(),
        ivr.Finish(Exit.SELF_SERVICE, 16),
    ]
    quiet = plan(flow(A, WaitNode(n("w"), 3.0, n("end")), END))
    assert start(quiet)[1][-1] == ivr.Await(3.0)


def test_the_path_tells_the_kind_of_each_key_and_never_the_key() -> None:
    ask = CollectNode(n("ask"), prompts("x"), "nib", n("end"), n("oops"), min_digits=2, max_digits=2, retries=1)
    made = plan(flow(A, AnswerNode(n("go"), n("ask")), ask, END, OOPS))
    position, _, _ = start(made)
    steps: list[PathStep] = []
    for key in ("#", "1", "2"):
        position, actions = ivr.digit(scene(made, position), position, key)
        steps += [action.step for action in actions if isinstance(action, ivr.Visit | ivr.InVain)]
    assert [(step.node, step.key) for step in steps] == [("ask", "invalid"), ("end", "digit")]


@pytest.mark.parametrize(("key", "kind"), [("1", "digit"), ("*", "star"), ("#", "hash"), ("A", "letter")])
def test_a_key_pressed_ahead_is_told_at_the_node_it_led_to(key: str, kind: str) -> None:
    play = PlayNode(n("p"), prompts("x"), n("end"))
    made = plan(flow(A, play, END))
    position, _, _ = start(made)
    _, actions = ivr.digit(scene(made, position), position, key)
    assert [(a.step.node, a.step.key) for a in actions if isinstance(a, ivr.Visit)] == [("end", kind)]


def test_limits_lead_to_another_flow_with_its_own_variables_or_stay_in_this_one() -> None:
    made = plan(
        flow(A, END, variables={"x": "text"}), flow(B, HangUpNode(n("there")), variables={"y": "text"}, version="9")
    )
    position, actions = ivr.enter_flow(scene(made, variables={"x": "1"}), Position(A, n("end")), B, n("there"))
    assert (position.flow, position.version, actions[0]) == (B, "9", ivr.Remember({"y": ""}))
    position, actions = ivr.enter_flow(scene(made, variables={"x": "1"}), Position(A, n("end")), A, n("end"))
    assert not any(isinstance(action, ivr.Remember) for action in actions)
    assert ivr.enter_flow(scene(made), Position(A, n("end")), FlowId("c"), n("x"))[1][-1] == ivr.BROKEN


def test_a_caller_finishes_on_the_version_it_began() -> None:
    made = plan(flow(A, END, version="2"))
    old = flow(A, HangUpNode(n("before")), version="1")
    look = replace(scene(made), state=EngineState(made, old_flows={"a@1": old}))
    assert ivr.enter(look, Position(A, n("before"), version="1"), n("before"))[1][-1] == ivr.Finish(Exit.IVR_EXIT, 16)
    assert ivr.enter(look, Position(A, n("end"), version="2"), n("end"))[1][-1] == ivr.Finish(Exit.SELF_SERVICE, 16)
    assert ivr.enter(look, Position(A, n("end"), version="0"), n("end"))[1][-1] == ivr.Finish(Exit.SELF_SERVICE, 16)


def test_nobody_evaluates_where_no_plan_has_expressions() -> None:
    made = plan(flow(A, SetNode(n("s"), (Assignment("x", text("'1'")),), n("end")), END))
    _, actions = ivr.start(replace(scene(made), evaluate=ivr.no_evaluator), A)
    assert ivr.Miscarry(A, n("s")) in actions
    assert ivr.Remember({"x": "1"}) not in actions
