"""Nodes that ask tables and other systems, or tell them something.

Values of the plan; nothing decides here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acd.domain.data import Method, Wanted
from acd.domain.flow_values import Assignment, Expression, Template, Value
from acd.domain.ids import NodeId, PromptKey


@dataclass(frozen=True, slots=True)
class Result:
    """A variable and the column of the table it takes its value from."""

    variable: str
    column: str


@dataclass(frozen=True, slots=True)
class LookupNode:
    """Find the row of a table whose first column equals ``key`` and keep some of it."""

    id: NodeId
    table: str
    key: Expression
    results: tuple[Result, ...]
    next: NodeId
    missing: NodeId
    error: NodeId | None = None
    kind: Literal["lookup"] = "lookup"


@dataclass(frozen=True, slots=True)
class HeaderTemplate:
    """A header: text, then the secret of that name if one is named."""

    name: str
    text: Template
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Filling:
    """A value of a JSON body: text made of a template, or the one expression's value as it is."""

    template: Template


@dataclass(frozen=True, slots=True)
class HttpNode:
    """Ask another system. The caller hears ``prompts`` to their end, then ``music``, until the answer leads on."""

    id: NodeId
    method: Method
    url: Template
    next: NodeId
    not_found: NodeId
    invalid: NodeId
    timed_out: NodeId
    failed: NodeId
    headers: tuple[HeaderTemplate, ...] = ()
    body: tuple[str | Filling, ...] | None = None
    """JSON text with values to fill in, in order."""
    idempotent: bool = True
    results: tuple[Wanted, ...] = ()
    timeout_s: float = 3.0
    retries: int = 1
    cache_s: float = 0.0
    cache_not_found_s: float = 0.0
    prompts: tuple[PromptKey, ...] = ()
    music: str | None = None
    error: NodeId | None = None
    kind: Literal["http"] = "http"


@dataclass(frozen=True, slots=True)
class EventNode:
    """Tell a webhook that something happened, with some values; the caller goes on at once."""

    id: NodeId
    webhook: str
    event: str
    next: NodeId
    values: tuple[Assignment, ...] = ()
    error: NodeId | None = None
    kind: Literal["event"] = "event"


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table for lookups: its columns after the first, and the rows by their first column, as values of variables."""

    columns: tuple[str, ...]
    rows: dict[str, tuple[Value, ...]]
