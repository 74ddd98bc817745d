"""Which calls between two Asterisks are hung up when one of them seems to have died."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, count, repeat

import pytest

from acd.domain.errors import ChannelGone, CommandTimeout, PbxUnavailable
from acd.telephony import partings
from acd.telephony.ari.snapshots import Resync, channel_snapshot
from tests.unit.telephony.test_control import channel

PEER = "acd-peer-b"


class Wire:
    """An Asterisk with channels, on each of which sound comes, or does not."""

    def __init__(self) -> None:
        self.channels: list[dict[str, object]] = []
        self.packets: dict[str, Iterator[object]] = {}
        self.hung_up: list[str] = []
        self.down = False

    def has(self, leg: str, packets: Iterator[object], name: str = "", state: str = "Up") -> None:
        self.channels.append(channel(leg, name=name or f"PJSIP/{PEER}-0000000{len(self.channels)}", state=state))
        self.packets[leg] = packets

    async def resync(self) -> Resync:
        if self.down:
            raise PbxUnavailable("down")
        return Resync(tuple(channel_snapshot(found, ()) for found in self.channels), ())

    async def request(self, method: str, path: str, *, params: dict[str, str], key: str) -> object:
        assert path.startswith(f"/channels/{key}")
        assert method == "DELETE" or not params
        if method == "DELETE":
            self.hung_up.append(key)
            return None
        assert path.endswith("/rtp_statistics")
        found = next(self.packets[key])
        if isinstance(found, Exception):
            raise found
        return {"rxcount": found}

    async def part(self, still_gone: Callable[[], bool] = lambda: True) -> list[str]:
        await partings.part(self, PEER, still_gone)
        return sorted(self.hung_up)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setattr(partings, "SILENT_S", 0.0)
    return Wire()


async def test_where_nothing_is_heard_any_more_the_call_is_hung_up_and_where_something_is_it_goes_on(
    wire: Wire,
) -> None:
    wire.has("silent", repeat(500))
    wire.has("never-heard", repeat(0))
    wire.has("talks", count(500))
    assert await wire.part() == ["never-heard", "silent"]


async def test_only_answered_calls_with_that_asterisk_are_looked_at(wire: Wire) -> None:
    wire.has("rings", repeat(0), state="Ringing")
    wire.has("with-another", repeat(500), name="PJSIP/acd-peer-b-2-00000001")
    wire.has("phone", repeat(500), name="PJSIP/agent101-00000001")
    assert await wire.part() == []


async def test_one_that_is_seen_again_meanwhile_loses_nothing(wire: Wire) -> None:
    wire.has("silent", repeat(500))
    assert await wire.part(lambda: False) == []


@pytest.mark.parametrize(
    "packets",
    [
        chain([500], repeat(ChannelGone("gone"))),
        repeat(ChannelGone("no RTP")),
        chain([CommandTimeout("late")], repeat(500)),
        repeat(None),
    ],
    ids=["over", "no sound", "not told", "not understood"],
)
async def test_of_what_is_not_known_nothing_is_concluded(wire: Wire, packets: Iterator[object]) -> None:
    wire.has("c1", packets)
    assert await wire.part() == []


async def test_an_asterisk_that_cannot_be_asked_either_hangs_nothing_up(wire: Wire) -> None:
    wire.down = True
    assert await wire.part() == []
