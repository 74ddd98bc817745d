"""The sample deployment in a world of faults."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from acd.cli.simulate_faults import Deployment
from acd.sim.faults.people import Habits
from acd.sim.faults.study import Setting
from acd.sim.faults.trouble import Rates
from acd.sim.faults.world import Wanted

ROOT = Path(__file__).parents[4]
SAMPLE = Deployment(ROOT / "config", None)
BUSY = Habits(between_calls_s=3.0, patience_s=60.0, talk_s=20.0)
ROUGH = Rates(between_s=10.0, clock_between_s=100.0)
"""Something goes wrong every ten seconds."""
SECONDS = 90.0


def busy(seed: int, rates: Rates = ROUGH, place: str = "", nth: int = 0) -> Wanted:
    """A minute and a half in which much happens."""
    return Wanted(seed, SECONDS, BUSY, rates, place, nth)


@cache
def sample() -> Setting:
    """Read it once."""
    return SAMPLE()
