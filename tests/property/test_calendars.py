"""Calendars in every kind of time zone: read minute by minute, they say what they say at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from acd.domain.calendar_plan import CalendarPlan, Closure, DayOverride, LunchPlan, OpeningHours, Span
from acd.domain.copies import replace
from acd.domain.ids import CalendarId, PromptKey
from acd.engine.calendars import read
from acd.engine.hours import moment, next_opening

ZONES = (
    "Asia/Jakarta", "Asia/Jayapura", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
    "America/Havana", "Africa/Casablanca", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "UTC",
)  # fmt: skip
"""No changes of the clock, changes by 30 minutes, at midnight, over midnight, in Ramadan, a day left out."""
FIRST, LAST = date(2007, 6, 1), date(2031, 12, 31)
MINUTE = 60.0
WEEK = 7 * 86_400.0


@st.composite
def day_spans(draw: st.DrawFn) -> tuple[Span, ...]:
    """Up to two spans that do not overlap."""
    edges = sorted(
        draw(st.lists(st.integers(0, 96) | st.integers(0, 14) | st.integers(90, 96), max_size=4, unique=True))
    )
    return tuple((a * 15, b * 15) for a, b in zip(edges[::2], edges[1::2], strict=False))


def changes(zone: str) -> tuple[float, ...]:
    """When the clock of a zone changes."""
    where = ZoneInfo(zone)

    def offset(at: float) -> timedelta | None:
        return datetime.fromtimestamp(at, where).utcoffset()

    found = []
    for week in range(1300):
        early = datetime(2007, 6, 1, tzinfo=UTC).timestamp() + WEEK * week
        late = early + WEEK
        if offset(early) != offset(late):
            before = offset(early)
            while late - early > 1:
                middle = (early + late) // 2
                early, late = (middle, late) if offset(middle) == before else (early, middle)
            found.append(late)
    return tuple(found)


CHANGES = {zone: changes(zone) for zone in ZONES}


@st.composite
def scenes(draw: st.DrawFn) -> tuple[CalendarPlan, float]:
    """A moment, more often than not about when a clock changes, and a calendar with special days around it."""
    zone = draw(st.sampled_from(ZONES))
    known, near_one = CHANGES[zone], draw(st.integers(0, 3)) > 0
    if known and near_one:
        at = known[draw(st.integers(0, len(known) - 1))] + draw(st.integers(-5_400, 5_400))
    else:
        day = draw(st.dates(FIRST, LAST))
        at = datetime.combine(day, time(0), UTC).timestamp() + draw(st.integers(0, 86_399))
    hours = [OpeningHours(weekday, *span) for weekday in range(1, 8) for span in draw(day_spans())]
    today = datetime.fromtimestamp(at, UTC).date()
    near = st.integers(-2, 4).map(lambda days: (today + timedelta(days=days)).isoformat())
    overrides = draw(st.dictionaries(near, day_spans(), max_size=3))
    calendar = CalendarPlan(
        CalendarId("x"),
        zone,
        tuple(hours),
        tuple(draw(st.sets(near, max_size=3))),
        overrides={key: DayOverride(spans) for key, spans in overrides.items()},
        lunch=LunchPlan(660, 780, PromptKey("lunch")),
    )
    return calendar, at


def first_shown(zone: str, day: date, minute: int) -> float:
    """When the clock first shows a minute of a day or more, found by looking at it every minute."""
    wall = datetime.combine(day, time(0)) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=UTC).timestamp() - 15 * 3600
    while datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


@given(zone=st.sampled_from(ZONES), day=st.dates(FIRST, LAST), minute=st.integers(0, 1440))
@example(zone="Pacific/Apia", day=date(2011, 12, 30), minute=480)
@example(zone="Australia/Lord_Howe", day=date(2026, 10, 4), minute=135)
@example(zone="America/Santiago", day=date(2026, 4, 4), minute=1440)
def test_a_minute_of_a_day_is_when_the_clock_first_shows_it(zone: str, day: date, minute: int) -> None:
    assert moment(zone, day, minute) == first_shown(zone, day, minute)


@settings(max_examples=400, deadline=None)
@given(scene=scenes())
def test_the_next_opening_is_the_first_moment_that_is_open(scene: tuple[CalendarPlan, float]) -> None:
    calendar, at = scene
    opens = next_opening(calendar, at)
    assert (read(calendar, at).state == "open") is (opens == at)
    if opens is None:
        return
    assert opens >= at
    assert read(calendar, opens).state == "open"
    step = at
    while step < min(opens, at + 2 * 86_400):
        assert read(calendar, step).state != "open", datetime.fromtimestamp(step, UTC)
        step += 7 * MINUTE
    if opens > at:
        assert read(calendar, opens - 1).state != "open"


@given(scene=scenes(), length=st.none() | st.integers(1, 400_000))
def test_a_closure_only_ever_takes_openings_away(scene: tuple[CalendarPlan, float], length: int | None) -> None:
    calendar, at = scene
    until = None if length is None else at + length
    closed = replace(calendar, closure=Closure(at, "rudi", "banjir", until))
    assert (read(closed, at).state, read(closed, at).by, read(closed, at).lunch) == ("closed", "closure", False)
    opens = next_opening(closed, at)
    if until is None:
        assert opens is None
    else:
        assert read(closed, until) == read(calendar, until)
        assert opens == next_opening(calendar, until)
