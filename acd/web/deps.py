"""What the web room is given by ``acd.app``; it constructs nothing of this itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from acd.domain.ids import AgentId
from acd.engine.views import EngineView
from acd.ports import Records
from acd.web.auth import ApiToken
from acd.web.readiness import Readiness

AgentAction: TypeAlias = Literal["login", "logout", "ready", "pause", "end_wrap_up"]


@dataclass(frozen=True, slots=True)
class WebDeps:
    """The callables the web room lives on."""

    view: Callable[[], EngineView | None]
    """Everything at this moment; None before a plan is loaded."""
    records: Records
    request_agent: Callable[[AgentId, AgentAction, str], Awaitable[tuple[bool, str]]]
    """(agent, action, pause reason) -> done, or refused with words for a person."""
    metrics: Callable[[str], tuple[bytes, str]]
    """Accept header -> body and content type of ``/metrics``."""
    ready: Callable[[], Readiness]
    pause_reasons: tuple[str, ...]
    """The reasons the deployment knows."""
    tokens: tuple[ApiToken, ...] = ()
