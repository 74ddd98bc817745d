"""Earlier contacts of a number: counted within a time, bounded, and forgotten."""

from __future__ import annotations

import pytest

from acd.domain.exits import Exit
from acd.domain.ids import QueueId
from acd.engine import earlier
from acd.engine.earlier import Earlier, of, remember
from tests.engine_kit import Bench, make_plan

NUMBER = "+62811222333"


def test_contacts_within_the_time_are_counted_and_the_last_one_is_known() -> None:
    known: dict[str, Earlier] = {}
    remember(known, NUMBER, Exit.ABANDONED, QueueId("q"), 100.0, 60.0)
    remember(known, NUMBER, Exit.IVR_EXIT, None, 150.0, 60.0)
    assert of(known, NUMBER, 160.0, 60.0) == Earlier(2, 150.0, Exit.IVR_EXIT)
    assert of(known, NUMBER, 211.0, 60.0) is None
    assert of(known, "+62", 160.0, 60.0) is None


def test_after_a_pause_longer_than_the_time_counting_begins_anew() -> None:
    known: dict[str, Earlier] = {}
    remember(known, NUMBER, Exit.ANSWERED, None, 100.0, 60.0)
    remember(known, NUMBER, Exit.ANSWERED, None, 161.0, 60.0)
    assert known == {NUMBER: Earlier(1, 161.0, Exit.ANSWERED)}


def test_what_is_too_old_is_forgotten_with_the_next_contact_of_anybody() -> None:
    known = {"a": Earlier(1, 0.0, Exit.ANSWERED), "b": Earlier(1, 50.0, Exit.ANSWERED)}
    remember(known, "", Exit.ANSWERED, None, 61.0, 60.0)
    assert list(known) == ["b"]


def test_nothing_is_remembered_when_no_flow_asks_and_what_was_is_forgotten() -> None:
    known = {"a": Earlier(1, 0.0, Exit.ANSWERED)}
    remember(known, NUMBER, Exit.ANSWERED, None, 1.0, 0.0)
    assert known == {}


def test_no_more_than_the_most_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "MOST", 2)
    known: dict[str, Earlier] = {}
    for at, number in enumerate("abcb"):
        remember(known, number, Exit.ANSWERED, None, float(at), 60.0)
    assert list(known) == ["c", "b"]


def test_every_record_of_a_caller_with_a_number_is_remembered_while_the_plan_says_so() -> None:
    made = Bench(make_plan(remember_callers_s=600.0))
    made.hang_up(made.call())
    made.hang_up(made.call(caller=""))
    made.hang_up(made.call(caller="0811222333"))
    assert made.state.earlier == {NUMBER: Earlier(2, made.at, Exit.IVR_EXIT)}


def test_no_number_is_kept_by_a_plan_that_asks_for_none() -> None:
    made = Bench()
    made.hang_up(made.call())
    assert made.state.earlier == {}
