"""Two engines, one database: one serves at a time, the other takes over, and nothing gets lost."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import pytest

from acd.sim.faults.study import history
from acd.store.lease import Lease
from tests.unit.sim.faults.kit import busy, sample
from tests.unit.sim.faults.test_histories import told
from tests.unit.sim.faults.test_mutations import KILLED, often

SEEDS = 20
AT_ONCE = 5


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_nothing_is_lost_and_one_commands_at_a_time(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        found = history(sample(), replace(busy(seed), pair=True))
        assert found.well, told(found)
        assert found.lives > 1
        assert found.checked["only the active engine commands"]


def test_an_engine_that_was_stopped_and_wakes_up_commands_nothing_and_it_is_noticed_when_one_does() -> None:
    wanted = replace(busy(2, often(8, "engine stalled", *KILLED)), pair=True)
    well = history(sample(), wanted)
    assert well.well, told(well)
    with patch.object(Lease, "holds", lambda _lease: True), patch.object(Lease, "verified", lambda _lease: True):
        ill = history(sample(), wanted)
    assert any(one.what.startswith("only the active engine commands") for one in ill.violations), told(ill)
