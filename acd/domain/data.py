"""Questions to other systems over HTTP, and what comes back, in the form both the engine and the client know.

A question is complete when it leaves the engine, but for its secrets: those are named, and only the client has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Scalar: TypeAlias = str | int | float | bool
"""What a variable of a flow can be set to by an answer."""
Method: TypeAlias = Literal["GET", "POST", "PUT"]
DataType: TypeAlias = Literal["text", "digits", "number", "boolean", "date", "time"]
"""A flow's types of variables. Dates and times are ISO 8601 text (``2026-08-17``, ``14:30``), numbers whole."""
DataOutcome: TypeAlias = Literal["ok", "not_found", "invalid", "timeout", "failed"]
"""``not_found``: 404, 410, or a required value is missing. ``invalid``: an answer that is none. ``failed``: no answer,
or a refusal."""
EMPTY: dict[DataType, Scalar] = {"text": "", "digits": "", "number": 0, "boolean": False, "date": "", "time": ""}
"""What a variable holds whose value is not in the answer."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header: ``text``, then the secret of that name if one is named."""

    name: str
    text: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. ``body`` is JSON text; ``idempotent`` says that asking twice does no harm."""

    method: Method
    url: str
    headers: tuple[Header, ...] = ()
    body: str | None = None
    idempotent: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value of the answer: its place (JSONPath, RFC 9535) and the variable it goes to."""

    variable: str
    path: str
    type: DataType = "text"
    required: bool = True
