"""Expressions evaluated: values, bounds, and errors that say nothing of what was read."""

from __future__ import annotations

import pytest

from acd.domain.errors import ExpressionError
from acd.domain.flow_values import Expression, Value, VariableType
from acd.settings.expressions import Checker, evaluate
from acd.settings.expressions.language import MAX_TEXT

TYPES: dict[str, VariableType] = {"s": "text", "n": "number", "b": "boolean", "q.w": "number"}
CHECKER = Checker(TYPES)


def made(source: str, wanted: VariableType | None = None) -> Expression:
    found = CHECKER.expression(source, wanted)
    assert isinstance(found, Expression), found
    return found


@pytest.mark.parametrize(
    ("source", "names", "value"),
    [
        ("n + 1", {"n": 2}, 3),
        ("7 / 2", {}, 3),
        ("-7 / 2", {}, -3),
        ("-7 % 2", {}, -1),
        ("s + 'b'", {"s": "a"}, "ab"),
        ("s.size()", {"s": "é😀"}, 2),
        ("b ? s : 'no'", {"b": False, "s": "yes"}, "no"),
        ("q.w > 5 && s != ''", {"q.w": 6, "s": "1"}, True),
        ("b || 1 / n > 0", {"b": True, "n": 0}, True),
        ("1 / n > 0 || b", {"b": True, "n": 0}, True),
        ("n in [1, 2]", {"n": 2}, True),
        ("int(s)", {"s": "0217"}, 217),
        ("string(n)", {"n": -5}, "-5"),
        ("string(b)", {"b": True}, "true"),
        ("s.substring(1, 3)", {"s": "12345"}, "23"),
        ("s.indexOf('x')", {"s": "12345"}, -1),
        ("days(s, '2026-03-01')", {"s": "2026-02-27"}, 2),
        ("n", {"n": 3.0}, 3),
    ],
)
def test_values(source: str, names: dict[str, Value], value: Value) -> None:
    found = evaluate(made(source), names.__getitem__)
    assert (found, type(found)) == (value, type(value))


def test_only_what_an_expression_reads_is_looked_at() -> None:
    asked: list[str] = []

    def value_of(name: str) -> Value:
        asked.append(name)
        return 1

    evaluate(made("n + q.w"), value_of)
    assert sorted(asked) == ["n", "q.w"]


LONG = "x" * (MAX_TEXT + 1)


@pytest.mark.parametrize(
    ("source", "wanted", "names", "reason"),
    [
        ("1 / n", None, {"n": 0}, "divides by zero"),
        ("1 % n", None, {"n": 0}, "divides by zero"),
        ("n * n", None, {"n": 2**62}, "a number grows over 64 bits"),
        ("n", None, {"n": 2**70}, "'n' has more than 64 bits"),
        ("int(s)", None, {"s": "secret"}, "text is no number"),
        ("days(s, s)", None, {"s": "secret"}, "text is no date"),
        ("s.substring(5)", None, {"s": "abc"}, "cannot be evaluated"),
        ("s", "digits", {"s": "12a"}, "its value is no digits"),
        ("s", "digits", {"s": "١٢"}, "its value is no digits"),
        ("s", "date", {"s": "2026-02-30"}, "its value is no date"),
        ("s", "time", {"s": "9:00"}, "its value is no time"),
        ("n", None, {}, "'n' is not there"),
        ("n", None, {"n": 1.5}, "'n' is no number"),
        ("n", None, {"n": float("inf")}, "'n' is no number"),
        ("n", None, {"n": "secret"}, "'n' is no number"),
        ("n", None, {"n": True}, "'n' is no number"),
        ("b", None, {"b": 1}, "'b' is no boolean"),
        ("s", None, {"s": 1}, "'s' is no text"),
        ("s", None, {"s": LONG}, f"'s' is longer than {MAX_TEXT} characters"),
        ("s + s", None, {"s": LONG[:-1]}, f"its text is longer than {MAX_TEXT} characters"),
        ("s", None, {"s": "\ud800"}, "cannot be evaluated"),
    ],
)
def test_no_value_is_an_error_that_shows_nothing_it_read(
    source: str, wanted: VariableType | None, names: dict[str, Value], reason: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(made(source, wanted), names.__getitem__)
    assert str(caught.value) == reason


def test_a_value_that_no_checker_let_through_is_an_error() -> None:
    with pytest.raises(ExpressionError, match="no text, number or boolean"):
        evaluate(Expression("[1]", "number"), dict[str, Value]().__getitem__)
    with pytest.raises(ExpressionError, match="cannot be evaluated"):
        evaluate(Expression("1 +", "number"), dict[str, Value]().__getitem__)
