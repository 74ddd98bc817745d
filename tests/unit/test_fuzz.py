"""A little fuzzing in every run; ``make fuzz CASES=100000`` does more of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import calling, expressing, loading, talking
from tests.fuzz.small import Small

pytestmark = pytest.mark.parametrize("first", range(0, 120, 30))
EACH = 30


def test_whatever_stands_in_the_files_is_refused_with_its_place_or_takes_calls(tmp_path: Path, first: int) -> None:
    small = Small(tmp_path)
    assert {loading.hold(small, seed) for seed in range(first, first + EACH)} == {"refused", "loaded"}


def test_whatever_stands_where_an_expression_should_has_a_value_or_an_error_or_is_refused(first: int) -> None:
    outcomes = {expressing.hold(seed) for seed in range(4 * first, 4 * (first + EACH))}
    assert outcomes == {"refused", "value", "no value"}


def test_whatever_a_plan_says_and_callers_do_each_call_ends_in_one_record(tmp_path: Path, first: int) -> None:
    plan = Small(tmp_path).load().plan
    assert len(calling.kinds_in(plan)) == 26
    for seed in range(4 * first, 4 * (first + EACH)):
        calling.hold(plan, seed)


def test_whatever_asterisk_says_the_next_call_comes_in_and_the_next_state_of_a_phone(
    tmp_path: Path, first: int
) -> None:
    plan = Small(tmp_path).load().plan
    seeds = range(4 * first, 4 * (first + EACH))
    assert {talking.hold_ari(plan, seed) for seed in seeds} == {"lived on", "closed by the other side"}
    assert "lived on" in {talking.hold_ami(plan, seed) for seed in seeds}
