"""The store may be killed anywhere: a sample of the places; ``make kill-points`` has all of them."""

from __future__ import annotations

from tests.kill_points.store import empty_database, killed_everywhere


def test_the_store_may_be_killed_inside_and_loses_nothing_it_promised() -> None:
    with empty_database() as template:
        killed = [one for one, _ in killed_everywhere(template, seed=0, share=0.15)]
    assert not [one for one in killed if one.wrong]
    assert sum(one.hit for one in killed) >= 3
