"""Lanes: how commands reach Asterisk in order. Commands of one key use the same lane, and a lane keeps its order.

Decides when a command counts as sent, and so what its loss means: never sent is ``PbxUnavailable``, sent and
unanswered is ``CommandTimeout`` (outcome unknown). Nothing is ever sent twice. Must not know what commands mean, nor
who reconnects.
"""

from __future__ import annotations

import asyncio
from collections import deque
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

log = structlog.get_logger(__name__)


class Command:
    """One request under way. Finishes exactly once; later results are dropped."""

    __slots__ = ("deadline", "on_result", "request", "request_id", "sent")

    def __init__(
        self, request_id: str, request: AriRequest, deadline: float, on_result: Callable[[AriResult], None]
    ) -> None:
        self.request_id = request_id
        self.request = request
        self.deadline = deadline
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

    def submit(self, command: Command) -> None:
        """Take a command; returns at once."""

    async def run(self) -> str:
        """Send what was submitted until the lane breaks; returns why."""

    def lose_all(self, why: str) -> None:
        """Fail every command that has no answer."""


class _Outbox:
    """Commands waiting to be sent, and the wake-up of the one task that sends them."""

    def __init__(self) -> None:
        self._commands: deque[tuple[Command, bytes]] = deque()
        self._wake: asyncio.Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._commands)

    def put(self, command: Command, frame: bytes = b"") -> None:
        self._commands.append((command, frame))
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def get(self) -> tuple[Command, bytes]:
        """Return the oldest command that still waits for its result."""
        while True:
            while self._commands:
                command, frame = self._commands.popleft()
                if not command.done:
                    return command, frame
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None

    def lose_all(self, why: str) -> None:
        while self._commands:
            self._commands.popleft()[0].lose(why)


class SocketLane:
    """Commands over one WebSocket: pipelined, and executed by Asterisk one after the other in the order sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        self._socket = socket
        self._outbox = _Outbox()
        self._writing = False
        self._unanswered: dict[str, Command] = {}

    @property
    def waiting(self) -> bool:
        """Whether there are commands not yet written."""
        return bool(self._outbox)

    def submit(self, command: Command) -> None:
        """Take a command; one that is too long for Asterisk's frame limit is refused."""
        request = command.request
        frame = encode_request(command.request_id, request.method, request.path, request.params, request.body)
        if len(frame) > MAX_FRAME_BYTES:
            command.finish(AriResult(0, None, TelephonyError(f"{command.what}: too long: {len(frame)} bytes")))
            return
        if self._outbox or self._writing or not self._write_now(command, frame):
            self._outbox.put(command, frame)

    def _write_now(self, command: Command, frame: bytes) -> bool:
        """Write without waiting for the writing task's turn; False when the task has to do it.

        ``send_frame`` waits only for a full socket to drain, after it has written: then the task waits with the next.
        """
        writing = self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT)
        try:
            writing.send(None)
        except StopIteration:
            pass
        except (aiohttp.ClientError, ConnectionError):
            return False
        else:
            writing.close()
        self._sent(command)
        return True

    def _sent(self, command: Command) -> None:
        command.sent = True
        self._unanswered[command.request_id] = command

    async def run(self) -> str:
        """Write frames until the socket breaks."""
        while True:
            command, frame = await self._outbox.get()
            self._writing = True
            self._sent(command)
            try:
                await self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT)
            except (aiohttp.ClientError, ConnectionError) as error:
                return f"cannot write: {error}"
            self._writing = False

    def resolve(self, response: dict[str, Any]) -> None:
        """Take a RESTResponse message. One that came after its command's deadline finds nobody waiting."""
        command = self._unanswered.pop(response.get("request_id", ""), None)
        if command is not None:
            command.answered(
                int(response.get("status_code", 500)),
                str(response.get("reason_phrase", "")),
                response.get("message_body"),
            )

    def lose_all(self, why: str) -> None:
        """Fail every command that has no answer."""
        unanswered, self._unanswered = self._unanswered, {}
        for command in unanswered.values():
            command.lose(why)
        self._outbox.lose_all(why)


class HttpLane:
    """Commands over HTTP, one at a time: the next is sent when the one before was answered."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, timeout_s: float) -> None:
        self._session = session
        self._base_url = base_url
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._outbox = _Outbox()
        self._current: Command | None = None

    def submit(self, command: Command) -> None:
        """Take a command."""
        self._outbox.put(command)

    async def run(self) -> str:
        """Send commands until cancelled. A failed one does not break the lane: the event socket tells of a loss."""
        while True:
            command, _ = await self._outbox.get()
            self._current = command
            await self._perform(command)
            self._current = None

    async def _perform(self, command: Command) -> None:
        request = command.request
        url = URL(f"{self._base_url}{request.path}{encode_query(request.params)}", encoded=True)
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
        self._outbox.lose_all(why)
