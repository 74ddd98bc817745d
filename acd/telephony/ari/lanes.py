"""Lanes: how commands reach Asterisk in order. Commands of one key use the same lane, and a lane keeps its order.

Decides when a command counts as sent, and so what its loss means: never sent is ``PbxUnavailable``, sent and
unanswered is ``CommandTimeout`` (outcome unknown). Nothing is ever sent twice. Must not know what commands mean, nor
who reconnects.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import structlog
from yarl import URL

from acd.domain.errors import CommandTimeout, PbxUnavailable, TelephonyError
from acd.telephony.ari.errors import error_for
from acd.telephony.ari.values import AriResult
from acd.telephony.ari.wire import MAX_FRAME_BYTES, encode_query, encode_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.telephony.ari.values import AriRequest
    from acd.telephony.ari.websocket import WebSocket

log = structlog.get_logger(__name__)

_UNREADABLE = 500
"""The status of an answer that has none."""
NOT_OURS = "this engine is not, or not surely, the active one"


class Command:
    """One request under way. Finishes exactly once; later results are dropped."""

    __slots__ = ("on_result", "request", "request_id", "sent")

    def __init__(self, request_id: str, request: AriRequest, on_result: Callable[[AriResult], None]) -> None:
        self.request_id = request_id
        self.request = request
        self.on_result: Callable[[AriResult], None] | None = on_result
        self.sent = False

    @property
    def done(self) -> bool:
        """Whether its result was told."""
        return self.on_result is None

    @property
    def what(self) -> str:
        """Method and path, for messages; never the query, which may hold a caller's number."""
        return f"{self.request.method} {self.request.path}"

    def finish(self, result: AriResult) -> None:
        """Tell the result, once. A raising callback is logged and harms nobody else."""
        on_result, self.on_result = self.on_result, None
        if on_result is None:
            return
        try:
            on_result(result)
        except Exception:
            log.exception("ari_result_handler_failed", command=self.what)

    def answered(self, status: int, reason: str, raw: str | None) -> None:
        """Tell what Asterisk answered."""
        self.finish(AriResult(status, raw, error_for(status, self.what, reason, raw)))

    def lose(self, why: str) -> None:
        """Tell that no answer will come."""
        error: TelephonyError = (
            CommandTimeout(f"{self.what}: outcome unknown: {why}")
            if self.sent
            else PbxUnavailable(f"{self.what}: not sent: {why}")
        )
        self.finish(AriResult(0, None, error))


class Lane(Protocol):
    """An ordered way to Asterisk."""

    def submit(self, *commands: Command) -> None:
        """Take commands that belong together; returns at once."""

    def lose_all(self, why: str) -> None:
        """Fail every command that has no answer."""

    @property
    def unanswered(self) -> int:
        """How many commands are still waited for."""


class SocketLane:
    """Commands over the WebSocket: pipelined, and executed by Asterisk one after the other in the order sent."""

    def __init__(self, socket: WebSocket, permitted: Callable[[], bool]) -> None:
        """``permitted`` is asked in the instant before a command is written."""
        self._socket = socket
        self._permitted = permitted
        self._unanswered: dict[str, Command] = {}

    def submit(self, *commands: Command) -> None:
        """Write commands in one breath; if one is too long for Asterisk's frame limit, all are refused."""
        frames = [encode_request(command.request_id, *command.request) for command in commands]
        if (longest := max(map(len, frames))) > MAX_FRAME_BYTES:
            for command in commands:
                error = TelephonyError(f"{command.what}: too long: {longest} bytes")
                asyncio.get_running_loop().call_soon(command.finish, AriResult(0, None, error))
        elif not self._permitted():
            for command in commands:
                asyncio.get_running_loop().call_soon(command.lose, NOT_OURS)
        elif self._socket.send(*frames):
            for command in commands:
                command.sent = True
                self._unanswered[command.request_id] = command
        else:
            for command in commands:
                asyncio.get_running_loop().call_soon(command.lose, "the connection has ended")

    @property
    def unanswered(self) -> int:
        """How many commands are still waited for; those whose time is over are not."""
        return sum(not command.done for command in self._unanswered.values())

    def resolve(self, response: dict[str, Any]) -> None:
        """Take a RESTResponse message. One that came after its command's deadline finds nobody waiting."""
        request_id, status, body = (response.get(name) for name in ("request_id", "status_code", "message_body"))
        command = self._unanswered.pop(request_id, None) if isinstance(request_id, str) else None
        if command is not None:
            command.answered(
                status if isinstance(status, int) else _UNREADABLE,
                str(response.get("reason_phrase", "")),
                body if isinstance(body, str) else None,
            )

    def lose_all(self, why: str) -> None:
        """Fail every command that has no answer."""
        unanswered, self._unanswered = self._unanswered, {}
        for command in unanswered.values():
            command.lose(why)


class HttpLane:
    """Commands over HTTP, one at a time: the next is sent when the one before was answered."""

    def __init__(
        self, session: aiohttp.ClientSession, base_url: str, timeout_s: float, permitted: Callable[[], bool]
    ) -> None:
        """``permitted`` is asked in the instant before a command is sent."""
        self._session = session
        self._permitted = permitted
        self._base_url = base_url
        # Longer than the link waits, so that what stands behind a stuck command ends with it instead of being sent.
        self._timeout = aiohttp.ClientTimeout(total=timeout_s * 1.5)
        self._waiting: asyncio.Queue[Command] = asyncio.Queue()
        self._current: Command | None = None

    def submit(self, *commands: Command) -> None:
        """Take commands."""
        for command in commands:
            self._waiting.put_nowait(command)

    @property
    def unanswered(self) -> int:
        """How many commands are still waited for."""
        return self._waiting.qsize() + (self._current is not None)

    async def run(self) -> None:
        """Send commands until cancelled. A failed one does not break the lane: the event socket tells of a loss."""
        while True:
            command = await self._waiting.get()
            if not command.done:
                self._current = command
                await self._perform(command)
                self._current = None

    async def _perform(self, command: Command) -> None:
        request = command.request
        url = URL(f"{self._base_url}{request.path}{encode_query(request.params)}", encoded=True)
        if not self._permitted():
            command.lose(NOT_OURS)
            return
        command.sent = True
        try:
            async with self._session.request(request.method, url, json=request.body, timeout=self._timeout) as response:
                raw = await response.text()
        except aiohttp.ClientConnectorError as error:
            command.sent = False
            command.lose(str(error.os_error))
        except (aiohttp.ClientError, TimeoutError) as error:
            command.lose(str(error) or "no answer in time")
        else:
            command.answered(response.status, response.reason or "", raw)

    def lose_all(self, why: str) -> None:
        """Fail every command that has no answer."""
        if self._current is not None:
            self._current.lose(why)
        while not self._waiting.empty():
            self._waiting.get_nowait().lose(why)
