"""The smallest numbers that are enough are the smallest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.sim.erlang import ErlangError, System, counts, figures
from acd.sim.service_level import service_level
from acd.sim.staffing import agents_needed, e1s, lines_needed

DEMANDS = [
    System(58.0, 600.0, 1),
    System(58.0, 600.0, 1, 120.0),
    System(58.0, 600.0, 1, 5.0),
    System(58.0, 600.0, 1, None, 12),
    System(3000.0, 300.0, 1, 60.0, 280),
    System(0.5, 60.0, 1),
    System(120_000.0, 300.0, 1),
]


@pytest.mark.parametrize("system", DEMANDS, ids=str)
@pytest.mark.parametrize("level", [0.05, 0.85, 0.999])
def test_one_agent_fewer_misses_the_service_level(system: System, level: float) -> None:
    agents = agents_needed(system, 20.0, level)
    reached = service_level(counts(replace(system, agents=agents), 20.0))
    assert reached is not None
    assert reached >= level
    if agents > 1:
        try:
            below = service_level(counts(replace(system, agents=agents - 1), 20.0))
        except ErlangError:
            return  # one fewer could not carry the traffic at all
        assert below is not None
        assert below < level


@pytest.mark.parametrize("system", [System(58.0, 600.0, 14), System(58.0, 600.0, 9, 60.0), System(6000.0, 300.0, 505)])
@pytest.mark.parametrize("blocking", [0.2, 0.01, 1e-6])
def test_one_channel_fewer_blocks_too_many(system: System, blocking: float) -> None:
    lines = lines_needed(system, blocking)
    assert figures(replace(system, lines=lines)).blocked <= blocking
    assert figures(replace(system, lines=lines - 1)).blocked > blocking


def test_the_help_line_in_its_busy_hour_needs_fourteen() -> None:
    """58 calls of 600 s in the hour: 14 agents, 87.8 % within 20 s, a mean wait of 19.5 s."""
    assert agents_needed(System(58.0, 600.0, 1), 20.0, 0.85) == 14


def test_no_trunk_is_long_enough_for_a_queue_without_end() -> None:
    with pytest.raises(ErlangError, match="cannot carry"):
        lines_needed(System(58.0, 600.0, 5), 0.01)


def test_thirty_channels_are_one_e1_and_one_more_is_two() -> None:
    assert [e1s(sst) for sst in (1, 30, 31, 60)] == [1, 1, 2, 2]
