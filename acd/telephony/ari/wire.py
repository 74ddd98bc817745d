"""The bytes of ARI's REST over WebSocket, and which Asterisk speaks it. Decides no order and does no I/O.

Format: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-REST-Interface-ARI/ARI-REST-over-WebSocket
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_FRAME_BYTES = 65535
"""Asterisk drops the connection over longer incoming frames (AST_WEBSOCKET_MAX_RX_PAYLOAD_SIZE)."""

_FIRST_MINOR_WITH_REST = {20: 14, 21: 9, 22: 4}
_VERSION = re.compile(r"(\d+)\.(\d+)")


def encode_request(
    request_id: str, method: str, path: str, params: Mapping[str, str] | None, body: Mapping[str, Any] | None
) -> bytes:
    """Return a RESTRequest message. The query goes as ``query_strings``, which Asterisk does not decode again."""
    message: dict[str, Any] = {
        "type": "RESTRequest",
        "request_id": request_id,
        "method": method,
        "uri": path.lstrip("/"),
    }
    if params:
        message["query_strings"] = [{"name": name, "value": value} for name, value in params.items()]
    if body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = orjson.dumps(body).decode()
    return orjson.dumps(message)


def encode_query(params: Mapping[str, str] | None) -> str:
    """Return ``?name=value…`` for an HTTP request, or nothing."""
    return "?" + urlencode(params, quote_via=quote, safe="") if params else ""


def speaks_rest_over_websocket(version: str) -> bool:
    """Tell by the version of ``/asterisk/info``; a version that cannot be read counts as no."""
    found = _VERSION.search(version)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (
        minor >= _FIRST_MINOR_WITH_REST[major]
        if major in _FIRST_MINOR_WITH_REST
        else major > max(_FIRST_MINOR_WITH_REST)
    )
