"""A standby knows what the active engine knew and writes nothing before its turn; nobody decides without permission."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.engine.state import Waiting
from acd.runtime.dispatcher import Dispatcher
from acd.runtime.standby import HeldRecords, Standby
from tests.fakes.virtual_time import in_virtual_time, settle
from tests.unit.runtime.world import CODEC, World


@dataclass
class Part:
    anew: bool
    state: bytes | None
    events: Sequence[tuple[int, Event]]
    settled: int = 0
    more: bool = False


@dataclass
class Along:
    """Reads the journal of another world along; with ``away`` the database does not answer."""

    world: World
    after: int = -1
    away: bool = False
    reads: int = 0

    async def read(self) -> Part:
        self.reads += 1
        if self.away:
            raise StoreError("no answer in time")
        kept = self.world.journal
        settled, state = kept.snapshots[-1] if kept.snapshots else (0, None)
        anew = self.after < 0
        after = settled if anew else self.after
        events = list(enumerate(kept.events, 1))[after:]
        self.after = len(kept.events)
        return Part(anew, state if anew else None, events, settled)


@dataclass
class Chair:
    """The seat: ``token`` is what the next to ask gets."""

    token: int | None = None
    away: bool = False
    asked: list[float] = field(default_factory=list)
    blind: int = 0

    async def take(self) -> int | None:
        self.asked.append(asyncio.get_running_loop().time())
        if self.away:
            raise StoreError("connection refused")
        return self.token

    def blinded(self) -> None:
        self.blind += 1


class Second:
    """The standby of a world."""

    def __init__(self, first: World) -> None:
        self.world = World(first.plan, clock=first.clock)
        self.held = HeldRecords(self.world.records)
        self.dispatcher = self.world.dispatcher = Dispatcher(
            first.clock, self.world.journal, self.held, self.world.recordings, CODEC
        )
        self.along, self.chair = Along(first), Chair()
        self.standby = Standby(self.along, self.chair, self.dispatcher, self.held)
        self.task = asyncio.create_task(self.standby.until_active())


async def busy() -> World:
    first = World()
    await first.start()
    first.login("citra")
    first.call("a")
    first.call("b")
    return first


@in_virtual_time
async def test_it_follows_and_goes_on_with_places_and_without_having_sent_or_journaled_anything() -> None:
    first = await busy()
    second = Second(first)
    await asyncio.sleep(1)
    assert second.world.state.contacts == first.state.contacts
    first.call("c")
    await asyncio.sleep(1)
    assert second.world.state.contacts == first.state.contacts
    assert second.world.trace == []
    second.chair.token = 7
    assert await second.task == 7
    second.dispatcher.begin(first.plan)
    second.dispatcher.attach(second.world.control)
    waiting = [c.leg for c in second.world.state.contacts.values() if isinstance(c.phase, Waiting)]
    assert waiting == [c.leg for c in first.state.contacts.values() if isinstance(c.phase, Waiting)]
    await second.dispatcher.close()
    await first.dispatcher.close()


@in_virtual_time
async def test_what_the_former_engine_wrote_last_is_read_after_its_seat_is_taken() -> None:
    first = await busy()
    second = Second(first)
    await asyncio.sleep(1)
    take = second.chair.take

    async def late() -> int | None:
        first.call("late")  # written between our last look and the taking
        second.chair.take = take  # type: ignore[method-assign]
        return 8

    second.chair.take = late  # type: ignore[method-assign]
    await second.task
    assert "late" in {contact.leg for contact in second.world.state.contacts.values()}
    await first.dispatcher.close()


@in_virtual_time
async def test_records_wait_for_the_turn_and_those_before_a_snapshot_are_the_former_engines() -> None:
    first = await busy()
    first.hang_up("a")
    first.dispatcher.snapshot()
    second = Second(first)
    await asyncio.sleep(1)
    first.hang_up("b")
    first.call("c")
    first.hang_up("c")
    await asyncio.sleep(1)
    assert second.world.records.writes == []
    assert not second.held.durable()
    second.chair.token = 7
    await second.task
    assert {record.contact_id for record in second.world.records.calls} == {
        record.contact_id for record in first.records.calls[1:]
    }
    await first.dispatcher.close()


@in_virtual_time
async def test_rows_are_forgotten_when_a_later_snapshot_says_that_they_are_durable() -> None:
    first = await busy()
    second = Second(first)
    first.hang_up("a")
    await asyncio.sleep(1)
    assert not second.held.durable()
    first.dispatcher.snapshot()
    await asyncio.sleep(1)
    assert second.held.durable()
    await second.held.flush()
    second.task.cancel()
    await asyncio.gather(second.task, return_exceptions=True)
    await first.dispatcher.close()


@in_virtual_time
async def test_a_database_that_is_away_makes_it_patient_anew_and_it_follows_on() -> None:
    first = await busy()
    second = Second(first)
    await asyncio.sleep(1)
    second.chair.away = True
    await asyncio.sleep(1)
    assert second.standby.failing == "connection refused"
    assert second.chair.blind >= 3
    second.chair.away = False
    first.call("c")
    await asyncio.sleep(1)
    assert second.standby.failing == ""
    assert second.world.state.contacts == first.state.contacts
    second.chair.token = 7
    assert await second.task == 7
    await first.dispatcher.close()


@in_virtual_time
async def test_a_database_that_goes_away_in_the_middle_of_taking_over_delays_it_only() -> None:
    first = await busy()
    second = Second(first)
    await asyncio.sleep(1)
    take = second.chair.take

    async def then_away() -> int | None:
        second.along.away = True
        second.chair.take = take  # type: ignore[method-assign]
        return 9

    second.chair.take = then_away  # type: ignore[method-assign]
    await asyncio.sleep(2)
    assert not second.task.done()
    second.along.away = False
    assert await second.task == 9
    await first.dispatcher.close()


@in_virtual_time
async def test_without_permission_nothing_is_decided_and_with_it_what_waited_comes_in_order() -> None:
    permitted = True
    world = World()
    world.dispatcher = Dispatcher(
        world.clock, world.journal, world.records, world.recordings, CODEC, permitted=lambda: permitted
    )
    await world.start()
    world.login("citra")
    permitted = False
    before = list(world.trace)
    world.call("a")
    await asyncio.sleep(1)
    world.call("b")
    await asyncio.sleep(1)
    assert world.trace == before
    permitted = True
    await asyncio.sleep(0.1)
    await settle()
    assert [contact.leg for contact in world.state.contacts.values()] == ["a", "b"]
    world.call("c")
    assert len(world.state.contacts) == 3
    permitted = False
    world.call("d")
    await world.dispatcher.close()
    await asyncio.sleep(1)
    assert len(world.state.contacts) == 3
