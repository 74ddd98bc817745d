"""Foresight names the phones that ring next, of the kinds of callers that came lately, and only when nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from acd.domain.commands import Originate
from acd.runtime import foresight
from tests.fakes.virtual_time import in_virtual_time
from tests.unit.runtime.world import World

CITRA, DEWI = "PJSIP/citra", "PJSIP/dewi"


NOBODY: tuple[str, ...] = ()


@dataclass
class Seer:
    """A world, and what was prepared in it, each time anew."""

    world: World = field(default_factory=World)
    prepared: list[tuple[str, ...]] = field(default_factory=list)

    async def start(self, *agents: str) -> None:
        await self.world.start()
        self.world.dispatcher.attach(self.world.control, self.prepare)
        for agent in agents:
            self.world.login(agent)

    @property
    def last(self) -> tuple[str, ...]:
        """What shall be ready now."""
        return self.prepared[-1]

    def prepare(self, devices: Collection[str]) -> None:
        self.prepared.append(tuple(devices))

    async def talks(self, leg: str) -> None:
        """A caller comes and is talked with."""
        self.world.call(leg)
        self.world.pick_up(f"acd-l-{leg}-1")
        await asyncio.sleep(1)


async def seer(*agents: str) -> Seer:
    made = Seer()
    await made.start(*agents)
    return made


@in_virtual_time
async def test_before_the_first_caller_nothing_is_prepared() -> None:
    here = await seer("citra", "dewi")
    await asyncio.sleep(1)
    assert here.prepared == []


@in_virtual_time
async def test_the_phone_that_rings_next_is_the_one_that_was_prepared() -> None:
    here = await seer("citra", "dewi")
    await here.talks("c1")
    assert here.last == (DEWI,)
    here.world.call("c2")
    offers = [command.device for command in here.world.commands if isinstance(command, Originate)]
    assert offers == [CITRA, DEWI]


@in_virtual_time
async def test_nothing_is_looked_at_while_a_call_is_being_connected() -> None:
    here = await seer("citra", "dewi")
    here.world.call("c1")
    await asyncio.sleep(foresight.AFTER_S / 2)
    assert here.prepared == []
    await asyncio.sleep(foresight.AFTER_S)
    assert here.prepared == [(DEWI,)]


@in_virtual_time
async def test_when_nobody_is_free_or_everybody_has_gone_nothing_is_kept() -> None:
    here = await seer("citra", "dewi")
    await here.talks("c1")
    await here.talks("c2")
    assert here.last == NOBODY
    here.world.hang_up("c1")
    here.world.hang_up("acd-l-c1-1")
    await asyncio.sleep(1)
    assert here.last == (CITRA,)
    await here.world.dispatcher.request_agent(next(a for a in here.world.plan.agents if a == "citra"), "logout")
    await asyncio.sleep(1)
    assert here.last == NOBODY


@in_virtual_time
async def test_kinds_of_callers_that_come_no_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    here = await seer("citra", "dewi")
    await here.talks("c1")
    await asyncio.sleep(foresight.LATELY_S)
    here.world.login("ana")  # any event
    await asyncio.sleep(1)
    assert here.last == NOBODY
    monkeypatch.setattr(foresight, "MOST", 0)
    await here.talks("c2")
    assert here.last == NOBODY


@in_virtual_time
async def test_after_the_end_nothing_is_looked_at() -> None:
    here = await seer("citra", "dewi")
    here.world.call("c1")
    await here.world.dispatcher.close()
    await asyncio.sleep(1)
    assert here.prepared == []


@in_virtual_time
async def test_without_a_plan_nothing_is_foreseen() -> None:
    here = Seer()
    looks = foresight.Foresight(lambda: here.world.dispatcher._engine, here.prepare)
    looks.happened()
    looks.close()
    await asyncio.sleep(1)
    assert here.prepared == []
