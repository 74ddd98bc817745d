"""Evaluates checked expressions, within bounds, and says nothing of values when that fails.

The same expression over the same values gives the same result on every machine: text, whole numbers of 64 bits and
booleans only. A source is compiled once and kept. Must not know where values come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial

from cel_expr_python import cel

from acd.domain.errors import ExpressionError
from acd.domain.flow import Expression, Value, VariableType
from acd.engine.ivr import Walk
from acd.engine.ivr.names import value_of
from acd.settings.expressions.language import MAX_TEXT, NO_DATE, environment

_FORMS: Mapping[VariableType, re.Pattern[str]] = {
    "digits": re.compile(r"[0-9]*"),
    "date": re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?"),
    "time": re.compile(r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?"),
}
_REASONS = (
    ("divide by zero", "divides by zero"),
    ("modulus by zero", "divides by zero"),
    ("overflow", "a number grows over 64 bits"),
    ("cannot convert", "text is no number"),
    ("too big", "a number of more than 64 bits is read"),
    (NO_DATE, NO_DATE),
    ("regular expression", "is no regular expression"),
)


@lru_cache(maxsize=4096)
def _compiled(expression: Expression) -> cel.Expression:
    return environment({read.name: read.type for read in expression.reads}).compile(expression.source)


def evaluate(expression: Expression, find: Callable[[str], Value]) -> Value:
    """Find the value of a checked expression.

    Args:
        expression: what a ``Checker`` gave.
        find: gives the value of a name; asked for those names only that are read. Raises ``KeyError``.

    Raises:
        ExpressionError: there is no value; the message says why and holds nothing that was read.
    """
    data = {read.name: _readable(find, read.name) for read in expression.reads}
    try:
        found = _compiled(expression).eval(data=data)
        failed, value = found.type() == cel.Type.ERROR, found.value()
    except Exception as error:  # pybind11 maps the library's errors to several of Python's
        raise ExpressionError("cannot be evaluated") from error
    if failed:
        raise ExpressionError(next((said for sign, said in _REASONS if sign in str(value)), "cannot be evaluated"))
    if not isinstance(value, str):
        return _plain(value)
    if len(value) > MAX_TEXT:
        raise ExpressionError(f"its text is longer than {MAX_TEXT} characters")
    form = _FORMS.get(expression.type)
    if form is not None and (form.fullmatch(value) is None or (expression.type == "date" and not _is_date(value))):
        raise ExpressionError(f"its value is no {expression.type}")
    return value


def evaluate_in_flow(expression: Expression, walk: Walk) -> Value:
    """Find the value of a checked expression on a caller's way through a flow: the engine's ``Evaluator``."""
    return evaluate(expression, partial(value_of, walk))


def _plain(value: object) -> Value:
    if isinstance(value, bool | int):
        return value
    raise ExpressionError("its value is no text, number or boolean")


def _readable(find: Callable[[str], Value], name: str) -> Value:
    try:
        value = find(name)
    except KeyError:
        raise ExpressionError(f"'{name}' is not there") from None
    if isinstance(value, float):
        if not value.is_integer():
            raise ExpressionError(f"'{name}' is no whole number")
        return int(value)
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ExpressionError(f"'{name}' is longer than {MAX_TEXT} characters")
    return value


def _is_date(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text) is not None
    except ValueError:
        return False
