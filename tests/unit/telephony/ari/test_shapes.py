"""An event is understood as a whole or not at all, and it is told which field it lacks."""

from __future__ import annotations

from typing import Any

import pytest

from acd.telephony.ari.shapes import fault

CHANNEL = {
    "id": "1", "name": "PJSIP/gw1-1", "state": "Up",
    "caller": {"name": "", "number": ""}, "dialplan": {"context": "acd-from-trunk", "exten": "169"},
}  # fmt: skip
GOOD: list[dict[str, Any]] = [
    {"type": "StasisStart", "channel": CHANNEL},
    {"type": "CallBroadcast", "channel": CHANNEL},
    {"type": "ChannelDestroyed", "channel": {"id": "1"}, "cause": 16},
    {"type": "ChannelDestroyed", "channel": {"id": "1"}, "cause": 16, "tech_cause": 487},
    {"type": "ChannelHangupRequest", "channel": {"id": "1"}, "soft": True},
    {"type": "ChannelDtmfReceived", "channel": {"id": "1"}, "digit": "#"},
    {"type": "PlaybackFinished", "playback": {"id": "p", "state": "done"}},
    {"type": "RecordingFinished", "recording": {"name": "r", "duration": 3}},
    {"type": "RecordingFailed", "recording": {"name": "r"}},
    {"type": "PeerStatusChange", "peer": None},
]


@pytest.mark.parametrize("event", GOOD, ids=lambda event: event["type"])
def test_what_holds_everything_relied_on_is_understood(event: dict[str, Any]) -> None:
    assert fault(event) is None


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "type"),
        ({"type": 5}, "type"),
        ({"type": "StasisStart"}, "channel.id"),
        ({"type": "StasisStart", "channel": [CHANNEL]}, "channel.id"),
        ({"type": "StasisStart", "channel": {**CHANNEL, "id": ""}}, "channel.id"),
        ({"type": "StasisStart", "channel": {**CHANNEL, "caller": {"number": None}}}, "channel.caller.number"),
        ({"type": "StasisStart", "channel": {**CHANNEL, "dialplan": None}}, "channel.dialplan.context"),
        ({"type": "ChannelDestroyed", "channel": {"id": "1"}}, "cause"),
        ({"type": "ChannelDestroyed", "channel": {"id": "1"}, "cause": "16"}, "cause"),
        ({"type": "ChannelDestroyed", "channel": {"id": "1"}, "cause": 1 << 40}, "cause"),
        ({"type": "ChannelDestroyed", "channel": {"id": "1"}, "cause": True}, "cause"),
        ({"type": "ChannelHangupRequest", "channel": {"id": "1"}, "tech_cause": {}}, "tech_cause"),
        ({"type": "ChannelDtmfReceived", "channel": {"id": "1"}, "digit": 5}, "digit"),
        ({"type": "PlaybackFinished", "playback": {"id": "p", "state": "", "target_uri": 1}}, "playback.target_uri"),
        ({"type": "RecordingFinished", "recording": {"name": "r", "duration": "3"}}, "recording.duration"),
        ({"type": "RecordingFinished", "recording": {"name": "r", "duration": float("nan")}}, "recording.duration"),
    ],
)  # fmt: skip
def test_what_lacks_something_is_refused_with_the_field(event: dict[str, Any], field: str) -> None:
    assert fault(event) == field
