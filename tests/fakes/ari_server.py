"""A scriptable stand-in for Asterisk's ARI: HTTP, events, REST over WebSocket, and the faults of the real one."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping


@dataclass(frozen=True, slots=True)
class Seen:
    """One REST request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Any
    via: str
    """``http`` or the application whose WebSocket carried it."""


@dataclass(slots=True)
class _Rule:
    method: str
    path: re.Pattern[str]
    status: int
    body: Any
    gate: asyncio.Event | None


@dataclass(slots=True)
class FakeAri:
    """Answers 204 to what no rule names. Change the fields at any time."""

    username: str = "acd"
    password: str = "secret"
    version: str = "22.10.1"
    startup_time: str = "2026-01-01T00:00:00.000+0000"
    system_name: str = ""
    speaks_rest_over_websocket: bool = True
    thawed: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, sockets stay open but what arrives is not looked at, not even pings."""
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    greetings: list[Seen] = field(default_factory=list)
    """What a client asks at every connection, kept apart from ``seen``."""
    connections: list[str] = field(default_factory=list)
    """Application names in order of connection."""
    _rules: list[_Rule] = field(default_factory=list)
    _sockets: dict[str, web.WebSocketResponse] = field(default_factory=dict)
    _requests: dict[str, web.Request] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ari"

    async def start(self) -> None:
        self.thawed.set()
        app = web.Application()
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{tail:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and drop every connection; :meth:`start` listens on the same port again."""
        for app in list(self._sockets):
            self.drop(app)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def answer(
        self, method: str, path: str, status: int = 200, body: Any = None, *, gate: asyncio.Event | None = None
    ) -> None:
        """Answer matching requests so; with a gate only once it is set. Later rules come first."""
        self._rules.insert(0, _Rule(method, re.compile(path), status, body, gate))

    async def emit(self, event: Mapping[str, Any], app: str = "acd") -> None:
        await self._sockets[app].send_str(json.dumps(event))

    def drop(self, app: str = "acd") -> None:
        """Cut the TCP connection."""
        transport = self._requests[app].transport
        if transport is not None:
            transport.abort()

    async def close_as_zombie(self, app: str = "acd", code: int = 1011) -> None:
        """Send CLOSE and keep the TCP connection, as Asterisk does after a write timeout."""
        await self._sockets[app]._writer.send_frame(  # type: ignore[union-attr]
            code.to_bytes(2, "big") + b"write timeout", aiohttp.WSMsgType.CLOSE
        )

    def connected(self, app: str = "acd") -> bool:
        return app in self._sockets

    def paths(self, method: str = "POST") -> list[str]:
        return [one.path for one in self.seen if one.method == method]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
        """Wait until the condition holds; it is looked at whenever something arrives, and now and then."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.02)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if not self._authorised(request):
            return web.Response(status=401)
        app = request.query["app"]
        socket = web.WebSocketResponse(autoping=False, autoclose=False)
        await socket.prepare(request)
        previous = self._sockets.get(app)
        self._sockets[app], self._requests[app] = socket, request
        self.connections.append(app)
        self._changed.set()
        if previous is not None:
            with suppress(ConnectionError, aiohttp.ClientError):
                await previous.send_str(json.dumps({"type": "ApplicationReplaced", "application": app}))
        try:
            async for message in _messages(socket):
                await self.thawed.wait()
                if message.type is aiohttp.WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    await self._rest(socket, app, json.loads(message.data))
        except (ConnectionError, aiohttp.ClientError):
            pass
        finally:
            if self._sockets.get(app) is socket:
                del self._sockets[app]
            self._changed.set()
        return socket

    async def _rest(self, socket: web.WebSocketResponse, app: str, message: dict[str, Any]) -> None:
        if not self.speaks_rest_over_websocket:
            return
        params = {pair["name"]: pair["value"] for pair in message.get("query_strings", [])}
        body = json.loads(message["message_body"]) if "message_body" in message else None
        status, answer = await self._perform(Seen(message["method"], "/" + message["uri"], params, body, app))
        response = {
            "type": "RESTResponse",
            "request_id": message["request_id"],
            "status_code": status,
            "reason_phrase": "as scripted",
            "uri": message["uri"],
        }
        if answer is not None:
            response |= {"content_type": "application/json", "message_body": json.dumps(answer)}
        await socket.send_str(json.dumps(response))

    async def _http(self, request: web.Request) -> web.Response:
        if not self._authorised(request):
            return web.Response(status=401)
        raw = await request.text()
        path = request.raw_path.split("?", 1)[0].removeprefix("/ari")
        params = dict(parse_qsl(request.raw_path.partition("?")[2], keep_blank_values=True))
        status, answer = await self._perform(
            Seen(request.method, path, params, json.loads(raw) if raw else None, "http")
        )
        return web.Response(status=status) if answer is None else web.json_response(answer, status=status)

    async def _perform(self, seen: Seen) -> tuple[int, Any]:
        (self.greetings if seen.path.endswith(("/asterisk/info", "/eventFilter")) else self.seen).append(seen)
        self._changed.set()
        for rule in self._rules:
            if rule.method == seen.method and rule.path.fullmatch(seen.path):
                if rule.gate is not None:
                    await rule.gate.wait()
                return rule.status, rule.body
        if seen.path == "/asterisk/info":
            status, config = {"startup_time": self.startup_time}, {"name": self.system_name}
            return 200, {"system": {"version": self.version}, "status": status, "config": config}
        return 204, None

    def _authorised(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == aiohttp.encode_basic_auth(self.username, self.password)


async def _messages(socket: web.WebSocketResponse) -> AsyncIterator[aiohttp.WSMessage]:
    while True:
        message = await socket.receive()
        if message.type in {aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}:
            return
        if message.type is aiohttp.WSMsgType.CLOSE:
            await socket.close()
            return
        yield message
