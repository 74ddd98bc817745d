"""Channels made ahead: when there is one, how it is dialled, and that none is left behind."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from acd.domain.commands import Originate
from acd.domain.errors import ChannelGone, CommandTimeout, TelephonyError
from acd.domain.ids import ContactId, LegId
from acd.telephony import ahead
from acd.telephony.ahead import Ahead
from acd.telephony.ari.snapshots import ChannelSnapshot
from acd.telephony.ari.values import AriRequest, AriResult

PHONE, OTHER = "PJSIP/agent101", "PJSIP/agent102"
CHANNEL, BRIDGE = "acd-l-ahead.e-1", "acd-b-ahead.e-1"
LEG = LegId("acd-l-c1-1")
OFFER = Originate(ContactId("c1"), LEG, PHONE, "0811", 20.9)
DONE = AriResult(204)


def failed(error: TelephonyError) -> AriResult:
    return AriResult(404, None, error)


@dataclass
class Link:
    """Requests on their way, each to be answered by the test."""

    sent: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    waiting: list[Callable[[AriResult], None]] = field(default_factory=list)
    legs: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def submit(self, request: AriRequest, *, key: str, on_result: Callable[[AriResult], None]) -> None:
        assert key
        self.sent.append((request.method, request.path, dict(request.params or {})))
        self.waiting.append(on_result)

    async def request(self, method: str, path: str, *, params: dict[str, str], key: str) -> object:
        assert (method, params, key) == ("GET", {"variable": "ACD_LEG"}, path.split("/")[2])
        self.asked.append(key)
        if key not in self.legs:
            raise ChannelGone("no such variable")
        return {"value": self.legs[key]}

    def answer(self, result: AriResult = DONE) -> None:
        waiting, self.waiting = self.waiting, []
        for on_result in waiting:
            on_result(result)

    def paths(self) -> list[tuple[str, str]]:
        paths = [(method, path) for method, path, _ in self.sent]
        self.sent.clear()
        return paths


@dataclass
class Bench:
    link: Link = field(default_factory=Link)
    now: float = 100.0
    ahead: Ahead = field(init=False)
    refused: list[Originate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ahead = Ahead(self.link, "acd", "e", 30.0, lambda: self.now)

    def ready(self, *devices: str) -> None:
        """Have channels that can be dialled."""
        self.ahead.want(devices or (PHONE,))
        self.link.answer()
        for number in range(1, len(devices or (PHONE,)) + 1):
            self.ahead.happened("StasisStart", f"acd-l-ahead.e-{number}")
        self.link.answer()
        self.link.sent.clear()

    def dial(self, offer: Originate = OFFER) -> bool:
        return self.ahead.dial(offer, self.refused.append)


@pytest.fixture
def bench() -> Bench:
    return Bench()


GIVEN_UP = [("DELETE", f"/channels/{CHANNEL}"), ("DELETE", f"/bridges/{BRIDGE}")]


async def test_a_channel_is_made_and_put_into_its_bridge_once_it_is_inside(bench: Bench) -> None:
    bench.ahead.want([PHONE])
    assert bench.link.sent == [
        ("POST", "/channels/create", {"endpoint": PHONE, "app": "acd", "channelId": CHANNEL}),
    ]
    bench.link.answer()
    bench.ahead.happened("ChannelStateChange", CHANNEL)
    assert len(bench.link.sent) == 1
    bench.ahead.happened("StasisStart", CHANNEL)
    assert bench.link.sent[1:] == [
        ("POST", f"/bridges/{BRIDGE}", {"type": "mixing"}),
        ("POST", f"/bridges/{BRIDGE}/addChannel", {"channel": CHANNEL}),
    ]
    assert not bench.dial()
    bench.link.answer()
    assert bench.dial()


async def test_a_phone_that_has_its_channel_gets_no_second_one(bench: Bench) -> None:
    bench.ready()
    bench.ahead.want([PHONE])
    assert bench.link.paths() == []


async def test_without_the_setting_nothing_is_made() -> None:
    link = Link()
    Ahead(link, "acd", "e", 0.0, lambda: 0.0).want([PHONE])
    assert link.sent == []


async def test_an_offer_dials_the_channel_with_the_callers_number_and_names_the_leg_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "NOTE_S", 0.0)
    bench.ready()
    assert bench.dial()
    assert bench.link.sent == [("POST", f"/channels/{CHANNEL}/dial", {"timeout": "20", "caller": "c1"})]
    assert (bench.ahead.leg_of(CHANNEL), bench.ahead.channel_of(LEG), bench.ahead.has(LEG)) == (LEG, CHANNEL, True)
    await asyncio.sleep(0.01)
    assert bench.link.sent[1:] == [
        ("POST", f"/channels/{CHANNEL}/variable", {"variable": "ACD_LEG", "value": LEG}),
    ]
    assert not bench.dial()  # it was the only one


async def test_a_leg_that_has_ended_is_not_named_any_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "NOTE_S", 0.0)
    bench.ready()
    bench.dial()
    bench.ahead.ended(LEG)
    bench.ahead.ended(LEG)
    await asyncio.sleep(0.01)
    assert bench.link.paths() == [("POST", f"/channels/{CHANNEL}/dial"), ("DELETE", f"/bridges/{BRIDGE}")]
    assert (bench.ahead.leg_of(CHANNEL), bench.ahead.channel_of(LEG)) == (None, LEG)


async def test_a_channel_that_cannot_be_dialled_leaves_the_offer_to_the_ordinary_way(bench: Bench) -> None:
    bench.ready()
    bench.dial()
    bench.link.answer(failed(ChannelGone("404")))
    assert bench.refused == [OFFER]
    assert not bench.ahead.has(LEG)


@pytest.mark.parametrize("over", [Ahead.ended, Ahead.unwanted], ids=["it ended", "it was hung up"])
async def test_a_phone_nobody_wants_to_ring_any_more_does_not_ring_in_another_way(
    bench: Bench, over: Callable[[Ahead, LegId], None]
) -> None:
    bench.ready()
    bench.dial()
    over(bench.ahead, LEG)
    bench.link.answer(failed(ChannelGone("404")))
    assert bench.refused == []


async def test_who_does_not_ring_next_any_more_has_no_channel(bench: Bench) -> None:
    bench.ready(PHONE, OTHER)
    bench.ahead.want([OTHER])
    assert bench.link.paths() == GIVEN_UP
    bench.ahead.want([])
    assert bench.link.paths() == [("DELETE", path.replace("e-1", "e-2")) for _, path in GIVEN_UP]


async def test_a_channel_that_waits_for_long_is_made_anew_and_an_old_one_is_not_dialled(bench: Bench) -> None:
    bench.ready()
    bench.now += 31
    assert not bench.dial()
    bench.ahead.want([PHONE])
    assert bench.link.paths() == [*GIVEN_UP, ("POST", "/channels/create")]


async def test_a_phone_no_channel_can_be_made_to_is_left_alone_for_a_while(bench: Bench) -> None:
    bench.ahead.want([PHONE])
    bench.link.answer(failed(ChannelGone("500")))
    bench.link.answer(failed(ChannelGone("404")))  # nor is there anything to hang up
    assert bench.link.paths() == [("POST", "/channels/create"), *GIVEN_UP]
    bench.ahead.want([PHONE])
    assert bench.link.paths() == []
    bench.now += 30
    bench.ahead.want([PHONE])
    assert bench.link.paths() == [("POST", "/channels/create")]


async def test_a_channel_that_ends_by_itself_leaves_no_bridge_and_is_not_dialled(bench: Bench) -> None:
    bench.ready()
    bench.ahead.happened("ChannelDestroyed", CHANNEL)
    bench.ahead.happened("ChannelDestroyed", CHANNEL)
    assert not bench.dial()
    assert bench.link.paths() == GIVEN_UP


async def test_nothing_that_waits_is_left_behind(bench: Bench) -> None:
    bench.ready()
    bench.ahead.close()
    assert bench.link.paths() == GIVEN_UP


async def test_what_waits_is_kept_from_the_engine_but_not_what_a_lost_link_left(bench: Bench) -> None:
    bench.ready(PHONE, OTHER)
    assert bench.ahead.waits(CHANNEL)
    assert bench.ahead.waits(BRIDGE)
    bench.dial()
    assert not bench.ahead.waits(CHANNEL)
    assert bench.ahead.waits(BRIDGE)
    assert bench.ahead.waits("acd-l-ahead.e-2")
    bench.ahead.lost()
    assert bench.ahead.waits(BRIDGE)
    assert not bench.ahead.waits("acd-l-ahead.e-2")
    assert bench.link.paths() == [("POST", f"/channels/{CHANNEL}/dial")]


# ---------------------------------------------------------------- after a gap


def seen(name: str, state: str = "Up") -> ChannelSnapshot:
    return ChannelSnapshot(
        id=name,
        name="PJSIP/agent101-1",
        state=state,
        creation_time="2024-06-03T10:00:00.000+0700",
        caller_number="",
        context="",
        exten="",
        app_name="",
        app_data="",
        in_app=True,
    )


async def test_a_successor_knows_whose_conversations_there_are(bench: Bench) -> None:
    bench.link.legs = {"acd-l-ahead.d-7": "acd-l-c9-2", "acd-l-ahead.d-8": "somebody"}
    found = [seen("acd-l-ahead.d-7"), seen("acd-l-ahead.d-8"), seen("acd-l-ahead.d-9", "Ringing")]
    found += [seen("acd-l-ahead.d-10", "Down"), seen("c9")]
    await bench.ahead.recognise(found, after_gap=True)
    assert bench.link.asked == ["acd-l-ahead.d-7", "acd-l-ahead.d-8", "acd-l-ahead.d-9"]
    assert bench.ahead.leg_of("acd-l-ahead.d-7") == "acd-l-c9-2"
    assert bench.ahead.leg_of("acd-l-ahead.d-8") is bench.ahead.leg_of("acd-l-ahead.d-9") is None
    assert bench.ahead.waits("acd-b-ahead.d-7")
    bench.ahead.ended(LegId("acd-l-c9-2"))
    assert bench.link.paths() == [("DELETE", "/bridges/acd-b-ahead.d-7")]


async def test_after_a_gap_legs_that_are_gone_are_forgotten_and_an_audit_asks_nothing(bench: Bench) -> None:
    bench.ready()
    bench.dial()
    await bench.ahead.recognise([], after_gap=False)
    await bench.ahead.recognise([seen(CHANNEL), seen("acd-l-ahead.d-7")], after_gap=False)
    assert bench.ahead.has(LEG)
    await bench.ahead.recognise([seen(CHANNEL)], after_gap=True)
    assert bench.ahead.has(LEG)
    await bench.ahead.recognise([], after_gap=True)
    assert not bench.ahead.has(LEG)
    assert bench.link.asked == []


async def test_an_outcome_nobody_knows_is_left_to_the_audit(bench: Bench) -> None:
    bench.ready()
    bench.dial()
    bench.link.answer(failed(CommandTimeout("?")))
    assert bench.refused == []
    assert bench.ahead.has(LEG)
