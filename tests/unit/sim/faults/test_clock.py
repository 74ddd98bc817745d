"""The machine's clock is set by an hour, amid calls: the engine's own follows when it is time to, and no call tells."""

from __future__ import annotations

from dataclasses import replace

from acd.sim.faults.engine import Life
from acd.sim.faults.study import history
from acd.sim.faults.world import World
from tests.unit.sim.faults.kit import busy, sample
from tests.unit.sim.faults.test_histories import told
from tests.unit.sim.faults.test_mutations import CLOCK, KILLED, often

SEEDS = 6
KILLS = replace(often(20, *KILLED), clock_between_s=15.0)


def test_no_record_tells_of_a_clock_that_was_set_and_the_engine_follows_it_amid_calls() -> None:
    followed = []

    def look(world: World) -> None:
        tell = world.outside.clock_told

        def note(life: Life, by_s: float) -> None:
            if by_s and life.state.contacts:
                followed.append(by_s)
            tell(life, by_s)

        world.outside.clock_told = note

    for seed in range(SEEDS):
        for rates in (CLOCK, KILLS):
            found = history(sample(), busy(seed, rates), look)
            assert found.well, told(found)
            assert found.faults["clock set"]
            assert found.checked["no call gets longer"]
            assert found.checked["the journal makes the state"], "the journaled shift is replayed"
    assert followed
