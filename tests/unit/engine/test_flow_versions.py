"""Callers finish on the version of a flow that they began; others get the newest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import Play
from acd.domain.events import PlanLoaded
from acd.domain.flow import FlowPlan
from acd.domain.flow_talk import MenuChoice, MenuNode
from acd.domain.ids import FlowId
from acd.domain.plan import Plan
from acd.engine import flow_versions
from acd.engine.state import CallingBack, Frame, InIvr, Position, Promised, Talking, Waiting
from tests.engine_kit import EN, ID, Bench, main_flow, make_plan, n, prompts

MAIN = FlowId("main")


def version(name: str) -> Plan:
    """The plan with a menu at once, which says its version."""
    menu = MenuNode(n("m"), prompts(f"hello_{name}"), (MenuChoice("1", n("m")),), failed=n("m"), retries=9)
    return replace(
        make_plan(), version=name, flows={MAIN: FlowPlan(MAIN, n("m"), (ID, EN), {menu.id: menu}, version=name)}
    )


def heard(bench: Bench) -> list[str]:
    return [str(command.prompts[-1]) for commands in bench.history for command in commands if isinstance(command, Play)]


def test_callers_in_a_menu_hear_their_version_to_the_end_and_new_ones_the_new() -> None:
    bench = Bench(version("1"))
    first = bench.call()
    bench.feed(PlanLoaded(bench.at, version("2")))
    second = bench.call()
    bench.feed(PlanLoaded(bench.at, version("3")))
    for caller in (first, second, bench.call()):
        bench.press(caller, "1")
    assert heard(bench)[-3:] == ["hello_1", "hello_2", "hello_3"]
    assert sorted(bench.state.old_flows) == ["main@1", "main@2"]
    bench.hang_up(first)
    bench.feed(PlanLoaded(bench.at, version("3")))
    assert sorted(bench.state.old_flows) == ["main@2"]
    bench.feed(PlanLoaded(bench.at, version("2")))
    assert sorted(bench.state.old_flows) == ["main@3"]


def worded(name: str) -> Plan:
    """The plan with a menu that says the same prompt in words of its own."""
    hello, voice = prompts("hello", "jingle"), {ID: f"w{name}"}
    menu = MenuNode(n("m"), (*hello, *prompts("1")), (MenuChoice("1", n("m")),), failed=n("m"), retries=9)
    flow = FlowPlan(MAIN, n("m"), (ID, EN), {menu.id: menu}, version=name, wordings={hello[0]: voice})
    return replace(make_plan(), version=name, flows={MAIN: flow})


def test_a_prompt_that_says_something_else_now_is_heard_in_the_words_of_the_callers_version() -> None:
    bench = Bench(worded("1"))
    first = bench.call()
    bench.feed(PlanLoaded(bench.at, worded("2")))
    for caller in (first, bench.call()):
        bench.press(caller, "1")
    said = [command.wordings for commands in bench.history for command in commands if isinstance(command, Play)]
    assert said == [("w1", "", ""), ("w2", "", ""), ("w1", "", ""), ("w2", "", "")]


WAITING = Waiting(0.0, "q", (), 0, Position(MAIN, n("m"), version="1", stack=(Frame(FlowId("sub"), "7", n("x"), {}),)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("phase", "kept"), [
    (InIvr(0.0, WAITING.position), True), (WAITING, True), (Promised(0.0, WAITING, "closed"), True),
    (CallingBack(0.0, WAITING, "e1", None), True), (Talking(0.0, "ana", "leg"), False),  # type: ignore[arg-type]
])  # fmt: skip
def test_a_version_is_kept_for_whoever_may_still_go_on_in_it(phase: object, kept: bool) -> None:  # noqa: FBT001 - a case
    bench = Bench(version("1"))
    caller = bench.call()
    state = bench.state
    contact = bench.contact(caller)
    state.contacts[contact.id] = replace(contact, phase=phase)  # type: ignore[arg-type]
    sub = FlowPlan(FlowId("sub"), n("x"), (ID,), {}, version="7")
    before = state.plan
    assert before is not None
    state.plan = replace(before, flows={**before.flows, sub.id: sub})
    flow_versions.keep(state, version("2"))
    assert sorted(state.old_flows) == (["main@1", "sub@7"] if kept else [])


def test_before_the_first_plan_there_is_nothing_to_keep() -> None:
    bench = Bench(version("1"))
    bench.state.plan = None
    flow_versions.keep(bench.state, version("2"))
    assert bench.state.old_flows == {}


def test_the_kits_flow_has_no_version_and_is_kept_for_nobody() -> None:
    assert main_flow().version == ""
