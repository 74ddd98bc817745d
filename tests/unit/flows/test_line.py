"""What is given comes about on the real engine: other systems' answers, earlier calls, expressions without a value."""

from __future__ import annotations

import pytest

from tests.unit.flows.conftest import Workshop

FLOW = """\
languages: [id]
entry: answer
variables: {stage: text, days: number, done: boolean}
on_error: broken
nodes:
  answer: {kind: answer, next: ask}
  ask:
    kind: http
    url: "https://api.example.go.id/v1/{{ caller.number }}"
    results: {stage: $.stage, days: $.days}
    optional: {done: $.done}
    timeout: 3s
    next: tell
    not_found: none
    invalid: none
    timed_out: none
    failed: broken
  none: {kind: hang_up, exit: ivr_exit}
  tell: {kind: event, webhook: crm, event: asked, values: {stage: stage}, next: which}
  which:
    kind: branch
    cases:
      - {when: "earlier.calls > 1 && queue.q_lkpm.length >= 3", next: known}
      - {when: "queue.q_umum.estimated_wait > 300", next: long}
      - {when: "queue.q_pengaduan.agents_ready == 2", next: free}
    otherwise: over
    error: broken
  known: {kind: play, prompts: [welcome], next: over}
  long: {kind: play, prompts: [busy], next: over}
  free: {kind: play, prompts: [main], next: over}
  broken: {kind: play, prompts: [invalid], next: over}
  over: {kind: hang_up, exit: self_service}
"""
DATA = {
    "\n  webhooks:\n": '\n  webhooks:\n    crm: {url: "https://api.example.go.id/events"}\n',
    "\ndata:\n  hosts:\n": "\ndata:\n  hosts:\n    api.example.go.id: {}\n",
}
"""What is added to the sample's acd.yaml."""
OK = "data: {ask: {values: {stage: verifikasi, days: '3'}}}"


@pytest.fixture
def asking(workshop: Workshop) -> Workshop:
    file = workshop.config / "acd.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in DATA.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    workshop.write("t.yaml", FLOW)
    return workshop


def one(given: str, steps: str) -> str:
    return f"  a: {{given: {{{given}}}, steps: [{steps}]}}\n"


def test_answers_are_variables_by_name_or_json_read_like_a_real_answer(asking: Workshop) -> None:
    expected = "expect: {variables: {stage: verifikasi, days: '3', done: 'true'}, events: [asked], exit: self_service}"
    asking.passes(one("data: {ask: {values: {stage: verifikasi, days: '3', done: 'true'}}}", expected))
    asking.passes(one("""data: {ask: {body: '{"stage": "verifikasi", "days": 3, "done": true}'}}""", expected))


@pytest.mark.parametrize(
    ("answer", "way"),
    [
        ("outcome: not_found", "not_found"),
        ("outcome: invalid", "invalid"),
        ("outcome: failed", "failed"),
        ("outcome: timeout", "timed_out"),
        ("after: 4s", "timed_out"),
        ("body: '[1'", "invalid"),
        ("body: '{}'", "not_found"),
    ],
)
def test_every_outcome_has_its_way(asking: Workshop, answer: str, way: str) -> None:
    late = "timed_out" in way
    asking.cases(one(f"data: {{ask: {{{answer}}}}}", "wait: 5s" if late else "expect: {answered: true}"))
    (result,) = asking.report().results
    assert ("ask", way) in {(step.origin, step.name) for step in result.walked}


def test_an_answer_that_takes_time_is_waited_for(asking: Workshop) -> None:
    asking.passes(
        one(
            "data: {ask: {values: {stage: x}, after: 2s}}",
            "expect: {node: ask}, wait: 2s, expect: {exit: self_service}",
        )
    )


def test_a_question_without_an_answer_is_told(asking: Workshop) -> None:
    told = asking.failure(one("", "hear: [invalid]"))
    assert "'ask' asks another system, and no answer is given: data: {ask: {...}}" in told


def test_queues_and_earlier_calls_are_what_expressions_read(asking: Workshop) -> None:
    asking.passes(
        one(f"{OK}, earlier: {{calls: 2}}, queues: {{q_lkpm: {{length: 3}}}}", "hear: [welcome]")
        + one(f"{OK}, queues: {{q_umum: {{estimated_wait: 6m}}}}", "hear: [busy]").replace("  a:", "  b:")
        + one(f"{OK}, queues: {{q_pengaduan: {{agents_ready: 2}}}}", "hear: [main]").replace("  a:", "  c:")
        + one(OK, "expect: {exit: self_service}").replace("  a:", "  d:")
    )


def test_an_expression_can_be_given_no_value(asking: Workshop) -> None:
    asking.cases(one(f"{OK}, errors: [which]", "hear: [invalid]"))
    (result,) = asking.report().results
    assert result.failure is None, str(result.failure)
    assert ("which", "error") in {(step.origin, step.name) for step in result.walked}


def test_only_nodes_that_ask_other_systems_are_answered(asking: Workshop) -> None:
    with pytest.raises(Exception, match="unknown node that asks another system 'tell'"):
        asking.failure(one("data: {tell: {outcome: ok}}", "hear: [invalid]"))
