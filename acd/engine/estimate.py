"""Estimated wait: how long a contact at some place of its line still waits, learnt from that line's own departures.

Decides what a line is, what a change of a contact teaches about it, and the estimate with its confidence. Must not know
what is announced, nor how agents are chosen.

With ``s`` offers a second at the line's head and each waiting contact leaving otherwise with ``l`` a second, a contact
with ``n`` others before it waits ``1/(s + n l) + ... + 1/(s + l) + 1/s``: the queue-length estimator with abandonment
of Ibrahim and Whitt (2009). An average of past waits, as ``app_queue`` keeps it, does not know the position: it lags
behind a queue that grows and tells the tenth caller what it tells the first.

What an event teaches is learnt after its commands are out (``Engine.settle``): nobody's phone waits for arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import sqrt

from acd.domain.ids import ContactId, QueueId
from acd.domain.skills import SkillLevel
from acd.engine import kpi, matching
from acd.engine.pace import Pace, Rates, rates
from acd.engine.score import NEAR_S
from acd.engine.state import Announced, CallingBack, Contact, EngineState, Promised, Talking, Waiting

ENOUGH = 4
"""Departures a line must have for an estimate of its own; with fewer, all lines of the queue speak for it."""
MOST_LINES = 2_048
"""Lines remembered; the one that is silent for the longest time goes first."""
_ONLY_ALIKE = 0.5
"""How much is believed of an estimate that other lines of the queue gave."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A wait in seconds from now to the conversation; ``confidence`` is the chance that it is right within 30 s."""

    wait_s: float
    confidence: float
    departures: int
    """How many departures it rests on; 0 when an agent is free."""


AT_ONCE = Estimate(0.0, 1.0, 0)
"""For a newcomer whom a free agent would take."""


def line_of(queue: QueueId, requires: Iterable[SkillLevel]) -> str:
    """Name the line of those who wait in a queue with a requirement."""
    return " ".join([queue, *(f"{need.skill}:{need.level}" for need in requires)])


def line(waiting: Waiting) -> str:
    """The line somebody stands in: that of the requirement on entering the queue, which relaxation does not change.

    Who waits for one agent only stands in a line of their own.
    """
    asked = line_of(waiting.queue, waiting.asked or waiting.requires)
    return asked if waiting.named is None else f"{asked} @{waiting.named}"


def _standing(contact: Contact | None) -> str | None:
    """The line a contact stands in; None for one who does not wait or is being offered to an agent."""
    phase = contact.phase if contact is not None else None
    return line(phase) if isinstance(phase, Waiting) and not phase.offers else None


# ---------------------------------------------------------------- learning


def learn(state: EngineState, were: Iterable[tuple[ContactId, Contact | None]], at: float) -> None:
    """Take from one event what it teaches: contacts as they ``were`` before each of its changes, and are now."""
    seen: set[ContactId] = set()
    for contact_id, old in were:
        if contact_id in seen:
            continue  # only what it was before the event counts
        seen.add(contact_id)
        new = state.contacts.get(contact_id)
        was, now = _standing(old), _standing(new)
        if was != now:
            if was is not None:
                state.paces[was] = _without(state.paces.get(was, Pace()), was, new, at)
            if now is not None:
                _with(state, now, old, at)
        if old is not None and isinstance(old.phase, Waiting):
            _ended(state, old, old.phase, new, at)


def _without(pace: Pace, was: str, new: Contact | None, at: float) -> Pace:
    """Somebody stands in a line no more: taken by an agent, aside for a while, or gone."""
    phase = new.phase if new is not None else None
    match phase:
        case Talking() | CallingBack():
            return pace.served(at)
        case Waiting(offers=offers) if offers and line(phase) == was:
            return pace.served(at)
        case Waiting(queue=queue) if was.partition(" ")[0] == queue:
            return pace.stood_aside(at)
        case Promised():
            return pace.stood_aside(at)
        case _:
            return pace.went(at)


def _with(state: EngineState, now: str, old: Contact | None, at: float) -> None:
    """Somebody comes to a line, or back to its head because an offer came to nothing."""
    pace = state.paces.pop(now, Pace())
    phase = old.phase if old is not None else None
    match phase:
        case Waiting(offers=(first, *_)) if line(phase) == now and first.since > phase.since:
            state.paces[now] = pace.returned(at)
        case _:
            state.paces[now] = pace.came(at)
    if len(state.paces) > MOST_LINES:
        del state.paces[next(iter(state.paces))]


def _ended(state: EngineState, old: Contact, waiting: Waiting, new: Contact | None, at: float) -> None:
    """Score what a caller on the line was told, now that the wait is over; learn how long phones ring."""
    if new is not None and isinstance(new.phase, Waiting):
        return
    answered = new is not None and isinstance(new.phase, Talking)
    if answered and waiting.offers:
        at_line = line(waiting)
        state.paces[at_line] = state.paces.get(at_line, Pace()).rang(at - waiting.offers[0].since)
    if not old.away:
        _score(state, waiting.told.estimates, at, answered=answered)


def _score(state: EngineState, announced: tuple[Announced, ...], at: float, *, answered: bool) -> None:
    for one in announced:
        error = at - one.at - one.wait_s
        state.figures = kpi.count_estimate(state.figures, one.queue, error, answered=answered)


# ---------------------------------------------------------------- estimating


def ahead(state: EngineState, contact: Contact, waiting: Waiting) -> int:
    """Count who stands before a contact in its line: who waits there and would be offered an agent first.

    Whose Asterisk, one of several, is away stands in nobody's way.
    """
    own, rank = line(waiting), matching.contact_rank(contact, waiting)
    return sum(
        1
        for other in state.contacts.values()
        if isinstance(other.phase, Waiting)
        and not other.phase.offers
        and (contact.cut or not other.cut)
        and other.phase.queue == waiting.queue
        and matching.contact_rank(other, other.phase) < rank
        and line(other.phase) == own
    )


def lines(state: EngineState) -> dict[str, list[ContactId]]:
    """Everybody who waits without an offer, by line, the next one first.

    Whose Asterisk, one of several, is away is in nobody's way, and nobody knows whether they are there.
    """
    standing: dict[str, list[tuple[int, float, ContactId]]] = {}
    for contact in state.contacts.values():
        if isinstance(contact.phase, Waiting) and not contact.phase.offers and not contact.cut:
            standing.setdefault(line(contact.phase), []).append(matching.contact_rank(contact, contact.phase))
    return {name: [rank[-1] for rank in sorted(ranks)] for name, ranks in standing.items()}


def at_place(state: EngineState, name: str, before: int, at: float) -> Estimate | None:
    """Estimate the wait of a contact with so many before it in a line; None while nothing is known of its queue."""
    return next(islice(along(state, name, at), before, None), None)


def along(state: EngineState, name: str, at: float) -> Iterator[Estimate]:
    """Estimate the waits along a line, from its head on, without end; nothing while nothing is known."""
    pace = state.paces.get(name, Pace())
    own = rates((pace,), at)
    if own is not None and own.departures >= ENOUGH:
        return _along(own, pace.ring_s, 1.0)
    queue = name.partition(" ")[0]
    alike = tuple(p for other, p in state.paces.items() if other.partition(" ")[0] == queue)
    shared = rates(alike, at)
    if shared is None or shared.departures < ENOUGH:
        return iter(())
    rung = [p.ring_s for p in alike if p.ring_s]
    return _along(shared, sum(rung) / len(rung) if rung else 0.0, _ONLY_ALIKE)


def _along(known: Rates, ring_s: float, belief: float) -> Iterator[Estimate]:
    wait = variance = 0.0
    before = 0
    while True:
        step = 1 / (known.served + before * known.left)
        wait += step
        variance += step * step
        before += 1
        # Each step is about as long as its mean is (an exponential time); and the rate itself is a guess.
        spread = sqrt(variance + wait * wait / known.departures)
        yield Estimate(wait + ring_s, round(_within(NEAR_S / spread) * belief, 2), known.departures)


def _within(deviations: float) -> float:
    """The chance that a normal variable is within so many standard deviations of its mean, to 0.0005.

    Abramowitz and Stegun 7.1.27, which needs no function that machines compute differently.
    """
    x = deviations / sqrt(2)
    return 1 - 1 / (1 + x * (0.278393 + x * (0.230389 + x * (0.000972 + x * 0.078108)))) ** 4


def newcomer(state: EngineState, queue: QueueId, requires: tuple[SkillLevel, ...], at: float) -> Estimate | None:
    """Estimate the wait of somebody who would come now, when no agent is free: behind everybody in the line."""
    name = line_of(queue, requires)
    before = state.paces.get(name, Pace()).waiting
    if not all(links.ari for links in state.pbxs.values()):
        before -= sum(1 for contact in state.contacts.values() if contact.cut and _standing(contact) == name)
    return at_place(state, name, max(0, before), at)


def forget_queues(state: EngineState, known: Iterable[QueueId]) -> None:
    """Forget the lines of queues a reload took away, unless somebody stands there yet."""
    queues = set(known)
    kept = {name: p for name, p in state.paces.items() if p.waiting or name.partition(" ")[0] in queues}
    state.paces = kept
