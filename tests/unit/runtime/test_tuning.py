"""A process that serves calls waits for no thread and no collector longer than it must."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from acd.runtime.tuning import SWITCH_S, favour_calls, hasten_start


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    interval, thresholds = sys.getswitchinterval(), gc.get_threshold()
    yield
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    gc.enable()


def test_threads_give_way_soon_and_what_stays_is_not_collected_again() -> None:
    favour_calls()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 700


def test_the_collector_rests_while_the_engine_starts_and_no_longer() -> None:
    hasten_start()
    assert not gc.isenabled()
    favour_calls()
    assert gc.isenabled()
