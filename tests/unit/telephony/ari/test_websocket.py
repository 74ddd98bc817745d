from __future__ import annotations

import asyncio
import base64
import hashlib
import select
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from acd.domain.errors import PbxUnavailable
from acd.telephony.ari import AriConfig, AriLink, AriState, commands
from acd.telephony.ari.websocket import WebSocket, open_websocket
from tests.fakes.ari_server import FakeAri

Run = Callable[[Coroutine[Any, Any, None]], None]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run a story on either loop: the engine runs on uvloop, whose transports are not asyncio's."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = False) -> bytes:
    size = len(payload)
    if size < 126:
        length = bytes([size | (0x80 if masked else 0)])
    elif size < 1 << 16:
        length = b"\x7e" + size.to_bytes(2, "big")
    else:
        length = b"\x7f" + size.to_bytes(8, "big")
    return bytes([opcode | (0x80 if fin else 0)]) + length + (b"\0\0\0\0" if masked else b"") + payload


@dataclass
class Peer:
    """The other side: raw bytes out, unmasked frames in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        assert second & 0x80, "a client's frames are masked"
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        mask = await self.reader.readexactly(4)
        payload = await self.reader.readexactly(size)
        return first, bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


@dataclass
class Pair:
    peer: Peer
    socket: WebSocket
    got: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    def start(self) -> None:
        self.socket.start(lambda message: self.got.put_nowait(bytes(message)))

    async def messages(self, count: int) -> list[bytes]:
        async with asyncio.timeout(5):
            return [await self.got.get() for _ in range(count)]


def with_lost(socket: WebSocket, lost: asyncio.Event) -> None:
    """Have the event set when the transport is really gone."""
    told = socket.connection_lost

    def connection_lost(exc: Exception | None) -> None:
        told(exc)
        lost.set()

    socket.connection_lost = connection_lost  # type: ignore[method-assign]


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[int, asyncio.Queue[Peer]]]:
    peers: asyncio.Queue[Peer] = asyncio.Queue()
    opened: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        writer.write(answer(await reader.readuntil(b"\r\n\r\n")))
        peers.put_nowait(Peer(reader, writer))

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], peers
    finally:
        listening.close()
        for writer in opened:
            writer.close()
        await listening.wait_closed()


def upgrade(request: bytes) -> bytes:
    key = next(line for line in request.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: ")).split(b": ")[1]
    accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    return b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: " + accept + b"\r\n\r\n"


@asynccontextmanager
async def pair(*, head: bytes = b"", max_message_bytes: int = 1 << 20) -> AsyncIterator[Pair]:
    async with server(lambda request: upgrade(request) + head) as (port, peers):
        url = f"http://127.0.0.1:{port}/ari/events?app=acd"
        socket = await open_websocket(url, {"Authorization": "Basic x"}, max_message_bytes=max_message_bytes)
        yield Pair(await peers.get(), socket)
        socket.abort("test over")


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 300_000])
def test_messages_of_every_length_pass_both_ways(run: Run, size: int) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            payload = bytes(n % 251 for n in range(size))
            await both.peer.send(frame(0x1, payload) + frame(0x1, b"next"))
            assert await both.messages(2) == [payload, b"next"]
            assert both.socket.send(payload)
            assert await both.peer.frame() == (0x81, payload)

    run(story())


def test_bytes_may_arrive_one_by_one(run: Run) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            for byte in frame(0x1, b"a" * 130) + frame(0x1, b"b"):
                await both.peer.send(bytes([byte]))
                await asyncio.sleep(0)
            assert await both.messages(2) == [b"a" * 130, b"b"]

    run(story())


def test_nothing_is_delivered_before_the_start_and_nothing_is_lost(run: Run) -> None:
    async def story() -> None:
        async with pair(head=frame(0x1, b"at once") + frame(0x1, b"second")) as both:
            await both.peer.send(frame(0x1, b"third"))
            await asyncio.sleep(0.02)
            assert both.got.empty()
            both.start()
            assert await both.messages(3) == [b"at once", b"second", b"third"]

    run(story())


def test_fragments_make_one_message_even_with_a_ping_between_them(run: Run) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            await both.peer.send(
                frame(0x1, b"one ", fin=False)
                + frame(0x9, b"hey")
                + frame(0x0, b"two ", fin=False)
                + frame(0x0, b"end")
            )
            assert await both.messages(1) == [b"one two end"]
            assert await both.peer.frame() == (0x8A, b"hey")

    run(story())


def test_a_ping_of_ours_gets_its_pong_and_the_pong_is_a_sign_of_life(run: Run) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            both.socket.heard = False
            both.socket.ping()
            assert await both.peer.frame() == (0x89, b"")
            await both.peer.send(frame(0xA, b"") + frame(0x1, b"x"))
            assert await both.messages(1) == [b"x"]
            assert both.socket.heard

    run(story())


def test_a_close_of_theirs_is_answered_and_ends_the_tcp_connection_at_once(run: Run) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            await both.peer.send(frame(0x8, (1011).to_bytes(2, "big") + b"write timeout"))
            assert await both.socket.closed == "closed by the other side, code 1011 write timeout"
            assert (await both.peer.frame())[0] == 0x88
            assert await both.peer.reader.read() == b"", "end of the stream"
            assert not both.socket.send(b"late")

    run(story())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (frame(0x1, b"x", masked=True), "masked frame"),
        (b"\xc1\x01x", "frame of an unknown kind"),
        (frame(0x3, b""), "frame of an unknown kind"),
        (frame(0x1, b"x" * 1001), "message of more than 1000 bytes"),
        (frame(0x1, b"x" * 600, fin=False) + frame(0x0, b"x" * 600), "message of more than 1000 bytes"),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(run: Run, data: bytes, why: str) -> None:
    async def story() -> None:
        async with pair(max_message_bytes=1000) as both:
            both.start()
            await both.peer.send(data)
            async with asyncio.timeout(5):
                assert await both.socket.closed == why

    run(story())


def test_a_lost_connection_is_told(run: Run) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            both.peer.writer.transport.abort()
            async with asyncio.timeout(5):
                assert "connection lost" in await both.socket.closed
            assert not both.socket.send(b"x")

    run(story())


def test_closing_does_not_wait_for_a_peer_that_reads_nothing(run: Run) -> None:
    async def story() -> None:
        async with pair() as both:
            both.start()
            lost = asyncio.Event()
            with_lost(both.socket, lost)
            both.socket.send(b"x" * (1 << 25))
            both.socket.close(why="enough")
            assert both.socket.closed.done()
            assert await both.socket.closed == "enough"
            async with asyncio.timeout(10):
                await lost.wait()

    run(story())


def test_a_raising_handler_costs_its_message_only(run: Run) -> None:
    async def story() -> None:
        def handle(message: bytearray) -> None:
            both.got.put_nowait(bytes(message))
            if message == b"bad":
                raise ValueError("boom")

        async with pair() as both:
            both.socket.start(handle)
            await both.peer.send(frame(0x1, b"bad") + frame(0x1, b"good"))
            assert await both.messages(2) == [b"bad", b"good"]

    run(story())


def test_what_a_message_causes_is_written_before_the_messages_behind_it_are_looked_at(run: Run) -> None:
    async def story() -> None:
        there: list[bool] = []

        def handle(message: bytearray) -> None:
            if message == b"1":
                both.socket.send(b"command")
            sock = both.peer.writer.get_extra_info("socket")
            there.append(bool(select.select([sock.fileno()], [], [], 0)[0]))

        async with pair() as both:
            both.socket.start(handle)
            await both.peer.send(frame(0x1, b"0") + frame(0x1, b"1") + frame(0x1, b"2"))
            assert await both.peer.frame() == (0x81, b"command")
            assert there == [False, True, True]

    run(story())


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "401"),
        (b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: wrong\r\n\r\n", "does not fit"),
        (b"x" * 70_000, "endless"),
        (b"", "connection lost"),
    ],
)
def test_a_refused_upgrade_is_told_with_its_reason(run: Run, answer: bytes, why: str) -> None:
    async def story() -> None:
        async with server(lambda _: answer) as (port, peers):
            opening = asyncio.ensure_future(open_websocket(f"http://127.0.0.1:{port}/", {}, max_message_bytes=1000))
            peer = await peers.get()
            if not answer:
                peer.writer.close()
            with pytest.raises(PbxUnavailable, match=why):
                await opening

    run(story())


def test_giving_up_an_upgrade_leaves_no_connection(run: Run) -> None:
    async def story() -> None:
        async with server(lambda _: b"") as (port, peers):
            opening = asyncio.ensure_future(open_websocket(f"http://127.0.0.1:{port}/", {}, max_message_bytes=1000))
            peer = await peers.get()
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
            async with asyncio.timeout(5):
                assert await peer.reader.read() == b""

    run(story())


def test_the_link_works_on_either_loop(run: Run) -> None:
    async def story() -> None:
        fake = FakeAri()
        await fake.start()
        events: list[dict[str, Any]] = []
        link = AriLink(
            AriConfig(fake.base_url, fake.username, fake.password), on_event=events.append, on_state=lambda *_: None
        )
        await link.start()
        await fake.until(lambda: link.state is AriState.UP)
        await fake.emit({"type": "StasisStart"})
        answer = commands.answer("c")
        assert await link.request(answer.method, answer.path, key="c") is None
        await fake.until(lambda: events == [{"type": "StasisStart"}])
        fake.drop()
        await fake.until(lambda: link.generation == 2)
        await link.close()
        await fake.stop()

    run(story())
