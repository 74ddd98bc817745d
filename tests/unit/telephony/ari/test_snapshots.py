from __future__ import annotations

from acd.telephony.ari import BridgeSnapshot, ChannelSnapshot, channel_snapshot
from acd.telephony.ari.snapshots import bridge_snapshot


def test_a_channel_is_read_as_asterisk_writes_it() -> None:
    found = {
        "id": "1795364772.11082",
        "name": "PJSIP/trunk1-00002b4a",
        "state": "Ring",
        "caller": {"name": "", "number": "0217001234"},
        "dialplan": {
            "context": "acd-from-trunk",
            "exten": "169",
            "priority": 1,
            "app_name": "StasisBroadcast",
            "app_data": "500,^acd$",
        },
        "creationtime": "2026-11-22T16:26:12.216+0000",
        "language": "en",
        "channelvars": {"B": "2", "A": "1"},
    }
    assert channel_snapshot(found, {"1795364772.11082"}) == ChannelSnapshot(
        id="1795364772.11082",
        name="PJSIP/trunk1-00002b4a",
        state="Ring",
        exten="169",
        context="acd-from-trunk",
        caller_number="0217001234",
        creation_time="2026-11-22T16:26:12.216+0000",
        app_name="StasisBroadcast",
        app_data="500,^acd$",
        in_app=True,
        variables=(("A", "1"), ("B", "2")),
    )


def test_missing_parts_are_empty_and_an_unnamed_channel_is_not_ours() -> None:
    assert channel_snapshot({"id": "1"}, ()) == ChannelSnapshot("1", "", "", "", "", "", "", "", "", in_app=False)
    assert bridge_snapshot({"id": "b"}) == BridgeSnapshot("b", "", "", "", "", ())
