"""Queue treatment: what a caller hears while waiting, and when.

Decides between ringing, music and announcements: lunch, the place in the queue, the estimated wait, comfort messages.
Must not know how an agent is found. An announcement never stands in the way of a connection: phones are rung as if
nobody spoke, and what is being said is cut when the agent answers, without music in between.

An announcement is made only of what is new: a place nearer than the one said before, an estimate that is spoken
differently. A place that got worse, because somebody more urgent came or an agent did not answer, is not announced.
"""

from __future__ import annotations

from math import ceil

from acd.domain.commands import Play, Ring, StartMusic, StopMusic, StopPlay
from acd.domain.copies import replace
from acd.domain.ids import Language, PlaybackId, PromptKey
from acd.domain.plan import QueuePlan, TreatmentPlan
from acd.engine import calendars, estimate, saying
from acd.engine.state import Announced, Contact, Told, Waiting
from acd.engine.turn import Turn

TONE_S = 0.2
"""How long a caller who is not answered and whose agent's phone rings waits for the ringing tone."""
NO_LANGUAGE = Language("")
"""Never spoken: a flow's start chooses a language before any prompt."""
NOTHING = TreatmentPlan()
DEFAULT_MUSIC = "default"
SPEAKING_S = 120.0
"""After this long an announcement counts as over, whether its end was heard of or not."""
LUNCH_S = 1.0
"""From entering a queue to the lunch announcement: who is connected at once does not hear it begin."""
MOST_SCORED = 50
"""Announcements of one caller that are scored; further ones are made all the same."""


def begin(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """A contact came into a queue, its agent's phone perhaps ringing: let its time until the first announcement run."""
    plan = _plan(turn, waiting)
    if plan.speaks and contact.answered_at is not None and not contact.away:
        soon = _lunch(turn, waiting, plan) is not None
        turn.start_timer(f"tell:{contact.id}", LUNCH_S if soon else plan.first_after_s)
    else:
        turn.cancel_timer(f"tell:{contact.id}")


def afresh(told: Told) -> Told:
    """What a caller was told, as far as it counts in another queue: place and wait are other ones there."""
    return replace(told, position=None, estimate=())


def comfort(turn: Turn, contact: Contact) -> None:
    """Let a waiting caller hear that something happens: ringing before the answer, music after it.

    While a phone rings, the ringing tone waits a moment: an agent who answers at once should not wait for it.
    """
    if contact.away:
        return
    if contact.answered_at is None:
        if isinstance(contact.phase, Waiting) and contact.phase.offers:
            turn.start_timer(f"tone:{contact.id}", TONE_S)
        else:
            tone(turn, contact)
    else:
        queue = _queue(turn, contact.phase) if isinstance(contact.phase, Waiting) else None
        turn.do(StartMusic(contact.id, contact.leg, queue.music if queue is not None else DEFAULT_MUSIC))


def tone(turn: Turn, contact: Contact) -> None:
    """Give the ringing tone a caller waited for; only one who is not answered ever does."""
    turn.do(Ring(contact.id, contact.leg))


def quiet(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """End what an answered caller hears while waiting: an announcement, or else music."""
    if waiting.playback is not None:
        turn.do(StopPlay(contact.id, waiting.playback))
    elif contact.answered_at is not None and not contact.away:
        turn.do(StopMusic(contact.id, contact.leg))


def spoken(contact: Contact, waiting: Waiting, prompts: tuple[PromptKey, ...]) -> tuple[Waiting, Play | None]:
    """Speak to an answered caller; the music must be silent by then."""
    if not prompts or contact.answered_at is None or contact.away:
        return waiting, None
    number = waiting.position.plays + 1
    playback = PlaybackId(f"acd-p-{contact.id}-{number}")
    speaking = replace(waiting, playback=playback, position=replace(waiting.position, plays=number))
    return speaking, Play(contact.id, contact.leg, playback, prompts, contact.language or NO_LANGUAGE)


def announce(turn: Turn, contact: Contact, play: Play) -> None:
    """Begin an announcement; an end that is never heard of must not leave the caller in silence."""
    turn.do(play)
    turn.start_timer(f"play:{contact.id}", SPEAKING_S)


def announcement_ended(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """The music goes on after an announcement."""
    turn.cancel_timer(f"play:{contact.id}")
    comfort(turn, turn.to_phase(contact, replace(waiting, playback=None)))


def tell(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """It is time to announce something, if there is anything and nobody is speaking or about to answer."""
    plan = _plan(turn, waiting)
    if not plan.speaks or contact.away:
        return
    lunch = _lunch(turn, waiting, plan)
    turn.start_timer(f"tell:{contact.id}", plan.every_s if lunch is None else plan.first_after_s)
    if waiting.playback is not None or waiting.offers or contact.asking is not None:
        return
    told, prompts = _news(turn, contact, waiting, plan, lunch)
    if not prompts:
        told, prompts = _comforting(told, plan)
    speaking, play = spoken(contact, replace(waiting, told=told), prompts)
    if play is not None:
        turn.do(StopMusic(contact.id, contact.leg))
        announce(turn, contact, play)
        turn.to_phase(contact, speaking)


# ---------------------------------------------------------------- what is said


def _queue(turn: Turn, waiting: Waiting) -> QueuePlan | None:
    return turn.plan.queues.get(waiting.queue)


def _plan(turn: Turn, waiting: Waiting) -> TreatmentPlan:
    queue = _queue(turn, waiting)
    return queue.treatment if queue is not None else NOTHING


def _lunch(turn: Turn, waiting: Waiting, plan: TreatmentPlan) -> PromptKey | None:
    """What to say of the agents' lunch to somebody who began to wait during it and was not told."""
    calendar = turn.plan.calendars.get(plan.lunch) if plan.lunch is not None else None
    if calendar is None or calendar.lunch is None or waiting.told.lunch:
        return None
    return calendar.lunch.prompt if calendars.read(calendar, waiting.since).lunch else None


def _comforting(told: Told, plan: TreatmentPlan) -> tuple[Told, tuple[PromptKey, ...]]:
    if not plan.comfort:
        return told, ()
    return replace(told, comfort=told.comfort + 1), (plan.comfort[told.comfort % len(plan.comfort)],)


def _news(
    turn: Turn, contact: Contact, waiting: Waiting, plan: TreatmentPlan, lunch: PromptKey | None
) -> tuple[Told, tuple[PromptKey, ...]]:
    if lunch is not None:
        return replace(waiting.told, lunch=True), (lunch,)
    told, language = waiting.told, contact.language or NO_LANGUAGE
    if not (plan.position or plan.estimate) or not saying.speaks(language):
        return told, ()
    before = estimate.ahead(turn.state, contact, waiting)
    place = before + 1
    prompts: tuple[PromptKey, ...] = ()
    if plan.position and place <= plan.at_most_positions and (told.position is None or place < told.position):
        prompts = saying.place(place, language)
        told = replace(told, position=place)
    if not plan.estimate:
        return told, prompts
    known = estimate.at_place(turn.state, estimate.line(waiting), before, turn.at)
    if known is None:
        return told, prompts
    said = spoken_wait(known.wait_s, plan, language)
    if said == told.estimate and not prompts:
        return told, prompts
    scored = (*told.estimates, Announced(turn.at, waiting.queue, known.wait_s))[:MOST_SCORED]
    return replace(told, estimate=said, estimates=scored), (*prompts, *said)


def spoken_wait(wait_s: float, plan: TreatmentPlan, language: Language) -> tuple[PromptKey, ...]:
    """Make of a wait what a caller is told: rounded up, within what the queue wants to say."""
    if wait_s < plan.estimate_at_least_s:
        return saying.wait(plan.estimate_at_least_s, "less_than", language)
    if wait_s > plan.estimate_at_most_s:
        return saying.wait(plan.estimate_at_most_s, "more_than", language)
    return saying.wait(ceil(wait_s / plan.estimate_step_s) * plan.estimate_step_s, "about", language)
