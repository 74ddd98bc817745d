"""``acd calendar``: what the calendars of the configuration say, day by day.

Decides only how it is printed; the engine's own reading of a calendar does the work. Knows no running engine: closures
ordered by API are not in a configuration.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from acd.cli.asterisk import CONFIG, FLOWS, ConfigOption, FlowsOption, told_plainly
from acd.domain.calendar_plan import CalendarPlan
from acd.domain.errors import DeployError
from acd.domain.ids import CalendarId, Language, PromptKey
from acd.engine.calendars import worded
from acd.engine.hours import spans
from acd.settings.loader import load
from acd.settings.national import NationalDays
from acd.settings.values import Settings

app = typer.Typer(no_args_is_help=True, help="Opening hours, holidays and overrides.")
_MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_STATES = {"own": "holiday", "national": "holiday", "joint_leave": "joint leave"}


@app.callback()
def _group() -> None:
    """Opening hours, holidays and overrides."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a calendar says of a date."""

    date: str
    weekday: str
    hours: tuple[str, ...]
    state: str
    """open, closed, holiday or joint leave."""
    reason: str
    estimated: bool
    """The date of the holiday is an estimate."""
    override: bool
    message: PromptKey | None


def days(calendar: CalendarPlan, month: str, language: Language) -> Iterator[Day]:
    """Read every date of a month ``YYYY-MM``."""
    day = date.fromisoformat(f"{month}-01")
    while day.isoformat().startswith(month):
        yield _day(calendar, day, language)
        day += timedelta(days=1)


def _day(calendar: CalendarPlan, day: date, language: Language) -> Day:
    key = day.isoformat()
    override, name = calendar.overrides.get(key), calendar.holiday_names.get(key)
    hours = tuple(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in spans(calendar, day))
    state, reason = "open" if hours else "closed", ""
    if override is not None:
        reason = worded(override.reason, language)
    elif key in calendar.holidays:
        state = _STATES[name.source] if name is not None else "holiday"
        reason = worded(name.names, language) if name is not None else ""
    return Day(
        date=key,
        weekday=_WEEKDAYS[day.weekday()],
        hours=hours,
        state=state,
        reason=reason,
        estimated=name is not None and name.estimated,
        override=override is not None,
        message=override.message if override is not None else None,
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _month(text: str) -> str:
    if _MONTH.fullmatch(text) is None:
        raise typer.BadParameter(f"must be a month such as 2026-12, not '{text}'")
    return text


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The calendar's name in calendars.yaml.")],
    month: Annotated[str, typer.Option(parser=_month, metavar="YYYY-MM", help="The month to show.")],
    language: Annotated[str, typer.Option(help="Language of the reasons; the deployment's first without it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for a program.")] = False,  # noqa: FBT002 - typer's way
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
) -> None:
    """Print what a calendar says of every day of a month: hours, state and why.

    Closures ordered by API are not in a configuration: GET /api/v1/calendars shows them.
    """
    with told_plainly():
        settings = load(config, flows, os.environ, secrets=False)
        calendar = _known(settings, name)
    spoken = Language(language) if language else next(iter(settings.languages), Language(""))
    rows = list(days(calendar, month, spoken))
    national = settings.national.get(calendar.id)
    if as_json:
        print(json.dumps(_as_json(calendar, month, rows, national), indent=2, ensure_ascii=False))
    else:
        _print(calendar, month, rows, national)


def _known(settings: Settings, name: str) -> CalendarPlan:
    calendar = settings.plan.calendars.get(CalendarId(name))
    if calendar is None:
        raise DeployError(f"There is no calendar '{name}'; there are {', '.join(settings.plan.calendars)}.")
    return calendar


def _as_json(calendar: CalendarPlan, month: str, rows: list[Day], national: NationalDays | None) -> dict[str, object]:
    lunch = calendar.lunch
    return {
        "calendar": calendar.id,
        "time_zone": calendar.time_zone,
        "month": month,
        "lunch": None
        if lunch is None
        else {"from": _clock(lunch.starts_min), "to": _clock(lunch.ends_min), "prompt": lunch.prompt},
        "national": None
        if national is None
        else {
            "package": national.package,
            "years": national.years,
            "without_holidays": national.without_holidays,
            "without_joint_leave": national.without_joint_leave,
        },
        "days": [asdict(row) for row in rows],
    }


def _print(calendar: CalendarPlan, month: str, rows: list[Day], national: NationalDays | None) -> None:
    console = Console(highlight=False, markup=False, emoji=False)
    table = Table(
        title=f"{calendar.id}, {month}, {calendar.time_zone}", title_justify="left", title_style="bold", box=SIMPLE_HEAD
    )
    for column in ("Day", "", "Hours", "State", "Reason"):
        table.add_column(column, no_wrap=column != "Reason")
    for row in rows:
        state = f"{row.state}{' *' if row.override else ''}"
        reason = f"{row.reason}{' (estimate)' if row.estimated and not row.override else ''}"
        table.add_row(row.date, row.weekday, ", ".join(row.hours) or "-", state, reason)
    console.print(table)
    for line in _notes(calendar, month, rows, national):
        console.print(line, soft_wrap=True)


def _notes(calendar: CalendarPlan, month: str, rows: list[Day], national: NationalDays | None) -> Iterator[str]:
    lunch = calendar.lunch
    if lunch is not None:
        yield f"Lunch {_clock(lunch.starts_min)}-{_clock(lunch.ends_min)}, while it is open: prompt {lunch.prompt}."
    if any(row.override for row in rows):
        yield "* set by an override of that date."
    if national is None:
        return
    first, last, year = national.years[0], national.years[-1], int(month[:4])
    yield f"National holidays of {first} to {last} by {national.package}."
    if year not in national.years:
        yield f"Those of {year} are not in this table: they are worked out for this year and the two after it."
    for missing, what in ((national.without_holidays, "holidays"), (national.without_joint_leave, "joint leave")):
        if year in missing:
            yield (f"It knows no {what} of {year} yet: compare with the decree, and give the dates in calendars.yaml.")
