"""What AMI is for: phones, trunks and callers past the engine, kept current through losses of the link.

Decides when to read everything anew: after each connection, after a reload of a module, and every minute, since a lost
event would otherwise stay unnoticed. Must not know what is done with the facts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from acd.domain.errors import TelephonyError
from acd.telephony.ami.callers import Callers, caller_events
from acd.telephony.ami.facts import Fact, WatchState
from acd.telephony.ami.left_calls import FAMILY, LeftCalls
from acd.telephony.ami.lines import LINE_EVENTS, LineLists, Lines
from acd.telephony.ami.link import AmiLink
from acd.telephony.ami.messages import AmiConfig, AmiEvent, AmiRefused, AmiState
from acd.telephony.ami.newcomers import Newcomer, glance

if TYPE_CHECKING:
    from acd.ports import Clock

_log = structlog.get_logger(__name__)


BACK_KEY = "D"
"""The key that leads out of the fallback queue, see ``asterisk/include/acd_extensions.conf``. Telephones have none."""


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """Names of the dialplan's contexts, and times in seconds."""

    entry_context: str = "acd-from-trunk"
    fallback_context: str = "acd-fallback"
    audit_interval_s: float = 60.0
    retry_s: float = 1.0
    settle_s: float = 2.0
    """From the end of a call nobody claimed until it is told."""


class PbxWatch:
    """Follows Asterisk over a link of its own.

    Args:
        ami: where AMI is.
        phones: the agents' devices (``PJSIP/agent101``); looked at each time, so it may be a live view.
        trunks: the beginnings of trunk channels (``PJSIP/gw1``, ``DAHDI/i1``); likewise.
        clock: gives the times of calls.
        on_fact: called with each fact, one at a time, in order. What it raises is logged.
        config: names and times.
        on_newcomer: called with each caller's channel the moment AMI tells that it was made.
        permitted: whether this engine is the one that may take calls nobody saw out of Asterisk's database.
    """

    def __init__(
        self,
        ami: AmiConfig,
        *,
        phones: Collection[str],
        trunks: Collection[str],
        clock: Clock,
        on_fact: Callable[[Fact], None],
        config: WatchConfig | None = None,
        on_newcomer: Callable[[Newcomer], None] = lambda _: None,
        permitted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._permitted = permitted
        self._config = config or WatchConfig()
        self._trunks = trunks
        self._clock = clock
        self._on_fact = on_fact
        self._lines = Lines(phones, trunks, self._tell)
        self._callers = Callers(self._config.entry_context, self._config.fallback_context, self._config.settle_s)
        self._left = LeftCalls()
        self._line_events = frozenset(LINE_EVENTS)
        events = {
            **LINE_EVENTS,
            **caller_events(self._config.entry_context, self._config.fallback_context),
            "Reload": b"",
        }
        self.link = AmiLink(
            ami,
            on_event=self._on_event,
            on_state=self._on_state,
            events=events,
            glance=glance(self._config.entry_context, on_newcomer),
        )
        self._wake = asyncio.Event()
        self._synced = 0
        """The generation all is known of; 0: none."""
        self.heard_at: float | None = None
        """When the bytes came that tell of the present fact, by ``perf_counter``; None for what was read anew."""
        self._worker: asyncio.Task[None] | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._refused: set[str] = set()
        self._orders: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect and begin to tell. Returns also when Asterisk is away or refuses; the link goes on trying."""
        await self.link.start()
        self._worker = asyncio.create_task(self._work(), name="ami-watch")

    async def close(self) -> None:
        """Stop; calls that have ended and were still held back are told."""
        if self._worker is not None:
            self._worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._worker
        for order in self._orders:
            order.cancel()
        await asyncio.gather(*self._orders, return_exceptions=True)
        await self.link.close()
        self._settle(all_of_them=True)

    def claim(self, uniqueid: str) -> None:
        """The engine has this channel and accounts for it: a caller it took, a leg it dialled."""
        if self.link.state is AmiState.UP:  # otherwise the list of channels tells
            self._callers.claim(uniqueid)

    def take_back(self, channel: str) -> None:
        """Have a caller leave the fallback queue for the engine: press, in the caller's place, the key that does it.

        Not by a redirect: that would tear a caller away whom an agent of that queue has just answered.
        """
        self._start(self._press(channel))

    def set_variable(self, uniqueid: str, name: str, value: str) -> bool:
        """Set a channel's variable, or write a function, now: also while the channel plays something.

        What becomes of it is not told. False, and nothing is done, while the link is away.
        """
        if self.link.state is not AmiState.UP:
            return False
        self._start(self._set(uniqueid, name, value))
        return True

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="ami-order")
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _set(self, uniqueid: str, name: str, value: str) -> None:
        with contextlib.suppress(TelephonyError):  # mostly of a channel that has just ended
            await self.link.action("Setvar", Channel=uniqueid, Variable=name, Value=value)

    async def _press(self, channel: str) -> None:
        try:
            await self.link.action("PlayDTMF", Channel=channel, Digit=BACK_KEY, Receive="true")
        except TelephonyError as error:  # who still waits is asked again after the next look at all channels
            _log.warning("take_back_failed", channel=channel, reason=str(error))

    def moved(self, by_s: float) -> None:
        """The clock was set by so many seconds."""
        self._callers.moved(by_s)

    def refresh(self) -> None:
        """Read everything anew soon: the configuration names other phones or trunks."""
        self._wake.set()

    def _on_event(self, event: AmiEvent) -> None:
        if event.name in self._line_events:
            self.heard_at = event.heard_at
            self._lines.on_event(event)
            self.heard_at = None
        elif event.name == "Reload":
            self._wake.set()
        else:
            fallen = self._callers.on_event(event, self._clock.now())
            if fallen is not None:
                self._tell(fallen)
            if event.name == "Hangup" and self._settling is None and self._callers.waiting:
                self._settle()

    def _on_state(self, state: AmiState, reason: str) -> None:
        if state is AmiState.UP:
            self._wake.set()
        elif self._synced:
            self._synced = 0
            self._lines.lost()
            self._tell(WatchState(synced=False, reason=reason, generation=self.link.generation))

    def _settle(self, *, all_of_them: bool = False) -> None:
        """Tell the calls whose time has come, and come again for the others."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        for call in self._callers.due(self._clock.now(), all_of_them=all_of_them):
            self._tell(call)
        if self._callers.waiting:
            self._settling = asyncio.get_running_loop().call_later(self._config.settle_s / 2, self._settle)

    def _tell(self, fact: Fact) -> None:
        try:
            self._on_fact(fact)
        except Exception:  # noqa: BLE001 - whatever a handler raises is logged; the next fact is told all the same
            _log.exception("ami_fact_handler_failed", fact=type(fact).__name__)

    async def _work(self) -> None:
        """Read everything anew whenever there is a reason."""
        wait = self._config.audit_interval_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            wait = self._config.audit_interval_s
            if self.link.state is not AmiState.UP:
                continue
            try:
                await self._resync()
            except TelephonyError as error:
                _log.warning("ami_resync_failed", reason=str(error))
                wait = self._config.retry_s

    async def _resync(self) -> None:
        generation = self.link.generation
        after_gap = self._synced != generation
        self._lines.begin()
        self._callers.begin_list()
        lists = LineLists(
            devices=await self._list("DeviceStateList"),
            contacts=await self._contacts(),
            registrations=await self._list("PJSIPShowRegistrationsOutbound"),
            alarms=await self._alarms(),
        )
        left = await self._list("DBGetTree", Family=FAMILY)
        channels = await self._list("CoreShowChannels")
        if self.link.generation != generation or self.link.state is not AmiState.UP:
            return  # half of it is from before; the new connection has set off another reading
        if channels is not None:
            for fallen in self._callers.load(channels, self._clock.now(), after_gap=after_gap):
                self._tell(fallen)
            if self._permitted():
                await self._tell_left(left or [], {channel.get("Uniqueid") for channel in channels})
        self._lines.load(lists)
        self._settle()
        if after_gap:
            self._synced = generation
            self._tell(WatchState(synced=True, reason="everything was read anew", generation=generation))

    async def _tell_left(self, entries: list[AmiEvent], channels: set[str]) -> None:
        """Tell of calls nobody saw, and delete what was told at the look before: by now that is in the journal."""
        doubtful = self._left.doubtful(entries, channels)
        if doubtful:
            again = await self._list("DBGetTree", Family=FAMILY) or []
            entries = [entry for entry in entries if entry.get("Key") not in doubtful]
            entries += [entry for entry in again if entry.get("Key") in doubtful]
        for key in self._left.needless(entries):
            await self.link.action("DBDel", Family=FAMILY, Key=key)
            self._left.deleted(key)
            entries = [entry for entry in entries if not entry.get("Key").endswith(f"/{key}")]
        for call in self._left.read(entries, channels, self._clock.now()):
            self._tell(call)

    async def _contacts(self) -> list[AmiEvent] | None:
        """Registered contacts stand in one list; those written into the configuration only with their endpoint."""
        contacts = await self._list("PJSIPShowContacts")
        if contacts is None:
            return None
        for trunk in sorted(self._trunks):
            technology, _, endpoint = trunk.partition("/")
            if technology == "PJSIP":
                contacts += await self._list("PJSIPShowEndpoint", Endpoint=endpoint) or []
        return contacts

    async def _alarms(self) -> list[AmiEvent]:
        """Asked only where there are DAHDI trunks: without the hardware Asterisk does not know these actions."""
        if not any(trunk.startswith("DAHDI/") for trunk in self._trunks):
            return []
        return [*(await self._list("PRIShowSpans") or []), *(await self._list("DAHDIShowChannels") or [])]

    async def _list(self, action: str, **of: str) -> list[AmiEvent] | None:
        """A list, or ``None`` when Asterisk refuses it, which is told once."""
        try:
            return list(await self.link.list_action(action, **of))
        except AmiRefused as error:
            what = " ".join((action, *of.values()))
            if what not in self._refused:
                self._refused.add(what)
                _log.warning("ami_list_refused", action=what, reason=error.message)
            return None
