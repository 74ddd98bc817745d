"""A TCP proxy that stands between the engine and what it speaks with, and fails as networks do.

For Asterisk's HTTP (ARI) and AMI, and as well for a database: it knows no protocol. Every fault can be set and lifted
at any moment, for both ways or one:

    async with FaultProxy(("127.0.0.1", 8088)) as proxy:      # listens at 127.0.0.1:proxy.port
        proxy.delay(0.3)            # each piece arrives so much later; up to 5 s, the order of a connection is kept
        proxy.delay(0.3, by_socket=Random(1))     # each connection by a share of its own: reordered across sockets
        proxy.split(Random(2))      # in pieces of 1 to 40 bytes, each a segment of its own
        proxy.freeze()              # nothing is taken or given any more, nobody is told: black hole, half-open, SIGSTOP
        proxy.freeze(TO_CLIENT)     # the client does not read; what the server writes piles up there
        proxy.swallow(TO_SERVER)    # taken and lost: the sender believes that it was sent
        proxy.mute_newcomers()      # new connections are accepted and never answered
        proxy.refuse_newcomers()    # new connections are reset
        proxy.heal()                # all of the above is over; what was frozen goes on, what was swallowed is lost
        proxy.reset()               # RST to both sides of every connection
        proxy.hang_up()             # FIN likewise
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from types import TracebackType
from typing import Any, Self

Address = tuple[str, int]
MAX_DELAY_S = 5.0
_CHUNK = 65536
_PIECE = 40
"""Bytes of a piece at most when split: shorter than any head of a frame, message or line of interest."""
_SMALL_BUFFER = 4096
_RST = struct.pack("ii", 1, 0)


class Way(Enum):
    """One of the two ways of a connection."""

    TO_SERVER = "to server"
    TO_CLIENT = "to client"


TO_SERVER, TO_CLIENT = Way.TO_SERVER, Way.TO_CLIENT


@dataclass
class _Fault:
    """What is done to one way."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Clear: frozen."""
    delay_s: float = 0.0
    shares: Random | None = None
    split: Random | None = None
    swallowing: bool = False

    def __post_init__(self) -> None:
        self.open.set()


class _Connection:
    """One client and the server's side of it."""

    def __init__(self, client: socket.socket, share: float) -> None:
        self.client = client
        self.server: socket.socket | None = None
        self.share = share
        """Of the delay, when each connection has its own."""
        self.ended_ways = 0
        self.tasks: list[asyncio.Task[None]] = []

    def close(self, *, reset: bool) -> None:
        """Close both sides once the tasks that are under way on them have let go."""
        for task in self.tasks:
            task.cancel()
        asyncio.get_running_loop().call_soon(self._close, reset)

    def _close(self, reset: bool) -> None:  # noqa: FBT001 - called by the loop
        for side in (self.client, self.server):
            if side is not None:
                with suppress(OSError):
                    if reset:
                        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
                    else:
                        side.shutdown(socket.SHUT_RDWR)
                side.close()


class FaultProxy:
    """See the module. ``port`` is where it listens.

    Args:
        server: where to connect to for each client.
        port: to listen at, 0 for any free one.
        small_buffers: the sockets take little by themselves, so that back-pressure is felt soon.
    """

    def __init__(self, server: Address, port: int = 0, *, small_buffers: bool = False) -> None:
        self.server = server
        """Where to connect to; may be changed."""
        self.port = port
        self._small_buffers = small_buffers
        self._faults = {way: _Fault() for way in Way}
        self._newcomers = "served"
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: list[_Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._shares = Random(0)
        self.passed = dict.fromkeys(Way, 0)
        """Bytes given on, by way."""
        self.overheard: list[bytes] | None = None
        """With a list: what clients say, as it comes."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; again after ``stop_listening``, at the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)  # noqa: FBT003 - the method's own parameter
        listener.bind(("127.0.0.1", self.port))
        listener.listen(100)
        self._listener, self.port = listener, listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept(listener), name="fault-proxy")

    async def stop_listening(self) -> None:
        """Let the machine refuse new connections, as one on which the server has died; those there are go on."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
        if self._listener is not None:
            self._listener.close()

    async def close(self) -> None:
        """End, with all connections."""
        await self.stop_listening()
        self.hang_up()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def connections(self) -> int:
        """How many connections stand now."""
        return len(self._connections)

    # ------------------------------------------------------------ faults

    def delay(self, seconds: float, *ways: Way, by_socket: Random | None = None) -> None:
        """Give everything on so much later; with ``by_socket`` each connection has a share of it, from 0 to all."""
        if not 0 <= seconds <= MAX_DELAY_S:
            raise ValueError(f"a delay is from 0 to {MAX_DELAY_S:g} s")
        if by_socket is not None:
            self._shares = by_socket
            for connection in self._connections:
                connection.share = by_socket.random()
        for way in ways or Way:
            self._faults[way].delay_s = seconds
            self._faults[way].shares = by_socket

    def split(self, chance: Random, *ways: Way) -> None:
        """Give everything on in pieces of 1 to 40 bytes."""
        for way in ways or Way:
            self._faults[way].split = chance

    def freeze(self, *ways: Way) -> None:
        """Take and give nothing any more; connections stay as they are, and new ones are accepted and get nothing."""
        for way in ways or Way:
            self._faults[way].open.clear()

    def swallow(self, *ways: Way) -> None:
        """Take everything and lose it."""
        for way in ways or Way:
            self._faults[way].swallowing = True

    def mute_newcomers(self) -> None:
        """Accept new connections and never answer them; those there are go on."""
        self._newcomers = "muted"

    def refuse_newcomers(self) -> None:
        """Reset new connections; those there are go on."""
        self._newcomers = "refused"

    def heal(self) -> None:
        """Do no harm from now on. A connection muted from its begin is hung up: there is nobody behind it."""
        self._newcomers = "served"
        for fault in self._faults.values():
            fault.delay_s, fault.shares, fault.split, fault.swallowing = 0.0, None, None, False
            fault.open.set()
        for connection in [c for c in self._connections if c.server is None and not c.tasks]:
            self._end(connection)

    def reset(self) -> None:
        """Reset every connection."""
        for connection in list(self._connections):
            self._end(connection, reset=True)

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in list(self._connections):
            self._end(connection)

    # ------------------------------------------------------------ carrying

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            client, _ = await loop.sock_accept(listener)
            client.setblocking(False)  # noqa: FBT003 - the method's own parameter
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(client, self._shares.random())
            self._connections.append(connection)
            if self._newcomers == "refused":
                self._end(connection, reset=True)
            elif self._newcomers == "served":
                self._begin(connection, self._serve(connection))

    def _begin(self, connection: _Connection, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="fault-proxy")
        connection.tasks.append(task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, connection: _Connection, *, reset: bool = False) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
        connection.close(reset=reset)

    async def _serve(self, connection: _Connection) -> None:
        """Connect to the server, then carry both ways."""
        await self._faults[TO_SERVER].open.wait()
        server = socket.socket()
        server.setblocking(False)  # noqa: FBT003 - the method's own parameter
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._small_buffers:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        connection.server = server
        try:
            await asyncio.get_running_loop().sock_connect(server, self.server)
        except OSError:
            self._end(connection, reset=True)
            return
        for way, source, sink in ((TO_SERVER, connection.client, server), (TO_CLIENT, server, connection.client)):
            on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            self._begin(connection, self._take(connection, way, source, on_its_way))
            self._begin(connection, self._give(connection, way, sink, on_its_way))

    async def _take(
        self, connection: _Connection, way: Way, source: socket.socket, on_its_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        loop, fault = asyncio.get_running_loop(), self._faults[way]
        data = b"-"
        while data:
            await fault.open.wait()
            try:
                data = await loop.sock_recv(source, _CHUNK)
            except OSError:
                self._end(connection, reset=True)
                return
            if self.overheard is not None and way is TO_SERVER:
                self.overheard.append(data)
            if not data or not fault.swallowing:
                share = 1.0 if fault.shares is None else connection.share
                on_its_way.put_nowait((loop.time() + fault.delay_s * share, data))

    async def _give(
        self, connection: _Connection, way: Way, sink: socket.socket, on_its_way: asyncio.Queue[tuple[float, bytes]]
    ) -> None:
        loop, fault = asyncio.get_running_loop(), self._faults[way]
        while True:
            due, data = await on_its_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            await fault.open.wait()
            try:
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    connection.ended_ways += 1
                    if connection.ended_ways == len(Way):
                        self._end(connection)
                    return
                for piece in _pieces(data, fault.split):
                    await loop.sock_sendall(sink, piece)
                    await fault.open.wait()
            except OSError:
                self._end(connection, reset=True)
                return
            self.passed[way] += len(data)


def _pieces(data: bytes, chance: Random | None) -> list[bytes]:
    if chance is None:
        return [data]
    cut, pieces = 0, []
    while cut < len(data):
        size = chance.randint(1, _PIECE)
        pieces.append(data[cut : cut + size])
        cut += size
    return pieces
