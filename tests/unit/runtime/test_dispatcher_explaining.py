"""The dispatcher keeps how each offer came about, and no call waits for that."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from acd.domain.decision import Decision
from acd.domain.ids import ContactId
from acd.domain.plan import Plan
from acd.engine.core import Engine
from acd.engine.matching import Matcher
from acd.engine.matching.facts import Choice
from acd.engine.state import Talking
from acd.runtime import dispatcher as module
from tests.engine_kit import agent_plan, make_plan, with_queue
from tests.fakes.virtual_time import in_virtual_time
from tests.unit.runtime.world import World


async def ringing() -> World:
    """A caller waits, citra's phone rings."""
    world = World()
    await world.start()
    world.login("citra")
    world.call("c1")
    return world


def decisions(world: World) -> list[tuple[str, str]]:
    """Contact and agent of each decision written."""
    return [(item.contact_id, item.agent) for item in world.records.writes if isinstance(item, Decision)]


def large_site() -> Plan:
    names = [f"a{number}" for number in range(module.LARGE_SITE + 1)]
    return make_plan(agents={agent.id: agent for agent in (agent_plan(name, tech=1, lang_id=1) for name in names)})


@in_virtual_time
async def test_several_offers_of_one_event_are_explained_as_of_their_moment() -> None:
    world = World(with_queue(make_plan(), "tech", ring=2))
    await world.start()
    world.login("citra")
    world.login("dewi")
    world.call("c1")
    world.hang_up("c1")
    assert decisions(world) == []
    await asyncio.sleep(1)
    assert decisions(world) == [("c1", "citra"), ("c1", "dewi")]


@in_virtual_time
async def test_of_a_loop_that_is_behind_no_more_and_more_explanations_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPLAIN_AFTER_S", 0.0)
    world = World()
    await world.start()
    world.login("citra")
    calls, a_turn = 2_000, 5
    for number in range(calls):
        world.call(f"c{number}")
        world.hang_up(f"c{number}")
        world.hang_up(f"acd-l-c{number}-1")
        if number % a_turn == 0:
            await asyncio.sleep(0)
    assert len(decisions(world)) > calls - (a_turn + 1) * module.BEHIND
    await asyncio.sleep(1)
    assert len(decisions(world)) == calls


@in_virtual_time
async def test_a_large_site_that_restarts_serves_callers_before_it_explains_again() -> None:
    world = World(large_site())
    await world.start()
    world.login("a0")
    world.call("c1")
    await world.dispatcher.close()
    world.journal.snapshots.clear()
    world.records.writes.clear()
    after = world.next_life()
    await after.start()
    assert decisions(after) == []
    await asyncio.sleep(1)
    assert decisions(after) == [("c1", "a0")]


@in_virtual_time
async def test_no_snapshot_takes_the_place_of_an_explanation() -> None:
    world = World(large_site())
    await world.start()
    world.login("a0")
    world.call("c1")
    world.dispatcher.snapshot()
    assert decisions(world) == [("c1", "a0")]


@in_virtual_time
async def test_an_offer_is_explained_again_after_a_crash_and_the_same() -> None:
    world = await ringing()
    await asyncio.sleep(1)
    after = world.next_life()
    await after.start(up=False)
    first, again = [item for item in world.records.writes if isinstance(item, Decision)]
    assert first == again


@in_virtual_time
async def test_a_choice_that_is_not_the_best_by_its_explanation_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    await world.start()
    world.login("citra")
    world.login("dewi")
    wrong = Choice("dewi", (0, "dewi"))
    monkeypatch.setattr(Matcher, "best_agent", lambda _self, _contact: wrong)
    with capture_logs() as logs:
        world.call("c1")
        await asyncio.sleep(1)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["choice_disputed"]
    assert decisions(world) == [("c1", "dewi")]


@in_virtual_time
async def test_an_explanation_that_fails_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("acd.engine.account._line", broken)
    world = await ringing()
    await asyncio.sleep(1)
    assert decisions(world) == []
    monkeypatch.setattr(Engine, "account", broken)
    world.pick_up("acd-l-c1-1")
    assert isinstance(world.state.contacts[ContactId("c1")].phase, Talking)
