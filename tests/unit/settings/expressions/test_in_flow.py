"""Expressions in a flow that runs: values lead the caller, an error takes the error branch and is counted."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.commands import Play, WriteRecord
from acd.domain.exits import Exit
from acd.domain.flow import BranchNode, Case, FlowPlan, HangUpNode, Node, SetNode
from acd.domain.flow_talk import PlayNode
from acd.domain.flow_values import Assignment, VariableType
from acd.domain.ids import FlowId
from acd.domain.plan import Plan
from acd.engine.core import Engine
from acd.engine.ivr import names
from acd.settings.expressions import Checker, evaluate_in_flow
from acd.store.codec import decode, encode
from tests.engine_kit import ID, Bench, make_plan, n, prompts

VARIABLES: dict[str, VariableType] = {"count": "number", "kind": "text"}


def flow(*nodes: Node, **more: object) -> Plan:
    bad, good = (
        PlayNode(n("bad"), prompts("bad"), n("end"), barge_in=False),
        PlayNode(n("good"), prompts("good"), n("end")),
    )
    every = (*nodes, bad, good, HangUpNode(n("end"), Exit.SELF_SERVICE))
    made = FlowPlan(FlowId("main"), nodes[0].id, (ID,), {node.id: node for node in every}, VARIABLES, **more)  # type: ignore[arg-type]
    return replace(make_plan(remember_callers_s=60.0), flows={made.id: made})


def branch(source: str, error: str | None = None) -> BranchNode:
    plan = make_plan()
    checker = Checker({**VARIABLES, **names.types(plan.queues, plan.calendars)})
    case = Case(checker.made(source, "boolean"), n("good"))
    return BranchNode(n("b"), (case,), n("bad"), n(error) if error else None)


def heard(plan: Plan, evaluate: object = evaluate_in_flow) -> tuple[list[str], Bench]:
    made = Bench(plan, engine=Engine(evaluate=evaluate))  # type: ignore[arg-type]
    made.call()
    return [str(key) for command in made.got(Play) for key in command.prompts], made


def test_a_caller_goes_where_the_expression_says() -> None:
    source = "queue.billing.agents_ready == 0 && caller.number.startsWith('+62') && calendar.office.state == 'open'"
    assert heard(flow(branch(source)))[0] == ["good"]
    assert heard(flow(branch(f"!({source})")))[0] == ["bad"]


def test_an_error_takes_the_nodes_error_branch_and_is_counted() -> None:
    spoken, made = heard(flow(branch("1 / count > 0", "good")))
    assert spoken == ["good"]
    assert made.state.ivr.errors == {"main b": 1}


def test_an_error_without_a_branch_of_its_own_takes_the_flows_and_else_the_way_of_who_fits_nowhere() -> None:
    assert heard(flow(branch("1 / count > 0"), on_error=n("good")))[0] == ["good"]
    spoken, made = heard(flow(branch("1 / count > 0")))
    assert spoken == ["bad"]
    assert made.state.ivr.errors == {"main b": 1}


def test_a_variable_that_cannot_be_set_stays_as_it_was_and_the_caller_goes_on() -> None:
    setting = SetNode(n("s"), (Assignment("count", Checker(VARIABLES).made("1 / count", "number")),), n("b"))
    spoken, made = heard(flow(setting, branch("count == 0")))
    assert spoken == ["good"]
    assert made.state.ivr.errors == {"main s": 1}


def test_an_error_that_leads_back_to_itself_ends_the_call_with_a_record() -> None:
    setting = SetNode(n("s"), (Assignment("count", Checker(VARIABLES).made("1 / count", "number")),), n("s"))
    _, made = heard(flow(setting, on_error=n("s")))
    assert [record.exit for record in made.records] == [Exit.FAILED_TECHNICAL]
    assert made.got(WriteRecord)


def test_without_an_evaluator_every_expression_is_an_error() -> None:
    made = Bench(flow(branch("true", "good")))
    made.call()
    assert made.one(Play).prompts == prompts("good")


def test_a_queue_that_a_reload_took_away_is_an_error_and_no_crash() -> None:
    plan = flow(branch("queue.tech.length == 0", "good"))
    assert heard(replace(plan, queues={}, access_codes=plan.access_codes))[0] == ["good"]


def test_a_variable_set_is_read_by_what_follows() -> None:
    checker = Checker(VARIABLES)
    one, two = checker.made("count + 41", "number"), checker.made("string(count + 1)", "text")
    setting = SetNode(n("s"), (Assignment("count", one), Assignment("kind", two)), n("b"))
    assert heard(flow(setting, branch("count == 41 && kind == '42'")))[0] == ["good"]


def test_a_plan_with_expressions_goes_through_a_journal_as_it_is() -> None:
    plan = flow(branch("earlier.calls > 2"))
    assert decode(Plan, encode(plan)) == plan
