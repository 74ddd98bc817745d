"""From the bytes of an answer to variables."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.dips.mapping import read, typed
from acd.domain.data import EMPTY, DataType, Wanted

WANTED = (
    Wanted("code", "$.stage.code", "number"),
    Wanted("name", "$.stage.name"),
    Wanted("due", "$.date", "date", required=False),
)


def test_values_come_from_their_places_with_their_types() -> None:
    body = b'{"stage": {"code": 3, "name": "approved"}, "date": "2026-08-17"}'
    answer = read(body, WANTED, 200)
    assert (answer.outcome, answer.status) == ("ok", 200)
    assert answer.values == {"code": 3, "name": "approved", "due": "2026-08-17"}


def test_a_value_that_is_not_required_may_be_missing_and_is_empty_then() -> None:
    answer = read(b'{"stage": {"code": 3, "name": "approved"}}', WANTED, 200)
    assert answer.values["due"] == ""


@pytest.mark.parametrize(
    "body", [b'{"stage": {"code": 3}}', b'{"stage": {"code": null, "name": "x"}}', b"{}", b"[]", b"1"]
)
def test_a_required_value_that_is_missing_or_null_is_not_found(body: bytes) -> None:
    answer = read(body, WANTED, 200)
    assert (answer.outcome, answer.values) == ("not_found", {})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"stage": {"code": 3, "name": "approved"}',
        b'{"stage": {"code": "3", "name": "approved"}}',
        b'{"stage": {"code": true, "name": "approved"}}',
        b'{"stage": {"code": 3, "name": ["approved"]}}',
        b'{"stage": {"code": 3, "name": "approved"}, "date": "tomorrow"}',
        b'{"stage": {"code": NaN, "name": "approved"}}',
        b'{"stage": {"code": 3, "name": "\\ud800"}}',
        b"\xff\xfe",
        b"[" * 60_000,
        b"[" * 30_000 + b"]" * 30_000,
    ],
)
def test_what_is_not_json_or_of_another_type_is_invalid(body: bytes) -> None:
    assert read(body, WANTED, 200).outcome == "invalid"


def test_a_wrong_type_is_told_before_a_missing_value() -> None:
    assert read(b'{"stage": {"name": 3.5}}', WANTED, 200).outcome == "invalid"


def test_who_wants_nothing_takes_any_answer() -> None:
    assert read(b"<html>", (), 204).outcome == "ok"


@pytest.mark.parametrize(
    ("given_", "type_", "expected"),
    [
        ("a", "text", "a"),
        (5, "text", "5"),
        (5.5, "text", None),
        (True, "text", None),
        ("x" * 1001, "text", None),
        ("0812", "digits", "0812"),
        (812, "digits", "812"),
        (-1, "digits", None),
        ("12a", "digits", None),
        ("٣", "digits", None),
        ("1" * 41, "digits", None),
        ("", "digits", None),
        (1.5, "number", None),
        (-3, "number", -3),
        (3.0, "number", 3),
        (2**63, "number", None),
        (1e300, "number", None),
        ("1", "number", None),
        (False, "boolean", False),
        (0, "boolean", None),
        ("2026-02-29", "date", None),
        ("2026-02-28T10:00:00+07:00", "date", "2026-02-28"),
        ("2026-02-28x", "date", None),
        (20260228, "date", "2026-02-28"),
        ("14:30", "time", "14:30"),
        ("14:30:59+07:00", "time", "14:30"),
        ("25:00", "time", None),
        ({}, "text", None),
    ],
)
def test_a_value_is_of_its_variables_type_or_none(given_: Any, type_: DataType, expected: Any) -> None:
    found = typed(given_, type_)
    assert (found, type(found)) == (expected, type(expected))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["stage", "code", "name", "date"]), inner),
)


@given(JSON | st.fixed_dictionaries({"stage": st.fixed_dictionaries({"code": JSON, "name": JSON}), "date": JSON}))
def test_whatever_comes_the_values_are_of_their_types(document: Any) -> None:
    answer = read(orjson.dumps(document, option=orjson.OPT_PASSTHROUGH_DATETIME), WANTED, 200)
    assert (answer.outcome == "ok") == bool(answer.values)
    for want in WANTED:
        value = answer.values.get(want.variable, EMPTY[want.type])
        assert isinstance(value, int if want.type == "number" else str)
