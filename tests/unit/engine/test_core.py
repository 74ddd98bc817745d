"""Each event reaches its desk; stale, late and unknown ones change nothing; nothing raises."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from acd.domain.commands import HangUp, Ignored, StartTimer, WriteRecord
from acd.domain.events import (
    DigitPressed,
    Event,
    LinkChanged,
    PlanLoaded,
    PlaybackEnded,
    TimerFired,
    TrunkChanged,
    UnroutedEnded,
)
from acd.domain.exits import Exit
from acd.domain.ids import LegId, PlaybackId, QueueId, TimerKey, TrunkId
from acd.engine.core import Engine
from acd.engine.state import Timer
from tests.engine_kit import Bench, make_plan, with_queue


def test_before_a_plan_everything_is_ignored() -> None:
    engine = Engine()
    assert engine.handle(LinkChanged(1.0, "ari", up=True)) == [Ignored("link_changed", "no plan is loaded")]


def test_figures_begin_with_the_first_plan_and_survive_a_reload() -> None:
    bench = Bench()
    since = bench.state.figures.since
    assert since == bench.at
    bench.hang_up(bench.queued())
    bench.at += 100
    bench.feed(PlanLoaded(bench.at, with_queue(make_plan(), "tech", id=QueueId("tech"))))
    assert bench.state.figures.since == since
    assert bench.state.figures.records == 1
    assert set(bench.state.figures.queues) == {"billing", "tech", "general"}


def test_a_reload_uses_what_it_makes_possible() -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued("2")
    plan = make_plan()
    ana = plan.agents[next(iter(plan.agents))]
    skilled = replace(ana, skills=(*ana.skills, *plan.queues[QueueId("tech")].requires))
    bench.feed(PlanLoaded(bench.at, replace(plan, agents={**plan.agents, ana.id: skilled})))
    assert bench.agent("ana").work.kind == "offered"


def test_keys_of_who_is_not_in_a_flow_are_ignored() -> None:
    bench = Bench()
    leg = bench.queued()
    for event in (DigitPressed(bench.at, leg, "1"), DigitPressed(bench.at, LegId("x"), "1")):
        bench.feed(event)
        assert [type(c) for c in bench.out] == [Ignored]


def test_a_key_nobody_takes_is_ignored() -> None:
    bench = Bench()
    leg = bench.call()
    bench.press(leg, "13")
    bench.press(leg, "12345")
    before = bench.contact(leg)
    bench.press(leg, "1")
    assert [type(c) for c in bench.out] == [Ignored]
    assert bench.contact(leg) == before


def test_a_playback_nobody_waits_for_is_ignored() -> None:
    bench = Bench()
    bench.feed(PlaybackEnded(bench.at, PlaybackId("acd-p-x-1")))
    assert [type(c) for c in bench.out] == [Ignored]


# ---------------------------------------------------------------- timers


def test_a_timer_of_another_generation_is_stale() -> None:
    bench = Bench()
    leg = bench.queued()
    timer = bench.timers[TimerKey(f"wait:{leg}")]
    bench.feed(TimerFired(bench.at, TimerKey(f"wait:{leg}"), timer.generation + 1))
    assert bench.out == [Ignored("timer_fired", "timer is stale")]
    bench.feed(TimerFired(bench.at, TimerKey("wait:nobody"), 1))
    assert bench.out == [Ignored("timer_fired", "timer is stale")]


@pytest.mark.parametrize("kind", ["ivr", "wait", "ring", "leave", "left", "rec", "wrap", "rest"])
def test_a_timer_about_nobody_changes_nothing(kind: str) -> None:
    bench = Bench()
    key = TimerKey(f"{kind}:nobody")
    bench.state.timers[key] = Timer(99, bench.at)
    bench.feed(TimerFired(bench.at, key, 99))
    assert not bench.ordered
    assert not bench.records
    assert key not in bench.state.timers


# ---------------------------------------------------------------- trunks


def test_a_trunks_state_is_kept() -> None:
    bench = Bench()
    bench.feed(TrunkChanged(bench.at, "PJSIP/gw", up=False, detail="Unreachable"))
    assert not bench.state.trunks[TrunkId("gw")].up
    bench.feed(TrunkChanged(bench.at, "PJSIP/gw", up=True))
    assert bench.state.trunks[TrunkId("gw")].up
    bench.feed(TrunkChanged(bench.at, "PJSIP/odd", up=False))
    assert [type(c) for c in bench.out] == [Ignored]


# ---------------------------------------------------------------- calls without us


@pytest.mark.parametrize(
    ("code", "connected", "why"),
    [
        ("169", 5.0, Exit.FALLBACK_ANSWERED),
        ("169", None, Exit.FALLBACK_ABANDONED),
        ("999", None, Exit.UNKNOWN_NUMBER),
    ],
)
def test_a_call_served_without_us_gets_its_record(code: str, connected: float | None, why: Exit) -> None:
    bench = Bench()
    leg = LegId("x")
    bench.state.leases[leg] = TrunkId("gw")
    bench.feed(UnroutedEnded(bench.at, leg, "PJSIP/gw-00000009", code, "08", bench.at - 9, connected, 16, 200))
    record = bench.one(WriteRecord).record
    assert (record.exit, record.trunk, record.connected_at, record.sip_code) == (why, "gw", connected, 200)
    assert not bench.state.leases


def test_a_call_of_ours_is_not_recorded_twice_because_ami_tells_its_end_too() -> None:
    bench = Bench()
    leg = bench.call()
    told = UnroutedEnded(bench.at, leg, "PJSIP/gw-00000001", "169", "", bench.at, None, 16)
    bench.feed(told)
    assert [type(c) for c in bench.out] == [Ignored]
    assert leg not in bench.state.leases
    bench.hang_up(leg)
    bench.feed(told)
    assert len(bench.records) == 1


# ---------------------------------------------------------------- whatever comes


def test_every_kind_of_event_has_a_desk() -> None:
    assert len({e.kind for e in get_args(Event)}) == len(get_args(Event))


def test_commands_name_times_not_delays() -> None:
    bench = Bench()
    bench.queued()
    assert all(c.due > bench.at for c in bench.got(StartTimer))
    assert not bench.got(HangUp)
