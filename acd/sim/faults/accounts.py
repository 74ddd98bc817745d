"""What has to be in the store at the end: one record for each call, and the truth in it.

Decides which callers an engine could know of, and until when what became of one was its doing. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from acd.domain.commands import AddToBridge, HangUp, TelephonyCommand
from acd.domain.events import CallArrived, CommandFailed, Event, FallbackSeen, Resynced
from acd.domain.exits import Exit
from acd.domain.ids import ContactId, LegId
from acd.domain.record import CallRecord
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.channels import FALLBACK
from acd.sim.faults.clock import EPOCH, Scheduler
from acd.sim.faults.disk import Database
from acd.sim.faults.engine import Life
from acd.sim.faults.people import Crowd
from acd.sim.faults.verdicts import Verdicts

TALKED = {Exit.ANSWERED}
SERVED_ELSEWHERE = {Exit.FALLBACK_ANSWERED, Exit.TRANSFERRED}
"""Without AMI only that somebody left is known."""
PROMISED = {Exit.CALLBACK_SERVED, Exit.CALLBACK_FAILED, Exit.CALLBACK_EXPIRED, Exit.CALLBACK_CANCELLED}
"""Who was promised a callback and left the engine with it is called back, though somebody else served the caller."""
UNWATCHED_S = 100.0
"""Longer than no engine is there."""
SEEN_S = 1.5
"""A caller who was there for so long while an engine served is known."""


@dataclass
class Serving:
    """A time in which an engine served."""

    life: Life
    since: float
    until: float = float("inf")


class Accounts:
    """Remembers who was there, and compares that with the records."""

    def __init__(
        self, scheduler: Scheduler, asterisk: Asterisk, crowd: Crowd, database: Database, verdicts: Verdicts
    ) -> None:
        self._scheduler = scheduler
        self._asterisk = asterisk
        self._crowd = crowd
        self._database = database
        self._verdicts = verdicts
        self._known: dict[LegId, tuple[Life, int]] = {}
        """Callers an engine was told of: by which, and which event that was."""
        self._lasting: dict[LegId, None] = {}
        """Callers of whom a durable event or a state tells."""
        self._served: list[Serving] = []
        self._outside: dict[LegId, Life] = {}
        """Callers of whom an engine was told that they are in Asterisk's own queue."""
        self._joining: dict[LegId, Life] = {}
        """Callers who were to be joined with an agent, and by which engine."""
        self._in_doubt: dict[LegId, None] = {}
        """Those whose engine died afterwards: if the caller is gone then, nobody tells whether they were joined."""
        self._sent_away: dict[LegId, float] = {}
        """When callers were ordered to be hung up: where that order was lost, what came then is not of its doing."""

        self._unnoticed_until = float("-inf")
        """When the clock was set last without that an engine was there to see it: for it, so much time went by."""
        self._clocks: list[tuple[float, float]] = []
        """From when on engines' clocks told which time too much."""

    # ------------------------------------------------------------ what happens

    def clock_told(self, life: Life) -> None:
        """An engine goes by another time from now on, or begins."""
        if not life.recovered and self._scheduler.set_at > life.outside.disk.signed_at:
            self._unnoticed_until = self._scheduler.time
        self._clocks.append((self._scheduler.time, life.clock.now() - self._scheduler.now()))

    def kept(self, life: Life, record: CallRecord) -> None:
        """A record is made: its times are in order, and no call got longer because a clock was set."""
        began = self._crowd.called.get(LegId(record.contact_id), float("inf"))
        if not life.recovered or self.blurred(began):
            return  # made again: it was looked at before; or nobody can tell
        between = [record.queued_at, record.connected_at, record.talk_ended_at]
        known = [at for at in between if at is not None and record.follows is None]  # who follows has an older place
        told = ", ".join(f"{at - EPOCH:.3f}" for at in (record.arrived_at, *known, record.ended_at, life.clock.now()))
        what = f"{record.contact_id}: {told}"
        ordered = all(record.arrived_at <= at <= record.ended_at for at in known)
        ordered = ordered and record.arrived_at <= record.ended_at <= life.clock.now() + 0.001
        self._verdicts.holds("the times of a record are in order", what, true=ordered)
        lasted, longest = record.ended_at - record.arrived_at, self._scheduler.time - began
        if LegId(record.contact_id) in self._crowd.called:
            self._verdicts.holds("no call gets longer", what, true=lasted <= longest + 1.0)

    def blurred(self, began: float) -> bool:
        """Whether the clock was set while no engine was there to see it, after something began.

        For the next engine just so much more, or less, time has gone by.
        """
        return began <= self._unnoticed_until

    def told(self, life: Life, event: Event) -> None:
        """The engine is told something."""
        match event:
            case FallbackSeen(leg_id=leg):
                self._outside[leg] = life
            case Resynced(channels=channels):
                self._outside |= {c.leg_id: life for c in channels if c.context == FALLBACK}
            case CallArrived(leg_id=leg):
                self._outside.pop(leg, None)
            case _:
                pass
        if isinstance(event, CallArrived) and event.leg_id not in self._known:
            self._known[event.leg_id] = (life, life.journal.place() + 1)
        elif isinstance(event, CommandFailed) and event.command == "claim" and event.reason == "refused":
            self._known.pop(LegId(event.target), None)  # somebody else's: Asterisk's own queue has the caller

    def ordered(self, life: Life, command: TelephonyCommand) -> None:
        """The engine orders something."""
        if isinstance(command, HangUp):
            leg = command.leg_id
            self._sent_away.setdefault(leg, self._scheduler.time)
            cut = leg in self._asterisk.channels and self._asterisk.channels[leg].served
            known = self._outside.get(leg) is life
            self._verdicts.holds("no conversation ends because of us", f"{leg} is served", true=not (cut and known))
        elif isinstance(command, AddToBridge):
            self._joining |= dict.fromkeys(command.leg_ids, life)

    def synced(self, life: Life) -> None:
        """An engine serves."""
        self._served.append(Serving(life, self._scheduler.time))

    def latest(self, life: Life) -> Serving | None:
        """Since when this engine has served, if it was the last one that did."""
        return self._served[-1] if self._served and self._served[-1].life is life else None

    def unsynced(self, life: Life) -> bool:
        """It serves no more. Gives whether it did."""
        serving = self.latest(life)
        if serving is None or serving.until <= self._scheduler.time:
            return False
        serving.until = self._scheduler.time
        return True

    def died(self, life: Life) -> None:
        """An engine is gone, and what it had heard and not made durable."""
        serving, since = self.latest(life), life.journal.waiting_since
        if serving is not None and since is not None:
            serving.until = min(serving.until, since)
        self._in_doubt |= {leg: None for leg, whose in self._joining.items() if whose is life}
        durable = life.journal.committed
        for leg, (whose, number) in self._known.items():
            if whose is life and number <= durable:
                self._lasting[leg] = None

    def recovered(self, contacts: Iterable[ContactId]) -> None:
        """The next one has read of these."""
        for contact in contacts:
            self._lasting[LegId(contact)] = None

    # ------------------------------------------------------------ at the end

    def settled(self) -> dict[str, int]:
        """Each caller has one record. Returns how many there were, and how many nobody could know of."""
        records, unseen, holds = self._database.records, 0, self._verdicts.holds
        for leg, began in self._crowd.called.items():
            if ContactId(leg) in records:
                self._verdicts.checked["one record for each call"] += 1
                continue
            ended = self._crowd.ended.get(leg, self._scheduler.time)
            seen = leg not in self._asterisk.unwritten  # Asterisk wrote it down, or was told not to
            seen = seen or self._was_seen(began, ended)
            known = leg in self._lasting or self._living(leg)
            what = f"{leg} of {began:.2f}-{ended:.2f} has none" + ", though known" * known + ", though seen" * seen
            holds("one record for each call", what, true=not known and not seen)
            self._in_a_gap(leg, began, ended)
            unseen += 1
        for contact_id, record in records.items():
            self._truth(LegId(contact_id), record)
        strange = sorted(i for i in records if LegId(i) not in self._crowd.called and not i.startswith("callback-"))
        holds("no record of nobody", str(strange[:5]), true=not strange)
        holds("no call has two records", str(self._database.doubled[:5]), true=not self._database.doubled)
        return {"records": len(records), "unseen": unseen}

    def _in_a_gap(self, leg: LegId, began: float, ended: float) -> None:
        """Who has no record was there in a time of which the ledger says that not everything was seen."""
        what = f"{leg} of {began:.2f}"
        # When an engine begins it says how late it is; while none is there, both the last one's time and its are right.
        before = [away for at, away in self._clocks if at <= began][-1:] or [0.0]
        away_s = {*before, *(away for at, away in self._clocks if began < at <= ended + UNWATCHED_S)}
        gaps = self._database.gaps.values()
        marked = any(gap.touches(began + EPOCH + away, ended + EPOCH + away) for gap in gaps for away in away_s)
        self._verdicts.holds("who is not recorded came in a known gap", what, true=marked)

    def _truth(self, leg: LegId, record: CallRecord) -> None:
        """The record tells what became of a caller, as far as an engine was there to see it."""
        crowd, why, holds = self._crowd, record.exit, self._verdicts.holds
        ended, sent_away = crowd.ended.get(leg, self._scheduler.time), self._sent_away.get(leg, float("inf"))
        talks, served = crowd.talked.get(leg, ()), crowd.served.get(leg)
        for talk in talks:  # whose end may be told a moment later
            if talk.since < sent_away and self._was_seen(talk.since, min(ended, talk.until + SEEN_S)):
                true = why in TALKED or (served is not None and why in SERVED_ELSEWHERE)
                holds("exits tell the truth", f"{leg} talked: {why}", true=true)
        if served is not None and served < sent_away and not talks:
            true = why in SERVED_ELSEWHERE | PROMISED or (why is Exit.ANSWERED and leg in self._in_doubt)
            holds("exits tell the truth", f"{leg} was served elsewhere: {why}", true=true)
        if served is None:
            true = why is not Exit.FALLBACK_ANSWERED
            holds("exits tell the truth", f"{leg} was not served elsewhere: {why}", true=true)

    def _living(self, leg: LegId) -> bool:
        whose = self._known.get(leg)
        return whose is not None and not whose[0].loop.dead

    def _was_seen(self, began: float, ended: float) -> bool:
        """Whether an engine served for long enough in this time."""
        return any(max(0.0, min(ended, one.until) - max(began, one.since)) > SEEN_S for one in self._served)
