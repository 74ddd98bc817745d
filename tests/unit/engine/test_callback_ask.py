"""The dialogue in the queue: offered, read back, confirmed, keyed in, given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.callback_plan import CallbackOffer
from acd.domain.commands import HangUp, Play, StartMusic, StopMusic, StopPlay
from acd.domain.events import CallbackCancelled, PlanLoaded
from acd.domain.exits import Exit
from acd.domain.ids import ContactId, LegId, PromptKey, RequestId
from acd.engine import callback_ask, callbacks, dead_man
from acd.engine.callback_state import Asking
from acd.engine.state import Promised, Waiting
from acd.engine.turn import Turn
from tests.callback_kit import KEY, NUMBER, CallbackBench, callback_plan
from tests.engine_kit import with_queue
from tests.unit.engine.test_resync import audit, back, cut

ENTER, CONFIRM, NUMBER_IS, BAD, STAY = (
    PromptKey(f"callback_{name}") for name in ("enter", "confirm", "number", "bad_number", "stay")
)


def bench(**changes: object) -> CallbackBench:
    return CallbackBench(callback_plan(**changes))  # type: ignore[arg-type]


def asking(bench: CallbackBench, leg: LegId) -> Asking:
    found = bench.contact(leg).asking
    assert found is not None
    return found


def turn(bench: CallbackBench) -> Turn:
    made = bench.engine.turn
    assert made is not None
    return Turn(made.state, made.plan, made.matcher, bench.at)


def test_the_key_reads_the_callers_number_back_over_the_silenced_music() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    said = b.press(leg, KEY)
    (play,) = (c for c in said if isinstance(c, Play))
    assert StopMusic(b.contact(leg).id, leg) in said
    assert (play.prompts[0], play.prompts[-1], len(play.prompts)) == (NUMBER_IS, CONFIRM, 12)
    assert asking(b, leg) == Asking("confirm", NUMBER)


def test_the_confirmed_number_is_promised_said_and_the_caller_hung_up() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    b.ask(leg)
    promised = b.contact(leg).phase
    assert isinstance(promised, Promised)
    assert (promised.why, promised.place.offers) == ("goodbye", ())
    assert [c.prompts for c in b.got(Play)] == [(callbacks.NOTED,)]
    b.spoken(leg)
    assert b.got(HangUp) == [HangUp(ContactId(leg), leg)]
    assert b.state.contacts[b.state.callbacks[f"billing|{NUMBER}"]].away


def test_who_fell_out_of_the_goodbye_is_not_hung_up_on_there_and_called_back_when_gone() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    b.ask(leg)
    cut(b)
    b.pbx.fall(leg)
    b.at += 20
    back(b)
    assert not b.got(HangUp)
    assert not b.got(Play)
    b.hang_up(leg)
    assert b.state.contacts[b.state.callbacks[f"billing|{NUMBER}"]].away
    assert not b.records


def fallen_out_of_the_goodbye() -> tuple[CallbackBench, LegId]:
    """Asterisk's own queue has the caller: the hang-up was lost, or the goodbye never heard."""
    b = bench()
    leg = b.queued(caller=NUMBER)
    b.ask(leg)
    b.pbx.fall(leg)
    b.settle()
    return b, leg


def test_who_is_told_to_be_outside_is_never_hung_up_on_and_called_back_when_gone() -> None:
    b, leg = fallen_out_of_the_goodbye()
    b.pbx.tell_fallen(leg)  # an agent of that queue has answered
    b.settle()
    assert dead_man.caller(b.contact(leg)) is None
    b.sleep(60)
    audit(b)
    assert not b.got(HangUp)
    b.hang_up(leg)
    assert b.state.contacts[b.state.callbacks[f"billing|{NUMBER}"]].away
    assert not b.records


def test_who_is_found_inside_after_all_hears_the_goodbye() -> None:
    b, leg = fallen_out_of_the_goodbye()
    audit(b)
    assert not b.got(HangUp)
    b.pbx.channels[leg].in_app = True
    b.at += 1
    audit(b)
    assert {order.leg_id for order in b.got(HangUp)} == {leg}


def test_a_promise_to_who_is_outside_can_be_taken_back_without_a_hang_up() -> None:
    b, leg = fallen_out_of_the_goodbye()
    b.feed(CallbackCancelled(b.at, RequestId("r"), ContactId(leg)))
    assert not b.got(HangUp)
    assert [record.exit for record in b.records] == [Exit.CALLBACK_CANCELLED]


def test_another_number_is_keyed_in_checked_and_confirmed() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    b.press(leg, KEY + "2")
    assert b.one(Play).prompts == (ENTER,)
    b.press(leg, "9#")
    assert b.one(Play).prompts == (BAD, ENTER)
    b.press(leg, "021520123")
    b.press(leg, "4#")
    assert asking(b, leg).number == "0215201234"
    b.press(leg, "1")
    assert "billing|0215201234" in b.state.callbacks


@pytest.mark.parametrize("caller", ["", "anonymous", "+6591234567", "08091234567"])
def test_who_cannot_be_called_at_the_calling_number_is_asked_for_another(caller: str) -> None:
    b = bench()
    leg = b.queued(caller=caller)
    b.press(leg, KEY)
    assert b.one(Play).prompts == (ENTER,)


def test_a_number_as_long_as_any_is_taken_without_its_end_key_and_silence_ends_one_too() -> None:
    b = bench()
    leg = b.queued(caller="")
    b.press(leg, KEY + "0811222333444555")
    assert b.one(Play).prompts == (BAD, ENTER)
    b.spoken(leg)
    b.press(leg, NUMBER)
    b.sleep(callback_ask.BETWEEN_DIGITS_S)
    assert asking(b, leg).number == NUMBER


def test_star_keeps_waiting_and_the_music_goes_on() -> None:
    for keys in (KEY + "*", KEY + "2*"):
        b = bench()
        leg = b.queued(caller=NUMBER)
        b.press(leg, keys)
        assert b.one(Play).prompts == (STAY,)
        assert b.contact(leg).asking is None
        b.spoken(leg)
        assert b.got(StartMusic)
        assert isinstance(b.contact(leg).phase, Waiting)
        assert not b.state.callbacks


def test_silence_asks_again_and_at_last_lets_wait() -> None:
    b = bench(redial_s=0.0)
    plan = with_queue(b.plan, "billing", max_wait_s=None)
    b = CallbackBench(plan)
    leg = b.queued(caller=NUMBER)
    b.press(leg, KEY + "7")
    for _ in range(callback_ask.TRIES - 1):
        b.spoken(leg)
        b.sleep(callback_ask.TIMEOUT_S)
    assert b.contact(leg).asking is None
    leg = b.queued(caller="")
    b.press(leg, KEY)
    for _ in range(callback_ask.TRIES):
        b.spoken(leg)
        b.sleep(callback_ask.TIMEOUT_S)
    assert b.contact(leg).asking is None


def test_an_agent_who_answers_cuts_the_dialogue_short() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    b.press(leg, KEY)
    b.login("budi")
    b.pick_up("budi")
    assert b.got(StopPlay)
    assert b.contact(leg).asking is None
    assert b.contact(leg).phase.kind == "talking"
    b.press(leg, "1")
    assert not b.state.callbacks


def test_the_dialogue_ends_with_an_overflow_out_of_the_queue_and_lives_on_in_the_next_queue() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER, language="2")
    b.press(leg, KEY)
    b.sleep(31.0)
    assert b.contact(leg).queue == "general"
    assert asking(b, leg).number == NUMBER
    leg = b.queued("2", caller="0811222444")
    b.press(leg, KEY)
    b.sleep(41.0)
    assert b.contact(leg).asking is None


def test_nothing_is_offered_where_the_queue_or_the_deployment_does_not_nor_to_the_unanswered() -> None:
    b = CallbackBench(with_queue(callback_plan(), "billing", callback=None))
    leg = b.queued(caller=NUMBER)
    b.press(leg, KEY)
    assert b.contact(leg).asking is None
    b = CallbackBench(replace(callback_plan(), callbacks=None))
    leg = b.queued(caller=NUMBER)
    b.press(leg, KEY)
    assert b.contact(leg).asking is None
    leg = b.call("170", caller=NUMBER)
    b.press(leg, KEY)
    assert b.contact(leg).asking is None


def test_who_is_too_near_the_head_is_not_offered_one() -> None:
    b = bench(offer=CallbackOffer(key=KEY, from_position=2, announce_after_s=None))
    first, second = b.queued(caller=NUMBER), b.queued(caller="0811222444")
    for leg in (first, second):
        b.press(leg, KEY)
    assert b.contact(first).asking is None
    assert asking(b, second).stage == "confirm"


def test_the_offer_is_announced_in_time_again_and_again_but_not_over_something_else() -> None:
    offer = CallbackOffer(key=KEY, announce_after_s=5.0, announce_every_s=8.0)
    b = CallbackBench(with_queue(callback_plan(offer=offer), "billing", max_wait_s=None))
    leg = b.queued(caller=NUMBER)
    assert [p.prompts for p in (b.sleep(5.0), b.got(Play))[1]] == [(PromptKey("callback_offer"),)]
    b.sleep(8.0)
    assert not b.got(Play)
    b.spoken(leg)
    b.sleep(callback_ask.BUSY_S)
    assert len(b.got(Play)) == 1
    b.spoken(leg)
    b.ask(leg)
    b.hang_up(leg)
    b.sleep(60.0)
    assert not b.got(Play)


def test_the_offer_is_said_once_where_the_queue_says_no_more() -> None:
    offer = CallbackOffer(key=KEY, announce_after_s=5.0)
    b = CallbackBench(with_queue(callback_plan(offer=offer), "billing", max_wait_s=None))
    leg = b.queued(caller=NUMBER)
    b.sleep(5.0)
    b.spoken(leg)
    b.sleep(60.0)
    assert not b.got(Play)


def test_an_offer_that_a_reload_took_away_is_not_made() -> None:
    offer = CallbackOffer(key=KEY, announce_after_s=5.0)
    plan = with_queue(callback_plan(offer=offer), "billing", max_wait_s=None)
    b = CallbackBench(plan)
    b.queued(caller=NUMBER)
    b.plan = with_queue(plan, "billing", callback=None)
    b.feed(PlanLoaded(b.at, b.plan))
    b.sleep(10.0)
    assert not b.got(Play)


def test_who_may_not_wait_on_is_asked_and_sent_away_when_that_is_not_wanted() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    assert callback_ask.divert(turn(b), b.contact(leg))
    assert asking(b, leg).must
    b.press(leg, "*")
    b.settle()
    b.sleep(0.1)
    assert b.records[-1].exit is Exit.OVERFLOWED
    leg = b.queued(caller=NUMBER)
    b.press(leg, KEY)
    assert callback_ask.divert(turn(b), b.contact(leg))
    assert asking(b, leg) == Asking("confirm", NUMBER, must=True)


def test_who_cannot_be_called_back_is_not_diverted_to_it() -> None:
    b = bench()
    ivr = b.call(caller=NUMBER)
    assert not callback_ask.divert(turn(b), b.contact(ivr))
    unanswered = b.call("170", caller=NUMBER)
    assert not callback_ask.divert(turn(b), b.contact(unanswered))


def test_after_a_gap_the_question_is_asked_again() -> None:
    for keys, prompt in ((KEY, CONFIRM), (KEY + "2", ENTER)):
        b = bench()
        leg = b.queued(caller=NUMBER)
        b.press(leg, keys)
        b.feed(b.pbx.resync(after_gap=True))
        assert b.got(StopPlay)
        assert b.one(Play).prompts[-1] == prompt


def test_a_language_without_words_hears_no_digits() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    turned = turn(b)
    contact = replace(b.contact(leg), language=None)
    assert isinstance(contact.phase, Waiting)
    callback_ask.begin(turned, contact, contact.phase)
    (play,) = (c for c in turned.out if isinstance(c, Play))
    assert play.prompts == (NUMBER_IS, CONFIRM)


def test_nothing_is_spoken_to_a_caller_who_is_not_answered() -> None:
    b = bench()
    leg = b.queued(caller=NUMBER)
    contact = replace(b.contact(leg), answered_at=None)
    assert isinstance(contact.phase, Waiting)
    now = turn(b)
    callback_ask.begin(now, contact, contact.phase)
    assert [command for command in now.out if isinstance(command, Play)] == []
