"""One connection to Asterisk: its socket, what arrives on it, and the choice of a lane for each command.

Decides whether commands go over the WebSocket or HTTP and when a connection is lost. Must not know about reconnection.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import orjson
import structlog

from acd.domain.errors import CommandTimeout, PbxUnavailable
from acd.telephony.ari.errors import error_for
from acd.telephony.ari.lanes import HttpLane, SocketLane
from acd.telephony.ari.values import AriConfig, AsteriskInfo, RestBy
from acd.telephony.ari.websocket import WebSocket, open_websocket
from acd.telephony.ari.wire import speaks_rest_over_websocket
from acd.telephony.silence import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.telephony.ari.lanes import Lane
    from acd.telephony.silence import Silence

log = structlog.get_logger(__name__)

_HTTP_KEEPALIVE_S = 10.0  # Asterisk closes idle connections after 15 s (http.conf session_keep_alive)
_ASIDE_LANES, _ASIDE_WAITING = 8, 16
"""Ways for requests that may take as long as a prompt, and how many may wait in each."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a connection ended."""

    reason: str
    replaced: bool = False


class Connection:
    """An open socket and the lanes. :meth:`serve` runs them; afterwards :meth:`close` clears up."""

    def __init__(
        self,
        info: AsteriskInfo,
        socket: WebSocket,
        http_lanes: list[HttpLane],
        permitted: Callable[[], bool],
        aside: list[HttpLane],
    ) -> None:
        """Take the socket; commands go over it too when there are no lanes over HTTP."""
        self.info = info
        self._socket = socket
        self._socket_lane = SocketLane(socket, permitted)
        self._http_lanes = http_lanes
        self._lanes: list[Lane] = [*http_lanes] or [self._socket_lane]
        self._aside = aside
        self._deliver: Callable[[dict[str, Any]], None] | None = None
        self._replaced = False

    def lane_for(self, key: str) -> Lane:
        """Return the lane of a key: always the same one while this connection lives."""
        return self._lanes[hash(key) % len(self._lanes)]

    def aside_for(self, key: str) -> Lane | None:
        """Return the lane of a key for what may take long and must hold up nobody else; None when it is full."""
        lane = self._aside[hash(key) % len(self._aside)] if self._aside else None
        return lane if lane is not None and lane.unanswered < _ASIDE_WAITING else None

    @property
    def heard_at(self) -> float:
        """When the packet came that is being dealt with, by ``perf_counter``."""
        return self._socket.heard_at

    def probe(self, on_answer: Callable[[], None]) -> None:
        """Ask for a sign of life; ``on_answer`` is called once it came, behind everything Asterisk said before."""
        self._socket.ping(on_answer)

    @property
    def unanswered(self) -> int:
        """Commands without an answer."""
        return sum(lane.unanswered for lane in self._lanes)

    def close(self, why: str) -> None:
        """Close the socket, at once, and fail every command without an answer.

        Asterisk keeps an application registered, and sends it calls, while its TCP connection stands.
        """
        self._socket.close(why=why)
        for lane in (*self._lanes, *self._aside):
            lane.lose_all(why)

    async def serve(self, deliver: Callable[[dict[str, Any]], None], silence: Silence) -> Lost:
        """Deliver events and send commands until the socket ends or the application is taken over."""
        self._deliver = deliver
        self._socket.start(self._take)
        tasks = [asyncio.create_task(lane.run(), name="ari-lane") for lane in (*self._http_lanes, *self._aside)]
        tasks.append(asyncio.create_task(self._watch(silence), name="ari-watch"))
        try:
            return Lost(await asyncio.shield(self._socket.closed), replaced=self._replaced)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, message: bytearray) -> None:
        """Take one message; runs where its bytes arrived, so everything it leads to is done before the next one."""
        try:
            event = orjson.loads(message)
        except orjson.JSONDecodeError:
            event = None
        if not isinstance(event, dict):
            log.warning("ari_message_not_understood", octets=len(message))
            return
        kind = event.get("type")
        if kind == "RESTResponse":
            self._socket_lane.resolve(event)
        elif kind == "ApplicationReplaced":
            self._replaced = True
            self._socket.close(why="another process took over the application")
        elif self._deliver is not None:
            self._deliver(event)

    async def _watch(self, silence: Silence) -> None:
        """Ping when nothing is heard, and give the socket up when silence is the answer."""
        while True:
            await asyncio.sleep(silence.tick_s)
            heard, self._socket.heard = self._socket.heard, False
            verdict = silence.tick(heard=heard)
            if verdict is Verdict.ASK:
                self._socket.ping()
            elif verdict is Verdict.DEAD:
                self._socket.abort("no pong in time, and nothing else")


def open_session(config: AriConfig) -> aiohttp.ClientSession:
    """Return the one HTTP session of a link. Few connections: Asterisk's HTTP server takes 100 in all."""
    return aiohttp.ClientSession(
        headers={"Authorization": _authorization(config)},
        connector=aiohttp.TCPConnector(limit=config.http_lanes + _ASIDE_LANES + 4, keepalive_timeout=_HTTP_KEEPALIVE_S),
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


async def connect(
    session: aiohttp.ClientSession, config: AriConfig, permitted: Callable[[], bool] = lambda: True
) -> Connection:
    """Open the socket of the events; none is delivered before :meth:`Connection.serve`.

    No command is sent unless it is ``permitted`` in that instant.

    Raises:
        TelephonyError: it did not work; the message says why.
    """
    socket: WebSocket | None = None
    try:
        async with asyncio.timeout(config.connect_timeout_s):
            info = _info(await read_json(session, config, "/asterisk/info"), config.system_name)
            socket = await open_websocket(
                f"{config.base_url}/events?app={quote(config.app, safe='')}",
                {"Authorization": _authorization(config)},
                max_message_bytes=config.max_message_bytes,
            )
            await _filter_events(session, config)
    except BaseException as error:
        if socket is not None:
            socket.abort("given up")
        if isinstance(error, (aiohttp.ClientError, TimeoutError, OSError)):
            raise PbxUnavailable(f"cannot connect: {error or 'no answer in time'}") from error
        raise
    by_socket = config.rest_by is RestBy.WEBSOCKET or (
        config.rest_by is RestBy.AUTO and speaks_rest_over_websocket(info.version)
    )
    lanes = 0 if by_socket else config.http_lanes
    timeout_s = config.request_timeout_s
    over_http = [HttpLane(session, config.base_url, timeout_s, permitted) for _ in range(lanes + _ASIDE_LANES)]
    return Connection(info, socket, over_http[:lanes], permitted, over_http[lanes:])


async def _filter_events(session: aiohttp.ClientSession, config: AriConfig) -> None:
    """Tell Asterisk which events not to send. A refusal costs speed only, so it is logged and lived with."""
    url = f"{config.base_url}/applications/{quote(config.app, safe='')}/eventFilter"
    async with session.put(url, json={"disallowed": [{"type": kind} for kind in config.ignored_events]}) as response:
        if not response.ok:
            log.warning("ari_event_filter_refused", status=response.status)


def _authorization(config: AriConfig) -> str:
    return aiohttp.encode_basic_auth(config.username, config.password)


def _info(found: dict[str, Any], expected: str) -> AsteriskInfo:
    """Read who answers; it must be the Asterisk expected, if one is named: ids tell by their begin whose they are."""
    system, status, config = (found.get(part) or {} for part in ("system", "status", "config"))
    name = str(config.get("name") or "")
    if expected not in {"", name}:
        raise PbxUnavailable(f"the Asterisk there is called '{name}': see systemname in its asterisk.conf")
    return AsteriskInfo(
        version=str(system.get("version") or ""),
        startup_time=str(status.get("startup_time") or ""),
        entity_id=str(system.get("entity_id") or ""),
        system_name=name,
    )
