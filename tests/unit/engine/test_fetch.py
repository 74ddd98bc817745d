"""Flows that ask and tell other systems: what is asked, what the caller hears meanwhile, where the answer leads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from acd.domain.commands import FetchData, Play, SendHook, Spoken, StartMusic, StopMusic
from acd.domain.data import DataOutcome, Header, Wanted
from acd.domain.events import DataFetched, PlanLoaded
from acd.domain.flow import HangUpNode
from acd.domain.flow_data import EventNode, Filling, HeaderTemplate, HttpNode
from acd.domain.flow_talk import PlayNode
from acd.domain.flow_values import Assignment, Expression, Template, Value
from acd.domain.ids import LegId, PromptKey, RequestId
from acd.domain.plan import Plan
from acd.engine.core import Engine
from acd.engine.ivr import ExpressionError, Walk
from acd.engine.ivr.fetch import GRACE_S
from acd.engine.state import EngineState, InIvr
from acd.store.codec import decode, encode
from tests.engine_kit import Bench, make_plan, n, prompts, with_node

NIB = Expression("nib", "digits")
ANSWER: dict[str, Value] = {"stage": "issued", "count": 3}


def evaluate(expression: Expression, walk: Walk) -> Value:
    """A variable by its name, or what the test says that an expression is worth."""
    given: dict[str, Value] = {"nib": "8120001234567", "odd": "a/b?c=d&e f", "up": "..", "yes": True, "two": 2,
                               "long": "x" * 20_000, "lines": "a\r\nX: y", **walk.variables}  # fmt: skip
    if expression.source not in given:
        raise ExpressionError(expression.source)
    return given[expression.source]


def template(*parts: str | Expression) -> Template:
    return Template(parts)


def text(source: str) -> Expression:
    return Expression(source, "text")


ASK = HttpNode(
    n("ask"),
    "GET",
    template("https://api/licences/", NIB),
    next=n("ok"),
    not_found=n("not_found"),
    invalid=n("invalid"),
    timed_out=n("timeout"),
    failed=n("failed"),
    results=(Wanted("stage", "$.stage"), Wanted("count", "$.count", "number")),
    retries=2,
    cache_s=60.0,
    cache_not_found_s=5.0,
)


def plan_with(node: HttpNode | EventNode) -> Plan:
    """Callers of 169 come to the node at once, and hear afterwards where it led them."""
    plan = make_plan()
    for name in ("ok", "not_found", "invalid", "timeout", "failed", "error"):
        plan = with_node(plan, PlayNode(n(name), prompts(name), n("end")))
    plan = with_node(with_node(plan, HangUpNode(n("end"))), node)
    flow = plan.flows[plan.access_codes["169"].flow]
    nodes = {**flow.nodes, n("pick_up"): replace(flow.nodes[n("pick_up")], next=node.id)}  # type: ignore[arg-type]
    variables: dict[str, Any] = {"stage": "text", "count": "number"}
    return replace(plan, flows={**plan.flows, flow.id: replace(flow, nodes=nodes, variables=variables)})


def bench_with(node: HttpNode | EventNode, **changes: Any) -> Bench:
    return Bench(plan_with(replace(node, **changes)), engine=Engine(evaluate=evaluate))


def answer(bench: Bench, outcome: DataOutcome = "ok", request: RequestId | None = None) -> DataFetched:
    asked = bench.asked[-1]
    values = ANSWER if outcome == "ok" else {}
    return DataFetched(bench.at, asked.contact_id, request or asked.request_id, outcome, dict(values), 200, 0.2)


def node_of(bench: Bench, leg: LegId) -> str:
    phase = bench.state.contacts[leg].phase  # type: ignore[index]
    assert isinstance(phase, InIvr)
    return phase.position.node


def heard(bench: Bench) -> list[PromptKey | Spoken]:
    """Prompts that were ordered, in order."""
    return [key for commands in bench.history for c in commands if isinstance(c, Play) for key in c.prompts]


# ---------------------------------------------------------------- asking


def test_a_question_is_complete_but_for_its_secrets() -> None:
    headers = (HeaderTemplate("X-Nib", template("no ", NIB)), HeaderTemplate("Key", template("Bearer "), "token"))
    bench = bench_with(ASK, headers=headers)
    leg = bench.call()
    (asked,) = bench.asked
    assert asked == FetchData(
        contact_id=bench.state.contacts[leg].id,  # type: ignore[index]
        request_id=RequestId(f"acd-d-{leg}-1"),
        node="main/ask",
        request=asked.request,
        wanted=ASK.results,
        timeout_s=3.0,
        retries=2,
        cache_s=60.0,
        cache_not_found_s=5.0,
    )
    assert (asked.request.method, asked.request.url) == ("GET", "https://api/licences/8120001234567")
    assert asked.request.headers == (Header("X-Nib", "no 8120001234567"), Header("Key", "Bearer ", "token"))
    assert (asked.request.body, asked.request.idempotent) == (None, True)


def test_no_value_becomes_a_part_of_the_address_with_a_meaning_of_its_own() -> None:
    bench = bench_with(ASK, url=template("https://api/", text("odd"), "?x=", text("yes"), "&n=", text("two")))
    bench.call()
    assert bench.asked[0].request.url == "https://api/a%2Fb%3Fc%3Dd%26e%20f?x=true&n=2"


def test_values_of_a_body_keep_their_types_and_are_escaped() -> None:
    mixed = Filling(template("NIB ", NIB, ' "', text("two"), '"'))
    two, yes, odd = (Filling(template(text(source))) for source in ("two", "yes", "odd"))
    body = ('{"n":', two, ',"b":', yes, ',"t":', mixed, ',"o":', odd, "}")
    bench = bench_with(ASK, method="POST", body=body, idempotent=False)
    bench.call()
    request = bench.asked[0].request
    assert json.loads(request.body or "") == {"n": 2, "b": True, "t": 'NIB 8120001234567 "2"', "o": "a/b?c=d&e f"}
    assert not request.idempotent


@pytest.mark.parametrize(
    "changes",
    [
        {"url": template("https://api/", text("nothing"))},
        {"url": template("https://api/", text("up"))},
        {"url": template("https://api/", text("long"))},
        {"headers": (HeaderTemplate("X", template(text("lines"))),)},
        {"headers": (HeaderTemplate("X", template(text("long"))),)},
        {"body": (Filling(template(text("long"))),)},
        {"body": (Filling(template("x", text("nothing"))),)},
    ],
)
def test_a_question_that_cannot_be_put_takes_the_error_branch_and_is_counted(changes: dict[str, Any]) -> None:
    bench = bench_with(ASK, error=n("error"), **changes)
    leg = bench.call()
    assert bench.asked == []
    assert node_of(bench, leg) == "error"
    assert bench.state.ivr.errors == {"main ask": 1}


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("outcome", "node"),
    [("ok", "ok"), ("not_found", "not_found"), ("invalid", "invalid"), ("timeout", "timeout"), ("failed", "failed")],
)
def test_each_outcome_has_its_branch(outcome: DataOutcome, node: str) -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    bench.feed(answer(bench, outcome))
    assert node_of(bench, leg) == node
    kept = bench.state.contacts[leg].variables  # type: ignore[index]
    assert kept == (ANSWER if outcome == "ok" else {"stage": "", "count": 0})


def test_an_answer_that_never_comes_is_a_timeout() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    bench.sleep(3.0)
    assert node_of(bench, leg) == "ask"
    bench.sleep(GRACE_S)
    assert node_of(bench, leg) == "timeout"
    assert [step.key for step in bench.state.contacts[leg].path][-1] == "timeout"  # type: ignore[index]


def test_an_answer_after_its_time_or_twice_changes_nothing() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    bench.feed(answer(bench, "failed"))
    before = bench.state.contacts[leg]  # type: ignore[index]
    out = bench.feed(answer(bench))
    assert [command.kind for command in out] == ["ignored"]
    assert bench.state.contacts[leg] is before  # type: ignore[index]


def test_an_answer_to_another_question_or_for_a_caller_who_left_is_ignored() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    assert [command.kind for command in bench.feed(answer(bench, request=RequestId("other")))] == ["ignored"]
    late = answer(bench)
    bench.hang_up(leg)
    assert [command.kind for command in bench.feed(late)] == ["ignored"]
    assert bench.records[-1].last_node == "ask"


def test_values_that_are_not_in_the_answer_keep_what_they_were() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    bench.feed(replace(answer(bench), values={"count": 3}))
    assert bench.state.contacts[leg].variables == {"stage": "", "count": 3}  # type: ignore[index]


# ---------------------------------------------------------------- meanwhile


def test_the_caller_hears_music_until_the_answer() -> None:
    bench = bench_with(ASK, music="soft")
    leg = bench.call()
    assert [c.music for c in bench.out if isinstance(c, StartMusic)] == ["soft"]
    out = bench.feed(answer(bench))
    assert [type(c) for c in out if isinstance(c, StopMusic | Play)] == [StopMusic, Play]
    assert node_of(bench, leg) == "ok"


def test_prompts_are_heard_to_their_end_though_the_answer_is_there() -> None:
    bench = bench_with(ASK, prompts=prompts("one_moment"), music="soft")
    leg = bench.call()
    assert bench.feed(answer(bench)) != []
    assert (node_of(bench, leg), heard(bench)) == ("ask", ["one_moment"])
    assert [command.kind for command in bench.feed(answer(bench, "failed"))] == ["ignored"]
    bench.spoken(leg)
    assert (node_of(bench, leg), heard(bench)) == ("ok", ["one_moment", "ok"])
    assert bench.state.contacts[leg].variables == ANSWER  # type: ignore[index]
    assert not any(isinstance(c, StartMusic) for commands in bench.history for c in commands)


def test_after_the_prompts_there_is_music_and_the_time_goes_on() -> None:
    bench = bench_with(ASK, prompts=prompts("one_moment"), music="soft")
    leg = bench.call()
    bench.sleep(2.0)
    assert any(isinstance(c, StartMusic) for c in bench.spoken(leg))
    bench.sleep(1.0)
    assert node_of(bench, leg) == "ask"
    bench.sleep(GRACE_S)
    assert node_of(bench, leg) == "timeout"


def test_a_timeout_within_a_prompt_leads_on_at_its_end_even_when_that_is_never_told() -> None:
    bench = bench_with(ASK, prompts=prompts("one_moment"))
    leg = bench.call()
    bench.sleep(10.0)
    assert node_of(bench, leg) == "ask"
    bench.pbx.playbacks.clear()
    bench.sleep(120.0)
    assert heard(bench)[1:] == ["timeout"]


def test_keys_pressed_meanwhile_are_lost() -> None:
    bench = bench_with(ASK, prompts=prompts("one_moment"))
    leg = bench.call()
    assert [command.kind for command in bench.press(leg, "1")] == ["ignored"]


def test_prompts_longer_than_the_time_lead_straight_on() -> None:
    bench = bench_with(ASK, prompts=prompts("one_moment"), music="soft")
    leg = bench.call()
    bench.at += 4.0  # no timer ran: the process was away
    bench.spoken(leg)
    bench.sleep(0.0)
    assert node_of(bench, leg) == "timeout"


# ---------------------------------------------------------------- restarts and reloads


def test_a_caller_whose_question_fell_into_a_gap_is_asked_for_again() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    first = bench.asked[0].request_id
    bench.feed(bench.pbx.resync(after_gap=True))
    assert [asked.request_id for asked in bench.asked] == [first, f"acd-d-{leg}-2"]
    assert [c.kind for c in bench.feed(answer(bench, request=first))] == ["ignored"]
    bench.feed(answer(bench))
    assert node_of(bench, leg) == "ok"


def test_a_question_survives_the_codec_and_its_timer_leads_on() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    bench.engine = Engine(decode(EngineState, encode(bench.state)), evaluate=evaluate)
    assert bench.state.contacts[leg].phase == bench.engine.state.contacts[leg].phase  # type: ignore[index]
    bench.sleep(3.0 + GRACE_S)
    assert node_of(bench, leg) == "timeout"


@pytest.mark.parametrize("when", ["answer", "timeout"])
def test_a_node_that_a_reload_made_another_one_is_begun_again(when: str) -> None:
    bench = bench_with(ASK)
    bench.call()
    other = PlayNode(n("ask"), prompts("other"), n("end"))
    bench.feed(PlanLoaded(bench.at, with_node(replace(bench.plan, version="v2"), other)))
    if when == "answer":
        bench.feed(answer(bench))
    else:
        bench.sleep(3.0 + GRACE_S)
    assert heard(bench) == ["other"]


def test_a_node_that_a_reload_took_away_leads_to_the_flows_beginning() -> None:
    bench = bench_with(ASK)
    leg = bench.call()
    flow = bench.plan.flows[bench.plan.access_codes["169"].flow]
    without = replace(flow, nodes=make_plan().flows[flow.id].nodes)
    bench.feed(PlanLoaded(bench.at, replace(bench.plan, flows={**bench.plan.flows, flow.id: without})))
    bench.feed(answer(bench))
    assert node_of(bench, leg) == "lang"


def test_a_node_that_a_reload_made_a_question_asks_when_its_prompt_is_over() -> None:
    bench = Bench(plan_with(ASK), engine=Engine(evaluate=evaluate))
    playing = with_node(bench.plan, PlayNode(n("ask"), prompts("other"), n("end")))
    bench.feed(PlanLoaded(bench.at, playing))
    leg = bench.call()
    bench.feed(PlanLoaded(bench.at, bench.plan))
    bench.spoken(leg)
    assert (node_of(bench, leg), len(bench.asked)) == ("ask", 1)


# ---------------------------------------------------------------- telling

TELL = EventNode(
    n("tell"),
    "crm",
    "licence_asked",
    n("ok"),
    (Assignment("nib", NIB), Assignment("again", Expression("yes", "boolean"))),
)


def test_an_event_is_told_with_its_id_and_the_chosen_values_and_the_caller_goes_on_at_once() -> None:
    bench = bench_with(TELL)
    leg = bench.call()
    (told,) = bench.told
    assert (told.hook, told.event_id) == ("crm", f"acd-e-{leg}-1")
    assert json.loads(told.body) == {
        "id": told.event_id,
        "event": "licence_asked",
        "at": "2024-06-03T03:00:00.000+00:00",
        "contact_id": leg,
        "access_code": "169",
        "flow": "main",
        "node": "tell",
        "language": "id",
        "values": {"nib": "8120001234567", "again": True},
    }
    assert node_of(bench, leg) == "ok"


def test_an_event_whose_value_cannot_be_found_is_not_told() -> None:
    bench = bench_with(TELL, values=(Assignment("x", text("nothing")),), error=n("error"))
    leg = bench.call()
    assert (bench.told, node_of(bench, leg)) == ([], "error")


def test_each_message_of_a_contact_has_its_own_id() -> None:
    plan = plan_with(replace(TELL, next=n("ask")))
    plan = with_node(plan, replace(ASK, next=n("tell"), timed_out=n("tell")))
    bench = Bench(plan, engine=Engine(evaluate=evaluate))
    leg = bench.call()
    bench.feed(answer(bench))
    ids = [command for commands in bench.history for command in commands if isinstance(command, FetchData | SendHook)]
    names = [command.event_id if isinstance(command, SendHook) else command.request_id for command in ids]
    assert names == [f"acd-e-{leg}-1", f"acd-d-{leg}-2", f"acd-e-{leg}-3", f"acd-d-{leg}-4"]
