"""The values the ARI link is made of: its settings, its states, requests and their results.

Decides nothing and does no I/O; must not know aiohttp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import orjson

from acd.telephony.silence import longest_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.domain.errors import TelephonyError


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]+").fullmatch


class AriState(StrEnum):
    """Where the link stands. Only ``UP`` accepts commands."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"
    REPLACED = "replaced"
    """Another process connected with our application's name and Asterisk gave the application to it."""


class RestBy(StrEnum):
    """How commands travel."""

    AUTO = "auto"
    """Over the WebSocket where Asterisk can (20.14, 21.9, 22.4 and later), else over HTTP."""
    WEBSOCKET = "websocket"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class AriConfig:
    """How to reach Asterisk's REST interface. Times are seconds."""

    base_url: str
    """As in ``http://127.0.0.1:8088/ari``."""
    username: str
    password: str = field(repr=False)
    app: str = "acd"
    request_timeout_s: float = 5.0
    """Shortest time an answer is waited for; the longest is a quarter more."""
    connect_timeout_s: float = 2.0
    quiet_s: float = 1.0
    """A socket silent for this long is pinged."""
    pong_limit_s: float = 2.0
    """Silent for this long after the ping, it counts as dead."""
    rest_by: RestBy = RestBy.AUTO
    http_lanes: int = 8
    """With commands over HTTP: how many may run at once; commands with the same key never do."""
    backoff_max_s: float = 1.0
    """Longest pause between two attempts to connect."""
    ignored_events: tuple[str, ...] = (
        "ChannelVarset",
        "ChannelConnectedLine",
        "ChannelDialplan",
        "ChannelCallerId",
        "Dial",
    )
    """Event types Asterisk shall not send: most of a call's events are variables of its media statistics."""
    replaced_probe_s: float = 2.0
    """After being replaced: how often to look whether the application is free again."""
    replaced_patience_s: float = 60.0
    """After being replaced: when to take the application back all the same; doubles each time it happens again."""
    system_name: str = ""
    """Of several Asterisks, what this one calls itself (``systemname``): another one is not connected to."""
    max_message_bytes: int = 64 * 1024 * 1024
    """Largest WebSocket message taken: a list of thousands of channels is one message."""

    @property
    def unseen_s(self) -> float:
        """For how long nothing may have been heard when the link is told to be down."""
        return longest_s(self.quiet_s, self.pong_limit_s)


class AriRequest(NamedTuple):
    """One REST request. ``path`` is percent-encoded below ``/ari``; ``params`` are raw and get encoded on the way."""

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class AriResult:
    """What came of a command. ``status`` is 0 when no answer arrived; ``raw`` is the answer's JSON text, if any."""

    status: int
    raw: str | None = None
    error: TelephonyError | None = None

    @property
    def ok(self) -> bool:
        """Whether Asterisk did it."""
        return self.error is None

    @property
    def body(self) -> Any:
        """The answer, parsed anew at each access; most commands' answers are never looked at."""
        return None if not self.raw else orjson.loads(self.raw)


@dataclass(frozen=True, slots=True)
class AsteriskInfo:
    """Which Asterisk we talk to. A changed ``startup_time`` tells a restart."""

    version: str
    startup_time: str
    entity_id: str = ""
    system_name: str = ""


def path_of(*segments: str) -> str:
    """Return the path below ``/ari`` of these segments, each percent-encoded."""
    return "/" + "/".join([segment if _PLAIN(segment) else quote(segment, safe="") for segment in segments])
