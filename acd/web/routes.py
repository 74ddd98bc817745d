"""The route registry: one entry says how a resource is reached, who may, what goes in, what comes out.

The same entries make the aiohttp routes and the OpenAPI document, so the two cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from acd.web.auth import ApiToken, Role
from acd.web.deps import WebDeps
from acd.web.inputs import NoQuery

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, checked: parameters of the path, the query and the body as their models, and who asks."""

    deps: WebDeps
    token: ApiToken | None
    path: dict[str, str]
    query: Any
    body: Any
    accept: str


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is not JSON of ours."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer with a status other than 200."""

    value: object
    status: int


Handler: TypeAlias = Callable[[Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Route:
    """One resource and method. ``role`` None: open to all. ``answer`` is the type of the 200 response."""

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    summary: str
    tag: str
    answer: Any
    role: Role | None = "viewer"
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    errors: tuple[int, ...] = ()
    """Statuses of problems beside those every route has."""
    media_type: str = "application/json"
    also: tuple[int, ...] = ()
    """Statuses other than 200 that carry ``answer`` too."""

    @property
    def parameters(self) -> list[str]:
        """Names in the path."""
        return _PARAMETER.findall(self.path)

    @property
    def operation_id(self) -> str:
        """A name that is unique in the document."""
        words = re.sub(r"[^a-z0-9]+", "_", self.path.removeprefix("/api/v1").lower()).strip("_")
        return f"{self.method.lower()}_{words}"
