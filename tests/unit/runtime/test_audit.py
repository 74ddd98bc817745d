from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from structlog.testing import capture_logs

from acd.domain.errors import PbxUnavailable
from acd.domain.events import ChannelSeen, LinkChanged, Resynced
from acd.domain.ids import ContactId, LegId
from acd.engine.resync import SETTLED_S
from acd.engine.state import InFallback
from acd.runtime.audit import AUDIT_EVERY_S, Auditor
from tests.engine_kit import GW
from tests.fakes.virtual_time import EPOCH, in_virtual_time, settle
from tests.unit.runtime.world import World


@asynccontextmanager
async def audited() -> AsyncIterator[tuple[World, Auditor]]:
    world = World()
    await world.start(up=False)
    world.journal.events.clear()
    auditor = Auditor(world.clock, world.dispatcher, world.control)
    try:
        yield world, auditor
    finally:
        await auditor.close()
        await world.dispatcher.close()


def seen_channel(leg: str) -> ChannelSeen:
    return ChannelSeen(
        LegId(leg),
        f"{GW}-{leg}",
        up=True,
        in_app=True,
        context="acd-from-trunk",
        extension="170",
        caller="0811",
        created_at=EPOCH,
    )


def told(world: World) -> list[str]:
    """What the engine heard of the link, in order."""
    names = []
    for event in world.journal.events:
        match event:
            case LinkChanged(up=up):
                names.append("up" if up else "down")
            case Resynced(after_gap=after_gap):
                names.append("resync" if after_gap else "audit")
            case _:
                pass
    return names


@in_virtual_time
async def test_looks_at_once_when_the_link_is_up_and_not_before() -> None:
    async with audited() as (world, auditor):
        await asyncio.sleep(100)
        assert (told(world), auditor.synced) == ([], False)
        auditor.connected()
        await settle()
        assert (told(world), auditor.synced) == (["up", "resync"], True)


@in_virtual_time
async def test_the_link_counts_as_up_only_with_what_exists() -> None:
    async with audited() as (world, auditor):
        world.control.looks = [None]
        auditor.connected()
        await asyncio.sleep(10)
        assert (told(world), auditor.synced) == ([], False)


@in_virtual_time
async def test_tries_again_when_asterisk_does_not_answer() -> None:
    async with audited() as (world, auditor):
        world.control.looks = [PbxUnavailable("no"), PbxUnavailable("no")]
        auditor.connected()
        with capture_logs() as logs:
            await asyncio.sleep(0.9)
            assert told(world) == []
            await asyncio.sleep(0.2)
        assert told(world) == ["up", "resync"]
        assert world.control.gaps == [True, True, True]
        assert [line["event"] for line in logs] == ["resync_failed", "resync_failed", "resynced"]


@in_virtual_time
async def test_lists_nobody_can_read_do_not_end_the_auditing() -> None:
    async with audited() as (world, auditor):
        world.control.looks = [KeyError("creationtime")]
        auditor.connected()
        with capture_logs() as logs:
            await asyncio.sleep(1)
        assert told(world) == ["up", "resync"]
        assert logs[0]["event"] == "resync_unreadable"


@in_virtual_time
async def test_audits_at_intervals() -> None:
    async with audited() as (world, auditor):
        auditor.connected()
        await asyncio.sleep(2 * AUDIT_EVERY_S + 1)
        assert told(world) == ["up", "resync", "audit", "audit"]
        looks = [event.at - EPOCH for event in world.journal.events if isinstance(event, Resynced)]
        assert looks == [0.0, AUDIT_EVERY_S, 2 * AUDIT_EVERY_S]
        assert AUDIT_EVERY_S + 2 * SETTLED_S <= 30  # what serves nobody is gone within half a minute


@in_virtual_time
async def test_a_lost_link_is_told_once_and_nothing_is_looked_at_meanwhile() -> None:
    async with audited() as (world, auditor):
        auditor.connected()
        await settle()
        auditor.disconnected()
        auditor.disconnected()
        assert (told(world), auditor.synced) == (["up", "resync", "down"], False)
        await asyncio.sleep(100)
        assert world.control.gaps == [True]


@in_virtual_time
async def test_after_a_gap_the_next_look_says_so() -> None:
    async with audited() as (world, auditor):
        auditor.connected()
        await asyncio.sleep(31)
        auditor.disconnected()
        auditor.connected()
        await settle()
        assert told(world) == ["up", "resync", "audit", "down", "up", "resync"]


@in_virtual_time
async def test_a_link_that_came_back_unnoticed_is_down_in_between() -> None:
    async with audited() as (world, auditor):
        auditor.connected()
        await settle()
        auditor.connected()
        await settle()
        assert told(world) == ["up", "resync", "down", "up", "resync"]


@in_virtual_time
async def test_a_look_that_ends_after_its_link_is_dropped() -> None:
    async with audited() as (world, auditor):
        auditor.connected()
        await asyncio.sleep(0)  # it is looking
        assert world.control.gaps == [True]
        auditor.disconnected()
        await settle()
        assert (told(world), auditor.synced) == ([], False)


@in_virtual_time
async def test_only_the_look_of_the_newest_link_counts() -> None:
    async with audited() as (world, auditor):
        stale = Resynced(EPOCH, (), (), after_gap=True)
        fresh = Resynced(EPOCH + 1, (), (), after_gap=True)
        world.control.looks = [stale, fresh]
        auditor.connected()
        await asyncio.sleep(0)
        auditor.connected()
        await settle()
        assert [event.at for event in world.journal.events if isinstance(event, Resynced)] == [EPOCH + 1]


@in_virtual_time
async def test_timers_run_from_the_first_resync_on() -> None:
    world = World()
    await world.start()
    world.login("citra")
    world.call("c1")
    world.dispatcher._timers.close()
    after = world.next_life()
    await after.start(up=False)
    caller = seen_channel("c1")
    after.control.looks = [
        Resynced(EPOCH + 20, (caller,), (), after_gap=True, asked_at=EPOCH + 20),
    ]
    auditor = Auditor(after.clock, after.dispatcher, after.control)
    await asyncio.sleep(20)
    known = len(after.journal.events)
    assert "ring:acd-l-c1-1" in after.state.timers
    auditor.connected()
    await settle()
    assert len(after.journal.events) > known + 1
    await auditor.close()
    await after.dispatcher.close()


@in_virtual_time
async def test_says_when_it_is_in_step() -> None:
    world = World()
    await world.start(up=False)
    synced: list[bool] = []
    auditor = Auditor(
        world.clock, world.dispatcher, world.control, on_synced=lambda: synced.append(True), audit_every_s=1.0
    )
    auditor.connected()
    await asyncio.sleep(5)
    await auditor.close()
    assert synced == [True]
    await auditor.close()


@in_virtual_time
async def test_a_caller_who_came_while_asterisk_was_being_asked_stays() -> None:
    world = World()
    await world.start()
    world.submit(LinkChanged(world.clock.now(), "ami", up=True))
    world.call("old")
    await asyncio.sleep(10)
    asked_at = world.clock.now()
    await asyncio.sleep(0.01)
    world.call("young")
    world.submit(Resynced(world.clock.now(), (), (), after_gap=True, asked_at=asked_at))
    waiting = [contact.id for contact in world.state.contacts.values() if not isinstance(contact.phase, InFallback)]
    assert waiting == [ContactId("young")]
    assert list(world.state.leases) == [LegId("young")]
    await world.dispatcher.close()


@in_virtual_time
async def test_a_caller_who_left_while_asterisk_was_being_asked_holds_no_channel() -> None:
    world = World()
    await world.start()
    world.call("c1")
    seen = seen_channel("c1")
    await asyncio.sleep(10)
    asked_at = world.clock.now()
    await asyncio.sleep(0.01)
    world.hang_up("c1")
    world.submit(Resynced(world.clock.now(), (seen,), (), after_gap=True, asked_at=asked_at))
    assert world.state.leases == {}
    assert [record.contact_id for record in world.records.calls] == ["c1"]
    await world.dispatcher.close()
