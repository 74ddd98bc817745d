"""Nothing gets lost, whatever breaks: 200 histories of the sample deployment, every one from another seed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from acd.sim.faults.study import Told, history
from tests.unit.sim.faults.kit import ROOT, busy, sample

SEEDS = 200
AT_ONCE = 10
"""Seeds in one test, so that processes share them well."""


def told(found: Told) -> str:
    """What went wrong, and how to see it again."""
    lines = [f"{one.at:.3f} s {one.what}" for one in found.violations]
    return "\n".join([f"seed {found.seed}, {found.nth} {found.place}", *lines, *found.complaints])


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_nothing_is_lost(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        found = history(sample(), busy(seed))
        assert found.well, told(found)
        assert found.calls > 0


def test_a_seed_gives_one_history_whatever_order_sets_have() -> None:
    """Another process hashes strings otherwise; what was decided is the same to the last bit."""
    here = history(sample(), busy(3)).trace
    script = (
        "from acd.sim.faults.study import history\n"
        "from tests.unit.sim.faults.kit import busy, sample\n"
        "print(history(sample(), busy(3)).trace)"
    )
    for hashing in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": hashing}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == here
    assert history(sample(), busy(4)).trace != here
