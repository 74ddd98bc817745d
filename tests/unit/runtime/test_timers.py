from __future__ import annotations

import asyncio

from acd.domain.commands import StartTimer
from acd.domain.events import TimerFired
from acd.domain.ids import TimerKey
from acd.runtime.timers import Timers
from tests.fakes.virtual_time import EPOCH, VirtualClock, in_virtual_time

A, B, C = TimerKey("a"), TimerKey("b"), TimerKey("c")


def make() -> tuple[Timers, list[TimerFired]]:
    fired: list[TimerFired] = []
    return Timers(VirtualClock(), fired.append), fired


def order(fired: list[TimerFired]) -> list[tuple[TimerKey, int, float]]:
    return [(event.key, event.generation, event.at - EPOCH) for event in fired]


@in_virtual_time
async def test_are_held_back_until_release() -> None:
    timers, fired = make()
    timers.start(StartTimer(A, 1, EPOCH + 1))
    await asyncio.sleep(5)
    assert fired == []
    timers.release()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order(fired) == [(A, 1, 5.0)]


@in_virtual_time
async def test_overdue_ones_fire_in_the_order_they_were_due() -> None:
    timers, fired = make()
    timers.start(StartTimer(A, 1, EPOCH - 10))
    timers.start(StartTimer(B, 2, EPOCH - 30))
    timers.start(StartTimer(C, 3, EPOCH - 20))
    timers.release()
    await asyncio.sleep(1)
    assert [event.key for event in fired] == [B, C, A]


@in_virtual_time
async def test_fire_when_due_with_their_generation() -> None:
    timers, fired = make()
    timers.release()
    timers.start(StartTimer(B, 8, EPOCH + 2))
    timers.start(StartTimer(A, 7, EPOCH + 1))
    await asyncio.sleep(3)
    assert order(fired) == [(A, 7, 1.0), (B, 8, 2.0)]


@in_virtual_time
async def test_a_new_timer_replaces_the_one_of_its_key() -> None:
    timers, fired = make()
    timers.start(StartTimer(B, 1, EPOCH + 1))
    timers.start(StartTimer(B, 2, EPOCH + 2))
    timers.release()
    timers.start(StartTimer(A, 3, EPOCH + 1))
    timers.start(StartTimer(A, 4, EPOCH + 3))
    await asyncio.sleep(10)
    assert order(fired) == [(B, 2, 2.0), (A, 4, 3.0)]


@in_virtual_time
async def test_a_cancelled_timer_never_fires() -> None:
    timers, fired = make()
    timers.start(StartTimer(A, 1, EPOCH + 1))
    timers.cancel(A)
    timers.cancel(C)
    timers.release()
    timers.start(StartTimer(B, 2, EPOCH + 1))
    timers.cancel(B)
    timers.cancel(B)
    await asyncio.sleep(10)
    assert fired == []


@in_virtual_time
async def test_nothing_fires_after_the_end() -> None:
    timers, fired = make()
    timers.release()
    timers.start(StartTimer(A, 1, EPOCH + 1))
    timers.close()
    timers.start(StartTimer(B, 2, EPOCH))
    await asyncio.sleep(10)
    assert fired == []


@in_virtual_time
async def test_a_second_release_changes_nothing() -> None:
    timers, fired = make()
    timers.release()
    timers.start(StartTimer(A, 1, EPOCH + 1))
    timers.release()
    await asyncio.sleep(2)
    assert order(fired) == [(A, 1, 1.0)]
