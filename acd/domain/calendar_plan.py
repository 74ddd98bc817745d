"""What an operator configured about opening hours, as frozen values; part of ``acd.domain.plan.Plan``.

Dates are local dates of the calendar's zone, written ``YYYY-MM-DD``; times are minutes of the local day, 0 to 1440.
National holidays come in computed: nothing here, and nothing that reads this, knows how they are found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from acd.domain.ids import CalendarId, Language, PromptKey

Wording: TypeAlias = dict[Language, str]
"""The same said in several languages; under ``ANY_LANGUAGE`` what is said in those that are not named."""
ANY_LANGUAGE = Language("")
Span: TypeAlias = tuple[int, int]
"""Minutes of a local day from which and until which something holds, end exclusive; 1440 is midnight at its end."""


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """One opening: ISO weekday 1-7, minutes of the local day, end exclusive."""

    weekday: int
    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class HolidayName:
    """What a holiday is called, and where it comes from."""

    names: Wording
    source: Literal["own", "national", "joint_leave"] = "own"
    """``joint_leave`` (cuti bersama): a working day the government gave away by a yearly decree."""
    estimated: bool = False
    """The date depends on a sighting of the moon or on a decree that is not out yet."""


@dataclass(frozen=True, slots=True)
class DayOverride:
    """What holds on one date whatever the weekday and the holidays say; no ``spans`` close it for the day."""

    spans: tuple[Span, ...]
    reason: Wording = field(default_factory=dict)
    message: PromptKey | None = None
    """A prompt about it."""


@dataclass(frozen=True, slots=True)
class LunchPlan:
    """The hours in which agents take their breaks in turn: the calendar stays open, waiting may take longer."""

    starts_min: int
    ends_min: int
    prompt: PromptKey


@dataclass(frozen=True, slots=True)
class Closure:
    """A closure a supervisor ordered; times in seconds since the epoch."""

    since: float
    by: str
    """Name of the supervisor's token."""
    reason: str
    until: float | None = None
    """Ends by itself then; None: when it is taken back."""
    message: PromptKey | None = None


@dataclass(frozen=True, slots=True)
class CalendarPlan:
    """Opening hours in ``time_zone`` (IANA name); ``holidays`` are dates that stay closed."""

    id: CalendarId
    time_zone: str
    hours: tuple[OpeningHours, ...]
    holidays: tuple[str, ...] = ()
    holiday_names: dict[str, HolidayName] = field(default_factory=dict)
    """By date; a holiday may have none."""
    overrides: dict[str, DayOverride] = field(default_factory=dict)
    """By date."""
    lunch: LunchPlan | None = None
    closure: Closure | None = None
    """Laid over the configured calendar by the engine, never by a file."""
