"""What-ifs asked on the command line."""

from __future__ import annotations

import pytest

from acd.sim.asked import NotUnderstoodError, what_if


def test_more_agents_and_absences_are_one_what_if() -> None:
    asked = what_if(["2:lkpm"], ["50%:11:00-13:00", "agent101,agent102:9:30-10:00", "waves=3:11:00-13:00"], 1.2)
    assert asked is not None
    assert asked.name == (
        "+2:lkpm, absent 50%:11:00-13:00, absent agent101,agent102:9:30-10:00, "
        "absent waves=3:11:00-13:00, arrivals x 1.2"
    )
    assert [(more.like, more.count) for more in asked.add] == [("lkpm", 2)]
    assert asked.absent is not None
    half, two, waves = asked.absent
    assert (half.share, half.start, half.end) == (0.5, 39600.0, 46800.0)
    assert (two.agents, two.start) == (("agent101", "agent102"), 34200.0)
    assert waves.waves == 3
    assert asked.arrivals == 1.2


def test_nothing_asked_is_no_what_if() -> None:
    assert what_if([], []) is None


@pytest.mark.parametrize(
    ("add", "absent"),
    [(["lkpm"], []), (["x:lkpm"], []), (["2:"], []), (["0:lkpm"], []), ([], ["50%"]), ([], ["150%:11:00-13:00"])],
)
def test_what_cannot_be_read_says_how_it_is_written(add: list[str], absent: list[str]) -> None:
    with pytest.raises(NotUnderstoodError):
        what_if(add, absent)
