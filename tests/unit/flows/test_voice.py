"""Callers who speak: messages, recordings that cannot be kept, and nobody there."""

from __future__ import annotations

import pytest

from tests.unit.flows.conftest import Workshop

FLOW = """\
languages: [id]
entry: there
nodes:
  there: {kind: silence_check, prompts: [welcome], timeout: 4s, next: say, silent: gone}
  gone: {kind: hang_up, exit: no_response}
  say: {kind: voicemail, queue: q_umum, prompts: [main], silence: 3s, next: over, empty: none, failed: sorry}
  none: {kind: play, prompts: [invalid], next: over}
  sorry: {kind: play, prompts: [busy], next: over}
  over: {kind: hang_up}
"""


@pytest.fixture
def speaking(workshop: Workshop) -> Workshop:
    workshop.write("t.yaml", FLOW)
    return workshop


def test_a_message_is_left_by_speaking_and_falling_silent(speaking: Workshop) -> None:
    speaking.passes("""\
  silence: {steps: [hear: [welcome], speak: 1s, hear: [main], speak: 8s, wait: 4s, expect: {exit: voicemail}]}
  key: {steps: [hear: [welcome], press: "1", hear: [main], speak: 8s, press: "#", expect: {exit: voicemail}]}
  hanging up: {steps: [hear: [welcome], press: "1", hear: [main], speak: 8s, hang_up, expect: {exit: voicemail}]}
""")


def test_nothing_said_and_nothing_kept_have_ways_of_their_own(speaking: Workshop) -> None:
    speaking.passes("""\
  nobody: {steps: [hear: [welcome], wait: 4s, expect: {exit: no_response}]}
  nothing: {steps: [hear: [welcome], press: "1", hear: [main], wait: 9s, hear: [invalid]]}
  lost:
    given: {recordings_fail: true}
    steps: [hear: [welcome], press: "1", hear: [main], speak: 5s, wait: 9s, hear: [busy]]
""")
    assert speaking.report().coverage.missing_branches == (("say", "next"),)
