"""A version is in force only when it was checked and its flows' tests passed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.domain.errors import ConfigError, Mistake
from acd.runtime.clock import AnchoredClock
from acd.runtime.reloading import SHOWN, Reloader
from acd.settings.values import Settings
from tests.fakes import deployment


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    return deployment.settings(tmp_path)


def newer(settings: Settings, version: str) -> Settings:
    return replace(settings, plan=replace(settings.plan, version=version))


class World:
    """What is on the disk, what its tests say, and what was put into force."""

    def __init__(self, settings: Settings) -> None:
        self.disk: Settings | ConfigError = settings
        self.failed: tuple[str, ...] = ()
        self.tested: list[str] = []
        self.applied: list[str] = []
        self.reloader = Reloader(settings, AnchoredClock(), self.load, self.test, self.apply)
        self.before_load: Callable[[], None] = lambda: None

    def load(self) -> Settings:
        self.before_load()
        if isinstance(self.disk, ConfigError):
            raise self.disk
        return self.disk

    def test(self, settings: Settings) -> tuple[str, ...]:
        self.tested.append(settings.plan.version)
        return self.failed

    def apply(self, settings: Settings) -> tuple[str, ...]:
        self.applied.append(settings.plan.version)
        return ("store",)


async def test_a_good_version_is_tested_and_put_into_force(given: Settings) -> None:
    world = World(given)
    world.disk = newer(given, "v2")
    state = await world.reloader.reload()
    assert (state.version, state.outcome, state.mistakes, state.at_next_start) == ("v2", "loaded", (), ("store",))
    assert (world.tested, world.applied) == (["v2"], ["v2"])
    assert state.attempts == {"loaded": 1, "refused": 0, "unchanged": 0}


async def test_a_version_with_mistakes_is_refused_in_the_log_and_the_state(given: Settings) -> None:
    world = World(given)
    world.disk = ConfigError(tuple(Mistake("169.yaml", line, 1, "entry", "unknown node") for line in range(SHOWN + 9)))
    with capture_logs() as logs:
        state = await world.reloader.reload()
    assert (state.version, state.outcome, len(state.mistakes)) == (given.plan.version, "refused", SHOWN)
    assert state.mistakes[3] == "169.yaml:3:1: entry: unknown node"
    assert world.applied == []
    assert [line["event"] for line in logs] == ["configuration_refused"]


async def test_a_version_whose_flows_fail_their_tests_is_refused(given: Settings) -> None:
    world = World(given)
    world.disk, world.failed = newer(given, "v2"), ("169.test.yaml:9:1: menu: expected welcome",)
    state = await world.reloader.reload()
    assert (state.outcome, state.mistakes, world.applied) == ("refused", world.failed, [])
    world.failed = ()
    assert (await world.reloader.reload()).mistakes == ()


async def test_the_same_version_is_only_used_for_secrets_that_changed(given: Settings) -> None:
    world = World(given)
    state = await world.reloader.reload()
    assert (state.outcome, world.tested, world.applied) == ("unchanged", [], [given.plan.version])


async def test_what_should_be_looked_at_in_the_version_in_force_is_told_and_not_that_of_a_refused_one(
    given: Settings,
) -> None:
    untested = Mistake("bantuan.yaml", 1, 1, "", "no test walks through this flow")
    given = replace(given, warnings=())
    world = World(given)
    assert world.reloader.state.warnings == ()
    world.disk, world.failed = replace(newer(given, "v2"), warnings=(untested,)), ("a test failed",)
    assert (await world.reloader.reload()).warnings == ()
    world.failed = ()
    assert (await world.reloader.reload()).warnings == (str(untested),)
    world.disk = newer(given, "v2")  # a test file was written, which changes nothing else
    state = await world.reloader.reload()
    assert (state.outcome, state.warnings) == ("unchanged", ())


async def test_attempts_are_made_one_at_a_time(given: Settings) -> None:
    world = World(given)
    loop = asyncio.get_running_loop()
    running, most = 0, 0

    def count() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        loop.call_soon_threadsafe(lambda: None)
        running -= 1

    world.before_load = count
    await asyncio.gather(*(world.reloader.reload() for _ in range(5)))
    assert (most, world.reloader.state.attempts["unchanged"]) == (1, 5)
