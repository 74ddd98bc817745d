"""Callers speak, press keys and listen over real UDP on loopback."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from acd.demo.audio import AGENT_HZ, CALLER_HZ, tone
from acd.demo.rtp import EVENT, PAUSE_PACKETS, PCMA, Exchange, Line, Press, event


@dataclass(frozen=True)
class Packet:
    """An RTP packet (RFC 3550, 5.1)."""

    marker: bool
    kind: int
    sequence: int
    timestamp: int
    source: int
    payload: bytes


@dataclass
class Peer(asyncio.DatagramProtocol):
    """The other side."""

    packets: list[Packet] = field(default_factory=list)
    transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio calls it so
        first, second, sequence, timestamp, source = struct.unpack("!BBHII", data[:12])
        assert first == 0x80
        self.packets.append(Packet(second > 127, second & 0x7F, sequence, timestamp, source, data[12:]))


@dataclass
class Pair:
    """A caller's line and the other side of it; time is told to the line by the test."""

    line: Line
    peer: Peer
    to: tuple[str, int]
    transport: asyncio.DatagramTransport

    def say(self, payload: bytes, kind: int = PCMA) -> None:
        self.transport.sendto(struct.pack("!BBHII", 0x80, kind, 1, 160, 7) + payload, ("127.0.0.1", self.line.port))

    async def packets(self, count: int) -> list[Packet]:
        async with asyncio.timeout(5):
            while len(self.peer.packets) < count:  # noqa: ASYNC110 - a socket, seen only by looking
                await asyncio.sleep(0.001)
        return self.peer.packets


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    _, line = await loop.create_datagram_endpoint(Line, local_addr=("127.0.0.1", 0))
    yield Pair(line, peer, transport.get_extra_info("sockname"), transport)
    line.close()
    transport.close()


def test_an_event_says_key_end_volume_and_duration() -> None:
    """RFC 4733, 2.3; the event codes of 3.2: 0-9, * is 10, # is 11."""
    assert event("5", 160, end=False) == bytes([5, 10, 0, 160])
    assert event("*", 800, end=True) == bytes([10, 0x80 | 10, 3, 32])
    assert event("#", 800, end=True)[0] == 11


async def test_a_caller_is_silent_before_the_answer_and_after_the_end(pair: Pair) -> None:
    pair.line.place()
    pair.line.tick(0.0)
    pair.line.answered(pair.to, (), 0.0)
    pair.line.tick(0.02)
    pair.line.over()
    pair.line.tick(0.04)
    (packet,) = await pair.packets(1)
    assert (packet.kind, packet.payload) == (PCMA, tone(CALLER_HZ))


async def test_a_key_is_five_packets_and_three_ends_with_the_time_of_its_beginning(pair: Pair) -> None:
    pair.line.place()
    pair.line.answered(pair.to, (Press(0.04, "7"),), 0.0)
    for tick in range(1, 13):
        pair.line.tick(tick * 0.02)
    packets = await pair.packets(12)
    voice, keys, after = packets[:1], packets[1:9], packets[9:]
    assert {packet.kind for packet in (*voice, *after)} == {PCMA}
    assert {packet.kind for packet in keys} == {EVENT}
    assert [packet.marker for packet in keys] == [True] + [False] * 7
    assert {packet.timestamp for packet in keys} == {voice[0].timestamp + 160}
    assert [int.from_bytes(packet.payload[2:]) for packet in keys] == [160, 320, 480, 640, 800, 800, 800, 800]
    assert [packet.payload[1] >> 7 for packet in keys] == [0] * 5 + [1] * 3
    assert [p.sequence for p in packets] == list(range(packets[0].sequence, packets[0].sequence + 12))
    assert after[0].timestamp == voice[0].timestamp + 9 * 160, "time goes on during a key"
    assert len({packet.source for packet in packets}) == 1


async def test_keys_pressed_at_once_follow_each_other_after_a_pause(pair: Pair) -> None:
    pair.line.answered(pair.to, (Press(0.0, "1"), Press(0.0, "2")), 0.0)
    for tick in range(21):
        pair.line.tick(tick * 0.02)
    packets = await pair.packets(21)
    assert [packet.kind for packet in packets] == [EVENT] * 8 + [PCMA] * PAUSE_PACKETS + [EVENT] * 8
    assert [packet.payload[0] for packet in packets if packet.kind == EVENT] == [1] * 8 + [2] * 8


async def test_an_agent_counts_as_heard_after_three_tenths_of_a_second_of_the_tone(pair: Pair) -> None:
    heard = pair.line.place()
    for _ in range(10):
        pair.say(tone(AGENT_HZ))
    await hear(pair, 10)
    before = heard.talked
    for _ in range(5):
        pair.say(tone(AGENT_HZ))
    await hear(pair, 15)
    assert (heard.sound, heard.agent, heard.talked) == (3, 3, True)
    assert not before


async def test_prompts_silence_and_keys_are_no_agent(pair: Pair) -> None:
    heard = pair.line.place()
    for _ in range(15):
        pair.say(tone(CALLER_HZ))
        pair.say(event("1", 160, end=False), EVENT)
        pair.say(bytes([0xD5]) * 160)
    await hear(pair, 30)
    assert not heard.talked
    assert 0 < heard.sound < 6


async def test_the_next_call_on_a_port_begins_with_nothing_heard(pair: Pair) -> None:
    first = pair.line.place()
    for _ in range(5):
        pair.say(tone(AGENT_HZ))
    await hear(pair, 5)
    second = pair.line.place()
    assert (first.agent, second.packets) == (1, 0)


async def test_what_is_no_rtp_is_ignored(pair: Pair) -> None:
    pair.transport.sendto(b"\x00" * 200, ("127.0.0.1", pair.line.port))
    pair.transport.sendto(b"", ("127.0.0.1", pair.line.port))
    pair.say(tone(AGENT_HZ))
    await hear(pair, 1)


async def test_an_exchange_takes_ports_and_gives_them_back() -> None:
    exchange = Exchange()
    await exchange.open("127.0.0.1", 3)
    ports = {line.port for line in exchange.lines}
    await exchange.close()
    await exchange.close()
    assert len(ports) == 3


async def hear(pair: Pair, packets: int) -> None:
    async with asyncio.timeout(5):
        while pair.line.heard.packets < packets:  # noqa: ASYNC110 - a socket, seen only by looking
            await asyncio.sleep(0.001)
    assert pair.line.heard.packets == packets
