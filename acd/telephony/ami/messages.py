"""What crosses the AMI link, in this program's own words: settings, states, events, answers, refusals.

Decides which headers may be sent and how a frame looks to its reader. Must not know sockets, panoramisk or when to
connect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from acd.domain.errors import TelephonyError
from acd.telephony.silence import longest_s

MAX_LINE = 1022
"""Octets of a header line without its line end: Asterisk's reader throws longer lines away without an answer."""

_DIGITS = 9
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.()-]*")
_OURS = frozenset({"action", "actionid"})

HeaderValue = str | Sequence[str]


class AmiState(StrEnum):
    """Whether AMI can be used now."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"
    REFUSED = "refused"
    """Asterisk does not accept the user or the secret."""


class AmiRefused(TelephonyError):  # noqa: N818 - refusing is what it did
    """An action was refused: by Asterisk, or here because it could not be sent as meant. It has had no effect."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class AuthRefused(AmiRefused):
    """Asterisk does not accept the user or the secret of the link."""


@dataclass(frozen=True, slots=True)
class AmiConfig:
    """Where AMI is and how patient to be with it. Times in seconds."""

    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    tls: bool = False
    tls_ca: Path | None = None
    """Certificates to trust instead of the system's."""
    event_classes: str = "system,call,agent"
    """Which classes of events Asterisk may send at all (header ``Events`` of ``Login``)."""
    quiet_s: float = 1.0
    """Not an octet for this long, and a ``Ping`` is sent."""
    pong_limit_s: float = 2.0
    """Not an octet for this long after that, and the connection counts as dead, whatever TCP says. While a list is read
    it may take ``action_timeout_s``: Asterisk answers one thing after the other, and some lists it has to collect."""
    action_timeout_s: float = 5.0
    """Until the answer of an action, until the next entry of a list, until a connection is made."""
    boot_grace_s: float = 2.0
    """How long after the login to wait for ``FullyBooted``: it never comes to a user without the right ``system``."""
    reconnect_min_s: float = 0.5
    reconnect_max_s: float = 2.0
    system_name: str = ""
    """Of several Asterisks, which one this is."""
    refused_retry_s: float = 60.0
    """After a refused login in the middle of the work: the secret may come back with the next reload of Asterisk."""

    def __post_init__(self) -> None:
        check_headers("Login", {"Username": self.username, "Secret": self.secret, "Events": self.event_classes})

    @property
    def unseen_s(self) -> float:
        """For how long nothing may have been heard when the link is told to be down."""
        return longest_s(self.quiet_s, max(self.pong_limit_s, self.action_timeout_s))


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """One whole event frame. Header names as sent; the values of a repeated header stand in order, one per line."""

    name: str
    headers: Mapping[str, str] = field(repr=False)
    """Not shown: they hold callers' numbers."""
    heard_at: float = 0.0
    """When its bytes came, or those before it, by ``perf_counter``."""

    def get(self, header: str, default: str = "") -> str:
        """The value of a header, or ``default``."""
        return self.headers.get(header, default)

    def values(self, header: str) -> tuple[str, ...]:
        """Every value of a header that may be repeated (``ChanVariable``, ``Variable``)."""
        text = self.headers.get(header)
        return () if text is None else tuple(text.split("\n"))

    @property
    def failed(self) -> bool:
        """The event reports the failure of an action (``OriginateResponse`` with ``Response: Failure``)."""
        return self.headers.get("Response", "Success") != "Success"


@dataclass(frozen=True, slots=True)
class AmiResponse:
    """The answer to an action Asterisk carried out (a refused one raises instead)."""

    message: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def output(self) -> tuple[str, ...]:
        """The lines printed by ``Action: Command``."""
        text = self.headers.get("Output")
        return () if text is None else tuple(text.split("\n"))


def check_headers(action: str, headers: Mapping[str, HeaderValue]) -> dict[str, str | list[str]]:
    """The headers as they go out. Raises ``AmiRefused`` for what would reach Asterisk as something else.

    A line break in a value would start a header of the caller's choosing.
    """
    checked: dict[str, str | list[str]] = {}
    if not _NAME.fullmatch(action):
        raise AmiRefused("the name of the action is not a word")
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise AmiRefused(f"{action}: {name!r} cannot be the name of a header")
        values = [value] if isinstance(value, str) else list(value)
        for text in values:
            if any(c in text for c in "\r\n\0"):
                raise AmiRefused(f"{action}: the value of {name} holds a line break")
            try:
                length = len(f"{name}: {text}".encode())
            except UnicodeEncodeError as error:
                raise AmiRefused(f"{action}: the value of {name} is not text") from error
            if length > MAX_LINE:
                raise AmiRefused(f"{action}: the value of {name} is longer than Asterisk reads")
        checked[name] = values[0] if isinstance(value, str) else values
    return checked


def whole_number(text: str) -> int | None:
    """Read a number of at most nine digits; None: it is none, or one that no header of Asterisk's has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
