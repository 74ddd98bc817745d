"""A caller is answered with the phone offered to, as the offer says, and never when that offer is void."""

import pytest

from acd.domain.commands import Answer, HangUp, Originate, TelephonyCommand
from acd.domain.ids import ContactId, LegId
from acd.telephony.reflex import Reflex

C1, CALLER = ContactId("c1"), LegId("c1")
FIRST, SECOND = LegId("acd-l-c1-1"), LegId("acd-l-c1-2")


def ring(leg: LegId, answers: LegId | None = CALLER) -> Originate:
    return Originate(C1, leg, "PJSIP/a", "", 20.0, answers=answers)


def reflex(*ordered: TelephonyCommand) -> Reflex:
    made = Reflex()
    for command in ordered:
        made.ordered(command)
    return made


def test_who_waits_for_the_phone_picked_up_is_answered_and_the_engines_own_answer_is_not_sent_again() -> None:
    made = reflex(ring(FIRST))
    assert made.picked_up(FIRST) == CALLER
    assert made.ordered(Answer(C1, CALLER))
    assert not made.ordered(Answer(C1, CALLER))


@pytest.mark.parametrize(
    "void",
    [HangUp(C1, FIRST), HangUp(C1, CALLER), Answer(C1, CALLER)],
    ids=["offer taken back", "caller hung up", "caller answered"],
)
def test_nobody_is_answered_for_an_offer_that_is_void(void: TelephonyCommand) -> None:
    assert reflex(ring(FIRST), void).picked_up(FIRST) is None


@pytest.mark.parametrize("gone", [FIRST, CALLER])
def test_nobody_is_answered_when_either_channel_is_gone(gone: LegId) -> None:
    made = reflex(ring(FIRST))
    made.over(gone)
    assert made.picked_up(FIRST) is None


def test_a_caller_is_answered_by_the_first_of_several_phones_alone() -> None:
    made = reflex(ring(FIRST), ring(SECOND))
    assert made.picked_up(SECOND) == CALLER
    assert made.ordered(Answer(C1, CALLER))
    assert made.picked_up(FIRST) is None


def test_an_offer_that_answers_nobody_answers_nobody() -> None:
    assert reflex(ring(FIRST, None)).picked_up(FIRST) is None


def test_after_a_gap_nothing_is_done_without_asking() -> None:
    made = reflex(ring(FIRST))
    assert made.picked_up(FIRST) == CALLER
    made.clear()
    assert made.picked_up(FIRST) is None
    assert not made.ordered(Answer(C1, CALLER))
