"""More call attempts than can be dealt with are refused with cause 42, early and for little; the others go on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.domain.commands import CancelTimer, HangUp, Ignored, StartTimer, WriteRecord
from acd.domain.events import CallArrived, ChannelSeen, LegEnded, PlanLoaded, Resynced
from acd.domain.exits import Exit
from acd.domain.ids import LegId
from acd.domain.overload import Load, OverloadPlan
from acd.engine import admission
from acd.engine.core import Engine
from acd.engine.state import Bucket, EngineState, Talking
from acd.store.codec import decode, decode_event, encode, encode_event
from tests.engine_kit import GW, Bench, make_plan

MOST = OverloadPlan(calls_per_second=2.0, burst=3, delay_s=0.02, commands=100)
CALM = Load(0.001, 3)


def bench() -> Bench:
    plan = make_plan()
    wide = {trunk.id: replace(trunk, capacity=100) for trunk in plan.trunks.values()}
    return Bench(replace(plan, trunks=wide, overload=MOST))


def attempt(bench: Bench, load: Load | None = CALM) -> LegId:
    bench.calls += 1
    leg = LegId(f"o{bench.calls}")
    bench.step(CallArrived(bench.at, leg, f"{GW}-{leg}", "169", "0811222333", load))
    return leg


def refused(bench: Bench, leg: LegId) -> bool:
    return HangUp(bench.state.contacts[leg].id, leg, 42) in bench.history[-1]  # type: ignore[index] # ids are alike


def test_a_burst_is_let_in_and_the_attempt_beyond_it_is_refused_before_anything_is_done_for_it() -> None:
    world = bench()
    assert [refused(world, attempt(world)) for _ in range(4)] == [False, False, False, True]
    late = LegId("o4")
    assert {type(command) for command in world.history[-1]} <= {HangUp, StartTimer, CancelTimer}
    assert late not in world.state.leases
    world.step(LegEnded(world.at, late, 42, 503))
    (record,) = [command.record for command in world.history[-1] if isinstance(command, WriteRecord)]
    assert (record.exit, record.cause, record.sip_code, record.answered_at) == (Exit.OVERLOADED, 42, 503, None)
    assert world.state.figures.by_exit[Exit.OVERLOADED] == 1
    assert world.state.figures.overload == {"rate": 1}
    assert world.state.figures.success_call_ratio == 0


def test_room_comes_back_with_time_and_refused_attempts_take_none() -> None:
    world = bench()
    for _ in range(30):
        attempt(world)
    world.at += 0.5
    assert [refused(world, attempt(world)) for _ in range(2)] == [False, True]
    world.at += 60.0
    assert [refused(world, attempt(world)) for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (Load(0.0201, 0), "delay"),
        (Load(0.02, 100), None),
        (Load(0.0, 101), "commands"),
        (Load(1.0, 1000), "delay"),
        (None, None),
    ],
)
def test_what_was_measured_refuses_too(load: Load | None, why: str | None) -> None:
    world = bench()
    assert refused(world, attempt(world, load)) == (why is not None)
    assert world.state.figures.overload == ({} if why is None else {why: 1})


def test_calls_in_progress_are_not_touched_and_adopted_callers_are_never_refused() -> None:
    world = bench()
    talking = world.talking()
    assert isinstance(world.contact(talking).phase, Talking)
    before = world.contact(talking)
    for _ in range(20):
        attempt(world, Load(2.0, 5_000))
    assert world.contact(talking) == before
    assert not any(getattr(command, "contact_id", "") == talking for step in world.history[-20:] for command in step)
    found = tuple(
        ChannelSeen(LegId(f"old{n}"), f"{GW}-old{n}", True, True, "acd-from-trunk", "169", "", world.at - 60)  # noqa: FBT003 - as ARI says
        for n in range(20)
    )
    world.step(Resynced(world.at, found, (), after_gap=True))
    assert all(world.state.contacts[leg.leg_id].flow is not None for leg in found)  # type: ignore[index]
    assert not any(isinstance(c, HangUp) and c.leg_id.startswith("old") for c in world.history[-1])


def test_a_caller_told_of_twice_takes_one_place() -> None:
    world = bench()
    leg = attempt(world)
    level = world.state.admitted.level
    world.step(CallArrived(world.at, leg, f"{GW}-{leg}", "169", "", CALM))
    assert isinstance(world.history[-1][0], Ignored)
    assert world.state.admitted.level == level


def test_the_measure_is_journaled_with_the_call_so_that_a_replay_decides_alike() -> None:
    world = bench()
    for load in (CALM, Load(0.5, 1), CALM, CALM, CALM, None):
        attempt(world, load)
    again = Engine()
    made = []
    for event in world.events:
        made.append(again.handle(decode_event(encode_event(event))))
        for explain in again.account():
            explain()
    assert [[c for c in commands if isinstance(c, HangUp)] for commands in made] == [
        [c for c in step if isinstance(c, HangUp)] for step in world.history
    ]
    assert encode(again.state) == encode(world.state)
    assert decode(EngineState, encode(world.state)) == world.state


def test_a_journal_from_before_admission_lets_everybody_in() -> None:
    old = encode_event(CallArrived(1.0, LegId("c"), "PJSIP/gw1-c", "169", "")).replace(b',"load":null', b"")
    assert decode_event(old) == CallArrived(1.0, LegId("c"), "PJSIP/gw1-c", "169", "")
    plan = encode_event(PlanLoaded(1.0, make_plan())).replace(b',"overload":null', b"")
    event = decode_event(plan)
    assert isinstance(event, PlanLoaded)
    assert event.plan.overload is None


@given(st.lists(st.floats(0.0, 2.0), max_size=60))
def test_never_more_than_the_burst_and_what_ran_off_since_are_let_in(pauses: list[float]) -> None:
    bucket, at, let_in = Bucket(), 0.0, list[float]()
    for pause in pauses:
        at += pause
        if admission.refusal(MOST, bucket, None, at) is None:
            bucket = admission.taken(MOST, bucket, at)
            let_in.append(at)
    for first, began in enumerate(let_in):
        for count, ended in enumerate(let_in[first:], 1):
            assert count <= MOST.burst + (ended - began) * MOST.calls_per_second + 1e-6


def test_a_clock_that_stands_or_events_out_of_order_give_no_room() -> None:
    full = Bucket(3.0, 100.0)
    assert admission.refusal(MOST, full, None, 100.0) == "rate"
    assert admission.refusal(MOST, full, None, 40.0) == "rate"
    assert admission.taken(MOST, Bucket(1.0, 100.0), 40.0) == Bucket(2.0, 100.0)


def test_a_clock_that_was_set_back_by_an_hour_refuses_nobody_for_an_hour() -> None:
    full = Bucket(3.0, 5000.0)
    assert admission.refusal(MOST, full, None, 1400.0) is None
    assert admission.taken(MOST, full, 1400.0) == Bucket(1.0, 1400.0)
