"""A configuration with many mistakes gives one message for each, with its place, all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acd.domain.errors import ConfigError, Mistake
from acd.domain.ids import AgentId, FlowId, NodeId, PromptKey, QueueId
from acd.domain.limits import Limits, ToCallback, ToNode, ToQueue
from acd.settings import load
from tests.unit.settings.conftest import Deployment

BROKEN = Path(__file__).parent / "broken"


def expected() -> list[tuple[str, Mistake]]:
    """Lines ``what stands there | file:line:column: path: message``."""
    rows = []
    for line in (BROKEN / "expected.txt").read_text(encoding="utf-8").splitlines():
        token, _, rest = line.partition(" | ")
        match = re.fullmatch(r"(\S+?):(\d+):(\d+): (\S+): (.*)", rest)
        assert match, line
        file, row, column, path, message = match.groups()
        rows.append((token.strip(), Mistake(file, int(row), int(column), path.replace("(file)", ""), message)))
    return rows


def found() -> list[Mistake]:
    with pytest.raises(ConfigError) as caught:
        load(BROKEN / "config", BROKEN / "ivr_flows", {}, secrets=False)
    prefix = f"{BROKEN}/"
    return [Mistake(m.file.removeprefix(prefix), m.line, m.column, m.path, m.message) for m in caught.value.mistakes]


def test_every_mistake_of_the_broken_configuration_is_told_once_with_file_line_column_and_path() -> None:
    assert found() == [mistake for _, mistake in expected()]


def test_the_broken_configuration_holds_more_than_twenty_different_mistakes() -> None:
    kinds = {re.sub(r"'[^']*'|\S*\d\S*", "", mistake.message) for _, mistake in expected()}
    assert len(kinds) > 20


def test_what_the_message_names_stands_where_it_says() -> None:
    for token, mistake in expected():
        line = (BROKEN / mistake.file).read_text(encoding="utf-8").splitlines()[mistake.line - 1]
        at = line[mistake.column - 1 :]
        assert at.startswith("\t" if token == "(tab)" else token), mistake


def test_no_secret_written_by_mistake_is_repeated() -> None:
    assert "hunter2" not in "\n".join(map(str, found()))


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "queues.yaml", "    wrap_up: 30s\n", "    wrap_up: 30s\n    max_wrap_up: 20s\n",
            "queues.q_perizinan.wrap_up: is longer than max_wrap_up (20s)",
        ),
        (
            "queues.yaml", "    wrap_up: 30s\n", "    dispositions: {a: {name: A, wrap_up: 11m}}\n",
            "queues.q_perizinan.dispositions.a.wrap_up: is longer than max_wrap_up (600s)",
        ),
        (
            "queues.yaml", "90s, after_by_language: {en: 60s}", "90s, after_by_language: {fr: 60s}",
            "queues.q_perizinan.overflow.after_by_language.fr: unknown language 'fr'",
        ),
        (
            "acd.yaml", '"*9": {action: logout}', '"*9": {action: logout, by: 10s}',
            "feature_codes.*9.by: only extend_wrap_up has a length, not logout",
        ),
        (
            "acd.yaml", '"*9": {action: logout}', '"*9": {action: disposition}',
            "feature_codes.*9: the action disposition, and only that, needs a disposition",
        ),
        (
            "acd.yaml", '"*9": {action: logout}', '"*9": {action: disposition, disposition: selesei}',
            "feature_codes.*9.disposition: unknown disposition 'selesei'; did you mean 'selesai'?",
        ),
        (
            "prompts.yaml", "  wrap_up_extended:", "  something_else:",
            "prompts: the prompt 'wrap_up_extended' is missing; agents hear it when they dial a feature code",
        ),
    ],
)  # fmt: skip
def test_a_slip_in_wrap_up_and_dispositions_is_one_message(
    sample: Deployment, file: str, old: str, new: str, expected: str
) -> None:
    sample.change(file, old, new)
    with pytest.raises(ConfigError) as caught:
        load(sample.config, sample.flows, {}, secrets=False)
    assert [f"{m.path}: {m.message}" for m in caught.value.mistakes] == [expected]


def test_wrap_up_dispositions_and_waits_by_language_reach_the_plan(sample: Deployment) -> None:
    sample.change("agents.yaml", "{name: Petugas 101,", "{name: Petugas 101, wrap_up: 45s,")
    sample.change("acd.yaml", "time_zone:", "no_answer_reason: hilang\ntime_zone:")
    plan = load(sample.config, sample.flows, {}, secrets=False).plan
    queue = plan.queues[QueueId("q_pengaduan")]
    ways = {d.id: d.wrap_up_s for d in queue.dispositions.values()}
    assert ways == {"selesai": None, "kasus": 120.0, "tanpa_suara": 0.0}
    assert (queue.ring, queue.max_wrap_up_s) == (1, 300.0)
    assert plan.queues[QueueId("q_perizinan")].max_wait_by_language == {"en": 60.0}
    assert plan.agents[AgentId("agent101")].wrap_up_s == 45.0
    assert plan.no_answer_reason == "hilang"
    assert plan.feature_codes["*5"].seconds == 60.0
    assert plan.feature_codes["*61"].disposition == "selesai"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (
            "{length: {at_most: 3, to: {queue: q_umun}}}",
            "length.to.queue: unknown queue 'q_umun'; did you mean 'q_umum'?",
        ),
        ("{length: {at_most: 3, to: {queue: q_pengaduan}}}", "length.to.queue: is the queue itself"),
        ("{wait: {at_most: 3m}}", "wait: overflow says it already; keep one"),
        ("{estimate: {at_most: 5m, to: {flow: '169'}}}", "estimate.to: flow and node belong together"),
        (
            "{estimate: {at_most: 5m, to: {flow: '170', node: x}}}",
            "estimate.to.flow: unknown flow '170'",
        ),
        ("{join: {to: {flow: '169', node: nowhere}}}", "join.to.node: unknown node 'nowhere'"),
        (
            "{join: {to: {callback: true, queue: q_umum}}}",
            "join.to: leads to one place only: a queue, a node, a callback or voicemail",
        ),
        ("{leave: {to: {prompt: busy}}}", "leave.to: drop_language and prompt need a queue"),
        ("{leave: {to: {queue: q_umum, prompt: xyzzy}}}", "leave.to.prompt: unknown prompt 'xyzzy'"),
    ],
)
def test_a_slip_in_a_queues_limits_is_one_message(sample: Deployment, limits: str, expected: str) -> None:
    sample.change("queues.yaml", "    max_wrap_up: 5m\n", f"    max_wrap_up: 5m\n    limits: {limits}\n")
    with pytest.raises(ConfigError) as caught:
        load(sample.config, sample.flows, {}, secrets=False)
    assert [f"{m.path}: {m.message}" for m in caught.value.mistakes] == [f"queues.q_pengaduan.limits.{expected}"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "overflow: {after: 5m}", "max_length: 3\n    limits: {length: {at_most: 3}}",
            "length: max_length says it already; keep one",
        ),
        ("overflow: {after: 5m}", "limits: {wait: {to: {}}}", "wait: needs at_most or by_language"),
        (
            "overflow: {after: 5m}", "limits: {wait: {by_language: {fr: 5s}}}",
            "wait.by_language.fr: unknown language 'fr'",
        ),
    ],
)  # fmt: skip
def test_a_limit_said_twice_or_not_at_all_is_a_mistake(sample: Deployment, old: str, new: str, expected: str) -> None:
    sample.change("queues.yaml", old, new)
    with pytest.raises(ConfigError) as caught:
        load(sample.config, sample.flows, {}, secrets=False)
    assert [f"{m.path}: {m.message}" for m in caught.value.mistakes] == [f"queues.q_umum.limits.{expected}"]


def test_limits_reach_the_plan_and_a_node_only_a_limit_leads_to_is_reached(sample: Deployment) -> None:
    sample.change(
        "queues.yaml",
        "overflow: {after: 5m}",
        "limits:\n      length: {at_most: 30, to: {queue: q_lkpm, drop_language: true, prompt: busy}}\n"
        "      wait: {at_most: 5m, by_language: {en: 1m}, to: {callback: true}}\n"
        "      estimate: {at_most: 10m}\n"
        "      join: {to: {flow: '169', node: tak_ada}}\n"
        "      leave: {needs: ready}",
    )
    sample.append("169.yaml", "\n  tak_ada: {kind: hang_up, exit: overflowed}\n")
    queue = load(sample.config, sample.flows, {}, secrets=False).plan.queues[QueueId("q_umum")]
    assert (queue.max_wait_s, queue.max_wait_by_language, queue.max_length) == (300.0, {"en": 60.0}, None)
    assert queue.limits == Limits(
        length=30,
        length_to=ToQueue(QueueId("q_lkpm"), drops_language=True, prompt=PromptKey("busy")),
        wait_to=ToCallback(),
        estimate_s=600.0,
        join="logged_in",
        join_to=ToNode(FlowId("169"), NodeId("tak_ada")),
        leave="ready",
    )
