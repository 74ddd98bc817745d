"""Calls are measured from the callers' own log."""

from __future__ import annotations

import pytest

from acd.demo.bench import read_times


def test_times_are_read_to_the_microsecond() -> None:
    log = "answered 1795360000.000000 999900.000000 1795360001.000000 5400.000000\nsomething else\n"
    assert read_times(log) == [pytest.approx(5.5)]
