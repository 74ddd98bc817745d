"""Tells events to other systems: each webhook in order, again and again until it was taken or is too old.

Decides how long to try and what to drop when a webhook takes nothing. Nobody waits for it. The id of an event goes with
it (``Idempotency-Key``), as it may be told twice. Must not know what an event says, nor where it is kept meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

import structlog

from acd.dips.exchange import ExchangeFailed, Exchanges
from acd.dips.hosts import AllowList, Place
from acd.domain.commands import SendHook
from acd.domain.data import Header, HttpRequest
from acd.ports import HookFigures
from acd.settings.values import Webhook

log = structlog.get_logger(__name__)
Done = Callable[[str, bool], None]
"""Told the id of each event that needs no telling any more, and whether it was told."""
MOST_WAITING = 5_000
"""Events of one webhook kept while it takes none; then the oldest is given up."""
PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
"""Before the second try, doubled up to this; half of it is drawn by chance."""
GIVE_UP_S = 3_600.0
"""After the first try of an event."""


@dataclass(slots=True)
class _Line:
    """A webhook and what it is still to be told."""

    hook: Webhook
    waiting: deque[SendHook] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None
    delivered: int = 0
    failed: int = 0
    lost: int = 0

    @property
    def busy(self) -> bool:
        """Whether an event is being told."""
        return self.worker is not None and not self.worker.done()


class Hooks:
    """Tells events. Not thread-safe; made for one event loop."""

    def __init__(
        self,
        hooks: Iterable[Webhook],
        allowed: AllowList,
        exchanges: Exchanges,
        chance: Random,
        done: Done,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        self._lines = {hook.name: _Line(hook) for hook in hooks}
        self._allowed, self._exchanges, self._chance = allowed, exchanges, chance
        self._done = done
        self._give_up_s = give_up_s
        self._new: set[str] | None = set()
        """Ids of this life's events, until those of a former one are there; some are both."""

    def use(self, hooks: Iterable[Webhook]) -> None:
        """Tell these webhooks from now on; others are still told what waits for them, if they may be."""
        wanted = {hook.name: hook for hook in hooks}
        idle = [name for name, line in self._lines.items() if name not in wanted and not line.busy]
        for name in idle:
            del self._lines[name]
        for name, hook in wanted.items():
            self._lines.setdefault(name, _Line(hook)).hook = hook

    def send(self, event: SendHook) -> None:
        """Tell an event as soon as those before it were told."""
        if self._new is not None:
            self._new.add(event.event_id)
        line = self._line(event)
        if line is None:
            return
        if len(line.waiting) >= MOST_WAITING:
            # Not the one being told now: that is no longer in the line.
            line.lost += 1
            self._done(line.waiting.popleft().event_id, False)  # noqa: FBT003 - not told
            log.error("webhook_overflowed", hook=event.hook)
        line.waiting.append(event)
        self._go_on(line)

    def resume(self, events: Iterable[SendHook]) -> None:
        """Tell events of a former life, oldest first, before those that came since; once in a life."""
        new, self._new = self._new or set(), None
        former = [event for event in events if event.event_id not in new]
        for event in reversed(former):
            line = self._line(event)
            if line is not None:
                line.waiting.appendleft(event)
                self._go_on(line)

    def figures(self) -> tuple[HookFigures, ...]:
        """How the webhooks do."""
        return tuple(
            HookFigures(
                name,
                line.delivered,
                line.failed,
                line.lost,
                len(line.waiting) + line.busy,
            )
            for name, line in self._lines.items()
        )

    async def close(self) -> None:
        """Stop telling."""
        workers = [line.worker for line in self._lines.values() if line.worker is not None]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _line(self, event: SendHook) -> _Line | None:
        line = self._lines.get(event.hook)
        if line is None:
            log.error("webhook_unknown", hook=event.hook)
            self._done(event.event_id, False)  # noqa: FBT003 - not told
        return line

    def _go_on(self, line: _Line) -> None:
        if not line.busy:
            line.worker = asyncio.get_running_loop().create_task(self._work(line), name=f"webhook {line.hook.name}")

    async def _work(self, line: _Line) -> None:
        """Tell what waits, in order."""
        while line.waiting:
            event = line.waiting.popleft()
            place = self._allowed.read(line.hook.url)
            told = place is not None and await self._tell(line, place, event)
            if told:
                line.delivered += 1
            else:
                line.lost += 1
                log.error("webhook_given_up", hook=line.hook.name)
            self._done(event.event_id, told)

    async def _tell(self, line: _Line, place: Place, event: SendHook) -> bool:
        """Tell one event; False when it is given up."""
        headers = (*line.hook.headers, Header("Idempotency-Key", event.event_id))
        request = HttpRequest("POST", line.hook.url, headers, event.body)
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + self._give_up_s, PAUSE_S
        while True:
            status = await self._once(line.hook, place, request)
            if status // 100 == 2:  # noqa: PLR2004 - success
                return True
            line.failed += 1
            log.warning("webhook_failed", hook=line.hook.name, status=status)
            wait = pause * (0.5 + 0.5 * self._chance.random())
            if loop.time() + wait > until:
                return False
            await asyncio.sleep(wait)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _once(self, hook: Webhook, place: Place, request: HttpRequest) -> int:
        """The status it was answered with; 0 without an answer."""
        try:
            async with asyncio.timeout(hook.timeout_s):
                return (await self._exchanges.ask(place, request, hook.timeout_s)).status
        except ExchangeFailed as failure:
            # A long or packed answer to an event is none of our business.
            return failure.status
        except TimeoutError:
            return 0
