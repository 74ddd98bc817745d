"""The forms of the service level, on one hand-counted hour."""

from __future__ import annotations

from acd.sim.service_level import Counts, service_level, service_level_forms

HOUR = Counts(
    offered=110, blocked=10, answered=80, abandoned=20, answered_in=60, abandoned_in=8, answered_30s=66, abandoned_5s=4
)


def test_each_form_divides_what_it_says() -> None:
    assert service_level_forms(HOUR) == {
        "of_answered": 60 / 80,
        "of_ended": 60 / 100,
        "early_abandons_good": 68 / 100,
        "early_abandons_ignored": 60 / 92,
        "of_offered": 60 / 110,
        "permenkominfo_16_2013": 66 / 96,
    }


def test_ours_leaves_out_the_blocked_and_the_early_abandoned() -> None:
    assert service_level(HOUR) == 60 / 92


def test_nothing_offered_is_no_service_level() -> None:
    nothing = Counts(0, 0, 0, 0, 0, 0, 0, 0)
    assert service_level(nothing) is None
    assert set(service_level_forms(nothing).values()) == {None}
