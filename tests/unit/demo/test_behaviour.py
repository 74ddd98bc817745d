"""Who calls is drawn fairly and can be drawn again."""

from __future__ import annotations

from collections import Counter
from random import Random

from acd.demo.behaviour import Kind, crowd, script

KINDS = (
    Kind("many", 3, (((1.0, "1"), (2.0, "2")),), (10.0, 20.0)),
    Kind("few", 1, ((),), (1.0, 2.0), "170"),
)


def test_the_shares_are_kept_in_any_number_of_calls() -> None:
    for calls in (4, 40, 41):
        counted = Counter(script.kind for script in crowd(calls, KINDS, "169", Random(1)))
        assert abs(counted["many"] - calls * 0.75) < 1


def test_every_caller_has_a_number_of_their_own() -> None:
    assert len({one.number for one in crowd(500, KINDS, "169", Random(1))}) == 500


def test_a_kind_that_dials_something_else_does_so() -> None:
    drawn = {one.kind: one.dialled for one in crowd(8, KINDS, "169", Random(1))}
    assert drawn == {"many": "169", "few": "170"}


def test_times_vary_by_a_tenth_and_patience_stays_within_its_bounds() -> None:
    for seed in range(50):
        one = script(1, KINDS[0], "169", Random(seed))
        assert [press.key for press in one.presses] == ["1", "2"]
        assert 0.9 <= one.presses[0].after_s <= 1.1
        assert 1.8 <= one.presses[1].after_s <= 2.2
        assert 10 <= one.patience_s <= 20


def test_the_same_chance_draws_the_same_crowd() -> None:
    assert crowd(30, KINDS, "169", Random(5)) == crowd(30, KINDS, "169", Random(5))
