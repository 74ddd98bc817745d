"""Nodes that ask and tell other systems, from a flow's file to the plan, and what is wrong with them."""

from __future__ import annotations

import pytest

from acd.domain.data import Wanted
from acd.domain.flow_data import EventNode, Filling, HeaderTemplate, HttpNode
from acd.domain.flow_values import Assignment, Expression, Reads, Template
from acd.domain.ids import FlowId, NodeId, PromptKey
from acd.settings import load
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_data_checks import DATA, give
from tests.unit.settings.test_loader import mistakes

FLOW = """languages: [id]
entry: nomor
variables: {stage: text, count: number, due: date}
nodes:
  nomor: {kind: collect, prompts: [main], variable: nib, next: tanya, failed: end}
  tanya:
    kind: http
    method: POST
    url: "https://api.example.go.id/licences/{{ nib }}?lang={{ language }}"
    headers: {X-Nib: "no {{ nib }}"}
    secret_headers: {Authorization: {secret: crm_key, prefix: "Bearer "}}
    body: {nib: "{{ nib }}", count: "{{ count }}", list: [a, "x{{ nib }}"], of: {}}
    idempotent: true
    results: {stage: $.stage.name, count: $.stage.code}
    optional: {due: $.date}
    timeout: 2s
    retries: 2
    cache: 1m
    cache_not_found: 5s
    prompts: [main]
    music: default
    next: kabar
    failed: gagal
    timed_out: lama
  kabar: {kind: event, webhook: crm, event: licence_asked, values: {nib: nib, many: count > 2}, next: end}
  gagal: {kind: play, prompts: [busy], next: end}
  lama: {kind: play, prompts: [busy], next: end}
  end: {kind: hang_up}
"""
NIB = Expression("nib", "text", (Reads("nib", "digits"),))


def holes(template: Template) -> list[str]:
    return [part.source.strip() if isinstance(part, Expression) else part for part in template.parts]


@pytest.fixture
def asking(sample: Deployment) -> Deployment:
    give(sample, DATA)
    (sample.flows / "test.yaml").write_text(FLOW, encoding="utf-8")
    return sample


def test_nodes_reach_the_plan_with_their_templates_and_types(asking: Deployment) -> None:
    nodes = load(asking.config, asking.flows, {}, secrets=False).plan.flows[FlowId("test")].nodes
    node = nodes[NodeId("tanya")]
    assert isinstance(node, HttpNode)
    assert holes(node.url) == ["https://api.example.go.id/licences/", "nib", "?lang=", "language"]
    plain, secret = node.headers
    assert (plain.name, holes(plain.text), plain.secret) == ("X-Nib", ["no ", "nib"], "")
    assert secret == HeaderTemplate("Authorization", Template(("Bearer ",)), "crm_key")
    assert [holes(part.template) if isinstance(part, Filling) else part for part in node.body or ()] == [
        '{"nib":', ["nib"], ',"count":', ["count"], ',"list":["a",', ["x", "nib"], '],"of":{}}',
    ]  # fmt: skip
    assert node.results == (
        Wanted("stage", "$.stage.name", "text"),
        Wanted("count", "$.stage.code", "number"),
        Wanted("due", "$.date", "date", required=False),
    )
    assert (node.method, node.idempotent, node.timeout_s, node.retries) == ("POST", True, 2.0, 2)
    assert (node.cache_s, node.cache_not_found_s, node.prompts, node.music) == (
        60.0,
        5.0,
        (PromptKey("main"),),
        "default",
    )
    assert (node.next, node.failed, node.not_found, node.invalid, node.timed_out) == (
        "kabar", "gagal", "gagal", "gagal", "lama",
    )  # fmt: skip
    many = Expression("count > 2", "boolean", (Reads("count", "number"),))
    assert nodes[NodeId("kabar")] == EventNode(
        NodeId("kabar"), "crm", "licence_asked", NodeId("end"), (Assignment("nib", NIB), Assignment("many", many))
    )


def test_three_seconds_and_one_more_try_unless_it_is_said(asking: Deployment) -> None:
    for line in ("    timeout: 2s\n", "    retries: 2\n", "    idempotent: true\n"):
        asking.change("test.yaml", line, "")
    node = load(asking.config, asking.flows, {}, secrets=False).plan.flows[FlowId("test")].nodes[NodeId("tanya")]
    assert isinstance(node, HttpNode)
    assert (node.timeout_s, node.retries, node.idempotent) == (3.0, 1, False)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("//api.example.go.id/", "//api.example.com/", "9:10: nodes.tanya.url: 'https://api.example.com' is none"),
        ("//api.example.go.id/", "//127.0.0.1/", "9:10: nodes.tanya.url: 'https://127.0.0.1' is none of the hosts"),
        ("//api.example.go.id/", "//169.254.169.254/", "is none of the hosts"),
        ("//api.example.go.id/", "//{{ nib }}.go.id/", "9:10: nodes.tanya.url: the host is written out"),
        ("//api.example.go.id/", "//api.example.go.id@evil/", "a user does not belong in an address"),
        ("licences/{{ nib }}", "my licences/{{ nib }}", "' ' has to be written in %XX form"),
        ("{{ nib }}?lang", "{{ nip }}?lang", "9:49: nodes.tanya.url: unknown name 'nip'"),
        ("lang={{ language }}", "lang={{ language", "nodes.tanya.url: lacks its closing }}"),
        ("no {{ nib }}", "no {{ nib + 1 }}", "10:33: nodes.tanya.headers.X-Nib:"),
        ('"x{{ nib }}"', '"x{{ nip }}"', "nodes.tanya.body.list[1]: unknown name 'nip'"),
        ("secret: crm_key", "secret: crm", "nodes.tanya.secret_headers.Authorization.secret: unknown secret 'crm'"),
        ("method: POST", "method: GET", "nodes.tanya.body: a GET has no body"),
        ("idempotent: true", "idempotent: false", "nodes.tanya.retries: a POST is asked once"),
        ("stage: $.stage.name", "stages: $.stage.name", "nodes.tanya.results.stages: unknown variable 'stages'"),
        ("stage: $.stage.name", "stage: stage.name", "nodes.tanya.results.stage: is no JSONPath"),
        ("stage: $.stage.name", "stage: $..a..b", "at most one `..`"),
        ("{due: $.date}", "{stage: $.date}", "nodes.tanya.optional.stage: is one of the results already"),
        ("timeout: 2s", "timeout: 31s", "nodes.tanya.timeout: must be at most 30"),
        ("timeout: 2s", "timeout: 2", "nodes.tanya.timeout: a duration needs its unit"),
        ("timed_out: lama", "timed_out: lima", "nodes.tanya.timed_out: unknown node 'lima'; did you mean 'lama'?"),
        ("prompts: [main]\n    music", "prompts: [mian]\n    music", "nodes.tanya.prompts[0]: unknown prompt 'mian'"),
        ("webhook: crm", "webhook: crn", "nodes.kabar.webhook: unknown webhook 'crn'; did you mean 'crm'?"),
        ("many: count > 2", "many: count > 'a'", "nodes.kabar.values.many:"),
        ("failed: gagal\n", "failed: tanya\n", "goes round without ever waiting: tanya > tanya"),
    ],
)
def test_a_slip_in_a_node_is_one_message_at_its_place(asking: Deployment, old: str, new: str, expected: str) -> None:
    asking.change("test.yaml", old, new)
    told = [message for message in mistakes(asking) if "no call reaches" not in message]
    assert len(told) == 1, told
    assert expected in told[0]


def test_a_body_without_end_is_refused(asking: Deployment) -> None:
    deep = "[" * 12 + "]" * 12
    asking.change("test.yaml", "of: {}", f"of: {deep}")
    (told,) = [message for message in mistakes(asking) if "no call reaches" not in message]
    assert "nodes.tanya.body: is nested more than 10 deep" in told
