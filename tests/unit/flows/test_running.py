"""A case is a call on the real engine; what is not as expected is told with the place, the way and what was heard."""

from __future__ import annotations

import pytest

from tests.unit.flows.conftest import Workshop


def test_a_call_is_walked_from_the_first_prompt_to_the_exit(workshop: Workshop) -> None:
    workshop.passes("""\
  a:
    steps:
      - hear: [main]
      - press: "3"
      - hear: [nib_ask]
      - press: "123"
      - expect: {queue: q_umum, node: wait, variables: {nib: "123"}, requires: {umum: 1, lang_id: 1}}
      - expect: {answered: true, flow: t}
      - press: "#"
      - hear: [main]
      - wait: 5s
      - hear: [noinput, main]
      - press: "9"
      - hear: [bye]
      - expect: {exit: ivr_exit, cause: 16}
""")


def test_waited_seconds_are_seconds_of_silence(workshop: Workshop) -> None:
    workshop.passes("""\
  short: {steps: [hear: [main], wait: 4s, press: "1", expect: {queue: q_umum}]}
  long: {steps: [hear: [main], wait: 5s, hear: [noinput, main], expect: {node: ask}]}
""")


def test_agents_answer_and_hang_up(workshop: Workshop) -> None:
    workshop.passes("""\
  given:
    given: {queues: {q_umum: {agents_ready: 1}}}
    steps:
      - hear: [main]
      - press: "1"
      - agent_answers
      - expect: {agent: agent101}
      - agent_hangs_up
      - expect: {exit: answered}
  named:
    given: {agents: [agent122]}
    steps: [hear: [main], press: "1", agent_answers, expect: {agent: agent122}, hang_up, expect: {exit: answered}]
""")


def test_a_queue_has_the_length_and_the_estimate_that_are_given(workshop: Workshop) -> None:
    """The sample's queue announces place and estimate of who waits on, after 15 seconds."""
    workshop.passes(
        """\
  a:
    given: {queues: {q_umum: {length: 3, estimated_wait: 8m}}}
    steps:
      - hear: [main]
      - press: "1"
      - wait: 16s
      - hear: [say_place, say_n4, say_wait_about, say_n8, say_minutes]
""".replace("say_place, say_n4, say_wait_about, say_n8, say_minutes", _announced())
    )


def _announced() -> str:
    from acd.domain.ids import Language  # noqa: PLC0415 - only here
    from acd.engine import saying  # noqa: PLC0415

    return ", ".join((*saying.place(4, Language("id")), *saying.wait(480.0, "about", Language("id"))))


def test_calendars_say_what_is_given_whatever_the_time(workshop: Workshop) -> None:
    workshop.passes("""\
  holiday: {given: {calendars: {jam_layanan: holiday}}, steps: [hear: [closed], expect: {exit: closed}]}
  night: {given: {time: 2026-06-08 23:00}, steps: [hear: [closed]]}
  open at night: {given: {time: 2026-06-08 23:00, calendars: {jam_layanan: open}}, steps: [hear: [main]]}
""")


def test_a_transfer_goes_where_the_flow_says(workshop: Workshop) -> None:
    workshop.passes("""\
  a: {steps: [hear: [main], press: "4", expect: {transfer: elsewhere/200, exit: transferred}]}
""")


def test_dots_are_whatever_is_said_and_loose_cases_hear_what_they_name(workshop: Workshop) -> None:
    workshop.passes("""\
  dots: {steps: [hear: [main], wait: 5s, hear: ["...", main]]}
  all: {steps: [hear: ["..."], press: "1", expect: {queue: q_umum}]}
  loose: {strict: false, steps: [wait: 5s, hear: [noinput], press: "1", expect: {queue: q_umum}]}
""")


def test_parts_stand_for_their_steps(workshop: Workshop) -> None:
    workshop.write(
        "t.test.yaml",
        """\
given: {time: 2026-06-08 10:00}
parts: {menu: [hear: [main]]}
cases:
  a: {steps: [part: menu, press: "1", expect: {queue: q_umum}]}
  b: {steps: [part: menu, hear: [bye]]}
""",
    )
    good, bad = workshop.report().results
    assert good.failure is None
    assert str(bad.failure).startswith(f"{workshop.flows}/t.test.yaml:5:27: b: step 2: expected to hear 'bye'")


FAILURES = {
    "another prompt": (
        "hear: [main], press: '2#', hear: [bye]",
        "expected to hear 'bye', but heard 'main'",
    ),
    "nothing said": ("hear: [main, bye]", "expected to hear 'bye', but nothing more is said: the caller is at 'ask'"),
    "too much said": (
        "hear: [main], wait: 5s, press: '1'",
        "nothing more was expected to be said before this, but heard 'noinput', 'main'",
    ),
    "too much said at the end": ("hear: [main], wait: 5s", "but heard 'noinput', 'main'"),
    "another queue": (
        "hear: [main], press: '1', expect: {queue: q_lkpm}",
        "queue is q_umum, not q_lkpm: the caller waits in 'q_umum'",
    ),
    "other skills": (
        "hear: [main], press: '1', expect: {requires: {umum: 2}}",
        "requires is lang_id at 1, umum at 1, not umum at 2",
    ),
    "not over": ("hear: [main], expect: {exit: closed}", "exit is not there, not closed: the caller is at 'ask'"),
    "a variable": ("hear: [main], expect: {variables: {nib: '1'}}", "variable 'nib' is none, not 1"),
    "a phone": ("hear: [main], agent_answers", "no agent's phone rings"),
    "a conversation": ("hear: [main], agent_hangs_up", "no agent is on the line"),
    "over": ("hear: [main], hang_up, press: '1'", "the call is over: ivr_exit"),
}


@pytest.mark.parametrize(("steps", "message"), FAILURES.values(), ids=FAILURES)
def test_what_is_not_as_expected_is_told(workshop: Workshop, steps: str, message: str) -> None:
    assert message in workshop.failure(f"  a: {{steps: [{steps}]}}\n")


def test_a_failure_tells_the_place_the_step_the_way_and_what_was_heard(workshop: Workshop) -> None:
    told = workshop.failure("""\
  a call:
    steps:
      - hear: [main]
      - press: "1"
      - wait: 6m
      - hear: ["...", invalid]
""")
    first, way, heard = told.splitlines()
    assert first.startswith(
        f"{workshop.flows}/t.test.yaml:8:9: a call: step 4: expected to hear 'invalid', but nothing"
    )
    assert way == "    way: answer > hours > [open] ask > [1] wait > [overflow] bye > over"
    assert heard.startswith("    heard: main, ")
    assert heard.endswith("bye")


def test_agents_that_are_not_there_cannot_be_given(workshop: Workshop) -> None:
    given = "{time: 2026-06-08 10:00, queues: {q_lkpm: {agents_ready: 9}}}"
    told = workshop.failure("  a: {steps: [hear: [main]]}\n", given)
    assert "cannot be given: only 3 agents can serve 'q_lkpm', not 9" in told


def test_a_subflow_without_an_access_code_is_called_all_the_same(workshop: Workshop) -> None:
    workshop.write("sub.yaml", "languages: [id]\nentry: say\nnodes:\n  say: {kind: play, prompts: [bye], next: back}\n"
                   "  back: {kind: return}\n")  # fmt: skip
    workshop.write("t.yaml", "languages: [id]\nentry: a\nnodes:\n  a: {kind: answer, next: go}\n"
                   "  go: {kind: subflow, flow: sub, next: end}\n"
                   "  end: {kind: hang_up, exit: self_service}\n")  # fmt: skip
    workshop.passes("  a: {steps: [hear: [bye], expect: {exit: self_service}]}\n")
    assert workshop.report().enough


def test_hearing_a_menu_again_and_going_back_are_ways_of_their_own(workshop: Workshop) -> None:
    workshop.write(
        "t.yaml",
        """\
languages: [id]
entry: first
nodes:
  first: {kind: menu, prompts: [main], choices: {1: second}, failed: over, retries: 0}
  second: {kind: menu, prompts: [l2a], choices: {1: over}, repeat: "*", back: "#", failed: over, retries: 0}
  over: {kind: hang_up}
""",
    )
    workshop.cases("""\
  a: {steps: [hear: [main], press: "1", hear: [l2a], press: "*", hear: [l2a], press: "#", hear: [main], wait: 9s]}
  b: {steps: [hear: [main], press: "1", hear: [l2a], press: "1"]}
  c: {steps: [hear: [main], press: "1", hear: [l2a], press: "7"]}
""")
    report = workshop.report()
    assert [str(result.failure) for result in report.results if result.failure] == []
    assert report.enough
    missing = "  a: {steps: [hear: [main], press: '1', hear: [l2a], press: '1']}\n"
    workshop.cases(missing)
    assert {("second", "repeat"), ("second", "back")} <= set(workshop.report().coverage.missing_branches)
