from __future__ import annotations

import time

import pytest

from acd.runtime.clock import AnchoredClock


def test_tells_the_time_of_day_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    assert AnchoredClock().now() == 1000.0


def test_follows_the_monotonic_clock_and_no_step_of_the_system_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    clock = AnchoredClock()
    monkeypatch.setattr(time, "time", lambda: 10.0)
    monkeypatch.setattr(time, "monotonic", lambda: 52.5)
    assert clock.now() == 1002.5


def test_never_goes_backwards() -> None:
    clock = AnchoredClock()
    seen = [clock.now() for _ in range(1000)]
    assert seen == sorted(seen)


def test_tells_by_how_much_the_system_clock_was_set_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: 50.0)
    clock = AnchoredClock()
    assert clock.ahead() == 0.0
    monkeypatch.setattr(time, "time", lambda: 4602.0)
    monkeypatch.setattr(time, "monotonic", lambda: 52.0)
    assert clock.ahead() == 3600.0
