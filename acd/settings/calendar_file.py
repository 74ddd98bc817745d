"""The shape of calendars.yaml.

Decides which keys there are. Must not know which days are holidays, nor what other files say; ``calendar_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from acd.domain.calendar_plan import ANY_LANGUAGE
from acd.settings.fields import Flag, Name, Strict, Text


def _wording(value: Any) -> Any:
    return {ANY_LANGUAGE: value} if isinstance(value, str) and value else value


Worded = Annotated[
    dict[str, Text],
    BeforeValidator(_wording),
    WithJsonSchema({
        "anyOf": [
            {"type": ["string", "number", "boolean"], "minLength": 1},
            {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"], "minLength": 1}},
        ]
    }),
]  # fmt: skip
"""A text, or one by language: ``{id: Libur bersama, en: Company holiday}``."""


class OverrideSection(Strict):
    """What holds on one date whatever the weekday and the holidays say: one of open, closed and hours."""

    open: Flag = False
    """The weekday's hours hold, though it is a holiday."""
    closed: Flag = False
    hours: tuple[Text, ...] = ()
    """Spans such as 08:00-12:00, instead of the weekday's."""
    reason: Worded = Field(default_factory=dict)
    """Why, for people and for flows that speak it."""
    message: Name | None = None
    """A prompt about it, for flows."""


class LunchSection(Strict):
    """Hours in which agents take their breaks in turn; the calendar stays open."""

    from_: Text = Field(alias="from", examples=["11:00"])
    to: Text = Field(examples=["13:00"])
    prompt: Name
    """Said once to those who begin to wait then, in queues with ``announce: {lunch: CALENDAR}``."""


class CalendarSection(Strict):
    """Opening hours."""

    hours: dict[Text, tuple[Text, ...]]
    """``mon-fri: [08:00-17:00]``; days are mon tue wed thu fri sat sun, alone or as a span."""
    time_zone: Text | None = None
    national: Text | None = None
    """Country whose public holidays stay closed (ISO 3166, such as ID), this year and the two after it."""
    joint_leave: Flag = False
    """The days its government gives away beside them (cuti bersama) stay closed too."""
    holidays: dict[Text, Worded] = Field(default_factory=dict)
    """Further dates (YYYY-MM-DD) that stay closed, with their names."""
    overrides: dict[Text, OverrideSection] = Field(default_factory=dict)
    """By date (YYYY-MM-DD)."""
    lunch: LunchSection | None = None


class CalendarsFile(Strict):
    """calendars.yaml."""

    calendars: dict[Name, CalendarSection]
