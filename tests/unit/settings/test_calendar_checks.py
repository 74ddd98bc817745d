"""Calendars from the operator's files: what they become, what is wrong with them, and what will not do for long."""

from __future__ import annotations

from datetime import date

import pytest

from acd.domain.calendar_plan import ANY_LANGUAGE, CalendarPlan, DayOverride, HolidayName, LunchPlan, OpeningHours
from acd.domain.ids import CalendarId, PromptKey
from acd.settings import Settings, load
from tests.engine_kit import EN, ID
from tests.unit.settings.conftest import Deployment
from tests.unit.settings.test_loader import mistakes

TODAY = date(2026, 11, 22)
NATIONAL = "    national: ID\n    joint_leave: true\n"
"""As it stands in the sample."""
LUNCH = '    lunch: {from: "11:00", to: "13:00", prompt: lunch}\n'


def loaded(sample: Deployment, today: date = TODAY) -> Settings:
    return load(sample.config, sample.flows, {}, secrets=False, today=today)


def hours_of(settings: Settings, name: str = "jam_layanan") -> CalendarPlan:
    return settings.plan.calendars[CalendarId(name)]


def test_the_sample_is_closed_on_national_holidays_and_joint_leave_of_three_years(sample: Deployment) -> None:
    calendar = hours_of(loaded(sample))
    assert {day[:4] for day in calendar.holidays} == {"2026", "2027", "2028"}
    assert calendar.holiday_names["2026-12-25"] == HolidayName(
        {ID: "Hari Raya Natal", EN: "Christmas Day"}, "national", estimated=False
    )
    assert calendar.holiday_names["2026-12-24"] == HolidayName(
        {ID: "Cuti Bersama Hari Raya Natal", EN: "Christmas Joint Holiday"}, "joint_leave", estimated=False
    )
    assert calendar.lunch == LunchPlan(660, 780, PromptKey("lunch"))


def test_an_estimated_date_is_marked_and_its_name_is_fit_to_be_spoken(sample: Deployment) -> None:
    known = hours_of(loaded(sample)).holiday_names["2028-02-27"]
    assert (known.names, known.estimated) == ({ID: "Hari Raya Idul Fitri", EN: "Eid al-Fitr"}, True)


def test_without_joint_leave_its_days_are_working_days(sample: Deployment) -> None:
    sample.change("calendars.yaml", "    joint_leave: true\n", "")
    calendar = hours_of(loaded(sample))
    assert "2026-12-25" in calendar.holidays
    assert "2026-12-24" not in calendar.holidays


def test_the_version_is_another_when_the_holidays_are_others(sample: Deployment) -> None:
    versions = [loaded(sample, day).plan.version for day in (TODAY, date(2026, 1, 1), date(2027, 1, 1))]
    assert versions[0] == versions[1] != versions[2]


def test_another_country_s_holidays_are_named_in_its_own_language_where_ours_are_not_known(sample: Deployment) -> None:
    sample.change("calendars.yaml", NATIONAL, "    national: BG\n")
    names = hours_of(loaded(sample)).holiday_names["2026-12-25"].names
    assert EN in names
    assert ID not in names


def test_own_holidays_and_overrides_come_with_their_words(sample: Deployment) -> None:
    sample.change(
        "calendars.yaml",
        NATIONAL,
        """    national: ID
    holidays:
      2026-12-25: Natal kami
      2026-12-28: {id: Hari jadi, en: Anniversary}
    overrides:
      2026-12-25: {open: true, reason: {id: Tetap buka, en: Open all the same}}
      2026-12-30: {hours: [13:00-15:00, 08:00-12:00], reason: Tutup buku, message: lunch}
      2026-12-31: {closed: true}
""",
    )
    calendar = hours_of(loaded(sample))
    assert calendar.holiday_names["2026-12-25"] == HolidayName({ANY_LANGUAGE: "Natal kami"})
    assert calendar.holiday_names["2026-12-28"] == HolidayName({ID: "Hari jadi", EN: "Anniversary"})
    assert calendar.overrides == {
        "2026-12-25": DayOverride(((480, 1020),), {ID: "Tetap buka", EN: "Open all the same"}),
        "2026-12-30": DayOverride(((480, 720), (780, 900)), {ANY_LANGUAGE: "Tutup buku"}, PromptKey("lunch")),
        "2026-12-31": DayOverride(()),
    }


def test_a_calendar_of_hours_alone_needs_nothing_else(sample: Deployment) -> None:
    always = hours_of(loaded(sample), "selalu_buka")
    assert always == CalendarPlan(
        CalendarId("selalu_buka"), "Asia/Jakarta", tuple(OpeningHours(day, 0, 1440) for day in range(1, 8))
    )


OVERRIDES = "    overrides:\n      "
MISTAKES = [
    ("    national: XX\n", "national: 'XX' is no country of the holidays package"),
    ("    national: [ID]\n", "national: must be text, not a list"),
    ("    joint_leave: true\n", "joint_leave: has no effect without national: whose government?"),
    ("    national: AU\n    joint_leave: true\n", "joint_leave: the holidays package knows no joint leave of AU"),
    ("    holidays: {2026-02-30: x}\n", "holidays.2026-02-30: '2026-02-30' is no date (YYYY-MM-DD)"),
    ("    holidays: {2026-12-31: {fr: x}}\n", "holidays.2026-12-31.fr: unknown language 'fr'"),
    ('    holidays: {2026-12-31: ""}\n', "holidays.2026-12-31: must be a mapping (key: value), but is empty"),
    (f"{OVERRIDES}besok: {{closed: true}}\n", "overrides.besok: 'besok' is no date (YYYY-MM-DD)"),
    (f"{OVERRIDES}besok: {{open: true}}\n", "overrides.besok: 'besok' is no date (YYYY-MM-DD)"),
    (f"{OVERRIDES}2026-12-31: {{}}\n", "overrides.2026-12-31: needs one of `open: true`, `closed: true` and `hours`"),
    (
        f"{OVERRIDES}2026-12-31: {{closed: true, hours: [08:00-09:00]}}\n",
        "overrides.2026-12-31: needs one of `open: true`, `closed: true` and `hours`",
    ),
    (f"{OVERRIDES}2026-12-26: {{open: true}}\n", "2026-12-26.open: sat has no hours; give this date `hours`"),
    (f"{OVERRIDES}2026-12-31: {{hours: [9-10]}}\n", "2026-12-31.hours[0]: '9-10' must be hours such as 08:00-17:00"),
    (
        f"{OVERRIDES}2026-12-31: {{hours: [08:00-10:00, 09:00-11:00]}}\n",
        "2026-12-31.hours[1]: 09:00-11:00 overlaps hours given before",
    ),
    (f"{OVERRIDES}2026-12-31: {{closed: true, reason: {{fr: x}}}}\n", "reason.fr: unknown language 'fr'"),
    (f"{OVERRIDES}2026-12-31: {{closed: true, message: tutup}}\n", "message: unknown prompt 'tutup'"),
    (f"{OVERRIDES}2026-12-31: {{shut: true}}\n", "shut: unknown key; known are open, closed, hours, reason, message"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_calendar_that_cannot_be_is_a_mistake_with_its_line(sample: Deployment, text: str, message: str) -> None:
    sample.change("calendars.yaml", NATIONAL, text)
    (told,) = mistakes(sample)
    assert f"calendars.jam_layanan.{message}" in told or message in told
    file, line, column, _ = told.split(":", 3)
    assert file.endswith("calendars.yaml")
    lines = (sample.config / "calendars.yaml").read_text(encoding="utf-8").splitlines()
    assert int(line) > lines.index("  jam_layanan:")
    assert int(column) > 4


@pytest.mark.parametrize(
    ("lunch", "message"),
    [
        ('{from: "11", to: "13:00", prompt: lunch}', "lunch.from: '11' is no time of a day, such as 11:00"),
        ('{from: "11:00", to: "24:01", prompt: lunch}', "lunch.to: '24:01' is no time of a day, such as 11:00"),
        ('{from: "11:75", to: "13:00", prompt: lunch}', "lunch.from: '11:75' is no time of a day, such as 11:00"),
        ('{from: "13:00", to: "13:00", prompt: lunch}', "lunch.to: is not after from"),
        ('{from: "17:00", to: "18:00", prompt: lunch}', "lunch: lies outside the hours of every day"),
        ('{from: "11:00", to: "13:00", prompt: siang}', "lunch.prompt: unknown prompt 'siang'"),
        ('{from: "11:00", prompt: lunch}', "lunch.to: is missing"),
        ('{form: "11:00", from: "11:00", to: "13:00", prompt: lunch}', "lunch.form: unknown key; did you mean 'from'?"),
    ],
)
def test_a_lunch_that_cannot_be_is_a_mistake(sample: Deployment, lunch: str, message: str) -> None:
    sample.change("calendars.yaml", LUNCH, f"    lunch: {lunch}\n")
    told = mistakes(sample)
    assert [one for one in told if f"calendars.jam_layanan.{message}" in one]
    assert len(told) == 1


# --- calendars that run out


@pytest.mark.parametrize(
    ("text", "today", "warnings"),
    [
        (NATIONAL, TODAY, []),
        (NATIONAL, date(2027, 9, 30), []),
        (
            NATIONAL,
            date(2027, 10, 1),
            ["joint_leave: holidays knows no joint leave of 2028: give the decree's dates under holidays"],
        ),
        (NATIONAL + "    holidays: {2028-02-25: Cuti bersama}\n", date(2027, 10, 1), []),
        (
            "    national: ID\n",
            date(2100, 10, 1),
            ["national: holidays knows no holidays of 2101"],
        ),
        ("    holidays: {2026-12-31: x}\n", date(2026, 9, 30), []),
        ("    holidays: {2026-12-31: x}\n", date(2026, 10, 1), ["holidays: no holiday of 2027 is given"]),
        ("    holidays: {2026-12-31: x}\n", date(2027, 12, 1), ["holidays: no holiday of 2027 and 2028 is given"]),
        ("", TODAY, []),
    ],
)
def test_a_calendar_whose_holidays_run_out_is_warned_of_in_time(
    sample: Deployment, text: str, today: date, warnings: list[str]
) -> None:
    sample.change("calendars.yaml", NATIONAL, text)
    settings = loaded(sample, today)
    package = next((found.package for found in settings.national.values()), "holidays")
    told = [str(warning).replace(package, "holidays") for warning in settings.warnings]
    assert [one.partition("calendars.jam_layanan.")[2] for one in told] == warnings
    assert all("calendars.yaml:" in one for one in told)
