"""The dialogue by which a caller in a queue leaves a number: offered, read back, confirmed or keyed in anew.

The caller keeps waiting meanwhile: an agent who answers cuts the dialogue short. Decides what is asked and what a key
means. Must not know what becomes of a promise.
"""

from __future__ import annotations

from acd.domain.commands import StopPlay
from acd.domain.copies import replace
from acd.domain.ids import PromptKey
from acd.domain.plan import QueuePlan
from acd.engine import callbacks, matching, numbers, outbound, saying, treatment
from acd.engine.callback_state import Asking
from acd.engine.state import Contact, Waiting
from acd.engine.turn import Turn

OFFER = PromptKey("callback_offer")
NUMBER_IS = PromptKey("callback_number")
CONFIRM = PromptKey("callback_confirm")
ENTER = PromptKey("callback_enter")
BAD_NUMBER = PromptKey("callback_bad_number")
STAY = PromptKey("callback_stay")
PROMPTS = (NUMBER_IS, CONFIRM, ENTER, BAD_NUMBER, STAY, callbacks.NOTED)
"""Prompts a deployment must have that offers callbacks, beside the offer itself and the greeting."""
YES, OTHER, NO, END = "1", "2", "*", "#"
MAX_DIGITS = 16
TIMEOUT_S = 8.0
BETWEEN_DIGITS_S = 5.0
TRIES = 3
BUSY_S = 5.0
"""How soon to try again to make the offer when something else is being said."""


def announce_in(turn: Turn, contact: Contact) -> None:
    """After a contact got into a queue: say in time that there are callbacks."""
    waiting = contact.phase
    queue = turn.plan.queues.get(waiting.queue) if isinstance(waiting, Waiting) else None
    if queue is not None and queue.callback is not None and queue.callback.announce_after_s is not None:
        turn.start_timer(f"offer:{contact.id}", queue.callback.announce_after_s)


def announce(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """Make the offer, unless an agent's phone rings or something else is being said; again later."""
    queue = turn.plan.queues.get(waiting.queue)
    offer = queue.callback if queue is not None else None
    if queue is None or offer is None or contact.away or contact.callback is not None:
        return
    if waiting.playback is not None or waiting.offers or not _offered(turn, contact, waiting, queue):
        turn.start_timer(f"offer:{contact.id}", BUSY_S)
        return
    if offer.announce_every_s is not None:
        turn.start_timer(f"offer:{contact.id}", offer.announce_every_s)
    treatment.quiet(turn, contact, waiting)
    _say(turn, contact, waiting, (offer.prompt,))


def _offered(turn: Turn, contact: Contact, waiting: Waiting, queue: QueuePlan) -> bool:
    """Whether this caller may ask to be called back now: only the answered can press a key."""
    offer = queue.callback
    if offer is None or turn.plan.callbacks is None or contact.answered_at is None or contact.callback is not None:
        return False
    if offer.from_position <= 1:
        return True
    mine = matching.contact_rank(contact, waiting)
    before = sum(
        isinstance(c.phase, Waiting) and c.phase.queue == waiting.queue and matching.contact_rank(c, c.phase) < mine
        for c in turn.state.contacts.values()
    )
    return before + 1 >= offer.from_position


def divert(turn: Turn, contact: Contact) -> bool:
    """Offer a callback to a waiting caller who may not wait on. False when that is not possible."""
    if turn.plan.callbacks is None or contact.answered_at is None or contact.callback is not None or contact.away:
        return False
    if not isinstance(contact.phase, Waiting):
        return False
    if contact.asking is not None:
        turn.put(replace(contact, asking=replace(contact.asking, must=True)))
    else:
        begin(turn, contact, contact.phase, must=True)
    return True


def begin(turn: Turn, contact: Contact, waiting: Waiting, *, must: bool = False) -> None:
    """Start the dialogue: with the caller's own number where it can be called, else by asking for one."""
    treatment.quiet(turn, contact, waiting)
    waiting = replace(waiting, playback=None)
    number = numbers.callable_number(contact.caller, outbound.plan_of(turn).numbers)
    if number is None:
        _enter(turn, contact, waiting, Asking("enter", must=must), ())
    else:
        _confirm(turn, contact, waiting, Asking("confirm", number, must=must))


def _confirm(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking) -> None:
    contact = replace(contact, asking=asking)
    language = contact.language or treatment.NO_LANGUAGE
    digits = saying.digits(asking.number.replace("+", "00")) if saying.speaks(language) else ()
    _say(turn, contact, waiting, (NUMBER_IS, *digits, CONFIRM))


def _enter(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking, before: tuple[PromptKey, ...]) -> None:
    contact = replace(contact, asking=replace(asking, stage="enter", digits=""))
    _say(turn, contact, waiting, (*before, ENTER))


def _say(turn: Turn, contact: Contact, waiting: Waiting, prompts: tuple[PromptKey, ...]) -> None:
    turn.cancel_timer(f"ask:{contact.id}")
    speaking, play = treatment.spoken(contact, waiting, prompts)
    contact = turn.to_phase(contact, speaking)
    if play is not None:
        treatment.announce(turn, contact, play)


def spoken(turn: Turn, contact: Contact, waiting: Waiting) -> None:
    """A question was spoken to its end: wait for keys."""
    turn.cancel_timer(f"play:{contact.id}")
    turn.to_phase(contact, replace(waiting, playback=None))
    turn.start_timer(f"ask:{contact.id}", TIMEOUT_S)


def digit(turn: Turn, contact: Contact, waiting: Waiting, key: str) -> bool:
    """A waiting caller pressed a key. False when it means nothing here."""
    asking = contact.asking
    if asking is None:
        queue = turn.plan.queues.get(waiting.queue)
        if queue is None or queue.callback is None or key != queue.callback.key:
            return False
        if not _offered(turn, contact, waiting, queue):
            return False
        begin(turn, contact, waiting)
        return True
    if waiting.playback is not None:
        turn.do(StopPlay(contact.id, waiting.playback))
        waiting = replace(waiting, playback=None)
    if asking.stage == "confirm":
        _confirm_key(turn, contact, waiting, asking, key)
    else:
        _number_key(turn, contact, waiting, asking, key)
    return True


def _confirm_key(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking, key: str) -> None:
    match key:
        case "1":
            turn.cancel_timer(f"ask:{contact.id}")
            callbacks.promise(turn, turn.to_phase(contact, waiting), waiting, asking.number)
        case "2":
            _enter(turn, contact, waiting, asking, ())
        case "*":
            _give_up(turn, contact, waiting, asking)
        case _:
            _again(turn, contact, waiting, asking)


def _number_key(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking, key: str) -> None:
    if key == NO:
        return _give_up(turn, contact, waiting, asking)
    if key != END:
        asking = replace(asking, digits=asking.digits + key)
        if len(asking.digits) < MAX_DIGITS:
            turn.to_phase(replace(contact, asking=asking), waiting)
            return turn.start_timer(f"ask:{contact.id}", BETWEEN_DIGITS_S)
    return _entered(turn, contact, waiting, asking)


def _entered(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking) -> None:
    number = numbers.callable_number(asking.digits, outbound.plan_of(turn).numbers)
    if number is not None:
        _confirm(turn, contact, waiting, replace(asking, stage="confirm", number=number, digits=""))
    else:
        _again(turn, contact, waiting, asking)


def time_up(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking) -> None:
    """No key came, or no further one."""
    if asking.digits:
        _entered(turn, contact, waiting, asking)
    else:
        _again(turn, contact, waiting, asking)


def _again(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking) -> None:
    if asking.tries + 1 >= TRIES:
        return _give_up(turn, contact, waiting, asking)
    asking = replace(asking, tries=asking.tries + 1)
    if asking.stage == "confirm":
        return _confirm(turn, contact, waiting, asking)
    return _enter(turn, contact, waiting, asking, (BAD_NUMBER,) if asking.digits else ())


def _give_up(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking) -> None:
    """No callback: wait on, or leave when there is no waiting on."""
    turn.cancel_timer(f"ask:{contact.id}")
    contact = replace(contact, asking=None)
    if asking.must:
        turn.to_phase(contact, waiting)
        turn.start_timer(f"declined:{contact.id}", 0.0)  # then the node's branch is taken
    else:
        _say(turn, contact, waiting, (STAY,))


def resume(turn: Turn, contact: Contact, waiting: Waiting, asking: Asking) -> None:
    """Ask again after an interval in which a key or a prompt's end may have been missed."""
    treatment.quiet(turn, contact, waiting)
    if asking.stage == "confirm":
        _confirm(turn, contact, waiting, asking)
    else:
        _enter(turn, contact, waiting, asking, ())
