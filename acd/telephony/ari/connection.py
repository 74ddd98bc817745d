"""One connection to Asterisk: its sockets, their reading, and the choice of a lane for each command.

Decides whether commands go over WebSockets or HTTP and when a connection is lost. Must not know about reconnection.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import orjson
import structlog

from acd.domain.errors import CommandTimeout, PbxUnavailable
from acd.telephony.ari.errors import error_for
from acd.telephony.ari.lanes import HttpLane, SocketLane
from acd.telephony.ari.values import AriConfig, AsteriskInfo, RestBy
from acd.telephony.ari.wire import speaks_rest_over_websocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.telephony.ari.lanes import Lane

log = structlog.get_logger(__name__)

Socket = aiohttp.ClientWebSocketResponse[bool]
_HTTP_KEEPALIVE_S = 10.0  # Asterisk closes idle connections after 15 s (http.conf session_keep_alive)
_CLOSE_TIMEOUT_S = 0.3


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a connection ended."""

    reason: str
    replaced: bool = False


class Connection:
    """Open sockets. :meth:`serve` runs them; afterwards :meth:`lose_all` and :meth:`close` clear up."""

    def __init__(self, info: AsteriskInfo, sockets: list[Socket], lanes: list[Lane]) -> None:
        """Take the sockets, that of the events last. A lane that uses a socket stands at the socket's index."""
        self.info = info
        self._sockets = sockets
        self._lanes = lanes

    def lane_for(self, key: str) -> Lane:
        """Return the lane of a key: always the same one while this connection lives."""
        return self._lanes[hash(key) % len(self._lanes)]

    def lose_all(self, why: str) -> None:
        """Fail every command that has no answer."""
        for lane in self._lanes:
            lane.lose_all(why)

    async def close(self) -> None:
        """Close the sockets, at once: Asterisk keeps an application registered while its TCP connection stands."""
        await asyncio.gather(*(socket.close() for socket in self._sockets), return_exceptions=True)

    async def serve(self, deliver: Callable[[dict[str, Any]], None], ping_interval_s: float) -> Lost:
        """Deliver events and send commands until a socket breaks or the application is taken over."""
        by_socket = [lane for lane in self._lanes if isinstance(lane, SocketLane)]
        readers = [
            _Reader(socket, lane, deliver)
            for socket, lane in zip_longest(self._sockets, by_socket, fillvalue=None)
            if socket
        ]
        jobs = [reader.run() for reader in readers] + [reader.watch(ping_interval_s) for reader in readers]
        tasks = [asyncio.create_task(job, name="ari-socket") for job in (*jobs, *map(_send, self._lanes))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def open_session(config: AriConfig) -> aiohttp.ClientSession:
    """Return the one HTTP session of a link. Few connections: Asterisk's HTTP server takes 100 in all."""
    return aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(config.username, config.password)},
        connector=aiohttp.TCPConnector(
            limit=config.http_lanes + 4 + config.rest_sockets, keepalive_timeout=_HTTP_KEEPALIVE_S
        ),
        json_serialize=lambda body: orjson.dumps(body).decode(),
    )


async def read_json(session: aiohttp.ClientSession, config: AriConfig, path: str) -> Any:
    """GET over HTTP and parse.

    Raises:
        PbxUnavailable: Asterisk cannot be reached.
        CommandTimeout: no answer in time.
        AriRefused: Asterisk refused, ChannelGone: 404.
    """
    timeout = aiohttp.ClientTimeout(total=config.request_timeout_s)
    try:
        async with session.get(config.base_url + path, timeout=timeout) as response:
            raw = await response.read()
    except aiohttp.ClientConnectionError as error:
        raise PbxUnavailable(f"GET {path}: {error}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise CommandTimeout(f"GET {path}: {error or 'no answer in time'}") from error
    refused = error_for(response.status, f"GET {path}", response.reason or "", raw.decode(errors="replace"))
    if refused is not None:
        raise refused
    return orjson.loads(raw)


async def connect(session: aiohttp.ClientSession, config: AriConfig) -> Connection:
    """Open all sockets, that of the events last, so that commands can go when the first event comes.

    Raises:
        TelephonyError: it did not work; the message says why.
    """
    sockets: list[Socket] = []
    try:
        async with asyncio.timeout(config.connect_timeout_s):
            info = _info(await read_json(session, config, "/asterisk/info"))
            by_socket = config.rest_by is RestBy.WEBSOCKET or (
                config.rest_by is RestBy.AUTO and speaks_rest_over_websocket(info.version)
            )
            rest = [f"{config.app}-rest-{n}" for n in range(1, config.rest_sockets + 1)] if by_socket else []
            for app in (*rest, config.app):
                sockets.append(await _open_socket(session, config, app))  # noqa: PERF401 - kept for closing on failure
            await _filter_events(session, config)
    except BaseException as error:
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)
        if isinstance(error, (aiohttp.ClientError, TimeoutError, OSError)):
            raise PbxUnavailable(f"cannot connect: {error or 'no answer in time'}") from error
        raise
    lanes: list[Lane]
    if by_socket:
        lanes = [SocketLane(socket) for socket in (sockets[:-1] or sockets)]
    else:
        lanes = [HttpLane(session, config.base_url, config.request_timeout_s) for _ in range(config.http_lanes)]
    return Connection(info, sockets, lanes)


async def _open_socket(session: aiohttp.ClientSession, config: AriConfig, app: str) -> Socket:
    return await session.ws_connect(
        f"{config.base_url}/events?app={quote(app, safe='')}",
        autoping=False,
        timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S),
        max_msg_size=config.max_message_bytes,
        decode_text=False,
    )


async def _filter_events(session: aiohttp.ClientSession, config: AriConfig) -> None:
    """Tell Asterisk which events not to send. A refusal costs speed only, so it is logged and lived with."""
    url = f"{config.base_url}/applications/{quote(config.app, safe='')}/eventFilter"
    async with session.put(url, json={"disallowed": [{"type": kind} for kind in config.ignored_events]}) as response:
        if not response.ok:
            log.warning("ari_event_filter_refused", status=response.status)


def _info(found: dict[str, Any]) -> AsteriskInfo:
    system, status = found.get("system") or {}, found.get("status") or {}
    return AsteriskInfo(
        version=str(system.get("version") or ""),
        startup_time=str(status.get("startup_time") or ""),
        entity_id=str(system.get("entity_id") or ""),
    )


class _Reader:
    """Reads one socket. Never waits for anything else: Asterisk drops applications that read slowly."""

    def __init__(self, socket: Socket, lane: SocketLane | None, deliver: Callable[[dict[str, Any]], None]) -> None:
        self._socket = socket
        self._lane = lane
        self._deliver = deliver
        self._heard = False

    async def run(self) -> Lost:
        """Read until the socket ends or the application is taken over."""
        while True:
            message = await self._socket.receive()
            self._heard = True
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    try:
                        event = orjson.loads(message.data)
                    except orjson.JSONDecodeError:
                        log.warning("ari_message_unreadable", length=len(message.data))
                        continue
                    if self._take(event):
                        return Lost("another process took over the application", replaced=True)
                    if self._lane is not None and self._lane.waiting:
                        await asyncio.sleep(0)  # more events may be buffered: write what this one caused first
                case aiohttp.WSMsgType.PONG:
                    pass
                case aiohttp.WSMsgType.PING:
                    await self._socket.pong(message.data)
                case _:
                    return Lost(_why_closed(self._socket, message))

    def _take(self, event: dict[str, Any]) -> bool:
        """Pass one message on; tell whether it says that the application is no longer ours."""
        kind = event.get("type")
        if kind == "RESTResponse":
            if self._lane is not None:
                self._lane.resolve(event)
        elif kind == "ApplicationReplaced":
            return True
        else:
            self._deliver(event)
        return False

    async def watch(self, interval_s: float) -> Lost:
        """Ping when nothing was heard for an interval, until no sign of life follows for half of it.

        aiohttp's own heartbeat does the same, but moves its timer at every packet, which the hot path would pay for.
        """
        while True:
            self._heard = False
            await asyncio.sleep(interval_s)
            if self._heard:
                continue
            try:
                await self._socket.ping()
            except (aiohttp.ClientError, ConnectionError) as error:
                return Lost(f"cannot ping: {error}")
            await asyncio.sleep(interval_s / 2)
            if not self._heard:
                return Lost(f"no pong within {interval_s / 2} s")


async def _send(lane: Lane) -> Lost:
    return Lost(await lane.run())


def _why_closed(socket: Socket, message: aiohttp.WSMessage | aiohttp.http.WSMessageNoDecodeText) -> str:
    error = socket.exception() or (message.data if isinstance(message.data, Exception) else None)
    return f"socket closed, code {socket.close_code}" + (f": {error}" if error else "")
