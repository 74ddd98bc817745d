"""What the holidays package says, and how much of it."""

from __future__ import annotations

import pytest

from acd.domain.calendar_plan import ANY_LANGUAGE
from acd.domain.ids import Language
from acd.settings.national import countries, gives_leave, national_days
from tests.engine_kit import EN, ID


def test_the_sample_s_holidays_of_2026_are_those_of_the_joint_decree() -> None:
    """SKB 3 Menteri on 2026: seventeen holidays, eight days of joint leave."""
    found = national_days("ID", (2026,), (ID, EN), joint_leave=True)
    given = [day for day, known in found.days.items() if known.source == "joint_leave"]
    assert given == [
        "2026-02-16", "2026-03-18", "2026-03-20", "2026-03-23", "2026-03-24", "2026-05-15", "2026-05-28", "2026-12-24",
    ]  # fmt: skip
    assert len(found.days) - len(given) == 17
    assert not found.without_joint_leave
    assert found.package.startswith("holidays ")


def test_years_the_package_does_not_know_are_told() -> None:
    found = national_days("ID", (2026, 2090, 2101), (ID,), joint_leave=True)
    assert found.without_joint_leave == (2090, 2101)
    assert found.without_holidays == (2101,)
    assert national_days("ID", (2090,), (ID,), joint_leave=False).without_joint_leave == ()


def test_names_are_the_country_s_own_where_no_language_of_ours_is_known() -> None:
    found = national_days("ID", (2026,), (Language("fr"),), joint_leave=False)
    assert found.days["2026-12-25"].names == {ANY_LANGUAGE: "Hari Raya Natal"}


@pytest.mark.parametrize(("country", "given"), [("ID", True), ("AU", False)])
def test_not_every_government_gives_days_away(country: str, given: bool) -> None:  # noqa: FBT001 - a table of facts
    assert country in countries()
    assert gives_leave(country) is given
