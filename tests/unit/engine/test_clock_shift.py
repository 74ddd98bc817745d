"""The clock is set while calls go on: nothing lasts longer by it, and what begins has the right time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest

from acd.domain import decision
from acd.domain.commands import StartTimer
from acd.domain.events import CallbackRequested, ClockShifted
from acd.domain.flow import FlowPlan
from acd.domain.ids import LegId, QueueId, RequestId, TimerKey
from acd.domain.orders import CloseCalendar
from acd.domain.plan import AgentPlan, Plan
from acd.domain.record import CallRecord
from acd.engine.clock_shift import KEPT, PARTS, TIMES
from acd.engine.core import Engine
from acd.engine.state import EngineState, Promised, Talking, Timer, Waiting
from acd.store.codec import decode_event, encode_event
from tests.callback_kit import NUMBER, CallbackBench, callback_plan
from tests.engine_kit import Bench
from tests.unit.engine.test_closures import OFFICE

HOUR = 3600.0
ALIKE = ("arrived_at", "answered_at", "queued_at", "connected_at", "ended_at")


def shift(bench: Bench, by_s: float) -> list[StartTimer]:
    """Set the clock; timers that run go on running. Gives those that are started anew."""
    bench.at += by_s
    bench.timers = {key: Timer(timer.generation, timer.due + by_s) for key, timer in bench.timers.items()}
    return [command for command in bench.feed(ClockShifted(bench.at, by_s)) if isinstance(command, StartTimer)]


def day(by_s: float) -> tuple[Bench, tuple[CallRecord, ...]]:
    """A caller who is served, one who gives up, one in the flow, and agents, the clock set in the middle of it."""
    bench = Bench()
    bench.login("ana")
    talking = bench.queued("1")
    bench.pick_up("ana")
    bench.sleep(7)
    waiting, in_flow = bench.queued("1"), bench.call()
    bench.sleep(5)
    shift(bench, by_s)
    bench.sleep(3)
    bench.hang_up(in_flow)
    newcomer = bench.call()
    bench.sleep(4)
    for leg in (talking, waiting, newcomer):
        bench.hang_up(leg)
    return bench, tuple(bench.records)


@pytest.mark.parametrize("by_s", [HOUR, -HOUR])
def test_calls_that_go_on_last_as_long_as_without_it_and_newcomers_have_the_new_time(by_s: float) -> None:
    (plain_bench, plain), (bench, shifted) = day(0.0), day(by_s)
    assert len(plain) == len(shifted) == 4
    for was, now in zip(plain, shifted, strict=True):
        moved = {name: at + by_s for name in ALIKE if (at := getattr(was, name)) is not None}
        assert replace(was, **moved, path=now.path) == now
    assert [agent.work.since + by_s for agent in plain_bench.state.agents.values()] == [
        agent.work.since for agent in bench.state.agents.values()
    ]
    assert len(plain_bench.history) == len(bench.history)


@pytest.mark.parametrize("by_s", [HOUR, -HOUR])
def test_the_line_keeps_its_order_and_who_comes_later_stands_behind(by_s: float) -> None:
    bench = Bench()
    first, second = bench.queued("1"), bench.queued("1")
    shift(bench, by_s)
    bench.sleep(1)
    third = bench.queued("1")
    served = []
    bench.login("ana")
    for _ in range(3):
        bench.pick_up("ana")
        (talking,) = (c.id for c in bench.state.contacts.values() if isinstance(c.phase, Talking))
        served.append(LegId(talking))
        bench.hang_up(LegId(talking))
        bench.sleep(20)
    assert served == [first, second, third]


def test_it_replays_from_a_journal() -> None:
    bench, _ = day(-HOUR)
    again = Engine()
    for event in bench.events:
        again.handle(decode_event(encode_event(event)))
        again.account()
    assert again.state == bench.state


def test_before_a_plan_is_loaded_there_is_nothing_to_move() -> None:
    engine = Engine()
    assert not [c for c in engine.handle(ClockShifted(5.0, HOUR)) if isinstance(c, StartTimer)]


def test_waits_go_on_and_timers_are_as_far_away_as_before() -> None:
    bench = Bench()
    leg = bench.queued("1")
    waiting = bench.contact(leg).phase
    assert isinstance(waiting, Waiting)
    due = dict(bench.state.timers)
    assert due
    assert shift(bench, HOUR) == []
    later = bench.contact(leg).phase
    assert isinstance(later, Waiting)
    assert later.since == waiting.since + HOUR
    assert bench.state.timers == {key: Timer(t.generation, t.due + HOUR) for key, t in due.items()}


def test_a_customer_who_named_a_time_is_called_at_that_time_by_the_new_clock() -> None:
    bench = CallbackBench(callback_plan())
    at = bench.at
    bench.feed(
        CallbackRequested(at, RequestId("r"), NUMBER, QueueId("billing"), None, not_before=at + 60, not_after=at + 120)
    )
    (contact,) = bench.state.contacts
    assert bench.held(contact).why == "scheduled"
    promise = bench.state.contacts[contact].callback
    assert promise is not None
    again = shift(bench, -HOUR)
    kept = bench.state.contacts[contact].callback
    assert kept == replace(promise, asked_at=promise.asked_at - HOUR)
    assert {(timer.key, timer.due) for timer in again} == {
        (TimerKey(f"back:{contact}"), at + 60),
        (TimerKey(f"expire:{contact}"), at + 120),
    }
    bench.sleep(HOUR + 59)
    assert isinstance(bench.state.contacts[contact].phase, Promised)


def test_a_pause_between_two_attempts_is_no_time_of_day() -> None:
    bench = CallbackBench(callback_plan())
    contact = bench.promised()
    bench.login("ana")
    bench.pick_up("ana")
    bench.customer_ends(contact, 17)
    assert bench.held(contact).why == "retry"
    key = TimerKey(f"back:{contact}")
    due = bench.state.timers[key].due
    assert key not in {timer.key for timer in shift(bench, HOUR)}
    assert bench.state.timers[key].due == due + HOUR


def test_a_closure_ends_at_the_time_that_was_said() -> None:
    bench = Bench()
    bench.order(CloseCalendar(OFFICE, "banjir", until=bench.at + HOUR))
    (closure,) = bench.state.closures.values()
    shift(bench, HOUR / 2)
    assert [*bench.state.closures.values()] == [closure]


def test_what_the_gates_count_is_as_long_ago_as_before() -> None:
    bench = Bench()
    bench.state.gates["g"] = (bench.at - 10, bench.at)
    at = bench.at
    shift(bench, HOUR)
    assert bench.state.gates == {"g": (at - 10 + HOUR, at + HOUR)}


# ---------------------------------------------------------------- nothing is forgotten


def inside(hint: Any) -> Iterator[type]:
    """The classes that a field's type is made of."""
    if get_origin(hint) is Annotated:
        yield from inside(get_args(hint)[0])
    elif get_origin(hint) in (Union, UnionType, tuple, dict):
        for one in get_args(hint):
            yield from inside(one)
    elif isinstance(hint, type):
        yield hint


def kinds(root: type, leave: frozenset[type]) -> set[type]:
    """Every dataclass that a value may hold."""
    found, todo = set[type](), [root]
    while todo:
        kind = todo.pop()
        if kind in found or kind in leave or not is_dataclass(kind):
            continue
        found.add(kind)
        for hint in get_type_hints(kind).values():
            todo += inside(hint)
    return found


LENGTHS: Callable[[str], bool] = lambda name: name.endswith("_s")  # noqa: E731
COUNTS = {("Passage", "served"), ("Passage", "left"), ("Bucket", "level"), ("QueueFigures", "bounds")}
COUNTS |= {(kind, "variables") for kind in ("Contact", "Frame")}


def test_every_time_a_state_may_hold_is_known() -> None:
    leave = frozenset({Plan, FlowPlan, AgentPlan})
    everything = kinds(EngineState, leave)
    assert decision.Spoke in everything
    for kind in everything - {EngineState}:
        hints = get_type_hints(kind)
        times = {
            field.name
            for field in fields(kind)
            if float in set(inside(hints[field.name]))
            and not LENGTHS(field.name)
            and (kind.__name__, field.name) not in COUNTS
        }
        known = {*TIMES.get(kind, ()), *KEPT.get(kind.__name__, ())}
        assert times == known, kind
        moving = {
            field.name
            for field in fields(kind)
            if any(kinds(one, leave) & TIMES.keys() for one in inside(hints[field.name]) if is_dataclass(one))
        }
        assert moving == set(PARTS.get(kind, ())), kind
