"""Counting: call records to figures. Every figure is a sum over records, so an auditor can recompute it from them.

A contact is counted once, when its record is made, and anew should that be corrected. No traffic gives None, never 0.

Success call ratio, form ``scr-1``::

    (answered + callback_served + self_service)
        / (records - short_abandoned - closed - unknown_number - callback_cancelled)

Left out are callers who gave up within the short-abandon threshold, who rang outside the opening hours, who dialled no
number of ours, or whose callback was taken back (who called again is counted by that call); everything else that did
not succeed counts against us, calls blocked or refused for overload included (a refused seizure is a bid, ITU-T E.425).

A message (``voicemail``) is no answer: it counts against us, as a promise to call back does until it is kept, and
against the queue that turned its caller away. Where a flow says that a message left out of hours is to count as
``closed``, it is left out as any call out of hours. ``no_response`` counts against us too: callers who said and pressed
nothing are among the failed contacts of those who measure them, not among those who never called.

Service level, form ``sl-1``: ``answered within T / offered to the queue``; abandons count against it, whatever
their wait (Cisco's "abandoned calls negatively impact"), except short abandons, which are left out of both.

A callback is offered once, when the customer entered the queue, and answered when the customer talks with an agent. Its
wait runs from one to the other, so that a callback is within T only if the conversation began within T: promising to
call back improves no figure. One that failed or expired counts against it; one that was taken back is left out.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from acd.domain.copies import replace
from acd.domain.exits import Exit
from acd.domain.ids import QueueId
from acd.domain.record import CallRecord
from acd.engine.score import NO_SCORE, EstimateScore

SCR_FORM = "scr-1"
SERVICE_LEVEL_FORM = "sl-1"
SUCCESSES = (Exit.ANSWERED, Exit.SELF_SERVICE, Exit.CALLBACK_SERVED)
NOT_OFFERED = (Exit.SHORT_ABANDONED, Exit.CLOSED, Exit.REFUSED, Exit.UNKNOWN_NUMBER, Exit.CALLBACK_CANCELLED)
TALKED = (Exit.ANSWERED, Exit.CALLBACK_SERVED)
"""Exits of contacts an agent talked with."""
NOT_IN_QUEUE = (Exit.SHORT_ABANDONED, Exit.CALLBACK_CANCELLED)
"""Left out of the service level though they had been in a queue."""
WAIT_BUCKETS_S: tuple[float, ...] = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
"""Upper bounds of the wait histogram; a queue's service-level time is added where it is missing."""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """Totals of one queue; waits in seconds. ``buckets`` are not cumulative, the last is everything above."""

    target_s: float
    bounds: tuple[float, ...]
    buckets: tuple[int, ...]
    wait_sum_s: float = 0.0
    offered: int = 0
    """Contacts whose last queue this was, short abandons and callbacks taken back left out."""
    short_abandoned: int = 0
    answered: int = 0
    within_target: int = 0
    abandoned: int = 0
    talk_sum_s: float = 0.0
    diverted: dict[str, int] = field(default_factory=dict)
    """Contacts a limit turned away, by the limit's name."""
    estimates: EstimateScore = NO_SCORE
    """Waits announced in this queue, scored."""

    @property
    def service_level(self) -> float | None:
        """``sl-1``, 0 to 1; None without traffic."""
        return self.within_target / self.offered if self.offered else None


def new_queue(target_s: float) -> QueueFigures:
    """Make the empty figures of a queue whose service-level time is ``target_s`` seconds."""
    bounds = tuple(sorted({*WAIT_BUCKETS_S, float(target_s)}))
    return QueueFigures(target_s=target_s, bounds=bounds, buckets=(0,) * (len(bounds) + 1))


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals since ``since`` (seconds since the epoch); they survive a restart of the engine."""

    since: float = 0.0
    by_exit: dict[Exit, int] = field(default_factory=lambda: dict.fromkeys(Exit, 0))
    queues: dict[QueueId, QueueFigures] = field(default_factory=dict)
    offers: dict[str, int] = field(default_factory=dict)
    """Offers by outcome: accepted, rejected, timed_out, rescinded, failed."""
    recordings_ok: int = 0
    recordings_bad: int = 0
    callbacks_promised: int = 0
    callback_attempts: dict[str, int] = field(default_factory=dict)
    """Outbound calls by outcome."""
    places_regained: int = 0
    """Callers who called again and got a place back."""
    fallback_seen: int = 0
    """Callers seen in Asterisk's own queue."""
    taken_back: int = 0
    """Callers who came back from there."""
    overload: dict[str, int] = field(default_factory=dict)
    """Call attempts refused because there were too many, by reason: rate, delay, commands."""

    @property
    def records(self) -> int:
        """Call records made."""
        return sum(self.by_exit.values())

    @property
    def success_call_ratio(self) -> float | None:
        """``scr-1``, 0 to 1; None without traffic."""
        base = self.records - sum(self.by_exit.get(e, 0) for e in NOT_OFFERED)
        return sum(self.by_exit.get(e, 0) for e in SUCCESSES) / base if base else None

    @property
    def service_level(self) -> float | None:
        """``sl-1`` over all queues, 0 to 1; None without traffic."""
        offered = sum(q.offered for q in self.queues.values())
        return sum(q.within_target for q in self.queues.values()) / offered if offered else None


def _count_queue(queue: QueueFigures, record: CallRecord, by: int) -> QueueFigures:
    wait = record.wait_s or 0.0
    slot = bisect_left(queue.bounds, wait)
    counted = replace(
        queue,
        buckets=(*queue.buckets[:slot], queue.buckets[slot] + by, *queue.buckets[slot + 1 :]),
        wait_sum_s=queue.wait_sum_s + by * wait,
    )
    match record.exit:
        case Exit.SHORT_ABANDONED:
            return replace(counted, short_abandoned=queue.short_abandoned + by)
        case Exit.CALLBACK_CANCELLED:
            return counted
        case Exit.ANSWERED | Exit.CALLBACK_SERVED:
            return replace(
                counted,
                offered=queue.offered + by,
                answered=queue.answered + by,
                within_target=queue.within_target + by * bool(record.within_target),
                talk_sum_s=queue.talk_sum_s + by * (record.talk_s or 0.0),
            )
        case Exit.ABANDONED:
            return replace(counted, offered=queue.offered + by, abandoned=queue.abandoned + by)
        case _:
            return replace(counted, offered=queue.offered + by)


def count(figures: Figures, record: CallRecord, target_s: float, *, by: int = 1) -> Figures:
    """Count one record; ``target_s`` is its queue's service-level time, used when the queue is new to the figures.

    ``by=-1`` takes back what one was counted as.
    """
    by_exit = {**figures.by_exit, record.exit: figures.by_exit.get(record.exit, 0) + by}
    queues = figures.queues
    if record.queue is not None:
        queue = queues.get(record.queue) or new_queue(target_s)
        queues = {**queues, record.queue: _count_queue(queue, record, by)}
    return replace(figures, by_exit=by_exit, queues=queues)


def count_estimate(figures: Figures, queue_id: QueueId, error_s: float, *, answered: bool) -> Figures:
    """Count the error of one announced wait; one of a queue without figures is forgotten."""
    queue = figures.queues.get(queue_id)
    if queue is None:
        return figures
    scored = replace(queue, estimates=queue.estimates.add(error_s, answered=answered))
    return replace(figures, queues={**figures.queues, queue_id: scored})


def count_offer(figures: Figures, outcome: str) -> Figures:
    """Count how an offer ended."""
    return replace(figures, offers={**figures.offers, outcome: figures.offers.get(outcome, 0) + 1})


def count_attempt(figures: Figures, outcome: str) -> Figures:
    """Count how an outbound call ended."""
    attempts = figures.callback_attempts
    return replace(figures, callback_attempts={**attempts, outcome: attempts.get(outcome, 0) + 1})


def count_promise(figures: Figures) -> Figures:
    """Count a promise to call back."""
    return replace(figures, callbacks_promised=figures.callbacks_promised + 1)


def count_regained(figures: Figures) -> Figures:
    """Count a place somebody got back by calling again."""
    return replace(figures, places_regained=figures.places_regained + 1)


def count_overload(figures: Figures, why: str) -> Figures:
    """Count a call attempt refused for overload."""
    return replace(figures, overload={**figures.overload, why: figures.overload.get(why, 0) + 1})


def count_fallback(figures: Figures) -> Figures:
    """Count a caller seen in Asterisk's own queue."""
    return replace(figures, fallback_seen=figures.fallback_seen + 1)


def count_taken_back(figures: Figures) -> Figures:
    """Count a caller who came back from there."""
    return replace(figures, taken_back=figures.taken_back + 1)


def count_recording(figures: Figures, *, ok: bool) -> Figures:
    """Count a checked recording."""
    if ok:
        return replace(figures, recordings_ok=figures.recordings_ok + 1)
    return replace(figures, recordings_bad=figures.recordings_bad + 1)


def count_diverted(figures: Figures, queue_id: QueueId, limit: str) -> Figures:
    """Count a contact that a limit of a queue turned away; a queue no plan knows is not counted."""
    queue = figures.queues.get(queue_id)
    if queue is None:
        return figures
    counted = replace(queue, diverted={**queue.diverted, limit: queue.diverted.get(limit, 0) + 1})
    return replace(figures, queues={**figures.queues, queue_id: counted})
