"""What an event must hold to be understood: Asterisk's own model says it always does, but nobody checks that there.

Decides which fields of which events are relied on. Must not know what is made of them. An event that lacks one is
refused as a whole, with the field's name: nothing half understood may come into the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_CODES: Final = range(-(2**31), 2**31)
"""Causes and codes are C's int."""
_ID: Final = ("channel", "id")
_CALLER: Final = (
    _ID,
    ("channel", "name"),
    ("channel", "caller", "number"),
    ("channel", "dialplan", "context"),
    ("channel", "dialplan", "exten"),
)
_TEXTS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "CallBroadcast": _CALLER,
    "StasisStart": _CALLER,
    "ChannelStateChange": (_ID, ("channel", "state")),
    "StasisEnd": (_ID,),
    "ChannelHangupRequest": (_ID,),
    "ChannelDestroyed": (_ID,),
    "ChannelDtmfReceived": (_ID, ("digit",)),
    "PlaybackFinished": (("playback", "id"), ("playback", "state")),
    "RecordingFinished": (("recording", "name"),),
    "RecordingFailed": (("recording", "name"),),
    "ChannelTalkingStarted": (_ID,),
}
"""Texts that must be there; ids are not empty."""
_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "ChannelHangupRequest": ("cause", "tech_cause"),
    "ChannelDestroyed": ("cause", "tech_cause"),
}
"""Numbers that may be there."""
_NEEDED: Final = {("ChannelDestroyed", "cause")}
_LONGEST_S: Final = 1e9


def fault(event: Mapping[str, Any]) -> str | None:
    """Name the field for which an event cannot be understood; None: it can, or nobody relies on any of it."""
    kind = event.get("type")
    if type(kind) is not str:
        return "type"
    for path in _TEXTS.get(kind, ()):
        value: Any = event
        for name in path:
            value = value.get(name) if type(value) is dict else None
        if type(value) is not str or (not value and path[-1] in ("id", "name")):
            return ".".join(path)
    for name in _NUMBERS.get(kind, ()):
        number = event.get(name)
        if (number is None and (kind, name) not in _NEEDED) or (type(number) is int and number in _CODES):
            continue
        return name
    if kind == "PlaybackFinished" and type(event["playback"].get("target_uri", "")) is not str:
        return "playback.target_uri"
    if kind.startswith("Recording") and kind in _TEXTS:
        seconds = event["recording"].get("duration")
        if seconds is not None and (type(seconds) not in (int, float) or not 0 <= seconds < _LONGEST_S):
            return "recording.duration"
    return None
