"""Variables and functions of callers' channels that outlive the engine: dialplan and a next engine read them."""

from __future__ import annotations

TIMEOUT = "TIMEOUT(absolute)"
"""Dialplan function: seconds from now until the channel leaves for extension T; 0: never."""
ACCESS_CODE = "ACD_ACCESS_CODE"
"""The number dialled; set by the dialplan."""
FALLBACK_QUEUE = "ACD_FALLBACK_QUEUE"
"""Asterisk's queue for the caller without an engine; set by the dialplan."""
KNOWN = "ACD_KNOWN"
"""1: an engine makes the record of this call, whatever happens; else the dialplan remembers how the call ended."""
WAITING_SINCE = "ACD_WAITING_SINCE"
"""When the caller began to wait, seconds since the epoch; empty for one who does not wait in a queue of the engine."""
WAITING_QUEUE = "ACD_WAITING_QUEUE"
"""The queue of the engine in which the caller waits; likewise."""
PLACE = "QUEUE_PRIO"
"""What ``Queue()`` sorts its callers by, the highest first; who never waited with the engine has none, which is 0."""
