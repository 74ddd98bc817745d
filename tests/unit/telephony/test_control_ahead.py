"""The short ways of a call: a phone rung by a channel made ahead, a caller answered without asking, a bridge later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from acd.domain.commands import AddToBridge, Answer, CreateBridge, HangUp, Originate, TelephonyCommand
from acd.domain.events import BridgeSeen, CallArrived, CommandFailed, Event, LegAnswered, LegEnded
from acd.domain.ids import BridgeId, ContactId, LegId
from acd.telephony.ari.values import AriConfig, AriState
from acd.telephony.control import AriControl
from acd.telephony.control_values import Manner
from acd.telephony.sounds import Sounds
from tests.fakes.ari_server import FakeAri
from tests.unit.telephony.test_control import NOW, PROMPTS, Desk, _Clock, broadcast, channel

C1, L1, B1 = ContactId("c1"), LegId("c1"), BridgeId("acd-b-c1")
LEG = LegId("acd-l-c1-1")
PHONE = "PJSIP/agent101"
CHANNEL, BRIDGE = "acd-l-ahead.f4240-1", "acd-b-ahead.f4240-1"
"""Of the first channel made ahead, by the era of ``NOW``."""
OFFER = Originate(C1, LEG, PHONE, "0811222333", 20.0, answers=L1)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    ari = FakeAri()
    await ari.start()
    made = Desk(ari, None)  # type: ignore[arg-type]
    made.control = AriControl(
        AriConfig(ari.base_url, ari.username, ari.password, request_timeout_s=0.3),
        _Clock(),
        made.events.append,
        lambda _state, _why: None,
        Sounds(lambda: PROMPTS),
        Manner("acd-from-agents", ahead_s=30.0),
    )
    await made.control.link.start()
    await ari.until(lambda: made.control.link.state is AriState.UP)
    yield made
    await made.control.close()
    await ari.stop()


async def paths(desk: Desk, count: int) -> list[str]:
    return [f"{method} {path}" for method, path, _, _ in await desk.requests(count)]


def at(kind: str, name: str, state: str = "Up", **more: Any) -> dict[str, Any]:
    return {"type": kind, "channel": channel(name, context="acd-from-agents", state=state), **more}


async def made_ahead(desk: Desk) -> None:
    """A channel to the phone waits."""
    desk.control.prepare([PHONE])
    await desk.requests(1)
    await desk.ari.emit(at("StasisStart", CHANNEL, "Down"))
    await desk.requests(3)
    desk.ari.seen.clear()
    assert desk.events == []


async def comes_in(desk: Desk, monkeypatch: pytest.MonkeyPatch, *answers: tuple[type[Event], list[Any]]) -> None:
    """A caller comes in; the engine does to each kind of event what is given."""
    told = dict(answers)

    def emit(event: Event) -> None:
        desk.events.append(event)
        for command in told.get(type(event), []):
            desk.control.execute(command)

    monkeypatch.setattr(desk.control, "_emit", emit)
    await desk.ari.emit(broadcast())
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    await desk.ari.until(lambda: "/applications/acd/subscription" in desk.ari.paths())  # the last of it


OFFERED: tuple[type[Event], list[TelephonyCommand]] = (CallArrived, [OFFER, CreateBridge(C1, B1)])
ACCEPTED: tuple[type[Event], list[TelephonyCommand]] = (
    LegAnswered,
    [Answer(C1, L1), AddToBridge(C1, B1, (L1, LEG))],
)


async def test_a_phone_is_rung_by_the_channel_made_ahead_and_the_engine_hears_of_its_leg_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_ahead(desk)
    await comes_in(desk, monkeypatch, OFFERED, ACCEPTED)
    assert (await paths(desk, 2))[:2] == [f"POST /channels/{CHANNEL}/dial", "POST /events/claim"]
    await desk.ari.emit(at("ChannelStateChange", CHANNEL))
    await desk.ari.until(lambda: "/bridges/acd-b-c1/addChannel" in desk.ari.paths())
    joined = next(one for one in desk.ari.seen if one.path.endswith("addChannel"))
    assert joined.params == {"channel": f"c1,{CHANNEL}"}
    desk.control.execute(HangUp(C1, LEG))
    await desk.ari.until(lambda: f"/channels/{CHANNEL}" in desk.ari.paths("DELETE"))
    await desk.ari.emit(at("ChannelDestroyed", CHANNEL, cause=16))
    await desk.until(3)
    assert desk.events[1:] == [LegAnswered(NOW, LEG), LegEnded(NOW, LEG, 16)]
    await desk.ari.until(lambda: f"/bridges/{BRIDGE}" in desk.ari.paths("DELETE"))


@pytest.mark.parametrize(
    "offer",
    [
        Originate(C1, LEG, PHONE, "", 20.0, alone=True),
        Originate(ContactId("c9"), LegId("acd-l-c9-1"), PHONE, "", 20.0),
    ],
    ids=["nobody is on the line", "the caller is not known here"],
)
async def test_without_a_caller_whose_number_it_could_show_a_phone_rings_in_the_ordinary_way(
    desk: Desk, offer: Originate
) -> None:
    await made_ahead(desk)
    desk.control.execute(offer)
    assert await paths(desk, 1) == [f"POST /channels/{offer.leg_id}"]


async def test_a_phone_whose_channel_cannot_be_dialled_rings_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_ahead(desk)
    desk.ari.answer("POST", "/channels/.*/dial", 404)
    await comes_in(desk, monkeypatch, OFFERED)
    await desk.ari.until(lambda: f"/channels/{LEG}" in desk.ari.paths())
    await desk.ari.emit(at("ChannelStateChange", LEG))
    await desk.until(2)
    assert desk.events[1:] == [LegAnswered(NOW, LEG)]


async def test_a_hang_up_that_found_nothing_is_told_of_the_leg(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await made_ahead(desk)
    await comes_in(desk, monkeypatch, OFFERED)
    desk.ari.answer("DELETE", f"/channels/{CHANNEL}", 404)
    desk.control.execute(HangUp(C1, LEG))
    await desk.until(2)
    failed = desk.events[1]
    assert isinstance(failed, CommandFailed)
    assert (failed.command, failed.target, failed.reason) == ("hang_up", LEG, "gone")


async def test_nothing_is_made_ahead_while_there_is_no_link(desk: Desk) -> None:
    desk.ari.drop()
    await desk.ari.until(lambda: desk.control.link.state is not AriState.UP)
    desk.control.prepare([PHONE])
    await desk.ari.until(lambda: desk.control.link.state is AriState.UP)
    assert "/channels/create" not in desk.ari.paths()


async def test_what_waits_is_no_part_of_what_the_engine_sees_and_a_leg_is_seen_by_its_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made_ahead(desk)
    await comes_in(desk, monkeypatch, OFFERED)
    desk.control.prepare(["PJSIP/agent102"])
    second, bridge = CHANNEL.replace("-1", "-2"), BRIDGE.replace("-1", "-2")
    desk.ari.answer("GET", "/channels", 200, [channel(CHANNEL), channel(second), channel("c1")])
    both = {"bridge_type": "mixing", "technology": "simple_bridge", "name": ""}
    bridges = [
        {"id": BRIDGE, "channels": [], **both},
        {"id": bridge, "channels": [second], **both},
        {"id": "acd-b-c1", "channels": ["c1", CHANNEL], **both},
    ]
    desk.ari.answer("GET", "/bridges", 200, bridges)
    desk.ari.answer("GET", "/applications/acd", 200, {"channel_ids": [CHANNEL, second, "c1"]})
    seen = await desk.control.resync(after_gap=False)
    assert [found.leg_id for found in seen.channels] == [LEG, L1]
    assert seen.bridges == (BridgeSeen(B1, (L1, LEG)),)


# ---------------------------------------------------------------- a caller answered without asking


async def test_a_caller_is_answered_before_the_engine_is_told_and_only_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by_then: list[int] = []
    await comes_in(desk, monkeypatch, OFFERED)
    await desk.requests(3)

    def emit(event: Event) -> None:
        if isinstance(event, LegAnswered):
            desk.events.append(event)
            sent = [command.request.path for tick in desk.control.link._ticks for command in tick]
            answered_by_then.append(sent.count("/channels/c1/answer"))
            for command in ACCEPTED[1]:
                desk.control.execute(command)

    monkeypatch.setattr(desk.control, "_emit", emit)
    await desk.ari.emit(at("ChannelStateChange", LEG))
    await desk.ari.emit(at("StasisStart", LEG))
    await desk.ari.until(lambda: "/bridges/acd-b-c1/addChannel" in desk.ari.paths())
    assert answered_by_then == [1]
    assert desk.ari.paths().count("/channels/c1/answer") == 1


async def test_nobody_is_answered_for_a_phone_that_was_told_to_stop(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await comes_in(desk, monkeypatch, OFFERED)
    desk.control.execute(HangUp(C1, LEG))
    await desk.ari.emit(at("ChannelStateChange", LEG))
    await desk.until(2)
    assert desk.events[1] == LegAnswered(NOW, LEG)
    await desk.ari.emit(at("ChannelDestroyed", LEG, cause=16))
    await desk.until(3)
    assert "/channels/c1/answer" not in desk.ari.paths()


async def test_a_caller_who_is_not_inside_yet_is_answered_on_coming_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.control, "_emit", desk.events.append)
    await desk.ari.emit(broadcast())
    desk.control.execute(OFFER)
    await desk.ari.emit(at("ChannelStateChange", LEG))
    await desk.until(2)
    desk.control.execute(Answer(C1, L1))
    assert "/channels/c1/answer" not in desk.ari.paths()
    await desk.ari.emit({"type": "StasisStart", "channel": channel(), "args": []})
    await desk.ari.until(lambda: "/channels/c1/answer" in desk.ari.paths())


# ---------------------------------------------------------------- what nobody waits for comes later


async def test_the_bridge_is_made_after_the_answer_and_before_anybody_is_put_into_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[TelephonyCommand] = [OFFER, CreateBridge(C1, B1), Answer(C1, L1), AddToBridge(C1, B1, (L1,))]
    await comes_in(desk, monkeypatch, (CallArrived, orders))
    assert (await paths(desk, 5))[2:5] == [
        "POST /channels/c1/answer",
        "POST /bridges/acd-b-c1",
        "POST /bridges/acd-b-c1/addChannel",
    ]


async def test_the_bridge_of_a_caller_whom_nobody_answers_yet_is_made_a_moment_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await comes_in(desk, monkeypatch, OFFERED)
    assert (await paths(desk, 4))[2:] == ["POST /applications/acd/subscription", "POST /bridges/acd-b-c1"]


async def test_a_caller_for_whom_a_phone_rings_already_is_claimed_before_anything_else_is_done(desk: Desk) -> None:
    order: list[str] = []
    control = desk.control

    def taken(_leg: LegId) -> None:
        order.extend(command.request.path for tick in control.link._ticks for command in tick)

    control._partners = replace(control._partners, taken=taken)
    control.expect(L1, "PJSIP/gw1-c1", "169", "0811222333")
    await desk.ari.emit(broadcast())
    await desk.requests(1)
    assert order == ["/events/claim"]
