"""Text of a table as values of variables."""

from __future__ import annotations

import pytest

from acd.domain.flow_values import Value, VariableType
from acd.engine.ivr.cells import value_in


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("Kota Bandung", "text", "Kota Bandung"),
        ("", "text", ""),
        ("021", "digits", "021"),
        ("", "digits", ""),
        ("12", "number", 12),
        ("-7", "number", -7),
        ("true", "boolean", True),
        ("false", "boolean", False),
        ("2026-02-28", "date", "2026-02-28"),
        ("", "date", ""),
        ("23:59", "time", "23:59"),
    ],
)
def test_text_of_the_form_is_a_value_of_the_type(text: str, type_: VariableType, value: Value) -> None:
    found = value_in(text, type_)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("12a", "digits"),
        ("", "number"),
        ("1.5", "number"),
        ("1" * 19, "number"),
        ("ya", "boolean"),
        ("2026-02-30", "date"),
        ("1 Mei", "date"),
        ("24:00", "time"),
    ],
)
def test_other_text_is_no_value(text: str, type_: VariableType) -> None:
    assert value_in(text, type_) is None
