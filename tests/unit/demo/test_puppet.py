"""What a caller steered from outside hears and presses; its calls are made on a real Asterisk in tests/asterisk."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Iterable

import pytest

from acd.demo.audio import FRAME
from acd.demo.puppet import Ear
from acd.demo.rtp import EVENT, KEY_PACKETS, PAUSE_PACKETS, PCMA

pytestmark = pytest.mark.asyncio


class Peer(asyncio.DatagramProtocol):
    """The other side; keeps the events that come."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, bool]] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio calls it so
        if data[1] & 0x7F == EVENT:
            timestamp, code, flags = struct.unpack("!xxxxIxxxxBBxx", data)
            self.events.append((timestamp, code, bool(flags & 0x80)))


@pytest.fixture
async def line() -> AsyncIterator[tuple[Ear, Peer]]:
    loop = asyncio.get_running_loop()
    there, peer = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    _, ear = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
    ear.answered(there.get_extra_info("sockname"), (), loop.time())
    yield ear, peer
    ear.close()
    there.close()
    await asyncio.sleep(0)


def comes(ear: Ear, packets: Iterable[tuple[int, bytes]], kind: int = PCMA) -> None:
    for sequence, sound in packets:
        ear.datagram_received(struct.pack("!BBHII", 0x80, kind, sequence, 0, 7) + sound, ("127.0.0.1", 9))


async def test_sound_is_what_came_with_silence_for_packets_that_were_lost(line: tuple[Ear, Peer]) -> None:
    ear, _ = line
    comes(ear, [(65534, b"a" * FRAME), (65535, b"b" * 40), (1, b"c" * FRAME)])
    comes(ear, [(2, b"dtmf")], kind=EVENT)
    assert ear.sound == b"a" * FRAME + b"b" * 40 + b"\xd5" * FRAME + b"c" * FRAME


async def test_a_jump_of_the_sequence_is_a_new_sound_and_not_a_loss(line: tuple[Ear, Peer]) -> None:
    ear, _ = line
    comes(ear, [(7, b"a" * FRAME), (40000, b"b" * FRAME)])
    assert len(ear.sound) == 2 * FRAME


async def test_a_key_is_let_go_with_the_first_of_its_last_packets_and_the_next_waits(line: tuple[Ear, Peer]) -> None:
    ear, peer = line
    ear.tap("5")
    ear.tap("D")
    told: list[int] = []
    for _ in range(2 * KEY_PACKETS + 6 + PAUSE_PACKETS):
        ear.tick(asyncio.get_running_loop().time())
        told.append(len(ear.let_go))
    assert told == [0] * KEY_PACKETS + [1] * (KEY_PACKETS + 3 + PAUSE_PACKETS) + [2] * 3
    async with asyncio.timeout(5):
        while len(peer.events) < 2 * KEY_PACKETS + 6:  # noqa: ASYNC110 - a socket, seen only by looking
            await asyncio.sleep(0.001)
    assert {code for _, code, _ in peer.events} == {5, 15}


async def test_keys_of_a_flood_begin_and_end_at_once(line: tuple[Ear, Peer]) -> None:
    ear, peer = line
    for key in "1*":
        ear.flood(key)
    async with asyncio.timeout(5):
        while len(peer.events) < 4:  # noqa: ASYNC110 - a socket, seen only by looking
            await asyncio.sleep(0.001)
    assert [(code, end) for _, code, end in peer.events] == [(1, False), (1, True), (10, False), (10, True)]
    assert len(ear.let_go) == 2
    assert len({timestamp for timestamp, _, _ in peer.events}) == 2
