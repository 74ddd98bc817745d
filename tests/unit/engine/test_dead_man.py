from __future__ import annotations

from dataclasses import replace

from acd.domain.exits import Exit
from acd.domain.ids import ContactId, LegId, QueueId
from acd.engine import dead_man
from acd.engine.dead_man import Caller, Place
from acd.engine.state import Leaving, Waiting
from tests.engine_kit import Bench, make_plan, with_queue


def order(bench: Bench) -> list[str]:
    return [caller.contact for caller in dead_man.callers(bench.state)]


def test_who_waits_comes_first_in_the_order_of_service_then_the_others_as_they_came() -> None:
    bench = Bench()
    in_menu = bench.call()
    bench.sleep(1)
    first = bench.queued()
    bench.sleep(1)
    second = bench.queued()
    bench.sleep(1)
    late = bench.call(endpoint="DAHDI/i1")
    assert order(bench) == [first, second, in_menu, late]


def test_a_higher_priority_comes_before_a_longer_wait() -> None:
    bench = Bench(with_queue(make_plan(), "tech", priority=5))
    plain = bench.queued()
    bench.sleep(1)
    urgent = bench.queued("2")
    assert order(bench) == [urgent, plain]
    where = [caller.place for caller in dead_man.callers(bench.state)]
    assert where == [
        Place(QueueId("tech"), bench.at, 5),
        Place(QueueId("billing"), bench.at - 1, 0),
    ]


def test_who_talks_is_marked_and_who_is_on_the_way_out_is_left_out() -> None:
    bench = Bench()
    talking = bench.talking("budi")
    contact = bench.state.contacts[ContactId(talking)]
    assert dead_man.caller(contact) == Caller(contact.id, LegId(talking), talking=True)
    assert order(bench) == [talking]
    bench.state.contacts[contact.id] = replace(contact, phase=Leaving(bench.at, Exit.ANSWERED, 16))
    assert order(bench) == []


def test_who_has_no_channel_or_was_called_by_us_has_nothing_to_renew() -> None:
    bench = Bench()
    waiting = bench.state.contacts[ContactId(bench.queued())]
    assert isinstance(waiting.phase, Waiting)
    assert dead_man.caller(replace(waiting, away=True)) is None
    assert dead_man.caller(replace(waiting, line=LegId("acd-c-1"))) is None
