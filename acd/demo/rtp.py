"""The callers' sound: sends speech (a tone) and keys (RFC 4733) and listens to what comes back (RFC 3550).

Decides what a caller's packets look like and what counts as having heard someone. Must not know SIP: who calls, when a
call is answered and when it is over is told from outside.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from acd.demo.audio import AGENT_HZ, ALAW, CALLER_HZ, FRAME, heard, level, tone

PCMA = 8
EVENT = 101
"""Payload types of the callers' offer."""
KEYS = "0123456789*#ABCD"
"""In the order of their events (RFC 4733, 3.2)."""
KEY_PACKETS = 5
"""A key lasts 100 ms."""
END_PACKETS = 3
"""RFC 4733, 2.5.1.4: the last packet is sent three times."""
PAUSE_PACKETS = 5
"""No finger is faster than 100 ms, and Asterisk tells a key twice that comes less than 45 ms after another."""
_LATE_S = 0.06
_EVERY = 5
"""One packet in so many is listened to."""
_HEADER = struct.Struct("!BBHII")
_VERSION = 0x80
_LOUD = 1e-5
_PURE = 0.9
"""Share of an agent's tone when an agent talks; what a voice says in a prompt has less of any one frequency."""


@dataclass(frozen=True, slots=True)
class Press:
    """A key and when it is pressed, seconds after the answer."""

    after_s: float
    key: str


@dataclass(slots=True)
class Heard:
    """What a caller heard in one call."""

    packets: int = 0
    sound: int = 0
    """Packets listened to that were not silence."""
    agent: int = 0
    """Packets listened to that held an agent's tone."""

    @property
    def talked(self) -> bool:
        """Whether an agent's tone was heard for 300 ms or more."""
        return self.agent >= 3  # noqa: PLR2004 - three of every tenth of a second


class Line(asyncio.DatagramProtocol):
    """One caller's RTP port; calls follow each other on it."""

    def __init__(self) -> None:
        self.port = 0
        self.heard = Heard()
        self._transport: asyncio.DatagramTransport | None = None
        self._to: tuple[str, int] | None = None
        self._presses: deque[Press] = deque()
        self._sending: deque[tuple[bool, int, bytes] | None] = deque()
        """Marker, time and payload of the events due; nothing where there is a pause between them."""
        self._answered_at = 0.0
        self._sequence = self._timestamp = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the port."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - asyncio calls it so
        """Listen."""
        if len(data) < _HEADER.size or data[0] & 0xC0 != _VERSION or data[1] & 0x7F != PCMA:
            return
        self.heard.packets += 1
        if self.heard.packets % _EVERY == 0:
            samples = [ALAW[byte] for byte in data[_HEADER.size :]]
            self.heard.sound += level(samples) > _LOUD
            self.heard.agent += heard(samples, AGENT_HZ, _PURE)

    def place(self) -> Heard:
        """Begin a call: forget the one before; what will be heard is counted in the value given."""
        self._to = None
        self.heard = Heard()
        return self.heard

    def answered(self, to: tuple[str, int], presses: Sequence[Press], now: float) -> None:
        """Begin to speak, and press the keys in time."""
        self._to, self._answered_at = to, now
        self._presses = deque(presses)
        self._sending.clear()

    def over(self) -> None:
        """Be silent."""
        self._to = None

    def close(self) -> None:
        """Give the port back."""
        if self._transport is not None:
            self._transport.close()

    def tick(self, now: float) -> None:
        """Send what is due; called every 20 ms."""
        if self._to is None or self._transport is None:
            return
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        if not self._sending and self._presses and now - self._answered_at >= self._presses[0].after_s:
            self._press(self._presses.popleft().key)
        due = self._sending.popleft() if self._sending else None
        if due is None:
            self._send(self._transport, PCMA, self._timestamp, _VOICE)
            return
        marker, timestamp, payload = due
        self._send(self._transport, EVENT | (0x80 if marker else 0), timestamp, payload)

    def _press(self, key: str) -> None:
        """Press a key: packets that all have the time of its beginning, each its length so far (RFC 4733, 2.5.1)."""
        for n in range(1, KEY_PACKETS + 1):
            self._sending.append((n == 1, self._timestamp, event(key, n * FRAME, end=False)))
        self._sending.extend([(False, self._timestamp, event(key, KEY_PACKETS * FRAME, end=True))] * END_PACKETS)
        self._sending.extend([None] * PAUSE_PACKETS)

    def _send(self, transport: asyncio.DatagramTransport, kind: int, timestamp: int, payload: bytes) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _HEADER.pack(0x80, kind, self._sequence, timestamp, 0xACD00000 + self.port)
        transport.sendto(header + payload, self._to)


def event(key: str, duration: int, *, end: bool) -> bytes:
    """Make the payload of a telephone event (RFC 4733, 2.3): event, end bit with a volume of -10 dBm0, duration."""
    return struct.pack("!BBH", KEYS.index(key), (0x80 if end else 0) | 10, duration)


_VOICE = tone(CALLER_HZ)


@dataclass(slots=True)
class Exchange:
    """All callers' ports and the clock that drives them."""

    lines: list[Line] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    async def open(self, address: str, ports: int) -> None:
        """Take so many free ports at the address."""
        loop = asyncio.get_running_loop()
        for _ in range(ports):
            _, line = await loop.create_datagram_endpoint(Line, local_addr=(address, 0))
            self.lines.append(line)
        self._task = asyncio.create_task(self._tick())

    async def close(self) -> None:
        """Stop sending and give the ports back."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for line in self.lines:
            line.close()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for line in self.lines:
                line.tick(due)
            due += FRAME / 8000
            if (late := loop.time() - due) > _LATE_S:
                due += late  # nobody speaks, or presses keys, faster after a busy machine had no time for it
            await asyncio.sleep(max(0.0, due - loop.time()))
