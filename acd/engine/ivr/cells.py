"""Text of a table as a value of a variable's type. Must not know tables or flows."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from acd.domain.flow_values import Value, VariableType

_FORMS: Final[dict[VariableType, re.Pattern[str]]] = {
    "digits": re.compile(r"[0-9]*"),
    "number": re.compile(r"-?[0-9]{1,18}"),
    "boolean": re.compile(r"true|false"),
    "date": re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?"),
    "time": re.compile(r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?"),
}


def value_in(text: str, type_: VariableType) -> Value | None:
    """The value that text stands for; None when it stands for none of that type."""
    form = _FORMS.get(type_)
    if form is not None and form.fullmatch(text) is None:
        return None
    match type_:
        case "number":
            return int(text)
        case "boolean":
            return text == "true"
        case "date" if text:
            try:
                date.fromisoformat(text)
            except ValueError:
                return None
            return text
        case _:
            return text
