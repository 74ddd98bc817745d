"""What the web room is given by ``acd.app``; it constructs nothing of this itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from acd.domain.gaps import Gap
from acd.domain.ids import (
    AgentId,
    ContactId,
    Language,
    PromptKey,
    QueueId,
    RecordingName,
    VoicemailId,
)
from acd.domain.orders import Order
from acd.domain.plan import (
    AgentAction,
)
from acd.domain.voicemail import Marking
from acd.engine.view_shapes import EngineView
from acd.ports import Records
from acd.runtime.reloading import Loading
from acd.web.auth import ApiToken
from acd.web.media import MediaShelf
from acd.web.readiness import Readiness


class RequestAgent(Protocol):
    """Ask for something for an agent: done, or refused with words for a person."""

    def __call__(
        self, agent_id: AgentId, action: AgentAction, reason: str = "", *, seconds: float = 0.0, disposition: str = ""
    ) -> Awaitable[tuple[bool, str]]:
        """``reason`` is a pause's, ``seconds`` are more of wrap-up, ``disposition`` is how a contact went."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """What the configuration in force knows by name."""

    pause_reasons: tuple[str, ...] = ()
    languages: tuple[Language, ...] = ()
    """Those callers can choose, the first is spoken to who chose none."""
    prompts: frozenset[PromptKey] = frozenset()
    """What can be said to callers."""
    tokens: tuple[ApiToken, ...] = ()


@dataclass(frozen=True, slots=True)
class WebDeps:
    """The callables the web room lives on."""

    view: Callable[[], EngineView | None]
    """Everything at this moment; None before a plan is loaded."""
    records: Records
    request_agent: RequestAgent
    request_callback: Callable[
        [str, QueueId, Language | None, float | None, float | None], Awaitable[tuple[ContactId | None, str]]
    ]
    """(number, queue, language, not before, not after) -> the contact, or None and words for a person."""
    cancel_callback: Callable[[ContactId], Awaitable[tuple[bool, str]]]
    """contact -> done, or refused with words for a person."""
    order: Callable[[Order, str, str | None], Awaitable[tuple[bool, str]]]
    """(order, the supervisor's name, request id) -> done, or refused with words for a person."""
    mark_voicemail: Callable[[VoicemailId, QueueId, Marking, str], Awaitable[bool]]
    """(message, its queue, heard or done, the token's name) -> whether that was noted."""
    serves: Callable[[AgentId, QueueId], bool]
    """Whether an agent serves a queue."""
    recording_file: Callable[[RecordingName], Path | None]
    """Where the file of a recording is, if it may be read."""
    metrics: Callable[[str], tuple[bytes, str]]
    """Accept header -> body and content type of ``/metrics``."""
    durable: Callable[[], Awaitable[None]]
    """Returns when all that was decided so far outlives a crash, or when it is clear that the disk refuses."""
    ready: Callable[[], Readiness]
    active: Callable[[], bool]
    """Whether this engine is surely the one that serves calls; another one has the answers if not."""
    words: Callable[[], Words]
    """What the configuration in force knows by name."""
    loading: Callable[[], Loading]
    """Which configuration is in force, and what became of the latest attempt to change it."""
    reload: Callable[[], Awaitable[Loading]]
    """Read the configuration anew."""
    drain: Callable[[bool, str], None]
    """(on, the supervisor's name): take no calls and hand over who waits, or go back to normal."""
    gaps: Callable[[float | None, float | None], tuple[Gap, ...]] = lambda _since, _until: ()
    """(since, until) -> when not everything was seen."""
    media: MediaShelf | None = None
    """Sound files that Asterisk fetches; None: it sees them itself."""
