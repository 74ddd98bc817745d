"""Wherever the engine is killed, the next one goes on: every place that a history passes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.sim.faults.study import killed_everywhere
from acd.sim.faults.world import NEVER_S
from tests.unit.sim.faults.kit import ROUGH, SAMPLE, busy
from tests.unit.sim.faults.test_histories import told

CLOCK_KEPT = replace(ROUGH, clock_between_s=NEVER_S)
"""Whether the clock is set between an engine's last sign and its death, chance decides: no two kills compare then."""


@pytest.mark.parametrize("seed", range(1000, 1004))
def test_the_engine_may_be_killed_at_every_place_that_a_history_passes(seed: int) -> None:
    killed = []
    for found, _ in killed_everywhere(SAMPLE, [busy(seed, CLOCK_KEPT)]):
        assert found.well, told(found)
        assert found.hit == bool(found.place), f"{found.place} was not come to again"
        killed += [found.place] if found.hit else []
    assert len(killed) == len(set(killed)) >= 40
