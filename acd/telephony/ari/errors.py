"""What Asterisk's refusals are called here. Decides the mapping from ARI status codes; knows no transport.

ARI answers 404 for a channel, bridge, playback or recording that is gone, 409 for one in the wrong state (not in
Stasis, id taken, call claimed by somebody else), 400/403/422 for what it will not do, 5xx when it failed itself.
"""

from __future__ import annotations

import orjson

from acd.domain.errors import ChannelGone, TelephonyError


class AriRefused(TelephonyError):  # noqa: N818 - the house names errors by what happened
    """Asterisk answered with a status above 399; ``status`` is that HTTP status code."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class AriConflict(AriRefused):
    """409: the id is taken, the channel is not in Stasis, or another application claimed the call first."""


class AriFailed(AriRefused):
    """5xx: Asterisk tried and failed, or could not allocate what the request needs."""


def _explanation(raw: str | None) -> str:
    try:
        found = orjson.loads(raw or "null")
    except orjson.JSONDecodeError:
        return ""
    return str(found.get("message") or found.get("error") or "") if isinstance(found, dict) else ""


def error_for(status: int, what: str, reason: str, raw: str | None = None) -> TelephonyError | None:
    """Return the error for an ARI status code, or None when the code says success.

    Args:
        status: HTTP status code as ARI gave it.
        what: method and path, never the query (it may hold a caller's number).
        reason: the status in words.
        raw: the answer, ``{"message": …}`` as a rule, which says more.
    """
    if status < 400:  # noqa: PLR2004 - HTTP: 4xx and 5xx are the errors
        return None
    message = f"{what}: {status} {_explanation(raw) or reason}".rstrip()
    if status == 404:  # noqa: PLR2004 - HTTP Not Found
        return ChannelGone(message)
    if status == 409:  # noqa: PLR2004 - HTTP Conflict
        return AriConflict(message, status)
    if status >= 500:  # noqa: PLR2004 - HTTP: 5xx is the server's fault
        return AriFailed(message, status)
    return AriRefused(message, status)
