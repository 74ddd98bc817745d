"""Events told to webhooks, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from acd.demo.data_server import DataServer, Manner
from acd.dips import hooks
from acd.dips.exchange import Exchanges
from acd.dips.hooks import Hooks
from acd.dips.hosts import AllowList
from acd.domain.commands import SendHook
from acd.domain.data import Header
from acd.ports import HookFigures
from acd.settings.values import DataHost, Secret, Webhook


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DataServer]:
    running = DataServer()
    await running.start()
    yield running
    await running.close()


@asynccontextmanager
async def hooks_to(
    server: DataServer, give_up_s: float = 60.0, done: list[tuple[str, bool]] | None = None
) -> AsyncIterator[Hooks]:
    done = [] if done is None else done
    allowed = AllowList([DataHost("crm", "http", "127.0.0.1", server.port, internal=True)])
    exchanges = Exchanges(allowed, {"key": Secret("k")}, 1_000)
    hook = Webhook("crm", f"{server.url}/events", (Header("X-Key", "", "key"),), 0.3)
    running = Hooks([hook], allowed, exchanges, Random(7), lambda *what: done.append(what), give_up_s)
    try:
        yield running
    finally:
        await running.close()
        await exchanges.close()


def event(number: int) -> SendHook:
    return SendHook("crm", f"e{number}", f'{{"id":"e{number}"}}')


async def until(running: Hooks, so: Callable[[HookFigures], bool]) -> HookFigures:
    async with asyncio.timeout(20):
        while not so(running.figures()[0]):  # noqa: ASYNC110 - figures are all there is to see
            await asyncio.sleep(0.01)
    return running.figures()[0]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "PAUSE_S", 0.01)


async def test_events_are_told_in_order_with_their_ids(server: DataServer) -> None:
    async with hooks_to(server) as running:
        for number in range(5):
            running.send(event(number))
        figures = await until(running, lambda f: f.waiting == 0)
    assert [told["id"] for told in server.told] == ["e0", "e1", "e2", "e3", "e4"]
    assert figures == HookFigures("crm", delivered=5, failed=0, lost=0, waiting=0)


@pytest.mark.parametrize("manner", ["error", "silent", "cut", "redirect"])
async def test_an_event_is_told_again_until_it_is_taken(server: DataServer, manner: Manner) -> None:
    server.manner = manner
    async with hooks_to(server) as running:
        running.send(event(1))
        running.send(event(2))
        await until(running, lambda f: f.failed >= 2)
        server.manner = "well"
        figures = await until(running, lambda f: f.waiting == 0)
    assert [told["id"] for told in server.told] == ["e1", "e2"]
    assert (figures.delivered, figures.lost) == (2, 0)


async def test_what_a_webhook_answers_matters_to_nobody(server: DataServer) -> None:
    server.manner = "huge"
    async with hooks_to(server) as running:
        running.send(event(1))
        figures = await until(running, lambda f: f.waiting == 0)
    assert (figures.delivered, figures.failed) == (1, 0)


async def test_an_event_nobody_takes_is_given_up_and_counted(server: DataServer) -> None:
    server.manner = "error"
    async with hooks_to(server, give_up_s=0.1) as running:
        running.send(event(1))
        figures = await until(running, lambda f: f.lost == 1)
    assert (figures.delivered, figures.waiting) == (0, 0)


async def test_a_webhook_that_takes_nothing_costs_the_oldest_events_not_memory(
    server: DataServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_WAITING", 3)
    server.manner = "silent"
    async with hooks_to(server) as running:
        running.send(event(0))
        await until(running, lambda f: f.failed >= 1)
        for number in range(1, 7):
            running.send(event(number))
        assert running.figures()[0].lost == 3
        server.manner = "well"
        await until(running, lambda f: f.waiting == 0)
    assert [told["id"] for told in server.told] == ["e0", "e4", "e5", "e6"]


async def test_what_became_of_each_event_is_told(server: DataServer) -> None:
    done: list[tuple[str, bool]] = []
    async with hooks_to(server, give_up_s=0.1, done=done) as running:
        running.send(event(1))
        await until(running, lambda f: f.delivered == 1)
        server.manner = "error"
        running.send(event(2))
        await until(running, lambda f: f.lost == 1)
        running.send(SendHook("nobody", "e3", "{}"))
    assert done == [("e1", True), ("e2", False), ("e3", False)]


async def test_events_of_a_former_life_are_told_before_those_since_and_none_twice(server: DataServer) -> None:
    server.manner = "error"
    async with hooks_to(server) as running:
        running.send(event(3))
        await until(running, lambda f: f.failed >= 1)
        running.send(event(4))
        running.resume([event(1), event(2), event(3), event(4), SendHook("nobody", "e0", "{}")])
        server.manner = "well"
        figures = await until(running, lambda f: f.waiting == 0)
    assert [told["id"] for told in server.told] == ["e3", "e1", "e2", "e4"]
    assert figures.delivered == 4


async def test_a_former_lifes_events_begin_to_be_told_though_nothing_new_happens(server: DataServer) -> None:
    async with hooks_to(server) as running:
        running.resume([event(1), event(2)])
        await until(running, lambda f: f.delivered == 2)
    assert [told["id"] for told in server.told] == ["e1", "e2"]


async def test_nothing_of_an_event_reaches_the_log(server: DataServer) -> None:
    server.manner = "error"
    with capture_logs() as logged:
        async with hooks_to(server, give_up_s=0.05) as running:
            running.send(SendHook("crm", "secret-id", '{"nib":"8120001234567"}'))
            running.send(SendHook("nobody", "secret-id", "{}"))
            await until(running, lambda f: f.lost == 1)
    assert {entry["event"] for entry in logged} == {"webhook_failed", "webhook_given_up", "webhook_unknown"}
    assert "8120001234567" not in str(logged)
    assert "secret-id" not in str(logged)


async def test_a_webhook_at_another_address_is_told_there_and_one_that_is_gone_no_more(server: DataServer) -> None:
    hook = Webhook("crm", f"{server.url}/elsewhere")
    async with hooks_to(server) as running:
        running.send(event(1))
        await until(running, lambda f: f.delivered == 1)
        running.use([replace(hook, url=f"{server.url}/events"), replace(hook, name="new")])
        running.send(event(2))
        await until(running, lambda f: f.delivered == 2)
        running.use([])
        running.send(event(3))
        assert running.figures() == ()
    assert [told["id"] for told in server.told] == ["e1", "e2"]


async def test_what_waits_for_a_webhook_that_is_gone_is_still_told(server: DataServer) -> None:
    server.manner = "error"
    async with hooks_to(server) as running:
        running.send(event(1))
        await until(running, lambda f: f.failed >= 1)
        running.use([])
        server.manner = "well"
        await until(running, lambda f: f.delivered == 1)
    assert [told["id"] for told in server.told] == ["e1"]
