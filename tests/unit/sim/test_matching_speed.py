"""The measurement decides among as many groups and requirements as it says; how fast, no test asserts."""

from __future__ import annotations

from acd.sim.matching_speed import GROUPS, REQUIREMENTS, measure, needs_of_many, plan_of_many


def test_there_are_as_many_different_groups_and_requirements_as_it_says() -> None:
    plan = plan_of_many(GROUPS * 2, "longest_idle")
    assert len({agent.skills for agent in plan.agents.values()}) == GROUPS
    assert len(set(needs_of_many())) == REQUIREMENTS


def test_both_moments_are_timed() -> None:
    found = measure(GROUPS, waiting=2_000, turns=300)
    assert found.agents == GROUPS
    assert 0 < found.freed.p50 <= found.freed.p99
    assert 0 < found.arrived.p50 <= found.arrived.p99
