"""The decisions of a recorded episode, kept as text: whoever changes them sees the change in review.

How to record it anew stands in ``tests/replay/record.py``.
"""

from __future__ import annotations

from acd.runtime.replay import replay
from tests.replay.record import ADVICE, FIXTURE, events_of, kept, lines


def test_a_recorded_episode_is_decided_as_it_was() -> None:
    expected = kept()
    made = lines(events_of(expected))
    first = next((pair for pair in zip(expected, made, strict=False) if pair[0] != pair[1]), None)
    assert made == expected, f"first difference: {first}; {ADVICE}"


def test_the_engine_fails_on_none_of_its_events() -> None:
    assert [step.defect for step in replay(None, events_of(kept())) if step.defect] == []


def test_the_episode_stays_small_and_holds_what_it_should() -> None:
    text = FIXTURE.read_text(encoding="utf-8")
    assert len(text) < 110_000
    for exit_reason in ("answered", "abandoned", "blocked", "closed", "self_service", "transferred", "unknown_number"):
        assert f'"exit":"{exit_reason}"' in text
    for command in ("originate", "start_recording", "check_recording", "continue_in_dialplan", "reply"):
        assert f'"kind":"{command}"' in text
