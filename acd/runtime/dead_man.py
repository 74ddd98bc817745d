"""The dead man's handle: callers stay with the engine only as long as it says so again and again.

A caller's channel has an absolute timeout, set by the dialplan and renewed here. Dies the engine, or is it cut off, the
timeouts run out and Asterisk takes the callers, in their order, into its own queue. Who talks with an agent is out of
this: the timeout is raised to hours by the command that joins both (``acd.telephony.control``), and here again in case
that one was lost.

The order holds in two ways. Whoever is later in line gets a later end, and a round goes from the last caller to the
first: wherever it is cut off, those ahead have the older, earlier ends. And each has a number that Asterisk's queue
sorts by, for rounds that the network delays. Knows no protocol; never waits for an answer; costs at most
``RENEWALS_PER_S``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from acd.domain.ids import ContactId
from acd.engine.dead_man import Caller, Place
from acd.ports import Lifeline

log = structlog.get_logger(__name__)

RENEWALS_PER_S = 400
"""Variables written per second at most. Asterisk does some eight thousand, the calls' own commands in between."""
TICK_S = 0.02
ROUNDS = 5
"""Rounds within the time callers have, so that four may be lost, and the part of it over which they leave."""
GAP_S = 0.1
"""Between two callers who leave, where there is time for it."""
PARTED_S = 0.25
"""How soon who talks no more is looked after again."""
TALK_S = 8 * 3600.0
"""How long a conversation goes on with no engine."""

FIRST, STEP = 1 << 30, 16


class DeadMan:
    """Renews callers' timeouts in rounds.

    Args:
        callers: everybody on the line, in the order in which they should leave.
        now: one of them as it is now, None when nothing is to be renewed any more.
        line: the way to the callers' channels.
        limit_s: seconds within which everybody has left once the engine is dead; 0 renews nothing.
    """

    def __init__(
        self,
        callers: Callable[[], Sequence[Caller]],
        now: Callable[[ContactId], Caller | None],
        line: Lifeline,
        limit_s: float,
    ) -> None:
        self._callers = callers
        self._now = now
        self._line = line
        self._limit_s = limit_s
        self._numbers: dict[ContactId, int] = {}
        self._noted: dict[ContactId, tuple[Place | None, int]] = {}
        """What was written of each caller's place."""
        self._talking: dict[ContactId, float] = {}
        """When the timeout of each conversation was raised."""
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin anew, because Asterisk is there and what was written before may not have arrived."""
        self.stop()
        self.forget()
        if self._limit_s:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="dead-man")

    def forget(self, contacts: Iterable[ContactId] | None = None) -> None:
        """What was written of these callers, or of all, may not have arrived: write it again with the next round."""
        for contact in [*self._noted, *self._talking] if contacts is None else list(contacts):
            self._noted.pop(contact, None)
            self._talking.pop(contact, None)

    def again(self) -> None:
        """One of two ways to the callers broke, and took with it what was written of late: write it all anew, now."""
        if self._task is not None:
            self.start()

    def stop(self) -> None:
        """Renew nothing: nobody would hear it."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def close(self) -> None:
        """End."""
        task = self._task
        self.stop()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._round()
            except Exception:
                # Without renewals every caller would be sent away though the engine lives.
                log.exception("dead_man_failed")
            until = began + self._limit_s / ROUNDS
            await asyncio.sleep(TICK_S)
            while (left := until - loop.time()) > 0:
                await asyncio.sleep(min(left, PARTED_S) if self._talking else left)
                self._part()

    async def _round(self) -> None:
        """Renew everybody, the last in line first."""
        line = list(self._callers())
        self._forget_all_but(caller.contact for caller in line)
        self._number([caller.contact for caller in line if caller.place is not None])
        began = asyncio.get_running_loop().time()  # the clock may be set in the middle of a round
        spread = self._limit_s / ROUNDS
        # More callers than can be renewed in time get more of it: late into the queue is better than out of the engine.
        limit = max(self._limit_s, 2 * ROUNDS * len(line) / RENEWALS_PER_S)
        leave = [caller.contact for caller in line if not caller.talking]
        gap = min(GAP_S, spread / max(1, len(leave)))
        ends = {contact: began + limit - spread + gap * place for place, contact in enumerate(leave, 1)}
        room = RENEWALS_PER_S * TICK_S
        for listed in reversed(line):
            caller = self._now(listed.contact)
            if caller is None:
                continue
            room -= self._renew(caller, ends.get(caller.contact))
            if room <= 0:
                await asyncio.sleep(TICK_S)
                room += RENEWALS_PER_S * TICK_S

    def _part(self) -> None:
        """Who talks no more but is still here, for a survey or the next queue, is not to be left alone for hours."""
        for contact in list(self._talking):
            caller = self._now(contact)
            if caller is not None and not caller.talking:
                self._renew(caller, None)

    def _renew(self, caller: Caller, ends: float | None) -> int:
        """Write what is due of a caller. Returns how many variables that were."""
        now, contact, leg = asyncio.get_running_loop().time(), caller.contact, caller.leg
        if caller.talking:
            if now - self._talking.get(contact, -TALK_S) < TALK_S / 2:
                return 0
            self._talking[contact] = now
            self._line.renew(contact, leg, TALK_S)
            return 1
        self._talking.pop(contact, None)
        if ends is None:  # was talking when the round began
            ends = now + self._limit_s
        self._line.renew(contact, leg, max(1.0, ends - now))
        return 1 + self._note(caller)

    def _note(self, caller: Caller) -> int:
        """Write a caller's place on its channel, where it outlives this process. Returns how many variables."""
        place = caller.place
        known, number = self._noted.get(caller.contact), self._numbers.get(caller.contact, 0)
        if known == (place, number) or (known is None and place is None):
            return 0
        self._noted[caller.contact] = place, number
        return self._line.note(caller.contact, caller.leg, place, number)

    def _number(self, line: Sequence[ContactId]) -> None:
        """Give numbers that fall along the line; those given before stay as long as they fit, so that few are written.

        Who joins at the end gets one well below, who comes in between one that was left free.
        """
        known = self._numbers
        last_known = max((place for place, contact in enumerate(line) if contact in known), default=-1)
        numbers: dict[ContactId, int] = {}
        above = FIRST
        for place, contact in enumerate(line):
            number = known.get(contact, above)
            if number >= above:
                number = above - (1 if place < last_known else STEP)
            numbers[contact] = above = number
        if above < 1 and line:
            self._numbers = {}
            self._number(line)
            return
        self._numbers = numbers

    def _forget_all_but(self, contacts: Iterable[ContactId]) -> None:
        known = set(contacts)
        for memory in (self._noted, self._talking):
            for contact in memory.keys() - known:
                del memory[contact]
