"""When the engine's clock follows the system's, and that nothing gets longer by it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from acd.domain.events import AgentRequested, LegEnded
from acd.domain.ids import AgentId, ContactId, LegId, RequestId
from acd.domain.record import CallRecord
from acd.engine.state import Waiting
from acd.ports import Row
from acd.runtime.clock_keeper import ClockKeeper, Sign
from acd.runtime.gaps import GapLedger
from tests.fakes.virtual_time import EPOCH, VirtualClock, in_virtual_time
from tests.unit.runtime.world import World

HOUR = 3600.0
PATIENCE_S = 30.0
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR])


def elapsed() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Clock(VirtualClock):
    """The engine's clock beside the system's, which anybody may set."""

    system: float = 0.0
    anchor: float = 0.0

    def now(self) -> float:
        return EPOCH + self.anchor + elapsed()

    def ahead(self) -> float:
        return self.system - self.anchor

    def adopt(self) -> float:
        by_s, self.anchor = self.ahead(), self.system
        return by_s

    def resume(self, ahead: float, not_before: float) -> None:
        self.anchor = max(self.system - ahead, not_before - EPOCH - elapsed())


@dataclass
class Site:
    """An engine whose clock is looked at."""

    clock: Clock = field(default_factory=Clock)
    rows: list[Row] = field(default_factory=list)
    shifts: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(clock=self.clock)
        self.gaps = GapLedger(self.clock, self.rows.extend)
        self.keeper = self.keep(self.world)

    def keep(self, world: World) -> ClockKeeper:
        return ClockKeeper(self.clock, world.dispatcher, self.gaps, elapsed, self.shifts.append, PATIENCE_S)

    async def looked(self, seconds: float) -> None:
        """Let time pass, looking each second."""
        for _ in range(int(seconds)):
            await asyncio.sleep(1.0)
            self.keeper.look()

    def since(self, leg: LegId) -> float:
        phase = self.world.state.contacts[ContactId(leg)].phase
        assert isinstance(phase, Waiting)
        return phase.since


@STEPS
@in_virtual_time
async def test_a_site_without_a_calm_moment_has_the_new_time_in_the_end_and_no_wait_is_longer(
    step: float,
) -> None:
    site = Site()
    await site.world.start()
    leg = site.world.call("a")
    began = elapsed()
    site.clock.system = step
    await site.looked(PATIENCE_S)
    assert site.keeper.ahead == step
    assert site.clock.anchor == 0.0
    assert site.shifts == []
    await site.looked(3)
    assert (site.clock.anchor, site.shifts) == (step, [step])
    assert site.keeper.ahead == 0.0
    assert site.clock.now() - site.since(leg) == pytest.approx(elapsed() - began)
    site.world.submit(LegEnded(site.clock.now(), leg, 16))
    (record,) = (row for row in site.world.records.writes if isinstance(row, CallRecord))
    assert record.ended_at - record.arrived_at == pytest.approx(elapsed() - began)
    assert record.ended_at == pytest.approx(EPOCH + step + elapsed())


@STEPS
@in_virtual_time
async def test_without_calls_it_is_taken_over_at_the_second_look(step: float) -> None:
    site = Site()
    await site.world.start()
    site.clock.system = step
    await site.looked(2)
    assert site.clock.anchor == step
    assert site.world.state.clock_shifted == step


@in_virtual_time
async def test_a_step_that_is_taken_back_in_time_changes_nothing() -> None:
    site = Site()
    await site.world.start()
    site.world.call("a")
    site.clock.system = HOUR
    await site.looked(PATIENCE_S / 2)
    site.clock.system = 0.0
    await site.looked(2 * PATIENCE_S)
    assert site.shifts == []
    assert [gap.missing.rpartition("(")[2] for gap in site.gaps.touching(None, None)] == ["by +3600 s)", "by -3600 s)"]


@in_virtual_time
async def test_while_inputs_wait_the_clock_is_not_set() -> None:
    """They were told by the old time; what is decided of them must not be taken for an hour old."""
    site = Site()
    await site.world.start()
    site.world.dispatcher._permitted = lambda: False
    site.world.call("a")
    site.clock.system = HOUR
    await site.looked(5)
    assert site.shifts == []
    site.world.dispatcher._permitted = lambda: True
    await site.looked(PATIENCE_S + 2)
    assert site.shifts == [HOUR]


@STEPS
@in_virtual_time
async def test_timers_end_when_they_would_have_ended(step: float) -> None:
    """One that runs, and one that waits for the first look at Asterisk."""
    for up in (True, False):
        site = Site()
        await site.world.start(up=up)
        leg = site.world.call("a")
        began = elapsed()
        wait = next(timer for key, timer in site.world.state.timers.items() if key == f"wait:{leg}")
        length = wait.due - site.clock.now()
        site.clock.system = step
        await asyncio.sleep(length / 2)
        by_s = site.clock.adopt()
        site.world.dispatcher.clock_was_set(by_s)
        site.world.dispatcher.release_timers()
        await asyncio.sleep(length / 2 - 1.0)
        assert f"wait:{leg}" in site.world.state.timers
        await asyncio.sleep(2.0)
        assert f"wait:{leg}" not in site.world.state.timers
        assert elapsed() - began == pytest.approx(length + 1.0)


@STEPS
@pytest.mark.parametrize("lost", ["the sign", "the event", "nothing"])
@in_virtual_time
async def test_a_restart_knows_the_time_whatever_of_the_shift_was_lost(step: float, lost: str) -> None:
    """The heartbeat and the journal are written each by itself: one may know of the shift, and the other not."""
    site = Site()
    await site.world.start()
    leg = site.world.call("a")
    site.clock.system = step
    await site.looked(PATIENCE_S)
    before = site.keeper.sign()
    kept = len(site.world.journal.events)
    await site.looked(3)
    assert site.shifts == [step]
    sign = before if lost == "the sign" else site.keeper.sign()
    if lost == "the event":
        del site.world.journal.events[kept:]
    waited = elapsed()

    site.world = site.world.next_life()
    site.clock.anchor = site.clock.system  # as each process begins
    site.keeper = site.keep(site.world)
    snapshot, events = await site.world.journal.load()
    site.world.dispatcher.restore(snapshot)
    site.world.dispatcher.replay(events)
    site.keeper.resume(sign)
    assert site.clock.now() - site.since(leg) == pytest.approx(waited, abs=4.0)
    assert site.keeper.ahead == pytest.approx(step if lost == "the event" else 0.0)


@STEPS
@in_virtual_time
async def test_an_engine_that_ends_right_after_a_step_tells_the_next_one_of_it(step: float) -> None:
    site = Site()
    await site.world.start()
    leg = site.world.call("a")
    await site.looked(5)
    site.clock.system = step
    sign = site.keeper.sign()
    assert (sign.ahead, sign.at) == (step, site.clock.now())
    assert [gap.kind for gap in site.gaps.touching(None, None)] == ["clock"]
    site.world = site.world.next_life()
    site.clock.anchor = site.clock.system  # as each process begins
    site.keeper = site.keep(site.world)
    snapshot, events = await site.world.journal.load()
    site.world.dispatcher.restore(snapshot)
    site.world.dispatcher.replay(events)
    site.keeper.resume(sign)
    assert site.clock.now() - site.since(leg) == pytest.approx(5.0)
    assert site.keeper.ahead == step


@in_virtual_time
async def test_a_standby_that_takes_over_goes_on_after_the_last_event() -> None:
    site = Site()
    await site.world.start()
    site.world.call("a")
    site.clock.anchor = HOUR  # the other machine's was an hour ahead
    site.world.submit(AgentRequested(site.clock.now(), RequestId("t"), AgentId("ana"), "login"))
    site.world = site.world.next_life()
    site.clock.anchor = 0.0
    site.keeper = site.keep(site.world)
    snapshot, events = await site.world.journal.load()
    site.world.dispatcher.restore(snapshot)
    site.world.dispatcher.replay(events)
    site.keeper.resume(None)
    assert site.clock.now() >= EPOCH + HOUR


@in_virtual_time
async def test_a_restart_without_anything_going_on_has_the_systems_time() -> None:
    site = Site()
    site.clock.system = -HOUR
    site.clock.anchor = -HOUR
    site.keeper.resume(Sign(EPOCH, HOUR, 0.0))
    assert site.clock.now() == EPOCH - HOUR
    assert not site.keeper.stepped


@STEPS
@in_virtual_time
async def test_a_gap_that_lasts_is_no_longer_for_it(step: float) -> None:
    site = Site()
    await site.world.start()
    site.gaps.open("ami", site.clock.now())
    site.clock.system = step
    await site.looked(100)
    site.gaps.close("ami")
    gaps = [gap for gap in site.gaps.touching(None, None) if gap.kind == "ami"]
    assert len(gaps) == 2
    assert site.gaps.seconds()["ami"] == pytest.approx(100.0)
    assert {gap.missing for gap in gaps} == {gaps[0].missing}
