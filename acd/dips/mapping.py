"""From the bytes of an answer to the variables of a flow.

Decides whether an answer is one: JSON, with every required value, each of its variable's type. Must not know HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time
from typing import Any

import orjson

from acd.dips.cache import Answer
from acd.domain.data import EMPTY, DataType, Scalar, Wanted
from acd.settings.json_paths import first

LONGEST_TEXT = 1_000
"""Characters of one value: it goes to the journal and perhaps to a voice."""
_MOST_DIGITS = 40
_MOST = 2**63


def read(body: bytes, wanted: Iterable[Wanted], status: int) -> Answer:
    """``ok`` with all values, ``not_found`` if a required one is missing or null, else ``invalid``.

    A value that is missing and not required is its type's empty one.
    """
    wanted = tuple(wanted)
    if not wanted:
        return Answer("ok", status)
    try:
        document = orjson.loads(body)
        found = {want: first(want.path, document) for want in wanted}
    except ValueError:
        return Answer("invalid", status)
    values: dict[str, Scalar] = {}
    missing = False
    for want, (_, given) in found.items():
        if given is None:
            missing = missing or want.required
            values[want.variable] = EMPTY[want.type]
            continue
        value = typed(given, want.type)
        if value is None:
            return Answer("invalid", status)
        values[want.variable] = value
    return Answer("not_found", status) if missing else Answer("ok", status, values)


def typed(value: Any, type_: DataType) -> Scalar | None:
    """A value of JSON as one of a variable's type; None when it is none. A number may stand for text, nothing else."""
    match type_:
        case "boolean":
            return value if isinstance(value, bool) else None
        case "number":
            return _whole(value)
        case _:
            if isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if not isinstance(value, str) or len(value) > LONGEST_TEXT:
                return None
            return _text(value, type_)


def _whole(value: Any) -> int | None:
    """A whole number of 64 bits, be it written ``3`` or ``3.0``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return None
    return int(value) if -_MOST <= value < _MOST else None


def _text(value: str, type_: DataType) -> str | None:
    match type_:
        case "digits":
            return value if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None
        case "date":
            return _date(value)
        case "time":
            return _time(value)
        case _:
            return value


def _date(value: str) -> str | None:
    """A date, or the date of a date with a time."""
    try:
        return date.fromisoformat(value[:10]).isoformat() if value[10:11] in {"", "T", " "} else None
    except ValueError:
        return None


def _time(value: str) -> str | None:
    """A time of the day, to the minute."""
    try:
        return time.fromisoformat(value).replace(tzinfo=None).isoformat("minutes")
    except ValueError:
        return None
