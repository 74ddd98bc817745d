"""Evaluates checked expressions, within bounds, and says nothing of values when that fails.

The same expression over the same values gives the same result on every machine: text, whole numbers of 64 bits and
booleans only. A source is compiled once and kept. Must not know where values come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache, partial

from cel_expr_python import cel

from acd.domain.errors import ExpressionError
from acd.domain.flow_values import Expression, Reads, Value, VariableType
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
    (NO_DATE, NO_DATE),
    ("regular expression", "is no regular expression"),
)


_LEAST, _MOST = -(2**63), 2**63 - 1
_PYTHON: Mapping[VariableType, type] = {"number": int, "boolean": bool}
"""Of a name's value; text has all the others."""


@cache
def _plain_environment() -> cel.Env:
    return environment({})


@lru_cache(maxsize=4096)
def _compiled(expression: Expression) -> cel.Expression:
    """Compile; what is kept belongs to one environment of no names, for each environment takes some 100 KB."""
    checked = environment({read.name: read.type for read in expression.reads}).compile(expression.source)
    return _plain_environment().deserialize(checked.serialize())


def ready(expression: Expression) -> Expression:
    """Compile a checked expression, so that its first evaluation takes no longer than others."""
    _compiled(expression)
    return expression


def evaluate(expression: Expression, find: Callable[[str], Value]) -> Value:
    """Find the value of a checked expression.

    Args:
        expression: what a ``Checker`` gave.
        find: gives the value of a name; asked for those names only that are read. Raises ``KeyError``.

    Raises:
        ExpressionError: there is no value; the message says why and holds nothing that was read.
    """
    data = {read.name: _readable(find, read) for read in expression.reads}
    try:
        found = _compiled(expression).eval(data=data)
        failed, value = found.type() == cel.Type.ERROR, found.value()
    except Exception:  # noqa: BLE001 - pybind11 maps the library's errors to several of Python's
        raise ExpressionError("cannot be evaluated") from None  # what the library says may hold a value
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


def _readable(find: Callable[[str], Value], read: Reads) -> Value:
    name = read.name
    try:
        value = find(name)
    except KeyError:
        raise ExpressionError(f"'{name}' is not there") from None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not _PYTHON.get(read.type, str):
        raise ExpressionError(f"'{name}' is no {read.type if read.type in _PYTHON else 'text'}")
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise ExpressionError(f"'{name}' has more than 64 bits")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ExpressionError(f"'{name}' is longer than {MAX_TEXT} characters")
    return value


def _is_date(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text) is not None
    except ValueError:
        return False
