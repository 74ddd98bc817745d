"""Mistakes in files of test cases come all at once, each with its line and column."""

from __future__ import annotations

import pytest

from acd.domain.errors import ConfigError
from acd.flows.suite import read_suite
from tests.unit.flows.conftest import Workshop

MISTAKES = {
    "a prompt": (
        "cases: {a: {steps: [hear: [mian]]}}",
        "2:28: cases.a.steps[0].hear[0]: unknown prompt 'mian'; did you mean 'main'?",
    ),
    "a step": ("cases: {a: {steps: [hangup]}}", "2:21: cases.a.steps[0]: 'hangup' is no step; did you mean 'hang_up'?"),
    "another step": (
        "cases: {a: {steps: [zzz]}}",
        "'zzz' is no step; it is hang_up, agent_answers, agent_hangs_up or a key such as hear:",
    ),
    "two steps in one": (
        "cases: {a: {steps: [{hear: [main], press: 1}]}}",
        "a step is one of hear, press, speak, wait, expect, part",
    ),
    "keys": ("cases: {a: {steps: [press: 1x]}}", "must be keys: 0-9, *, # and A-D, not '1x'"),
    "a duration": ("cases: {a: {steps: [wait: 6]}}", "a duration needs its unit: 6s for seconds"),
    "a queue": ("cases: {a: {steps: [expect: {queue: q_lkmp}]}}", "unknown queue 'q_lkmp'; did you mean 'q_lkpm'?"),
    "a node": ("cases: {a: {steps: [expect: {node: asc}]}}", "unknown node 'asc'; did you mean 'ask'?"),
    "a skill": ("cases: {a: {steps: [expect: {requires: {umun: 1}}]}}", "unknown skill 'umun'; did you mean 'umum'?"),
    "an exit": ("cases: {a: {steps: [expect: {exit: close}]}}", "'close' is none of answered, self_service"),
    "nothing": ("cases: {a: {steps: [expect: {}]}}", "cases.a.steps[0].expect: expects nothing"),
    "a calendar": ("cases: {a: {given: {calendars: {jam: open}}, steps: [hang_up]}}", "unknown calendar 'jam'"),
    "a queue given": (
        "cases: {a: {given: {queues: {q_lkpm: {length: 1, agents_ready: 1}}}, steps: [hang_up]}}",
        "nobody waits where an agent is ready",
    ),
    "an agent given": ("cases: {a: {given: {agents: [agent1]}, steps: [hang_up]}}", "unknown agent 'agent1'"),
    "a node given": ("cases: {a: {given: {errors: [asc]}, steps: [hang_up]}}", "unknown node 'asc'"),
    "an access code": ("cases: {a: {given: {access_code: 170}, steps: [hang_up]}}", "unknown access code '170'"),
    "a caller": (
        "cases: {a: {given: {caller: me}, steps: [hang_up]}}",
        "must be a calling number, or anonymous, not 'me'",
    ),
    "a time": (
        "cases: {a: {given: {time: 10:00}, steps: [hang_up]}}",
        "must be a local time such as 2026-11-23 10:00, not '10:00'",
    ),
    "no such day": ("cases: {a: {given: {time: 2026-02-30 10:00}, steps: [hang_up]}}", "must be a local time"),
    "a share": ("coverage: 1\ncases: {a: {steps: [hang_up]}}", "must be a percentage such as 100%, not '1'"),
    "a part": ("parts: {m: [hang_up]}\ncases: {a: {steps: [part: n]}}", "unknown part 'n'"),
    "a part of parts": (
        "parts: {m: [part: m]}\ncases: {a: {steps: [part: m]}}",
        "a part is made of steps, not of parts",
    ),
    "no steps": ("cases: {a: {}}", "2:9: cases.a.steps: a case needs steps"),
    "no cases": ("cases: {}", "must not be empty"),
    "an unknown key": ("cases: {a: {stepz: [hang_up]}}", "unknown key; did you mean 'steps'?"),
}


def mistakes(workshop: Workshop, text: str) -> str:
    workshop.write("t.test.yaml", text + "\n")
    with pytest.raises(ConfigError) as raised:
        read_suite(workshop.settings(), workshop.flows, ["t"])
    return str(raised.value)


@pytest.mark.parametrize(("text", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_line(workshop: Workshop, text: str, message: str) -> None:
    assert message in mistakes(workshop, f"given: {{time: 2026-06-08 10:00}}\n{text}")


def test_mistakes_come_all_at_once_each_at_its_place(workshop: Workshop) -> None:
    told = mistakes(
        workshop,
        """\
given: {time: 2026-06-08 10:00}
cases:
  a:
    steps:
      - hear: [mian]
      - pres: "1"
  b:
    given: {agents: [nobody]}
    steps: [hangup]
""",
    ).splitlines()
    file = workshop.flows / "t.test.yaml"
    assert [line.split(": ")[0] for line in told] == [f"{file}:{at}" for at in ("5:16", "6:9", "8:22", "9:13")]


def test_a_time_must_be_given_somewhere(workshop: Workshop) -> None:
    assert "t.test.yaml:1:9: cases.a: no time is given" in mistakes(workshop, "cases: {a: {steps: [hang_up]}}")


def test_cases_of_a_flow_that_is_not_there_are_refused(workshop: Workshop) -> None:
    workshop.write("tt.test.yaml", "cases: {a: {steps: [hang_up]}}\n")
    with pytest.raises(ConfigError, match=r"there is no flow 'tt'; did you mean 't'\?"):
        read_suite(workshop.settings(), workshop.flows)


def test_a_flow_without_a_file_of_cases_cannot_be_named(workshop: Workshop) -> None:
    with pytest.raises(ConfigError, match="this file is missing"):
        read_suite(workshop.settings(), workshop.flows, ["t"])
