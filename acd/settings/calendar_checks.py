"""Checks the calendars: hours, dates, countries, and that every message can be said.

Decides when two spans are the same hours, and which calendars will soon know no holidays any more: those are warnings.
Must not know who reads a calendar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from acd.domain.calendar_plan import OpeningHours
from acd.settings.calendar_file import CalendarSection, LunchSection, OverrideSection
from acd.settings.calendar_text import DAYS, days, is_date, minute, overlapping, span
from acd.settings.fields import quoted
from acd.settings.names import Names, check_spoken, refer
from acd.settings.national import NationalDays, countries, gives_leave
from acd.settings.sources import Sources
from acd.settings.structure import did_you_mean
from acd.settings.surroundings import check_time_zone
from acd.settings.yaml_marks import Document, Path_

_NEXT_YEAR_FROM = 10
"""Month from which the next year's holidays should be known; the joint decree on them is out by then as a rule."""


def check(sources: Sources, names: Names) -> None:
    """Note every mistake of calendars.yaml."""
    document, model = sources.calendars.document, sources.calendars.model
    if model is None:
        return
    for name, section in model.calendars.items():
        path: Path_ = ("calendars", name)
        if section.time_zone:
            check_time_zone(document, (*path, "time_zone"), section.time_zone)
        _check_national(document, path, section)
        for day, texts in section.holidays.items():
            where = (*path, "holidays", day)
            _check_date(document, where, day)
            _check_languages(document, where, texts, names)
        openings: list[OpeningHours] = []
        for day, spans in section.hours.items():
            _check_day(document, (*path, "hours", day), spans, openings)
        for day, override in section.overrides.items():
            where = (*path, "overrides", day)
            if sources.calendars.whole:
                _check_way(document, where, override)
            _check_override(document, where, override, openings if _check_date(document, where, day) else None)
            _check_languages(document, (*where, "reason"), override.reason, names)
            _check_prompt(sources, document, (*where, "message"), override.message, names)
        if section.lunch is not None:
            _check_lunch(document, (*path, "lunch"), section.lunch, openings)
            _check_prompt(sources, document, (*path, "lunch", "prompt"), section.lunch.prompt, names)


def _check_national(document: Document, path: Path_, section: CalendarSection) -> None:
    if section.national is None:
        if section.joint_leave:
            document.add((*path, "joint_leave"), "has no effect without national: whose government?", at_key=True)
    elif section.national not in countries():
        known = did_you_mean(section.national, list(countries()))
        document.add((*path, "national"), f"{quoted(section.national)} is no country of the holidays package{known}")
    elif section.joint_leave and not gives_leave(section.national):
        document.add((*path, "joint_leave"), f"the holidays package knows no joint leave of {section.national}")


def _check_date(document: Document, path: Path_, day: str) -> bool:
    if is_date(day):
        return True
    document.add(path, f"{quoted(day)} is no date (YYYY-MM-DD)", at_key=True)
    return False


def _check_languages(document: Document, path: Path_, texts: Mapping[str, str], names: Names) -> None:
    for language in texts:
        if language:
            refer(document, (*path, language), language, names.languages, "language", at_key=True)


def _check_prompt(sources: Sources, document: Document, path: Path_, prompt: str | None, names: Names) -> None:
    if prompt is not None and refer(document, path, prompt, names.prompts, "prompt"):
        check_spoken(sources, document, path, prompt, sorted(names.languages or ()))


def _check_day(document: Document, path: Path_, spans: Iterable[str], openings: list[OpeningHours]) -> None:
    weekdays = days(str(path[-1]))
    if weekdays is None:
        document.add(path, f"{quoted(str(path[-1]))} is no day or span of days, such as mon or mon-fri", at_key=True)
    _check_spans(document, path, spans, weekdays or (), openings)


def _check_spans(
    document: Document, path: Path_, spans: Iterable[str], weekdays: Iterable[int], openings: list[OpeningHours]
) -> None:
    for number, text in enumerate(spans):
        minutes = span(text)
        if isinstance(minutes, str):
            document.add((*path, number), f"{quoted(text)} {minutes}")
            continue
        new = [OpeningHours(weekday, *minutes) for weekday in weekdays]
        if any(overlapping(a, b) for a in new for b in openings):
            document.add((*path, number), f"{text} overlaps hours given before")
        openings += new


def _check_way(document: Document, path: Path_, override: OverrideSection) -> None:
    if sum(map(bool, (override.open, override.closed, override.hours))) != 1:
        document.add(path, "needs one of `open: true`, `closed: true` and `hours`", at_key=True)


def _check_override(
    document: Document, path: Path_, override: OverrideSection, openings: list[OpeningHours] | None
) -> None:
    """Check one date's override; ``openings`` are the weekdays' hours, None where it is not known which day it is."""
    _check_spans(document, (*path, "hours"), override.hours, (1,), [])
    if override.open and openings is not None:
        weekday = date.fromisoformat(str(path[-1])).isoweekday()
        if not any(opening.weekday == weekday for opening in openings):
            document.add((*path, "open"), f"{DAYS[weekday - 1]} has no hours; give this date `hours` of its own")


def _check_lunch(document: Document, path: Path_, lunch: LunchSection, openings: list[OpeningHours]) -> None:
    times = {"from": minute(lunch.from_), "to": minute(lunch.to)}
    for key, found in times.items():
        if found is None:
            given = lunch.from_ if key == "from" else lunch.to
            document.add((*path, key), f"{quoted(given)} is no time of a day, such as 11:00")
    starts, ends = times["from"], times["to"]
    if starts is None or ends is None:
        return
    if starts >= ends:
        document.add((*path, "to"), "is not after from")
    elif openings and not any(opening.opens_min < ends and starts < opening.closes_min for opening in openings):
        document.add(path, "lies outside the hours of every day", at_key=True)


# --- calendars that run out


def warn(sources: Sources, today: date, national: Mapping[str, NationalDays]) -> None:
    """Note which calendars know too few holidays of this year, and in autumn of the next."""
    document, model = sources.calendars.document, sources.calendars.model
    years = (today.year, today.year + 1) if today.month >= _NEXT_YEAR_FROM else (today.year,)
    for name, section in model.calendars.items() if model is not None else ():
        path: Path_ = ("calendars", name)
        found = national.get(name)
        given = {int(day[:4]) for day in section.holidays}
        if found is None:
            if section.holidays and (missing := [year for year in years if year not in given]):
                document.warn((*path, "holidays"), f"no holiday of {_all(missing)} is given", at_key=True)
            continue
        for year in years:
            if year in found.without_holidays:
                document.warn((*path, "national"), f"{found.package} knows no holidays of {year}")
            if year in found.without_joint_leave and year not in given:
                document.warn(
                    (*path, "joint_leave"),
                    f"{found.package} knows no joint leave of {year}: give the decree's dates under holidays",
                )


def _all(years: list[int]) -> str:
    return " and ".join(map(str, years))
