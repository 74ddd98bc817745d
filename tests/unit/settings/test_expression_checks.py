"""Expressions in flow files: every mistake at its place, and what a right one becomes."""

from __future__ import annotations

import pytest

from acd.domain.errors import ConfigError
from acd.domain.flow import BranchNode, SetNode, SubflowNode
from acd.domain.flow_values import Expression, Reads
from acd.domain.ids import FlowId, NodeId
from acd.domain.plan import Plan
from acd.settings import load
from tests.unit.settings.conftest import Deployment

FLOW = """\
languages: [id]
entry: s
variables: {{count: number, stage: text, ok: boolean, due: date}}
nodes:
  s:
    kind: set
    set:
      count: {count}
      stage: {stage}
    next: b
  b:
    kind: branch
    cases:
      - when: {when}
        next: call
    otherwise: bye
  call: {{kind: subflow, flow: other, arguments: {{nib: {nib}}}, returns: {{stage: stage}}, next: look}}
  look: {{kind: lookup, table: kota, key: {key}, results: {{stage: city}}, next: bye, missing: bye}}
  bye: {{kind: hang_up}}
"""
OTHER = """\
languages: [id]
entry: back
variables: {nib: digits, stage: text}
nodes:
  back: {kind: return}
"""
RIGHT = {
    "count": "count + 1",
    "stage": "caller.number",
    "when": "queue.q_umum.length > 5 && stage != ''",
    "nib": "access_code",
    "key": "stage.substring(1)",
}


def write(sample: Deployment, flow: str = FLOW, **changes: str) -> None:
    (sample.flows / "mine.yaml").write_text(flow.format(**{**RIGHT, **changes}), encoding="utf-8")
    (sample.flows / "other.yaml").write_text(OTHER, encoding="utf-8")
    (sample.flows / "kota.csv").write_text("code,city\n021,Jakarta\n", encoding="utf-8")
    sample.append("access_codes.yaml", '  "140901":\n    flow: mine\n  "140902":\n    flow: other\n')


def mistakes(sample: Deployment) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(sample.config, sample.flows, {}, secrets=False)
    return [str(mistake).removeprefix(f"{sample.flows}/") for mistake in caught.value.mistakes]


def plan(sample: Deployment) -> Plan:
    return load(sample.config, sample.flows, {}, secrets=False).plan


def test_a_right_expression_goes_into_the_plan_with_what_it_reads(sample: Deployment) -> None:
    write(sample)
    nodes = plan(sample).flows[FlowId("mine")].nodes
    branch, set_, call = nodes[NodeId("b")], nodes[NodeId("s")], nodes[NodeId("call")]
    assert isinstance(branch, BranchNode)
    assert isinstance(set_, SetNode)
    assert isinstance(call, SubflowNode)
    reads = (Reads("queue.q_umum.length", "number"), Reads("stage", "text"))
    assert branch.cases[0].when == Expression(RIGHT["when"], "boolean", reads)
    assert set_.assignments[0].value == Expression("count + 1", "number", (Reads("count", "number"),))
    assert call.arguments[0].value.type == "digits"


@pytest.mark.parametrize(
    ("key", "source", "mistake"),
    [
        ("count", "stage", "mine.yaml:8:14: nodes.s.set.count: is text; wanted is a number"),
        ("count", "countt + 1", "mine.yaml:8:14: nodes.s.set.count: unknown name 'countt'; did you mean 'count'?"),
        ("stage", "'\"a\" + count'", "mine.yaml:9:19: nodes.s.set.stage: + does not go with text and number"),
        ("when", "count", "mine.yaml:14:15: nodes.b.cases[0].when: is a number; wanted is a condition"),
        ("when", "ok && queue.q_umum.size > 1", "mine.yaml:14:21: nodes.b.cases[0].when: unknown name"),
        ("when", "calendar.kantor.state", "mine.yaml:14:15: nodes.b.cases[0].when: unknown name"),
        ("nib", "'\"12a\"'", "mine.yaml:17:56: nodes.call.arguments.nib: its value is no digits"),
        ("nib", "nib", "mine.yaml:17:55: nodes.call.arguments.nib: unknown name 'nib'"),
        ("key", "count", "mine.yaml:18:42: nodes.look.key: is a number; wanted is text"),
    ],
)
def test_a_mistake_is_told_with_line_and_column_of_its_place(
    sample: Deployment, key: str, source: str, mistake: str
) -> None:
    write(sample, **{key: source})
    (told,) = mistakes(sample)
    assert told.startswith(mistake)


def test_all_mistakes_are_told_at_once(sample: Deployment) -> None:
    write(sample, count="stage", when="1 +", key="foo(1)")
    assert [told.split(": ")[0] for told in mistakes(sample)] == [
        "mine.yaml:8:14",
        "mine.yaml:14:18",
        "mine.yaml:18:42",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("queue", "'queue' is what expressions call something else"),
        ("package", "'package' is a word expressions keep for themselves"),
        ("kode-pos", "'kode-pos' is no name of letters, digits and _"),
        ("1a", "'1a' is no name of letters, digits and _"),
    ],
)
def test_a_variable_has_a_name_that_expressions_can_say(sample: Deployment, name: str, why: str) -> None:
    write(sample, FLOW.replace("due: date", f"{name}: date"))
    assert mistakes(sample) == [f"mine.yaml:3:54: variables.{name}: {why}"]


def test_a_collection_keeps_its_digits_under_such_a_name_too(sample: Deployment) -> None:
    node = "  bye: {{kind: collect, variable: now, next: end, failed: end}}\n  end: {{kind: hang_up}}\n"
    write(sample, FLOW.replace("  bye: {{kind: hang_up}}\n", node))
    assert mistakes(sample) == [
        "mine.yaml:19:24: nodes.bye.variable: 'now' is what expressions call something else",
    ]


def test_nothing_is_concluded_about_queues_from_a_file_that_cannot_be_read(sample: Deployment) -> None:
    write(sample)
    (sample.config / "queues.yaml").write_text("queues: [", encoding="utf-8")
    assert not [told for told in mistakes(sample) if "unknown name" in told]


def test_callers_are_remembered_only_when_a_flow_asks_for_earlier_contacts(sample: Deployment) -> None:
    write(sample)
    assert plan(sample).remember_callers_s == 0.0
    sample.change("mine.yaml", RIGHT["when"], "earlier.calls > 2")
    assert plan(sample).remember_callers_s == 7 * 86_400.0
    sample.change("acd.yaml", "time_zone: Asia/Jakarta", "time_zone: Asia/Makassar\nremember_callers: 12h")
    assert (plan(sample).remember_callers_s, plan(sample).time_zone) == (12 * 3_600.0, "Asia/Makassar")


def test_a_column_fits_the_variable_it_goes_to(sample: Deployment) -> None:
    write(sample, FLOW.replace("results: {{stage: city}}", "results: {{stage: city, count: zone}}"))
    (sample.flows / "kota.csv").write_text("code,city,zone\n021,Jakarta,7\n061,Medan,WIB\n", encoding="utf-8")
    assert mistakes(sample) == [
        "mine.yaml:18:92: nodes.look.results.count: column 'zone' of table 'kota' holds no number in row '061'"
    ]
