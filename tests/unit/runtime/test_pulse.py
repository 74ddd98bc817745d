"""The pulse tells how late the loop is, also by the beats it missed."""

from __future__ import annotations

import asyncio

import pytest

from acd.runtime import pulse as module
from acd.runtime.pulse import BEAT_S, Pulse
from tests.fakes.virtual_time import VirtualLoop, in_virtual_time


class Held:
    """A loop whose time a test may let pass while a callback holds it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._loop = asyncio.get_running_loop()
        assert isinstance(self._loop, VirtualLoop)
        self._ahead = 0.0
        sound = self._loop.time
        monkeypatch.setattr(self._loop, "time", lambda: sound() + self._ahead)

    def hold(self, seconds: float) -> None:
        self._ahead += seconds


@in_virtual_time
async def test_a_loop_that_is_never_held_is_never_late() -> None:
    seen = list[float]()
    pulse = Pulse(seen.append)
    pulse.start()
    await asyncio.sleep(1.0)
    pulse.close()
    assert len(seen) in range(98, 102)
    assert max(seen) == pytest.approx(0.0, abs=1e-6)
    assert pulse.delay_s == pytest.approx(0.0, abs=1e-6)
    await asyncio.sleep(1.0)
    assert len(seen) < 102


@in_virtual_time
async def test_the_beats_missed_while_the_loop_was_held_count_with_their_own_lateness(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = list[float]()
    pulse = Pulse(seen.append)
    held = Held(monkeypatch)
    pulse.start()
    held.hold(BEAT_S + 0.055)
    await asyncio.sleep(0.0)
    pulse._beat()
    pulse.close()
    assert seen == pytest.approx([0.055, 0.045, 0.035, 0.025, 0.015, 0.005])
    assert 0.0 < pulse.delay_s < 0.02  # one short stall refuses nobody


@in_virtual_time
async def test_a_process_that_was_stopped_refuses_nobody_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse(lambda _: None)
    held = Held(monkeypatch)
    pulse.start()
    held.hold(10.0)
    pulse._beat()
    pulse.close()
    assert 0.0 < pulse.delay_s < 0.02


@in_virtual_time
async def test_of_a_delay_no_more_is_the_loops_own_than_it_was_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, own = list[float](), list[float]()
    worked = 7.0
    pulse = Pulse(seen.append, own.append, worked=lambda: worked)
    held = Held(monkeypatch)
    pulse.start()
    held.hold(BEAT_S + 0.045)
    worked += 0.012
    pulse._beat()
    assert own == pytest.approx([0.012, 0.002, 0.0, 0.0, 0.0])
    held.hold(BEAT_S + 0.004)
    worked += 0.012
    pulse._beat()
    pulse.close()
    assert seen[-1] == own[-1] == pytest.approx(0.004)


@in_virtual_time
async def test_of_a_delay_no_more_is_the_machines_than_the_loop_waited_for_a_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, starved = list[float](), list[float]()
    waited = 3.0
    pulse = Pulse(seen.append, starved=starved.append, waited=lambda: waited)
    held = Held(monkeypatch)
    pulse.start()
    held.hold(BEAT_S + 0.025)
    waited += 0.021
    pulse._beat()
    pulse.close()
    assert seen == pytest.approx([0.025, 0.015, 0.005])
    assert starved == pytest.approx([0.021, 0.011, 0.001])


@in_virtual_time
async def test_a_loop_that_stays_late_is_late_in_the_mean_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    pulse = Pulse(lambda _: None)
    held = Held(monkeypatch)
    pulse.start()
    for _ in range(100):
        held.hold(BEAT_S + 0.03)
        pulse._beat()
    assert pulse.delay_s == pytest.approx(0.03, rel=0.1)
    pulse.close()
    calm = Pulse(lambda _: None)
    calm.delay_s = pulse.delay_s
    calm.start()
    await asyncio.sleep(2.0)
    assert calm.delay_s < 0.001
    calm.close()


@in_virtual_time
async def test_a_process_that_was_stopped_for_hours_makes_up_for_so_many_beats_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = list[float]()
    pulse = Pulse(seen.append)
    held = Held(monkeypatch)
    pulse.start()
    held.hold(7_200.0)
    pulse._beat()
    pulse.close()
    assert len(seen) == 1 + module.MOST_MISSED
