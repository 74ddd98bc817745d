"""Every way out of every kind of node is found, and a path on a marked plan tells which were taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import pytest

from acd.domain.flow import BranchNode, Case, ExitKey, HoursNode, Node, QueueNode
from acd.domain.flow_path import PathStep
from acd.domain.flow_talk import MenuChoice, MenuNode
from acd.domain.flow_values import Expression
from acd.domain.ids import CalendarId, FlowId, NodeId, QueueId
from acd.flows.ways import Mark, Step, Way, marked, steps, ways
from tests.engine_kit import make_plan, n

FLOW = FlowId("main")


def test_fields_choices_keys_and_cases_are_ways_in_their_order() -> None:
    menu = MenuNode(n("m"), (), (MenuChoice("1", n("a")), MenuChoice("*", n("m"))), failed=n("b"), retries=0)
    assert ways(menu) == [Way("1", n("a")), Way("*", n("m")), Way("failed", n("b"))]
    branch = BranchNode(
        n("b"),
        (Case(Expression("x > 1", "boolean"), n("p")), Case(Expression("x > 0", "boolean"), n("q"))),
        n("r"),
        error=n("e"),
    )
    assert ways(branch) == [
        Way("case 1", n("p"), "x > 1"),
        Way("case 2", n("q"), "x > 0"),
        Way("otherwise", n("r")),
        Way("error", n("e")),
    ]
    queue = QueueNode(n("q"), QueueId("x"), overflow=n("o"), keys=(ExitKey("#", n("k")),))
    assert ways(queue) == [Way("overflow", n("o")), Way("#", n("k"))]


def test_a_node_that_asks_again_has_ways_back_to_itself() -> None:
    menu = MenuNode(n("m"), (), (MenuChoice("1", n("a")),), failed=n("b"), retries=1)
    assert ways(menu)[-2:] == [Way("invalid", n("m")), Way("timeout", n("m"))]


@pytest.mark.parametrize("kind", get_args(Node), ids=lambda kind: kind.__name__)
def test_every_kind_of_node_can_be_looked_through(kind: type) -> None:
    """A new kind needs nothing here; this fails when its fields cannot be read."""
    ways(_made(kind))


def _made(kind: type) -> Node:
    from dataclasses import MISSING, fields  # noqa: PLC0415 - only here

    required = [f for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    return kind(**{f.name: () if str(f.type).startswith("tuple") else n("x") for f in required})  # type: ignore[no-any-return]


def test_a_kind_that_names_nodes_in_a_mapping_and_in_a_part_is_understood() -> None:
    @dataclass(frozen=True, slots=True)
    class Strange:
        id: NodeId
        parts: MenuChoice
        way: NodeId | None = None

    found = ways(Strange(n("s"), MenuChoice("5", n("a")), n("b")))  # type: ignore[arg-type]
    assert [(way.name, way.target) for way in found] == [("parts", "a"), ("way", "b")]


def test_a_marked_plan_is_the_same_plan() -> None:
    plan = make_plan()
    made = marked(plan)
    assert made == plan
    hours = made.flows[FLOW].nodes[n("hours")]
    assert isinstance(hours, HoursNode)
    assert isinstance(hours.closed, Mark)
    assert (hours.closed.way, hours.holiday.way) == ("closed", "holiday")  # type: ignore[attr-defined]
    assert hours.calendar == CalendarId("office")


def test_ways_are_read_out_of_a_path_even_where_two_lead_to_the_same_node() -> None:
    lang = NodeId(Mark("lang", n("pick_up"), "next"))
    again, failed = NodeId(Mark("lang", n("lang"), "*")), NodeId(Mark("say_id", n("lang"), "failed"))
    path = (
        PathStep(0, FLOW, lang),
        PathStep(5, FLOW, lang, "timeout"),
        PathStep(6, FLOW, again, "star"),
        PathStep(7, FLOW, again, "invalid"),
        PathStep(8, FLOW, again, "timeout"),
        PathStep(8, FLOW, failed, "timeout"),
    )
    assert [(step.origin, step.name) for step in steps(path)] == [
        ("pick_up", "next"),
        ("lang", "timeout"),
        ("lang", "*"),
        ("lang", "invalid"),
        ("lang", "failed"),
    ]


def test_a_node_reached_from_outside_has_no_way() -> None:
    assert list(steps((PathStep(0, FLOW, n("lang")),))) == [Step(FLOW, n(""), "", n("lang"))]
