"""Paths into answers: which may be written and what they find."""

from __future__ import annotations

from typing import Any

import pytest

from acd.settings.json_paths import first, mistake_in


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.a.b", (True, 1)),
        ("$['a']['b']", (True, 1)),
        ("$.list[1].n", (True, 3)),
        ("$.list[-1].n", (True, 3)),
        ("$.list[?@.k=='x'].n", (True, 2)),
        ("$..n", (True, 2)),
        ("$.list[*].n", (True, 2)),
        ("$.nothing", (False, None)),
        ("$.none", (True, None)),
        ("$", (True, ...)),
    ],
)
def test_the_first_value_at_a_path_is_found(path: str, expected: tuple[bool, Any]) -> None:
    document = {"a": {"b": 1}, "list": [{"k": "x", "n": 2}, {"k": "y", "n": 3}], "none": None}
    assert mistake_in(path) is None
    found = first(path, document)
    assert found == ((True, document) if expected[1] is ... else expected)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a.b",
        "$.",
        "$.a[",
        "$.a[?@.b==]",
        "$.a ~",
        "$.a | $.b",
        "$.a[?match(@.b, '(a+)+$')]",
        "$.a[?search(@.b, 'x')]",
        "$..a..b",
        "$.a[?@.b][?@.c]",
        "$.a[?@.b == $.c]",
        "$" + ".a" * 200,
        "$" + "[" * 150,
        "\x00",
    ],
)
def test_a_path_that_cannot_be_read_or_may_take_long_is_refused_with_a_reason(path: str) -> None:
    assert mistake_in(path)


def test_a_document_too_deep_to_look_through_is_an_error_of_value() -> None:
    document: Any = []
    for _ in range(2_000):
        document = [document]
    with pytest.raises(ValueError, match="cannot be followed"):
        first("$..x", document)
