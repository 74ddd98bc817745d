"""Where a call can go in a flow."""

from __future__ import annotations

import pytest

from acd.settings import load
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import mistakes

MENU = "kind: menu, prompts: [main], choices: {1: end}"
END = "end: {kind: hang_up}"


def told(sample: Deployment, *nodes: str) -> list[str]:
    """What is said of a flow with these nodes, which begins at the node ``a``."""
    lines = "".join(f"  {node}\n" for node in nodes)
    (sample.flows / "test.yaml").write_text(f"languages: [id]\nentry: a\nnodes:\n{lines}", encoding="utf-8")
    try:
        return [m.removeprefix("test.yaml:") for m in mistakes(sample)]
    except pytest.fail.Exception:
        return []


@pytest.mark.parametrize(
    "nodes",
    [
        [f"a: {{{MENU}, failed: end}}", END],
        ["a: {kind: queue, queue: q_umum, overflow: b}", "b: {kind: play, prompts: [busy], next: a}"],
        ['a: {kind: menu, choices: {"*": a, 1: end}, failed: end}', END],
        ["a: {kind: transfer, context: sales, extension: 100}"],
    ],
    ids=["menu", "queue again after a message", "repeat by a key", "transfer"],
)
def test_a_flow_that_ends_or_waits_for_an_agent_is_right(sample: Deployment, nodes: list[str]) -> None:
    assert told(sample, *nodes) == []


def test_nodes_that_never_wait_may_not_go_round(sample: Deployment) -> None:
    nodes = [
        "a: {kind: answer, next: b}",
        "b: {kind: hours, calendar: jam_layanan, open: a, closed: end, holiday: end}",
    ]
    assert told(sample, *nodes, END) == ["4:3: nodes.a: goes round without ever waiting: a > b > a"]


def test_a_play_of_its_own_is_no_waiting(sample: Deployment) -> None:
    assert told(sample, "a: {kind: play, prompts: [busy], next: a}") == [
        "4:3: nodes.a: goes round without ever waiting: a > a"
    ]


def test_who_cannot_be_called_back_is_not_offered_it_for_ever(sample: Deployment) -> None:
    assert told(sample, "a: {kind: callback, queue: q_umum, failed: a}") == [
        "4:3: nodes.a: goes round without ever waiting: a > a"
    ]


def test_a_silent_caller_must_get_out_of_every_menu(sample: Deployment) -> None:
    assert told(sample, f"a: {{{MENU}, failed: b}}", "b: {kind: play, prompts: [noinput], next: a}", END) == [
        "4:3: nodes.a: a caller who presses nothing goes round for ever: a > b > a"
    ]


def test_a_node_reached_only_from_nodes_nobody_reaches_is_told_too(sample: Deployment) -> None:
    assert told(sample, "a: {kind: hang_up}", "b: {kind: answer, next: c}", "c: {kind: hang_up}") == [
        "5:3: nodes.b: no call reaches this node",
        "6:3: nodes.c: no call reaches this node",
    ]


def test_one_misspelt_node_does_not_make_the_nodes_behind_it_unreached(sample: Deployment) -> None:
    assert told(sample, "a: {kind: answer, next: ende}", END) == [
        "4:27: nodes.a.next: unknown node 'ende'; did you mean 'end'?"
    ]


def test_a_node_with_a_mistake_does_not_make_the_nodes_behind_it_unreached(sample: Deployment) -> None:
    assert told(sample, "a: {kind: answer, nxt: end}", END) == [
        "4:3: nodes.a.next: is missing",
        "4:21: nodes.a.nxt: unknown key; did you mean 'next'?",
    ]


def test_an_unknown_entry_is_told_alone(sample: Deployment) -> None:
    (sample.flows / "test.yaml").write_text(
        "languages: [id]\nentry: zzz\nnodes:\n  a: {kind: hang_up}\n", encoding="utf-8"
    )
    assert mistakes(sample) == ["test.yaml:2:8: entry: unknown node 'zzz'"]


def test_a_prompt_needs_a_text_in_each_language_of_the_flow_and_is_told_once(sample: Deployment) -> None:
    sample.change("prompts.yaml", "    en: That option is not available.\n", "")
    assert [m.split(": ", 2)[2] for m in mistakes(sample)] == [
        "prompt 'invalid' has no text in en"
    ] * 3  # once in each flow that says it


def test_skills_a_node_asks_for_must_exist_and_be_had_by_someone(sample: Deployment) -> None:
    assert told(sample, "a: {kind: queue, queue: q_umum, requires: {umum: 5, lang_en: 5}}") == [
        "4:45: nodes.a.requires: no agent has umum at 5, lang_en at 5"
    ]
    assert told(sample, "a: {kind: queue, queue: q_umum, requires: {umumm: 1}}") == [
        "4:46: nodes.a.requires.umumm: unknown skill 'umumm'; did you mean 'umum'?"
    ]


@pytest.mark.parametrize("exit_", ["answered", "abandoned", "blocked", "transferred", "unknown_number"])
def test_a_flow_cannot_claim_what_only_the_engine_knows(sample: Deployment, exit_: str) -> None:
    (message,) = told(sample, f"a: {{kind: hang_up, exit: {exit_}}}")
    assert f"'{exit_}' is the engine's to find out" in message


def test_a_flow_that_no_test_walks_through_is_warned_of(sample: Deployment) -> None:
    assert warned(sample) == []
    told(sample, "a: {kind: transfer, context: sales, extension: 100}")
    said = "no test walks through this flow: there is no test.test.yaml beside it"
    assert warned(sample) == [f"test.yaml:1:1: (file): {said}"]
    (sample.flows / "test.test.yaml").touch()
    assert warned(sample) == []


def warned(sample: Deployment) -> list[str]:
    found = load(sample.config, sample.flows, {}, secrets=False).warnings
    return [str(one).rpartition("/")[2] for one in found if "ivr_flows" in one.file]
