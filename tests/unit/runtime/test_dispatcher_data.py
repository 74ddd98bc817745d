"""How the dispatcher asks other systems: without waiting, and with an answer whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from acd.domain.commands import Command, FetchData, SendHook
from acd.domain.data import HttpRequest
from acd.domain.events import DataFetched, Event
from acd.domain.ids import ContactId, RequestId
from acd.domain.record import HookRow
from tests.unit.runtime.world import World

QUESTION = FetchData(ContactId("c1"), RequestId("c1:1"), "169/cek", HttpRequest("GET", "https://x/8120001234567"))


class Elsewhere:
    """Another system that answers when told to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.fails = False
        self.told: list[SendHook] = []

    async def fetch(self, question: FetchData, now: Callable[[], float]) -> DataFetched:
        await self.may_answer.wait()
        if self.fails:
            raise RuntimeError("a defect")
        return DataFetched(now(), question.contact_id, question.request_id, "ok", {"stage": "issued"}, 200, 0.2)

    def send(self, hook: SendHook) -> None:
        self.told.append(hook)


async def answers(world: World) -> list[DataFetched]:
    """Answers in the journal, once the dispatcher has nothing to do."""
    while world.dispatcher._tasks:  # noqa: ASYNC110 - nothing tells their end
        await asyncio.sleep(0)
    return [event for event in world.journal.events if isinstance(event, DataFetched)]


def carry_out(world: World, monkeypatch: pytest.MonkeyPatch, *commands: Command) -> None:
    """Have the engine give these commands for one event."""
    decide = world.dispatcher._decide

    def once(event: Event) -> list[Command]:
        monkeypatch.setattr(world.dispatcher, "_decide", decide)
        return [*decide(event), *commands]

    monkeypatch.setattr(world.dispatcher, "_decide", once)
    world.login("nobody")


async def test_an_answer_comes_as_an_event_and_nothing_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world, elsewhere = World(), Elsewhere()
    await world.start()
    world.dispatcher.attach_data(elsewhere)
    carry_out(world, monkeypatch, QUESTION)
    world.call("a")
    elsewhere.may_answer.set()
    (answer,) = await answers(world)
    assert (answer.request_id, answer.outcome, answer.values) == ("c1:1", "ok", {"stage": "issued"})
    await world.dispatcher.close()


async def test_a_defect_or_no_client_is_a_failed_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world, elsewhere = World(), Elsewhere()
    await world.start()
    carry_out(world, monkeypatch, QUESTION)
    assert [answer.outcome for answer in await answers(world)] == ["failed"]
    elsewhere.fails = True
    elsewhere.may_answer.set()
    world.dispatcher.attach_data(elsewhere)
    carry_out(world, monkeypatch, QUESTION)
    assert [answer.outcome for answer in await answers(world)] == ["failed", "failed"]
    await world.dispatcher.close()


async def test_an_event_is_kept_before_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world, elsewhere = World(), Elsewhere()
    await world.start()
    carry_out(world, monkeypatch, SendHook("crm", "e0", "{}", 4.0))
    world.dispatcher.attach_data(elsewhere)
    carry_out(world, monkeypatch, SendHook("crm", "e1", "{}", 5.0))
    assert elsewhere.told == [SendHook("crm", "e1", "{}", 5.0)]
    kept = [row for row in world.records.writes if isinstance(row, HookRow)]
    assert kept == [HookRow("e0", "crm", 4.0, "{}"), HookRow("e1", "crm", 5.0, "{}")]
    await world.dispatcher.close()
