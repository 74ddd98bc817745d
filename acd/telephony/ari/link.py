"""The link to Asterisk's REST interface: events in arrival order, commands in order per key, reconnection.

Decides when the link is up, lost or replaced, and what happens to commands then. Must not know what events and commands
mean: ids, calls and retries are the business of those who use it. Nothing is sent twice.

The life of the link is one task (:meth:`AriLink._live`). No task is made per event or per command: an event's callback
runs where its bytes arrive, and a command it gives is written before it returns.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from acd.domain.errors import CommandTimeout, PbxUnavailable, TelephonyError
from acd.telephony.ari import commands
from acd.telephony.ari.connection import Connection, Lost, connect, open_session, read_json
from acd.telephony.ari.lanes import Command
from acd.telephony.ari.snapshots import Resync, bridge_snapshot, channel_snapshot
from acd.telephony.ari.values import AriRequest, AriResult, AriState, path_of
from acd.telephony.portions import in_portions
from acd.telephony.refusal import nobody_listens
from acd.telephony.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acd.telephony.ari.values import AriConfig, AsteriskInfo

log = structlog.get_logger(__name__)

_FIRST_BACKOFF_S = 0.05
_MAX_DOUBLINGS = 6
_TICKS = 4
_NOT_YET_S = 0.05


def _untold(_result: AriResult) -> None:
    """Take the result of a request that nobody waits for."""


class AriLink:
    """One Stasis application on one Asterisk.

    ``on_event`` gets every event as parsed JSON, in arrival order; ``on_state`` each change of :attr:`state` with a
    reason fit for a log. Both are called from the event loop and must return quickly; what they raise is logged.

    With several engines beside one Asterisk: no command is sent unless ``permitted`` in that instant, and nobody's
    place is taken, which connecting does, before ``may_connect`` says so.
    """

    def __init__(
        self,
        config: AriConfig,
        *,
        on_event: Callable[[dict[str, Any]], None],
        on_state: Callable[[AriState, str], None],
        permitted: Callable[[], bool] = lambda: True,
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        self.config = config
        self._permitted = permitted
        self._may_connect = may_connect
        self.state = AriState.DOWN
        self.generation = 0
        """Counts connections; a result or event belongs to the connection of its time."""
        self.refused = False
        """Nothing listens there: the last attempt to connect was refused by the machine, not by Asterisk."""
        self.info: AsteriskInfo | None = None
        """Of the Asterisk connected last; a changed ``startup_time`` at a new generation tells that it restarted."""
        self._on_event = on_event
        self._on_state = on_state
        self._session: aiohttp.ClientSession | None = None
        self._life: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._ids = count(1)
        self._ticks: deque[list[Command]] = deque([] for _ in range(_TICKS + 1))
        """Commands by the tick in which they were given, oldest first; those answered stay until their time is over."""
        self._tick: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to connect, and go on doing so until :meth:`close`; returns at once."""
        self._session = open_session(self.config)
        self._life = asyncio.create_task(self._live(self._session), name="ari-link")
        self._expire()

    async def close(self) -> None:
        """End the link; commands under way fail."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)
            self._life = None
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._set_state(AriState.DOWN, "closed")

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str,
        on_result: Callable[[AriResult], None],
    ) -> None:
        """Send a request and return at once; ``on_result`` is called later, exactly once.

        Args:
            method: GET, POST, PUT or DELETE.
            path: percent-encoded, below ``/ari``.
            params: the query, raw.
            body: sent as JSON.
            key: requests with the same key are executed in the order sent.
            on_result: gets the answer or the error; errors are those of :meth:`request`.
        """
        self.submit(AriRequest(method, path, params, body), key=key, on_result=on_result)

    @property
    def heard_at(self) -> float | None:
        """When the packet came whose events are being delivered, by ``perf_counter``; None while there is no link."""
        return self._connection.heard_at if self._connection is not None else None

    @property
    def unanswered(self) -> int:
        """How many commands Asterisk has not answered, those not yet sent included."""
        return self._connection.unanswered if self._connection is not None else 0

    def submit(
        self,
        request: AriRequest,
        *,
        key: str,
        on_result: Callable[[AriResult], None],
        then: Sequence[AriRequest] = (),
    ) -> None:
        """Do as :meth:`send` with a request made by :mod:`acd.telephony.ari.commands`.

        ``then`` leave in the same breath, so that they reach Asterisk though this process dies in the next instant;
        what becomes of them is not told.
        """
        command = Command(str(next(self._ids)), request, on_result)
        connection = self._connection
        if connection is None:
            asyncio.get_running_loop().call_soon(command.lose, f"link is {self.state}")
            return
        together = [command, *(Command(str(next(self._ids)), one, _untold) for one in then)]
        self._ticks[-1].extend(together)
        connection.lane_for(key).submit(*together)

    def aside(self, request: AriRequest, *, key: str) -> bool:
        """Send a request past all others, over HTTP: Asterisk may take as long for it as for a prompt that plays.

        What becomes of it is not told. False: not sent, for the link is down or too much of this key's waits already.
        """
        lane = None if self._connection is None else self._connection.aside_for(key)
        if lane is None:
            return False
        command = Command(str(next(self._ids)), request, _untold)
        self._ticks[-1].append(command)
        lane.submit(command)
        return True

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str = "",
    ) -> Any:
        """Send a request and wait for its parsed answer (None for 204).

        Raises:
            ChannelGone: 404, the object is not there any more.
            AriRefused: 4xx; ``AriConflict`` is 409, ``AriFailed`` 5xx. Each has ``status``.
            PbxUnavailable: the link is not up; the request was not sent.
            CommandTimeout: no answer in time, or the link broke; the outcome is unknown.
        """
        future: asyncio.Future[AriResult] = asyncio.get_running_loop().create_future()

        def resolve(result: AriResult) -> None:
            if not future.done():
                future.set_result(result)

        self.send(method, path, params=params, body=body, key=key, on_result=resolve)
        result = await future
        if result.error is not None:
            raise result.error
        return result.body

    def probe(self, on_answer: Callable[[], None]) -> None:
        """Ask Asterisk for a sign of life on the connection of the events. Without one, or a connection: no answer."""
        if self._connection is not None:
            self._connection.probe(on_answer)

    def claim(self, channel_id: str, on_result: Callable[[AriResult], None]) -> None:
        """Claim the caller of a CallBroadcast event; ``AriConflict`` means that somebody else has it."""
        self.submit(commands.claim(channel_id, self.config.app), key=channel_id, on_result=on_result)

    async def resync(self) -> Resync:
        """Read all channels and bridges of Asterisk, over HTTP so that commands need not wait behind a long answer.

        Raises:
            PbxUnavailable: the link is not up.
            CommandTimeout: no answer in time.
            AriRefused: Asterisk refused.
        """
        if self._session is None or self._connection is None:
            raise PbxUnavailable(f"resync: link is {self.state}")
        channels = await read_json(self._session, self.config, "/channels")
        bridges = await read_json(self._session, self.config, "/bridges")
        application = await read_json(self._session, self.config, path_of("applications", self.config.app))
        in_app = frozenset(application.get("channel_ids") or ())
        return Resync(
            await in_portions(lambda found: channel_snapshot(found, in_app), channels),
            await in_portions(bridge_snapshot, bridges),
        )

    async def _live(self, session: aiohttp.ClientSession) -> None:
        """Connect, stay connected, connect again: at once after a connection that lasted, else with growing pauses."""
        loop = asyncio.get_running_loop()
        failures = times_replaced = 0
        while True:
            self._set_state(AriState.CONNECTING, "connecting")
            while not self._may_connect():  # noqa: ASYNC110 - changes with time and in another thread
                await asyncio.sleep(_NOT_YET_S)
            began = loop.time()
            try:
                connection = await connect(session, self.config, self._permitted)
            except TelephonyError as error:
                self.refused = nobody_listens(error)
                lost = Lost(str(error))
            except Exception as error:  # the link must outlive what nobody thought of
                log.exception("ari_connect_failed")
                lost = Lost(f"{type(error).__name__}: {error}")
            else:
                lost = await self._stay_up(connection)
                if loop.time() - began > self.config.backoff_max_s:
                    failures = 0
            if lost.replaced:
                self._set_state(AriState.REPLACED, lost.reason)
                await self._wait_until_free(session, self.config.replaced_patience_s * 2.0**times_replaced)
                times_replaced = min(times_replaced + 1, _MAX_DOUBLINGS)
            else:
                self._set_state(AriState.DOWN, lost.reason)
            if failures:
                pause = min(self.config.backoff_max_s, _FIRST_BACKOFF_S * 2.0 ** min(failures, _MAX_DOUBLINGS))
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, guards nothing
            failures += 1

    async def _stay_up(self, connection: Connection) -> Lost:
        """Serve one connection until it is lost, then fail what it left undone."""
        restarted = self.info is not None and self.info.startup_time != connection.info.startup_time
        self.info = connection.info
        self.refused = False
        self.generation += 1
        self._connection = connection
        lost = Lost("closed")
        try:
            self._set_state(AriState.UP, "connected; Asterisk was restarted" if restarted else "connected")
            lost = await connection.serve(self._deliver, Silence(self.config.quiet_s, self.config.pong_limit_s))
        finally:
            self._connection = None
            connection.close(lost.reason)
        return lost

    def _deliver(self, event: dict[str, Any]) -> None:
        try:
            self._on_event(event)
        except Exception:
            log.exception("ari_event_handler_failed", event_type=event.get("type"))

    async def _wait_until_free(self, session: aiohttp.ClientSession, patience_s: float) -> None:
        """Wait until nobody holds our application's name: to fight for it would tear both engines' calls.

        Asterisk does not tell whether an application that still has channels has a client too, so when the other one
        died amid calls only time helps: after ``patience_s`` the name is taken back.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s * random.uniform(1.0, 1.5)  # noqa: S311 - parts two that replaced each other
        while loop.time() < until:
            await asyncio.sleep(self.config.replaced_probe_s)
            try:
                await read_json(session, self.config, path_of("applications", self.config.app))
            except CommandTimeout:
                continue
            except TelephonyError:
                return

    def _expire(self) -> None:
        """Fail what has waited for all ticks. A timer per command would cost the hot path more than this exactness."""
        for command in self._ticks.popleft():
            command.lose(f"no answer within {self.config.request_timeout_s} s")
        self._ticks.append([])
        delay = self.config.request_timeout_s / _TICKS
        self._tick = asyncio.get_running_loop().call_later(delay, self._expire)

    def _set_state(self, state: AriState, reason: str) -> None:
        if state is self.state:
            return
        self.state = state
        which = {"pbx": self.config.system_name} if self.config.system_name else {}
        log.info("ari_link_state", state=state.value, reason=reason, generation=self.generation, **which)
        try:
            self._on_state(state, reason)
        except Exception:
            log.exception("ari_state_handler_failed", state=state.value)
