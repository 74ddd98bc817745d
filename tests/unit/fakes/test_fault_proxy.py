"""The proxy does what a test says that a network does; a fault that is none would prove nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from random import Random
from typing import TypeVar

import pytest

from tests.fakes.fault_proxy import TO_CLIENT, TO_SERVER, FaultProxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LONG_S = 5.0
T = TypeVar("T")


class Echo:
    """Says back what it hears and keeps the pieces."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while data := await reader.read(65536):
                self.heard += data
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def proxied(*, small_buffers: bool = False) -> AsyncIterator[tuple[FaultProxy, Echo]]:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    async with server, FaultProxy(server.sockets[0].getsockname(), small_buffers=small_buffers) as proxy:
        yield proxy, echo
        for writer in echo.writers:
            writer.close()


async def dial(proxy: FaultProxy) -> Streams:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def within(work: Awaitable[T]) -> T:
    return await asyncio.wait_for(work, LONG_S)


async def hear_once(proxy: FaultProxy) -> bytes:
    reader, writer = await dial(proxy)
    try:
        return await reader.read(1)
    finally:
        writer.close()


async def fill(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(1 << 16))
        await writer.drain()


async def silent(reader: asyncio.StreamReader) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)


async def test_without_a_fault_everything_goes_through_and_both_ends_are_told_of_the_end() -> None:
    async with proxied() as (proxy, echo):
        reader, writer = await dial(proxy)
        sent = Random(1).randbytes(1 << 20)
        writer.write(sent)
        assert await within(reader.readexactly(len(sent))) == sent
        writer.write_eof()
        assert await within(reader.read()) == b""
        writer.close()
        assert echo.heard == sent
        await asyncio.sleep(0)
        assert proxy.connections == 0


async def test_pieces_are_cut_anywhere_and_arrive_whole() -> None:
    async with proxied() as (proxy, _):
        proxy.split(Random(2))
        reader, writer = await dial(proxy)
        sent = Random(3).randbytes(5000)
        writer.write(sent)
        assert await within(reader.readexactly(len(sent))) == sent
        writer.close()


async def test_a_frozen_connection_stands_and_goes_on_when_healed() -> None:
    async with proxied() as (proxy, _):
        reader, writer = await dial(proxy)
        writer.write(b"a")
        assert await within(reader.readexactly(1)) == b"a"
        proxy.freeze()
        writer.write(b"b")
        await silent(reader)
        late_reader, late_writer = await dial(proxy)
        late_writer.write(b"c")
        await silent(late_reader)
        assert not reader.at_eof()
        proxy.heal()
        assert await within(reader.readexactly(1)) == b"b"
        assert await within(late_reader.readexactly(1)) == b"c"
        writer.close()
        late_writer.close()


async def test_what_is_swallowed_is_lost_one_way_only() -> None:
    async with proxied() as (proxy, echo):
        reader, writer = await dial(proxy)
        proxy.swallow(TO_CLIENT)
        writer.write(b"a")
        await silent(reader)
        assert echo.heard == b"a"
        proxy.heal()
        writer.write(b"b")
        assert await within(reader.readexactly(1)) == b"b"
        writer.close()


async def test_a_client_that_does_not_read_stops_the_server() -> None:
    async with proxied(small_buffers=True) as (proxy, echo):
        reader, writer = await dial(proxy)
        writer.write(b"a")
        await within(reader.readexactly(1))
        proxy.freeze(TO_CLIENT)
        (server,) = echo.writers
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(fill(server), 0.5)
        writer.close()
        proxy.reset()


async def test_a_reset_and_a_hang_up_reach_both_sides() -> None:
    async with proxied() as (proxy, _):
        reader, writer = await dial(proxy)
        writer.write(b"a")
        await within(reader.readexactly(1))
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await within(reader.read(1))
        reader, writer = await dial(proxy)
        writer.write(b"a")
        await within(reader.readexactly(1))
        proxy.hang_up()
        assert await within(reader.read(1)) == b""
        writer.close()


async def test_newcomers_are_muted_or_refused_while_others_go_on() -> None:
    async with proxied() as (proxy, _):
        reader, writer = await dial(proxy)
        proxy.mute_newcomers()
        muted_reader, muted_writer = await dial(proxy)
        muted_writer.write(b"m")
        await silent(muted_reader)
        proxy.refuse_newcomers()
        with pytest.raises(ConnectionError):
            await within(hear_once(proxy))
        writer.write(b"a")
        assert await within(reader.readexactly(1)) == b"a"
        proxy.heal()
        assert await within(muted_reader.read(1)) == b""
        writer.close()
        muted_writer.close()


async def test_connections_with_delays_of_their_own_overtake_each_other() -> None:
    async with proxied() as (proxy, _):
        lines = [await dial(proxy) for _ in range(8)]
        for reader, writer in lines:
            writer.write(b"-")
            await within(reader.readexactly(1))
        proxy.delay(0.4, TO_SERVER, by_socket=Random(4))
        arrived: list[int] = []

        async def hear(place: int, reader: asyncio.StreamReader) -> None:
            assert await reader.readexactly(2) == b"ab"
            arrived.append(place)

        for _, writer in lines:
            writer.write(b"a")
        for _, writer in lines:
            writer.write(b"b")
        await within(asyncio.gather(*(hear(place, reader) for place, (reader, _) in enumerate(lines))))
        assert sorted(arrived) == list(range(8))
        assert arrived != sorted(arrived)
        for _, writer in lines:
            writer.close()


async def test_a_delay_has_a_limit() -> None:
    with pytest.raises(ValueError, match="0 to 5 s"):
        FaultProxy(("127.0.0.1", 1)).delay(6)
