"""Opaque cursors: where a page of records ended, in a form that goes into a URL."""

from __future__ import annotations

import base64
import binascii
from math import isfinite

import orjson

LONGEST = 1000


def encode_cursor(ended_at: float, contact_id: str) -> str:
    """Make the cursor of a page whose last record is this one."""
    return base64.urlsafe_b64encode(orjson.dumps([ended_at, contact_id])).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[float, str]:
    """Read a cursor. Raises ``ValueError`` for anything ``encode_cursor`` did not make."""
    padded = cursor[:LONGEST] + "=" * (-len(cursor) % 4)
    try:
        value = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise ValueError("not a cursor of ours") from error
    match value:
        case [float() as ended_at, str() as contact_id] if isfinite(ended_at):
            return ended_at, contact_id
        case _:
            raise ValueError("not a cursor of ours")
