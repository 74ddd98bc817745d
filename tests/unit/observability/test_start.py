"""The log says, once, what the time of a start went on."""

from __future__ import annotations

import time

import pytest
from structlog.testing import capture_logs

from acd.observability import start as module
from acd.observability.processor import CoreWanted
from acd.observability.start import StartSteps


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What went by, of the processor and in wait of a core, for a test to set."""
    now = {"now": 100.0, "processor": 1.0, "no_core": 0.5}
    monkeypatch.setattr(module, "_now", lambda: now["now"])
    monkeypatch.setattr(module, "_process_began", lambda: 98.0)
    monkeypatch.setattr(time, "process_time", lambda: now["processor"])
    monkeypatch.setattr(CoreWanted, "__call__", lambda _self: now["no_core"])
    return now


def test_each_step_has_what_passed_since_the_one_before_and_the_end_is_told_once(clocks: dict[str, float]) -> None:
    steps = StartSteps()
    steps.did("loaded")
    clocks.update(now=101.0, processor=1.75, no_core=0.625)
    with capture_logs() as told:
        steps.done("compared")
        steps.did("later")
        steps.done("compared")
    assert told == [
        {
            "event": "started",
            "log_level": "info",
            "seconds": 3.0,
            "processor_s": 1.75,
            "no_core_s": 0.625,
            "steps": {
                "loaded": {"seconds": 2.0, "processor_s": 1.0, "no_core_s": 0.5},
                "compared": {"seconds": 1.0, "processor_s": 0.75, "no_core_s": 0.125},
            },
        }
    ]


def test_of_a_spare_only_what_came_after_the_other_ones_death_counts(clocks: dict[str, float]) -> None:
    steps = StartSteps()
    steps.did("loaded")
    clocks.update(now=5_000.0, processor=9.0, no_core=8.0)
    steps.begin_anew()
    clocks.update(now=5_000.5, processor=9.25, no_core=8.125)
    with capture_logs() as told:
        steps.done("compared")
    assert told[0]["seconds"] == 0.5
    assert told[0]["steps"] == {"compared": {"seconds": 0.5, "processor_s": 0.25, "no_core_s": 0.125}}


def test_a_process_began_before_now() -> None:
    assert 0.0 < module._process_began() <= module._now()
