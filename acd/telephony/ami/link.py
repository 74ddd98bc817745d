"""The lasting link to AMI: one session after the other, and one consumer that tells what happens, in order.

Decides when to connect, when to give up, how long to wait in between, and what an answer means. Must not know what the
events are about: who needs state asks for it anew whenever ``generation`` has grown, since events of a gap are lost.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from acd.domain.errors import CommandTimeout, PbxUnavailable, TelephonyError
from acd.telephony.ami.messages import (
    AmiConfig,
    AmiEvent,
    AmiRefused,
    AmiResponse,
    AmiState,
    AuthRefused,
    HeaderValue,
    check_headers,
    whole_number,
)
from acd.telephony.ami.session import PendingAction, Session, headers_of, response_of, text
from acd.telephony.refusal import nobody_listens

if TYPE_CHECKING:
    from panoramisk.message import Message

_log = structlog.get_logger(__name__)

StateHandler = Callable[[AmiState, str], None]
EventHandler = Callable[[AmiEvent], None]


class AmiLink:
    """Keeps a session with AMI, tells its events and carries actions.

    Args:
        config: where and how.
        on_event: called with each event of ``events``, in the order sent, one at a time. What it raises is logged.
        on_state: called in the same sequence with each change of state and its reason.
        events: names of the events wanted, each with octets that must stand in the frame (``b""``: no condition).
            What is not wanted is dropped before it is parsed.
        chance: numbers in [0, 1) for the spread of the back-off.
        glance: called with all that arrives, as it arrives and before anything else.
    """

    def __init__(
        self,
        config: AmiConfig,
        *,
        on_event: EventHandler,
        on_state: StateHandler,
        events: Mapping[str, bytes],
        chance: Callable[[], float] = random.random,
        glance: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._config = config
        self._on_event = on_event
        self._on_state = on_state
        self._wanted = {name.encode(): needle for name, needle in events.items()}
        self._chance = chance
        self._glance = glance
        self._state = AmiState.DOWN
        self._generation = 0
        self._session: Session | None = None
        """The one to ask; there only while the state is ``UP``."""
        self._inbox: asyncio.Queue[AmiEvent | tuple[AmiState, str] | None] = asyncio.Queue()
        self.refused = False
        """Nothing listens there: the last attempt to connect was refused by the machine, not by Asterisk."""
        self._logged: tuple[AmiState, str] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._consumer: asyncio.Task[None] | None = None

    @property
    def state(self) -> AmiState:
        """What is known this moment; ``on_state`` hears of it a little later, in order with the events."""
        return self._state

    @property
    def generation(self) -> int:
        """How often the link has come up. When it grows, everything known from before may be out of date."""
        return self._generation

    async def start(self) -> None:
        """Make the first attempt. Returns when its outcome is known; whatever that is, the link goes on by itself."""
        if self._keeper is not None:
            raise RuntimeError("an AMI link starts once")
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._consumer = asyncio.create_task(self._consume(), name="ami-consumer")
        self._keeper = asyncio.create_task(self._keep(first), name="ami-link")
        await asyncio.wait({first, self._keeper}, return_when=asyncio.FIRST_COMPLETED)
        (first if first.done() else self._keeper).result()

    async def close(self) -> None:
        """End the link for good. What waits for an answer gets ``CommandTimeout``; no handler is called afterwards."""
        if self._keeper is None or self._consumer is None:
            return
        self._keeper.cancel()
        await asyncio.wait({self._keeper})
        if not self._consumer.done():
            if self._state is not AmiState.REFUSED:
                self._set(AmiState.DOWN, "closed")
            self._inbox.put_nowait(None)
            await self._consumer

    async def action(self, name: str, /, **headers: HeaderValue) -> AmiResponse:
        """Carry out an action; a header may be repeated by giving several values.

        Raises ``PbxUnavailable`` when it was not sent, ``CommandTimeout`` when it was and the outcome is unknown,
        ``AmiRefused`` when it was refused and has had no effect. Nothing is ever sent twice.
        """
        return response_of(name, await self._ask(name, headers, as_list=False))

    async def list_action(self, name: str, /, **headers: HeaderValue) -> tuple[AmiEvent, ...]:
        """Ask for a list and return its entries, without the event that closes it.

        Raises as ``action`` does; ``CommandTimeout`` also for a list that was cut short.
        """
        answer = await self._ask(name, headers, as_list=True)
        first, last = answer[0], answer[-1]
        if not first.success and _says_empty(text(first, "Message")):
            return ()
        response_of(name, answer)
        if len(answer) == 1:
            raise AmiRefused(f"{name} does not answer with a list")
        entries = tuple(AmiEvent(text(entry, "Event"), headers_of(entry)) for entry in answer[1:-1])
        count = whole_number(text(last, "ListItems"))
        if text(last, "EventList").lower() != "complete" or count not in (None, len(entries)):
            raise CommandTimeout(f"{name}: the list was cut short")
        return entries

    async def _ask(self, name: str, headers: Mapping[str, HeaderValue], *, as_list: bool) -> list[Message]:
        checked = check_headers(name, headers)
        session = self._session
        if session is None:
            raise PbxUnavailable(f"the AMI link is {self._state}; {name} was not sent")
        return await session.ask(PendingAction({"Action": name, **checked}, as_list=as_list))

    async def _keep(self, first: asyncio.Future[None]) -> None:
        """Hold the link up until it is closed; ``first`` gets the outcome of the first attempt."""
        attempt = 0
        while True:
            came_up = asyncio.get_running_loop().time()
            try:
                await self._hold(first)
            except AuthRefused as error:
                self._set(AmiState.REFUSED, error.message)
            except (OSError, TelephonyError) as error:
                self.refused = nobody_listens(error)
                self._set(AmiState.DOWN, str(error))
            if not first.done():
                first.set_result(None)
            if asyncio.get_running_loop().time() - came_up > 2 * self._config.reconnect_max_s:
                attempt = 0  # it had been up for long
            await asyncio.sleep(self._pause(attempt))
            attempt += 1

    async def _hold(self, first: asyncio.Future[None]) -> None:
        """One session from the connect to its loss, which raises ``PbxUnavailable``. Raises ``AuthRefused``."""
        self._set(AmiState.CONNECTING, "")
        session = Session(self._config, self._wanted, self._inbox.put_nowait, self._glance)
        try:
            await session.open()
            ends = {session.booted, session.lost}
            await asyncio.wait(ends, timeout=self._config.boot_grace_s, return_when=asyncio.FIRST_COMPLETED)
            if not session.lost.done():
                self._up(session, "logged in")
                if not first.done():
                    first.set_result(None)
            if not session.booted.done():
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                if not session.lost.done():  # modules have come since: what was asked before is not the whole
                    self._up(session, "Asterisk has fully booted")
            await asyncio.wait({session.lost})
            raise PbxUnavailable(session.lost.result())
        finally:
            session.drop("closed")

    def _pause(self, attempt: int) -> float:
        """Seconds until the next attempt: doubled each time, spread so that many engines do not come at once."""
        config = self._config
        if self._state is AmiState.REFUSED:
            longest = config.refused_retry_s
        else:
            longest = min(config.reconnect_max_s, config.reconnect_min_s * 2 ** min(attempt, 16))
        return longest * (0.5 + self._chance() / 2)

    def _up(self, session: Session, reason: str) -> None:
        self._session = session
        self.refused = False
        self._generation += 1
        self._set(AmiState.UP, reason)

    def _set(self, state: AmiState, reason: str) -> None:
        if state is not AmiState.UP:
            self._session = None
        self._state = state
        if state is not AmiState.CONNECTING and (state, reason) != self._logged:  # not each attempt of a long night
            self._logged = state, reason
            write = {AmiState.UP: _log.info, AmiState.DOWN: _log.warning, AmiState.REFUSED: _log.error}[state]
            which = {"pbx": self._config.system_name} if self._config.system_name else {}
            write("ami_link_state", state=state.value, reason=reason, generation=self._generation, **which)
        self._inbox.put_nowait((state, reason))

    async def _consume(self) -> None:
        """The only place handlers run in."""
        while (item := await self._inbox.get()) is not None:
            try:
                if isinstance(item, AmiEvent):
                    self._on_event(item)
                else:
                    self._on_state(*item)
            except Exception:  # noqa: BLE001 - whatever a handler raises is logged; the link lives on
                name = item.name if isinstance(item, AmiEvent) else item[0].value
                _log.exception("ami_handler_failed", about=name)


def _says_empty(message: str) -> bool:
    """Some lists answer ``Response: Error`` when there is nothing to list ("No endpoints found")."""
    words = message.lower().rstrip(".").split()
    return bool(words) and words[0] == "no" and words[-1] == "found"
