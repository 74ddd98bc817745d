"""A caller is seen the moment the channel is made."""

from __future__ import annotations

import pytest

from acd.telephony.ami.newcomers import Newcomer, glance


def newchannel(uniqueid: str = "1.0", state: str = "4", context: str = "acd-from-trunk", number: str = "0811") -> bytes:
    lines = [
        "Event: Newchannel",
        "Privilege: call,all",
        f"Channel: PJSIP/gw1-{uniqueid}",
        f"ChannelState: {state}",
        f"CallerIDNum: {number}",
        f"Context: {context}",
        "Exten: 169",
        f"Uniqueid: {uniqueid}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def seen(data: bytes) -> list[Newcomer]:
    found: list[Newcomer] = []
    glance("acd-from-trunk", found.append)(data)
    return found


def test_a_callers_channel_is_seen_with_all_the_engine_needs() -> None:
    assert seen(newchannel()) == [Newcomer("1.0", "PJSIP/gw1-1.0", "169", "0811")]


def test_every_caller_in_what_arrived_is_seen_among_other_events() -> None:
    other = b"Event: Hangup\r\nContext: acd-from-trunk\r\n\r\n"
    data = other + newchannel("1.0") + other + newchannel("2.0")
    assert [one.uniqueid for one in seen(data)] == ["1.0", "2.0"]


@pytest.mark.parametrize(
    "data",
    [
        newchannel(context="acd-from-agents"),
        newchannel(context="acd-from-trunk-2"),
        newchannel(state="0"),
        newchannel()[:-1],
        newchannel()[10:],
        b"",
    ],
)
def test_what_is_no_whole_frame_about_a_caller_is_passed_over(data: bytes) -> None:
    assert seen(data) == []


def test_a_hidden_number_is_empty() -> None:
    assert seen(newchannel(number="<unknown>"))[0].caller == ""
