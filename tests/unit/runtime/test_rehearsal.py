"""The way from a caller to a phone is kept warm while calls come, and nothing else happens."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from acd.domain.commands import Command, Originate
from acd.domain.events import Event
from acd.engine.state import EngineState, Free
from acd.runtime import rehearsal
from acd.runtime.rehearsal import BUSY_S, HUSH_S, Rehearsal, Stage
from acd.store.codec import encode_event
from tests.engine_kit import make_plan
from tests.fakes.virtual_time import in_virtual_time


def played(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    times: list[float] = []
    monkeypatch.setattr(Stage, "play", lambda _self: times.append(asyncio.get_running_loop().time()))
    return times


def test_each_rehearsal_is_a_whole_call_that_leaves_nothing_behind() -> None:
    events: list[Event] = []
    commands: list[Command] = []
    stage = Stage(make_plan(), events.append, commands.append)
    for _ in range(50):
        stage.play()
    state: EngineState = stage._engine.state
    assert sum(agent.contacts for agent in state.agents.values()) == 50
    assert all(isinstance(agent.work, Free) and agent.leg is None for agent in state.agents.values())
    assert (state.contacts, state.timers, state.leases, state.recordings) == ({}, {}, {}, {})
    assert len(state.ended) == 1
    assert len(events) == 200
    assert sum(isinstance(command, Originate) for command in commands) == 50


@in_virtual_time
async def test_nothing_is_rehearsed_without_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    times = played(monkeypatch)
    rehearsing = Rehearsal(encode_event, lambda _command: None)
    rehearsing.use(make_plan())
    await asyncio.sleep(5)
    assert times == []


@in_virtual_time
async def test_rehearsals_follow_a_call_for_a_while_but_not_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times = played(monkeypatch)
    rehearsing = Rehearsal(encode_event, lambda _command: None)
    rehearsing.use(make_plan())
    rehearsing.called()
    await asyncio.sleep(0.5)
    rehearsing.called()
    again = asyncio.get_running_loop().time()
    await asyncio.sleep(5)
    assert len(times) > 100
    assert times[0] >= HUSH_S
    assert not [at for at in times if again < at < again + HUSH_S]
    assert times[-1] < again + BUSY_S


@in_virtual_time
async def test_closing_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    times = played(monkeypatch)
    rehearsing = Rehearsal(encode_event, lambda _command: None)
    rehearsing.use(make_plan())
    rehearsing.close()
    rehearsing.called()
    rehearsing.close()
    await asyncio.sleep(5)
    assert times == []


@in_virtual_time
async def test_a_plan_without_queues_is_not_rehearsed() -> None:
    rehearsing = Rehearsal(encode_event, lambda _command: None)
    rehearsing.use(replace(make_plan(), queues={}))
    rehearsing.called()
    await asyncio.sleep(rehearsal.BUSY_S)
