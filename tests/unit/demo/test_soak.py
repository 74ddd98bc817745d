"""What a soak tells: slopes after the warm-up, of a process that is still there."""

from __future__ import annotations

import os

import pytest

from acd.demo.soak import MIB, Sample, Watched, accounted, slope
from acd.domain.errors import DeployError


def test_a_slope_is_that_of_the_line_with_the_least_squares() -> None:
    assert slope([0.0, 1.0, 2.0], [5.0, 7.0, 9.0]) == pytest.approx(2.0)
    assert slope([0.0, 1.0, 2.0, 3.0], [1.0, 1.2, 0.8, 1.0]) == pytest.approx(-0.04)
    assert slope([1.0], [5.0]) == 0


def test_what_grows_while_everything_warms_up_does_not_count() -> None:
    warm = [Sample(at, (100 + at) * MIB, 10 + at) for at in range(3)]
    steady = [Sample(60.0 * at, 200 * MIB, 20) for at in range(1, 10)]
    rows = {row.what: row for row in Watched("it", 0, [*warm, *steady]).rows()}
    assert rows["it: memory at the end"].value == 200
    assert rows["it: memory, slope"].value == pytest.approx(0)
    assert rows["it: descriptors, slope"].kept


def test_descriptors_that_leak_miss_the_bar() -> None:
    rows = Watched("it", 0, [Sample(6.0 * at, MIB, 10 + at) for at in range(20)]).rows()
    assert [row.kept for row in rows if "descriptors, slope" in row.what] == [False]
    assert [round(row.value) for row in rows if "descriptors, slope" in row.what] == [10]


def test_a_process_is_looked_at_and_missed_when_it_has_ended() -> None:
    own = Watched("we", os.getpid())
    own.look(0.0)
    assert own.samples[0].bytes > MIB
    assert own.samples[0].descriptors > 2
    with pytest.raises(DeployError, match="it has ended"):
        Watched("it", 2**22 + 1).look(0.0)


def test_every_call_has_one_record_and_who_was_answered_elsewhere_is_told() -> None:
    assert [(row.value, row.kept) for row in accounted(3, {"answered": 3})] == [(3, None), (0, True)]
    assert [(row.value, row.kept) for row in accounted(3, {"answered": 1, "fallback_answered": 2})] == [
        (3, None),
        (2, False),
    ]


@pytest.mark.parametrize("exits", [{"answered": 2}, {"answered": 4}, {"answered": 2, "abandoned": 1}, {}])
def test_a_call_without_its_record_ends_the_soak(exits: dict[str, int]) -> None:
    with pytest.raises(DeployError, match="3 calls were answered"):
        accounted(3, exits)
