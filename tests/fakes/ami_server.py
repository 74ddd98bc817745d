"""An AMI server whose every octet a test decides: it logs in, answers pings, and does the rest as scripted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Self

Headers = dict[str, str]
Script = Callable[["FakeAmiPeer", Headers], None]


class FakeAmiPeer:
    """One client's connection, seen from the server."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    def send(self, octets: bytes) -> None:
        """Send exactly these octets."""
        self.writer.write(octets)

    def frame(self, *lines: str) -> None:
        """Send one frame made of these lines."""
        self.send("".join(f"{line}\r\n" for line in (*lines, "")).encode())

    def event(self, name: str, *lines: str) -> None:
        """Send an event."""
        self.frame(f"Event: {name}", "Privilege: call,all", *lines)

    def answer(self, action: Headers, response: str, *lines: str) -> None:
        """Answer an action."""
        self.frame(f"Response: {response}", f"ActionID: {action['ActionID']}", *lines)

    def list(self, action: Headers, entry: str, entries: list[list[str]], ending: str = "") -> None:
        """Answer an action with a whole list."""
        self.answer(action, "Success", "EventList: start", "Message: the list follows")
        for lines in entries:
            self.frame(f"Event: {entry}", f"ActionID: {action['ActionID']}", *lines)
        self.end_list(action, ending or f"{entry}Complete", len(entries))

    def end_list(self, action: Headers, ending: str, count: int, how: str = "Complete") -> None:
        """Close a list."""
        self.frame(f"Event: {ending}", f"ActionID: {action['ActionID']}", f"EventList: {how}", f"ListItems: {count}")

    def cut(self) -> None:
        """Cut the connection without a word."""
        self.writer.transport.abort()


class FakeAmi:
    """The server. ``on[action]`` is its script for an action; an action without one is never answered."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.secret = "pw"
        self.boots = True
        """Send FullyBooted after the login."""
        self._tls = tls
        self.silent = False
        """Take everything and say nothing: the half-open link."""
        self.got: list[Headers] = []
        """Every action but pings, over all connections, in order."""
        self.raw = bytearray()
        """Every octet received."""
        self.peers: list[FakeAmiPeer] = []
        self.logins = 0
        self.port = 0
        self.on: dict[str, Script] = {"Login": self._login, "Ping": self._ping}
        self._server: asyncio.Server | None = None
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> Self:
        """Listen; again on the same port after ``stop``."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Cut every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for peer in self.peers:
            peer.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def peer(self) -> FakeAmiPeer:
        """The newest connection."""
        return self.peers[-1]

    def count(self, action: str) -> int:
        """How often an action came."""
        return sum(headers["Action"] == action for headers in self.got)

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until something the server sees is so."""
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(what)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        peer = FakeAmiPeer(writer)
        self.peers.append(peer)
        peer.send(b"Asterisk Call Manager/11.0.0\r\n")
        rest = b""
        try:
            while data := await reader.read(65536):
                self.raw += data
                *frames, rest = (rest + data).split(b"\r\n\r\n")
                for frame in frames:
                    self._take(peer, frame.decode())
                async with self._news:
                    self._news.notify_all()
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    def _take(self, peer: FakeAmiPeer, frame: str) -> None:
        headers: Headers = {}
        for line in frame.split("\r\n"):
            name, _, value = line.partition(": ")
            headers[name] = f"{headers[name]}\n{value}" if name in headers else value
        if headers["Action"] != "Ping":
            self.got.append(headers)
        script = self.on.get(headers["Action"])
        if script is not None and not self.silent:
            script(peer, headers)

    def _login(self, peer: FakeAmiPeer, action: Headers) -> None:
        self.logins += 1
        if action["Secret"] != self.secret:
            peer.answer(action, "Error", "Message: Authentication failed")
            return
        peer.answer(action, "Success", "Message: Authentication accepted")
        if self.boots:
            peer.event("FullyBooted", "Status: Fully Booted", "Uptime: 20", "LastReload: 20")

    def _ping(self, peer: FakeAmiPeer, action: Headers) -> None:
        peer.answer(action, "Success", "Ping: Pong")
