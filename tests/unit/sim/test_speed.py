"""The measurement counts what it says; how fast the machine is, no test asserts."""

from __future__ import annotations

from acd.sim.speed import Speed, measure, two_groups
from acd.sim.study import expected


def test_contacts_are_divided_by_the_seconds_of_the_processor() -> None:
    assert Speed(50_000, 2.5).per_second == 20_000
    found = measure(0.0)
    assert abs(found.contacts - expected(two_groups())) < 5 * expected(two_groups()) ** 0.5
    assert found.seconds > 0
