"""Turns the sections of calendars.yaml into the engine's plan; like ``build``, only what holds no mistake."""

from __future__ import annotations

from datetime import date

from acd.domain.calendar_plan import (
    CalendarPlan,
    DayOverride,
    HolidayName,
    LunchPlan,
    OpeningHours,
    Span,
    Wording,
)
from acd.domain.ids import CalendarId, Language, PromptKey
from acd.settings.calendar_file import CalendarSection, LunchSection, OverrideSection
from acd.settings.calendar_text import days, minute, span
from acd.settings.national import NationalDays


def calendar(name: str, section: CalendarSection, time_zone: str, national: NationalDays | None = None) -> CalendarPlan:
    """A calendar; days and spans that cannot be read are left out."""
    hours = tuple(
        OpeningHours(weekday, *minutes)
        for day, spans in section.hours.items()
        for weekday in days(day) or ()
        for minutes in read_spans(spans)
    )
    known = dict(national.days) if national is not None else {}
    known.update({day: HolidayName(wording(names)) for day, names in section.holidays.items()})
    return CalendarPlan(
        id=CalendarId(name),
        time_zone=section.time_zone or time_zone,
        hours=hours,
        holidays=tuple(sorted(known)),
        holiday_names=known,
        overrides={day: _override(day, override, hours) for day, override in section.overrides.items()},
        lunch=None if section.lunch is None else _lunch(section.lunch),
    )


def read_spans(spans: tuple[str, ...]) -> tuple[Span, ...]:
    """The spans that can be read, in order."""
    return tuple(sorted(minutes for text in spans if not isinstance(minutes := span(text), str)))


def wording(texts: dict[str, str]) -> Wording:
    """The same under the domain's names."""
    return {Language(language): text for language, text in texts.items()}


def _override(day: str, section: OverrideSection, hours: tuple[OpeningHours, ...]) -> DayOverride:
    spans = read_spans(section.hours)
    if section.open:
        weekday = date.fromisoformat(day).isoweekday()
        spans = tuple(sorted((h.opens_min, h.closes_min) for h in hours if h.weekday == weekday))
    return DayOverride(spans, wording(section.reason), PromptKey(section.message) if section.message else None)


def _lunch(section: LunchSection) -> LunchPlan:
    starts, ends = (minute(text) or 0 for text in (section.from_, section.to))
    return LunchPlan(starts, ends, PromptKey(section.prompt))
