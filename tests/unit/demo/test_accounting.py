"""Every attempt needs one record that can be true."""

from __future__ import annotations

from typing import Any

import pytest

from acd.demo.accounting import compare
from acd.demo.behaviour import Script
from acd.demo.callers import Attempt, End
from acd.demo.rtp import Heard, Line
from acd.domain.exits import Exit


def attempt(end: End | None, *, talked: bool = False, number: str = "08120000001") -> Attempt:
    made = Attempt(Script(number, "licensing", "169", (), 10.0), Line(), placed_at=1.0, end=end)
    made.heard = Heard(agent=50 if talked else 0)
    return made


def record(exit_: Exit, talk_s: float | None = None, number: str = "08120000001") -> dict[str, Any]:
    return {"caller": number, "exit": exit_.value, "talk_s": talk_s}


@pytest.mark.parametrize(
    ("end", "talked", "exit_", "talk_s"),
    [
        ("released", True, Exit.ANSWERED, 5.0),
        ("hung_up", True, Exit.ANSWERED, 5.0),
        ("released", True, Exit.FALLBACK_ANSWERED, 5.0),
        ("hung_up", False, Exit.ANSWERED, 0.4),
        ("hung_up", False, Exit.IVR_EXIT, None),
        ("hung_up", False, Exit.ABANDONED, None),
        ("hung_up", False, Exit.SHORT_ABANDONED, None),
        ("released", False, Exit.SELF_SERVICE, None),
        ("released", False, Exit.IVR_EXIT, None),
        ("released", False, Exit.OVERFLOWED, None),
        ("refused_503", False, Exit.BLOCKED, None),
        ("refused_404", False, Exit.UNKNOWN_NUMBER, None),
    ],
)
def test_a_record_that_tells_the_callers_story_is_accepted(
    *, end: End, talked: bool, exit_: Exit, talk_s: float | None
) -> None:
    account = compare([attempt(end, talked=talked)], [record(exit_, talk_s)])
    assert (account.attempts, account.records, account.complaints) == (1, 1, ())


@pytest.mark.parametrize(
    ("end", "talked", "exit_", "talk_s"),
    [
        ("hung_up", True, Exit.ABANDONED, None),
        ("hung_up", False, Exit.ANSWERED, 5.0),
        ("hung_up", False, Exit.ANSWERED, None),
        ("hung_up", False, Exit.SELF_SERVICE, None),
        ("released", False, Exit.ABANDONED, None),
        ("released", False, Exit.FAILED_TECHNICAL, None),
        ("refused_503", False, Exit.UNKNOWN_NUMBER, None),
        ("refused_404", False, Exit.BLOCKED, None),
    ],
)
def test_a_record_that_cannot_be_true_is_named(*, end: End, talked: bool, exit_: Exit, talk_s: float | None) -> None:
    (complaint,) = compare([attempt(end, talked=talked)], [record(exit_, talk_s)]).complaints
    assert "call 0001 (licensing)" in complaint
    assert f"its record says {exit_.value}" in complaint


def test_a_call_without_a_record_is_named() -> None:
    assert compare([attempt("hung_up")], []).complaints == ("call 0001 (licensing): hung up, but has no record",)


def test_a_call_with_two_records_is_named() -> None:
    (complaint,) = compare([attempt("hung_up")], [record(Exit.IVR_EXIT), record(Exit.ABANDONED)]).complaints
    assert complaint.endswith("but has 2 records: ivr_exit, abandoned")


def test_a_record_of_a_call_nobody_placed_is_named() -> None:
    account = compare([], [record(Exit.ANSWERED, 3.0)])
    assert account.complaints == ("a record (answered) of a call nobody placed",)


def test_a_call_that_failed_at_the_callers_side_is_named_whatever_its_record_says() -> None:
    (complaint,) = compare([attempt(None)], [record(Exit.IVR_EXIT)]).complaints
    assert "failed at the caller's side" in complaint


def test_no_complaint_shows_a_whole_number() -> None:
    complaints = compare([attempt("hung_up"), attempt(None, number="08120000002")], []).complaints
    assert not any("0812000000" in complaint for complaint in complaints)
