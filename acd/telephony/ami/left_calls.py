"""Calls that began and ended while nobody was there to see it: the dialplan writes each into Asterisk's own database.

Decides how such an entry is read and when it is of no more use. Must not know the link. The other half stands in
``asterisk/include/acd_extensions.conf``, where the entry is written: when a caller comes to the fallback, without an
end, and when the call ends, unless an engine had it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from acd.telephony.ami.facts import UnroutedCall
from acd.telephony.ami.messages import AmiEvent

FAMILY = "acd-left"
"""Where they are in Asterisk's database."""
_FIELDS = 8


class LeftCalls:
    """Reads entries; remembers which were told, so that they can be deleted once what they told is durable."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def read(self, entries: Iterable[AmiEvent], channels: Collection[str], now: float) -> list[UnroutedCall]:
        """Give the calls not told yet, in the order of their ends. ``channels`` exist: their calls are not over.

        An entry without an end and without a channel is of a call that Asterisk did not live to see the end of.
        """
        calls = []
        for entry in entries:
            uniqueid = entry.get("Key").rpartition("/")[2]
            if uniqueid in self._told or uniqueid in channels:
                continue
            call = _call(uniqueid, entry.get("Val").split(",", _FIELDS - 1), now)
            self._told.add(uniqueid)
            if call is not None:
                calls.append(call)
        return sorted(calls, key=lambda call: (call.ended_at, call.started_at, call.uniqueid))

    def doubtful(self, entries: Iterable[AmiEvent], channels: Collection[str]) -> set[str]:
        """Give the keys of entries without an end whose channels were not listed a moment later: read them again.

        What ended between the two looks has its end by now. One that has none still did not live to see it.
        """
        keys = {entry.get("Key") for entry in entries if entry.get("Val").startswith(",")}
        return {key for key in keys if key.rpartition("/")[2] not in channels}

    def needless(self, entries: Iterable[AmiEvent]) -> list[str]:
        """Give the keys of entries told before: to be asked before ``read``, so that a look lies in between."""
        return [key for entry in entries if (key := entry.get("Key").rpartition("/")[2]) in self._told]

    def deleted(self, key: str) -> None:
        """Forget an entry that is no more."""
        self._told.discard(key)


def _call(uniqueid: str, fields: list[str], now: float) -> UnroutedCall | None:
    """Make a call of an entry; None for one that nobody of us wrote."""
    if len(fields) != _FIELDS:
        return None
    ended, fallback, held, agent, cause, exten, channel, caller = fields
    if not exten or not channel:
        return None
    fallback_at = _whole(fallback)
    began = _whole(uniqueid.rpartition("-")[2].partition(".")[0])  # [system name-]epoch.serial
    ended_at = _whole(ended) or now
    return UnroutedCall(
        uniqueid=uniqueid,
        linkedid=uniqueid,
        channel=channel,
        exten=exten,
        caller=caller,
        started_at=began or fallback_at or ended_at,
        ended_at=ended_at,
        cause=int(_whole(cause) or 0),
        cause_text="",
        sip_code=None,
        fallback_at=fallback_at,
        queue="",
        answered_at=None if not agent or fallback_at is None else min(ended_at, fallback_at + (_whole(held) or 0)),
        agent=agent,
        left_engine=False,
    )


def _whole(text: str) -> float | None:
    """Read a whole number; None for anything else, and for what is too long to be one of ours."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None  # noqa: PLR2004 - seconds
