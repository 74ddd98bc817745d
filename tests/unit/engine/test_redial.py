"""Who calls again gets the place back: after abandoning, or while a callback is promised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.commands import Originate
from acd.domain.events import PlanLoaded
from acd.domain.exits import Exit
from acd.domain.ids import ContactId
from acd.engine import left_places
from tests.callback_kit import NUMBER, CallbackBench, callback_plan
from tests.engine_kit import with_queue

OTHER = "0811222444"


def since(bench: CallbackBench, leg: object) -> float:
    return bench.state.contacts[ContactId(leg)].phase.since  # type: ignore[arg-type]


def test_who_abandoned_and_calls_again_stands_before_who_came_later() -> None:
    b = CallbackBench(callback_plan())
    came = b.at
    first = b.queued(caller=NUMBER)
    b.sleep(2.0)
    second = b.queued(caller=OTHER)
    b.hang_up(first)
    b.sleep(5.0)
    again = b.queued(caller=NUMBER)
    assert (since(b, again), since(b, second)) == (came, came + 2.0)
    b.login("budi")
    assert b.one(Originate).contact_id == ContactId(again)
    assert b.state.figures.places_regained == 1
    b.pick_up("budi")
    b.hang_up(again)
    assert [(r.exit, r.follows) for r in b.records] == [(Exit.SHORT_ABANDONED, None), (Exit.ANSWERED, first)]
    assert b.records[-1].queued_at == b.at


@pytest.mark.parametrize(
    ("seconds", "caller", "digit", "language"),
    [(61.0, NUMBER, "1", "1"), (5.0, OTHER, "1", "1"), (5.0, NUMBER, "2", "1"), (5.0, NUMBER, "1", "2")],
    ids=["too late", "another number", "another queue", "another requirement"],
)
def test_only_the_same_number_with_the_same_wish_in_time_gets_the_place(
    seconds: float, caller: str, digit: str, language: str
) -> None:
    b = CallbackBench(callback_plan())
    b.hang_up(b.queued(caller=NUMBER))
    b.sleep(seconds)
    again = b.queued(digit, language, caller=caller)
    assert (since(b, again), b.contact(again).follows) == (b.at, None)


def test_a_place_is_given_back_once_and_forgotten_in_time() -> None:
    b = CallbackBench(callback_plan())
    b.hang_up(b.queued(caller=NUMBER))
    b.sleep(10.0)
    b.hang_up(b.queued(caller=OTHER))
    assert len(b.state.left_places) == 2
    b.sleep(51.0)
    assert list(b.state.left_places) == [f"billing|{OTHER}"]
    b.sleep(10.0)
    assert b.state.left_places == {}
    assert "redial:" not in b.state.timers


def test_no_more_places_are_kept_than_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_places, "MOST", 2)
    b = CallbackBench(callback_plan())
    for last in range(3):
        b.hang_up(b.queued(caller=f"081122200{last}"))
    assert list(b.state.left_places) == ["billing|0811222001", "billing|0811222002"]


def test_a_withheld_number_or_a_queue_without_redial_is_not_remembered() -> None:
    b = CallbackBench(callback_plan())
    b.hang_up(b.queued(caller=""))
    assert b.state.left_places == {}
    b = CallbackBench(callback_plan(redial_s=0.0))
    b.hang_up(b.queued(caller=NUMBER))
    assert b.state.left_places == {}


def test_who_overflowed_meanwhile_gets_the_place_back_in_the_first_queue() -> None:
    b = CallbackBench(callback_plan())
    came = b.at
    leg = b.queued(caller=NUMBER)
    b.sleep(31.0)
    assert b.contact(leg).queue == "general"
    b.hang_up(leg)
    again = b.queued(caller=NUMBER)
    assert (since(b, again), b.contact(again).queue) == (came, "billing")


def test_who_calls_while_a_callback_is_promised_takes_its_place_and_is_not_called() -> None:
    b = CallbackBench(callback_plan())
    came = b.at
    promised = b.promised(caller=NUMBER)
    b.sleep(5.0)
    again = b.queued(caller="+62811222333")
    assert (since(b, again), b.contact(again).follows) == (came, promised)
    assert [(r.contact_id, r.exit) for r in b.records] == [(promised, Exit.CALLBACK_CANCELLED)]
    b.login("budi")
    assert b.one(Originate).contact_id == ContactId(again)


def test_who_calls_while_being_called_takes_the_place_too() -> None:
    b = CallbackBench(callback_plan())
    came = b.at
    promised = b.promised(caller=NUMBER)
    b.login("budi")
    b.pick_up("budi")
    again = b.queued(caller=NUMBER)
    assert since(b, again) == came
    assert [(r.contact_id, r.exit) for r in b.records] == [(promised, Exit.CALLBACK_CANCELLED)]
    assert b.state.callbacks == {}


def test_a_promise_in_another_queue_or_for_another_wish_stays() -> None:
    b = CallbackBench(callback_plan())
    promised = b.promised(caller=NUMBER)
    assert b.contact(b.queued("2", caller=NUMBER)).follows is None
    english = b.queued(language="2", caller=NUMBER)
    assert b.contact(english).follows is None
    assert promised in b.state.contacts


def test_who_waits_twice_in_one_call_keeps_the_place_and_a_queue_that_is_gone_has_none() -> None:
    b = CallbackBench(with_queue(callback_plan(), "tech", max_wait_s=5.0))
    b.hang_up(b.queued("2", caller=NUMBER))
    again = b.queued("2", caller=NUMBER)
    b.hang_up(b.queued(caller=OTHER))
    regained = b.contact(again).regained
    assert regained is not None
    b.sleep(6.0)
    b.spoken(again)
    assert (b.contact(again).queue, b.contact(again).regained) == ("general", regained)
    fewer = {key: queue for key, queue in b.plan.queues.items() if key != "billing"}
    leg = b.queued(caller="0811222555")
    b.feed(PlanLoaded(b.at, replace(b.plan, queues=fewer)))
    b.hang_up(leg)
    b.queued(caller=OTHER)


def test_who_calls_while_a_callback_waits_for_its_next_attempt_takes_the_place() -> None:
    b = CallbackBench(callback_plan())
    came = b.at
    promised = b.promised(caller=NUMBER)
    b.login("budi")
    b.pick_up("budi")
    b.customer_ends(promised, 17)
    b.request("budi", "logout")
    b.sleep(5.0)
    assert since(b, b.queued(caller=NUMBER)) == came
    assert [(r.exit, r.attempts) for r in b.records] == [(Exit.CALLBACK_CANCELLED, 1)]
