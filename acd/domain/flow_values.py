"""What flows count with: values of variables, expressions, and texts with expressions in them.

Values of the plan; nothing decides here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Value: TypeAlias = str | int | float | bool
"""What a variable can hold."""


VariableType: TypeAlias = Literal["text", "digits", "number", "boolean", "date", "time"]
"""Digits are text of digits alone; dates are ISO 8601 (2026-11-22), times HH:MM; numbers are whole, of 64 bits."""


@dataclass(frozen=True, slots=True)
class Reads:
    """A name that an expression reads, such as ``queue.q_lkpm.length``, and its type."""

    name: str
    type: VariableType


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as an operator wrote it, and the type of its value; checked when the plan was built."""

    source: str
    type: VariableType
    reads: tuple[Reads, ...] = ()
    """So that an expression stands for itself, in a journal too."""


@dataclass(frozen=True, slots=True)
class Template:
    """Text with expressions in it, in order."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable and what it is set to."""

    variable: str
    value: Expression
