"""What offers took is counted to the limits it is promised by."""

from __future__ import annotations

import pytest

from acd.observability.delays import LIMITS_S, of_offers


def test_a_delay_counts_in_every_bucket_whose_limit_it_keeps() -> None:
    delays = of_offers()
    for seconds in (0.0001, 0.003, 0.0031, 0.01, 0.7):
        delays.add(seconds)
    counted = {sample.labels["le"]: sample.value for sample in delays.metric().samples if "le" in sample.labels}
    assert [counted[str(limit)] for limit in LIMITS_S] == [1, 1, 1, 1, 2, 3, 3, 4, 4, 4, 4, 4]
    assert counted["+Inf"] == 5


def test_the_sum_is_in_seconds() -> None:
    delays = of_offers()
    delays.add(0.25)
    delays.add(0.5)
    assert next(s.value for s in delays.metric().samples if s.name.endswith("_sum")) == pytest.approx(0.75)


def test_ten_milliseconds_is_a_limit_of_its_own() -> None:
    assert 0.01 in LIMITS_S
