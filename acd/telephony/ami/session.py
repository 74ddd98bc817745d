"""One AMI connection: panoramisk's manager and protocol, from the TCP connect to the loss, and never a second time.

Decides what a whole frame is, which frames are worth parsing, when an action is answered and when the connection is
dead. Must not know reconnection: each connection gets a manager of its own, so nothing of one can leak into the next.
What stands here closes holes of panoramisk 1.4; each is named where it is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Final

import structlog
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from acd.domain.errors import CommandTimeout, PbxUnavailable
from acd.telephony.ami.messages import AmiConfig, AmiEvent, AmiRefused, AmiResponse, AuthRefused
from acd.telephony.silence import Silence, Verdict

if TYPE_CHECKING:
    from panoramisk.message import Message

_log = structlog.get_logger(__name__)

FRAME_END: Final = b"\r\n\r\n"
MAX_FRAME: Final = 1 << 20
"""Octets without the end of a frame after which the other side is not AMI."""

_ALWAYS: Final[Mapping[bytes, bytes]] = {b"FullyBooted": b"", b"Shutdown": b""}

# panoramisk logs whole frames and, when a write fails, whole actions: callers' numbers and the secret.
_mute = logging.Logger("panoramisk.mute", logging.CRITICAL + 1)  # noqa: LOG001 - outside the tree, so no handler sees it


LATER_S = 0.005
"""How long what AMI sends may wait before it is looked at."""
AT_ONCE = 16
"""Frames parsed in a row, about a millisecond's work."""
_FREED = b"\r\nState: NOT_INUSE\r\n"
"""A phone is on the hook: does not wait, for somebody may wait for that agent."""


class PendingAction(Action):
    """An action in flight. Single: its response answers it. List: everything up to the end of the list does.

    panoramisk guesses from the wording of the response which of the two it has: ``Originate`` without ``Async`` raised
    a ``KeyError``, ``QueueAdd`` and a list answered by an error never ended.
    """

    def __init__(self, headers: Mapping[str, str | list[str]], *, as_list: bool = False) -> None:
        super().__init__(headers, as_list=as_list)
        self.on_entry: Callable[[], None] | None = None

    @property
    def multi(self) -> bool:
        """Known from the caller, not guessed."""
        return bool(self.as_list)

    @property
    def completed(self) -> bool:
        """Whether the last message received ends the answer."""
        last = self.responses[-1]
        ending = text(last, "EventList").lower()
        if "event" in last:
            return self.multi and ending in ("complete", "cancelled")
        return not (self.multi and last.success and ending == "start")

    def add_message(self, message: Message) -> bool:
        """Take a message of this action; true when it was the last."""
        self.responses.append(message)
        if self.on_entry is not None:
            self.on_entry()
        if not self.completed:
            return False
        if not self.future.done():
            self.future.set_result(self.responses)
        return True


class WholeFrameProtocol(AMIProtocol):
    """Hands panoramisk whole frames only, and of the events only those somebody asked for."""

    def __init__(self, session: Session, wanted: Mapping[bytes, bytes], glance: Callable[[bytes], None]) -> None:
        self.session = session
        self._glance = glance
        self.heard = False
        """Set at every read; whoever watches for silence clears it."""
        self._wanted = wanted
        self._rest = bytearray()
        self.rest_since = 0.0
        """When the first bytes came of those that wait or are being dealt with, by ``perf_counter``."""
        self._cutting: asyncio.TimerHandle | None = None
        self._frames: deque[bytes] = deque()
        self._working: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep panoramisk's own words out of the logs from the first octet on."""
        super().connection_made(transport)
        self.log = _mute

    def send(
        self,
        data: Action | Mapping[str, str | list[str]],
        as_list: bool | None = None,  # noqa: FBT001 - panoramisk's signature
    ) -> asyncio.Future[Message | list[Message] | None]:
        """Send; ``None`` as the result means that the connection was lost first."""
        action = data if isinstance(data, PendingAction) else PendingAction(data, as_list=bool(as_list))
        return super().send(action, as_list=action.as_list)

    def data_received(self, data: bytes) -> None:
        """Keep what came for a moment: AMI talks most while a call is being connected, and that must not wait.

        Unless a phone became free: then it is looked at now.
        """
        try:
            self._glance(data)
        except Exception:  # noqa: BLE001 - what leaves here would make asyncio cut the connection
            _log.exception("ami_glance_failed", octets=len(data))
        self.heard = True
        self._rest += data
        if self._cutting is None:
            self.rest_since = perf_counter()
            self._cutting = self.session.loop.call_later(LATER_S, self._cut)
        if _FREED in data:
            self._cutting.cancel()
            self._cut()

    def _cut(self) -> None:
        """Cut the stream into frames before it is decoded: a read may end in the middle of a UTF-8 sequence."""
        self._cutting = None
        end = self._rest.rfind(FRAME_END)
        if end < 0:
            if len(self._rest) > MAX_FRAME:
                self.session.drop("what the other side sends is not AMI")
            return
        self._frames.extend(bytes(self._rest[:end]).split(FRAME_END))
        del self._rest[: end + len(FRAME_END)]
        if self._working is None:
            self._work(AT_ONCE)

    def _work(self, at_once: float) -> None:
        """Parse so many frames, then let others have a turn: a list of thousands of phones must not hold up a call."""
        self._working = None
        while self._frames and not self.closed:
            frame = self._frames.popleft()
            if self._is_wanted(frame):
                self._parse(frame)
                at_once -= 1
            if at_once <= 0 and self._frames:
                self._working = self.session.loop.call_soon(self._work, AT_ONCE)
                return

    def _is_wanted(self, frame: bytes) -> bool:
        """Look at the name alone, which Asterisk sends first; parsing costs some fifty times as much."""
        if not frame.startswith(b"Event: "):
            return True
        end = frame.find(b"\r\n")
        needle = self._wanted.get(frame[7:end] if end > 0 else frame[7:])
        if needle is not None and needle in frame:
            return True
        return bool(self.responses) and b"\r\nActionID: " in frame

    def _parse(self, frame: bytes) -> None:
        """An exception that leaves ``data_received`` would make asyncio cut the connection."""
        try:
            super().data_received(frame + FRAME_END)
        except Exception:  # noqa: BLE001 - one bad frame is logged and passed over
            _log.exception("ami_frame_unreadable", octets=len(frame))

    def handle_message(self, message: Message) -> None:
        """Only the entries of a list belong to an action; any other event is one, even with our ActionID."""
        name = message.id
        if isinstance(name, list) or isinstance(message.action_id, list):  # given more than once
            _log.warning("ami_frame_not_understood", header="ActionID")
            return
        if "event" in message:
            pending = self.responses.get(name or "")
            if pending is None or not pending.as_list:
                self.session.dispatch(message)
                return
        super().handle_message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Told once, also when the connection is lost before panoramisk's manager knows of it."""
        if self._cutting is not None:
            self._cutting.cancel()
            self._cut()
        if self._working is not None:
            self._working.cancel()
            self._work(inf)
        self.session.drop("the connection was lost" if exc is None else f"the connection was lost: {exc}")

    def close(self) -> None:
        """Fail what is in flight. panoramisk would keep it and send it again over the next connection."""
        if self._cutting is not None:
            self._cutting.cancel()
            self._cutting = None
        if self._working is not None:
            self._working.cancel()
            self._working = None
        pending = list(self.responses.values())
        self.responses.clear()
        for action in pending:
            if not action.future.done():
                action.future.set_result(None)
        super().close()


class Session(Manager):
    """One connection. ``open`` it, ``ask`` over it; ``lost`` tells the reason of its end, which is final."""

    def __init__(
        self,
        config: AmiConfig,
        wanted: Mapping[bytes, bytes],
        on_event: Callable[[AmiEvent], None],
        glance: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            host=config.host,
            port=config.port,
            ssl=ssl.create_default_context(cafile=config.tls_ca) if config.tls else False,
            username=config.username,
            secret=config.secret,
            events=config.event_classes,
            encoding="utf8",
            protocol_factory=self._make_protocol,
            log=_mute,
            loop=loop,
        )
        self._silence = Silence(config.quiet_s, config.pong_limit_s)
        self.ping_delay = self.ping_interval = self._silence.tick_s
        self.lost: asyncio.Future[str] = loop.create_future()
        self.booted: asyncio.Future[str] = loop.create_future()
        self._settings = config
        self._wanted = {**wanted, **_ALWAYS}
        self._names = {name.decode() for name in wanted}
        self._on_event = on_event
        self._glance = glance

    def _make_protocol(self) -> WholeFrameProtocol:
        return WholeFrameProtocol(self, self._wanted, self._glance)

    async def open(self) -> None:
        """Connect and log in. Raises ``AuthRefused``, ``PbxUnavailable``; ``drop`` the session then."""
        answer: Message | list[Message] | None = None
        try:
            async with asyncio.timeout(self._settings.action_timeout_s):
                await self.connect()
                if self.authenticated_future is not None:
                    answer = await self.authenticated_future
        except TimeoutError as error:
            raise PbxUnavailable("Asterisk did not answer the login in time") from error
        except OSError as error:  # also a TLS handshake that failed
            raise PbxUnavailable(f"no connection to AMI: {error}") from error
        if not isinstance(answer, list):
            raise PbxUnavailable("the connection was lost during the login")
        if answer[-1].success:
            return
        message = text(answer[-1], "Message")
        if "authentication" in message.lower() or "permission" in message.lower():
            raise AuthRefused(f"Asterisk refuses the AMI user {self._settings.username!r}: {message}")
        raise PbxUnavailable(f"Asterisk did not accept the login: {message}")

    def connection_made(self, f: asyncio.Task[tuple[asyncio.BaseTransport, AMIProtocol]]) -> None:
        """A failed connect ends here; panoramisk would start its own endless retries."""
        if f.cancelled() or f.exception() is not None:
            return
        if self.lost.done():
            transport = f.result()[0]
            transport.close()
            return
        super().connection_made(f)

    def login(self, future: asyncio.Future[Message | list[Message] | None]) -> bool:
        """Judged by ``open``; here only panoramisk's books are kept."""
        self.authenticated = not future.cancelled() and isinstance(future.result(), list)
        return self.authenticated

    def ping(self) -> None:
        """Provoke an answer when nothing is heard, and give the connection up when silence is the answer."""
        protocol = self._open_protocol()
        if protocol is None:
            return
        self.pinger = self.loop.call_later(self.ping_interval, self.ping)
        heard, protocol.heard = protocol.heard, False
        lists = any(action.as_list for action in protocol.responses.values())
        heard = heard or not self.authenticated  # for the login there is a limit of its own
        verdict = self._silence.tick(heard=heard, answer_s=self._settings.action_timeout_s if lists else None)
        if verdict is Verdict.ASK:
            protocol.send(PendingAction({"Action": "Ping"}))
        elif verdict is Verdict.DEAD:
            self.drop("silence from Asterisk: not even a ping was answered")

    async def ask(self, action: PendingAction) -> list[Message]:
        """Send and wait for the whole answer. Raises ``PbxUnavailable`` (not sent) or ``CommandTimeout`` (unknown)."""
        protocol = self._open_protocol()
        if protocol is None:
            raise PbxUnavailable("the AMI link is down; the action was not sent")
        limit = self._settings.action_timeout_s
        try:
            async with asyncio.timeout(limit) as scope:

                def renew() -> None:
                    if not scope.expired():
                        scope.reschedule(self.loop.time() + limit)

                action.on_entry = renew
                answer = await protocol.send(action)
        except TimeoutError as error:
            raise CommandTimeout("Asterisk did not answer in time; outcome unknown") from error
        finally:
            protocol.responses.pop(action.id, None)
        if not isinstance(answer, list):
            raise CommandTimeout("the AMI link was lost before the answer; outcome unknown")
        return answer

    def dispatch(self, event: Message) -> list[str]:
        """Hand an event on by its exact name. Handlers never run in here: one that raises would cut the connection."""
        name = text(event, "Event")
        if name == "FullyBooted" and not self.booted.done():
            self.booted.set_result(name)
        if name in self._names:
            protocol = self._open_protocol()
            self._on_event(AmiEvent(name, headers_of(event), protocol.rest_since if protocol is not None else 0.0))
        if name == "Shutdown":
            self.drop("Asterisk is shutting down")
        return []

    def connection_lost(self, exc: object) -> None:
        """No reconnection from here, whoever calls."""
        self.drop(f"the connection was lost: {exc}")

    def drop(self, reason: str) -> None:
        """End this connection now and for good."""
        if self.lost.done():
            return
        self.lost.set_result(reason)
        self.booted.cancel()
        self.close()
        protocol = self.protocol
        if protocol is not None:
            with contextlib.suppress(RuntimeError):
                protocol.transport.abort()  # do not wait until a dead peer takes what is still to be written

    def _open_protocol(self) -> WholeFrameProtocol | None:
        protocol = self.protocol
        if self.lost.done() or not isinstance(protocol, WholeFrameProtocol):
            return None
        return protocol


def text(message: Message, header: str) -> str:
    """A header as one text; values of a repeated header one per line; empty when it is not there."""
    value = message.get(header, "")
    return value if isinstance(value, str) else "\n".join(value)


def headers_of(message: Message) -> dict[str, str]:
    """Every header as one text, by its name as sent."""
    return {name: text(message, name) for name in message if name != "content"}


def response_of(action: str, messages: list[Message]) -> AmiResponse:
    """The response among the messages of an action. Raises ``AmiRefused`` when Asterisk refused."""
    reply = messages[0]
    message = text(reply, "Message")
    if not reply.success:
        raise AmiRefused(f"{action}: {message}")
    return AmiResponse(message, headers_of(reply))
