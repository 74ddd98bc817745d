"""A caller whose every move is decided from outside while the call lasts: SIPp speaks SIP, the line is ours.

Keys go as RFC 4733 events in the line's RTP or as SIP INFO from SIPp; everything heard is kept with the time it came.
Must not know what is measured or asserted, nor the engine. Times are seconds since the epoch, by SIPp's clock too.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from acd.demo import children
from acd.demo.audio import FRAME
from acd.demo.callers import ADDRESS
from acd.demo.phones import quiet, scenario
from acd.demo.rtp import EVENT, Exchange, Line, Press, event
from acd.deploy.toolchain import ToolSet
from acd.domain.errors import DeployError
from acd.runtime.clock import AnchoredClock

Way = Literal["rfc4733", "info"]
"""How a key is sent."""
WAYS: tuple[Way, ...] = ("rfc4733", "info")
INFO_MS = 100
"""Duration in an INFO; what Asterisk assumes without one."""
_EVENTS_MAP = f"a=rtpmap:{EVENT} telephone-event/8000\r\na=fmtp:{EVENT} 0-15"
_POLL_S = 0.02
_SILENCE = b"\xd5" * FRAME
_MOST_LOST = 50
_SEQUENCES = 1 << 16


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet of sound: when it came, its sequence number, A-law."""

    at: float
    sequence: int
    sound: bytes


class Ear(Line):
    """A line that keeps what it hears and remembers when its keys were let go."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[Packet] = []
        self.went_down: list[float] = []
        """When each key's first packet left."""
        self.let_go: list[float] = []
        """When each key's first packet with the end bit left: Asterisk tells of a key then, not when it goes down."""
        self._in_key = False
        self._clock = AnchoredClock()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep it."""
        before = self.heard.packets
        super().datagram_received(data, addr)
        if self.heard.packets > before:
            self.packets.append(Packet(self._clock.now(), int.from_bytes(data[2:4]), data[12:]))

    @property
    def sound(self) -> bytes:
        """Everything heard, packet after packet; silence where some were lost."""
        parts: list[bytes] = []
        before: Packet | None = None
        for packet in self.packets:
            lost = 0 if before is None else (packet.sequence - before.sequence) % _SEQUENCES - 1
            parts.extend([_SILENCE] * (lost if 0 < lost <= _MOST_LOST else 0))
            parts.append(packet.sound)
            before = packet
        return b"".join(parts)

    def tap(self, key: str) -> None:
        """Press a key at the next tick, after those pressed before."""
        self._presses.append(Press(0.0, key))

    def flood(self, key: str) -> None:
        """Send a key that is let go the moment it is pressed."""
        if self._transport is None:
            return
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF
        self._send(self._transport, EVENT | 0x80, self._timestamp, event(key, FRAME // 2, end=False))
        self._send(self._transport, EVENT, self._timestamp, event(key, FRAME, end=True))

    def _send(self, transport: asyncio.DatagramTransport, kind: int, timestamp: int, payload: bytes) -> None:
        super()._send(transport, kind, timestamp, payload)
        ends = kind & 0x7F == EVENT and bool(payload[1] & 0x80)
        if kind & 0x7F == EVENT and not ends and not self._in_key:
            self.went_down.append(self._clock.now())
        if ends and self._in_key:
            self.let_go.append(self._clock.now())
        self._in_key = kind & 0x7F == EVENT and not ends


class Puppet:
    """One call of one caller. Answered calls only: who expects a refusal wants another caller.

    ``close`` ends what is left of it.
    """

    def __init__(self, number: str, way: Way, ear: Ear, exchange: Exchange, folder: Path) -> None:
        self.number, self.way, self.ear = number, way, ear
        self.pressed: list[float] = []
        """When each INFO left."""
        self.ended: str | None = None
        """``released`` by the other side or ``hung_up`` by the caller."""
        self._exchange, self._folder = exchange, folder
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._at = (ADDRESS, 0)
        self._log = folder / "puppet.log"
        self._child: children.Child
        self._media: int | None = None
        self._read = 0
        self._free_at = 0.0
        self._told = 0

    @classmethod
    async def call(
        cls, tools: ToolSet, folder: Path, sip: tuple[str, int], exchange: Exchange, number: str, dialled: str, way: Way
    ) -> Puppet:
        """Place a call and wait until it is answered.

        Args:
            tools: where SIPp is.
            folder: of this call alone; made here.
            sip: Asterisk's address.
            exchange: an open one; drives the sound.
            number: the caller's.
            dialled: whom it calls.
            way: of its keys; by ``info`` it offers no telephone events at all.

        Raises:
            DeployError: the call was not answered.
        """
        loop = asyncio.get_running_loop()
        _, ear = await loop.create_datagram_endpoint(Ear, local_addr=(ADDRESS, 0))
        exchange.lines.append(ear)
        puppet = cls(number, way, ear, exchange, folder)
        try:
            await puppet._dial(tools, sip, dialled)
            await puppet._until_answered(sip[0])
        except BaseException:
            await puppet.close()
            raise
        return puppet

    async def _dial(self, tools: ToolSet, sip: tuple[str, int], dialled: str) -> None:
        await asyncio.to_thread(self._folder.mkdir, parents=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(self._at)
            self._at = taken.getsockname()
        self._control.bind((ADDRESS, 0))
        events = (str(EVENT), _EVENTS_MAP) if self.way == "rfc4733" else ("", "a=sendrecv")
        argv = [
            *tools.argv("sipp"),
            *("-sf", scenario("puppet", self._folder), "-s", dialled, "-m", "1", "-cid_str", self._call_id),
            *("-key", "caller", self.number, "-key", "ear", str(self.ear.port)),
            *("-key", "events", events[0], "-key", "events_map", events[1]),
            *("-i", ADDRESS, "-bind_local", "-p", str(self._at[1])),
            *("-default_behaviors", "all,-abortunexp"),  # an answer to an INFO may come after the BYE
            *("-trace_logs", "-log_file", str(self._log), *quiet("puppet")),
            f"{sip[0]}:{sip[1]}",
        ]
        name = f"the caller {self.number} (SIPp)"
        self._child = await children.start(name, argv, self._folder / "puppet.out", self._folder, tools.env())

    async def _until_answered(self, host: str) -> None:
        deadline = asyncio.get_running_loop().time() + 15
        while self._media is None:
            if self._child.process.returncode is not None or asyncio.get_running_loop().time() > deadline:
                raise DeployError(f"The call of {self.number} was not answered:\n{self._child.last_lines()}")
            await asyncio.sleep(_POLL_S)
            self.look()
        self.ear.answered((host, self._media), (), asyncio.get_running_loop().time())

    @property
    def _call_id(self) -> str:
        return f"puppet-{self.number}-{self.ear.port}"

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, as fast as fingers do."""
        for key in keys:
            if self.way == "rfc4733":
                self.ear.tap(key)
                continue
            loop = asyncio.get_running_loop()
            self._free_at = max(self._free_at, loop.time())
            loop.call_at(self._free_at, self._tell, "MESSAGE", f"Signal={key}\r\nDuration={INFO_MS}")
            self._free_at += INFO_MS / 1000

    async def flood(self, keys: str, per_second: float = 100.0) -> None:
        """Send keys faster than anybody can press them."""
        for key in keys:
            if self.way == "rfc4733":
                self.ear.flood(key)
            else:
                self._tell("MESSAGE", f"Signal={key}\r\nDuration=10")
            await asyncio.sleep(1 / per_second)

    @property
    def keys_at(self) -> list[float]:
        """When the keys left, in order: an INFO, or the end of an RFC 4733 event."""
        self.look()
        return self.pressed if self.way == "info" else self.ear.let_go

    @property
    def keys_down_at(self) -> list[float]:
        """When the keys began, in order; an INFO has no length."""
        self.look()
        return self.pressed if self.way == "info" else self.ear.went_down

    def hang_up(self) -> None:
        """End the call; one that ended already stays so."""
        self._tell("NOTIFY", "")

    async def over(self, patience_s: float = 20.0) -> str:
        """Wait until the call has ended and say who ended it: ``released`` or ``hung_up``.

        Raises:
            TimeoutError: it goes on.
        """
        await asyncio.wait_for(self._child.process.wait(), patience_s)
        self.look()
        self.ear.over()
        return self.ended or f"failed with code {self._child.process.returncode}"

    async def close(self) -> None:
        """Give everything back."""
        if hasattr(self, "_child"):
            await self._child.stop()
        if self.ear in self._exchange.lines:
            self._exchange.lines.remove(self.ear)
        self.ear.close()
        self._control.close()

    def _tell(self, method: str, body: str) -> None:
        """Tell SIPp what to do: a request that belongs to its call."""
        host, port = self._control.getsockname()
        self._told += 1  # SIPp takes an equal request for one that was sent again
        lines = (
            f"{method} sip:{self.number}@{ADDRESS}:{self._at[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKtell{self._told}",
            f"From: <sip:us@{host}>;tag=us",
            f"To: <sip:{self.number}@{ADDRESS}>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {self._told} {method}",
            f"Content-Length: {len(body)}",
            "",
            body,
        )
        self._control.sendto("\r\n".join(lines).encode(), self._at)

    def look(self) -> None:
        """Read what SIPp has logged since."""
        if not self._log.exists():
            return
        with self._log.open("rb") as stream:
            stream.seek(self._read)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            match line.split():
                case ["answered", _, _, port]:
                    self._media = int(port)
                case ["pressed", seconds, micros]:
                    self.pressed.append(float(seconds) + float(micros) / 1e6)
                case ["hung_up" | "released" as word, _, _]:
                    self.ended = word
                case _:
                    pass
