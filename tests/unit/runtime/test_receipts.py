"""A caller's channel gets its receipt once the journal has the call, and only while that is of use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from acd.domain.ids import LegId
from acd.ports import Journal
from acd.runtime.receipts import LATER_S, Receipts
from tests.fakes.virtual_time import in_virtual_time

A, B = LegId("a"), LegId("b")


@dataclass
class Desk:
    """Receipts before a journal that commits when it is told to."""

    committed: asyncio.Event = field(default_factory=asyncio.Event)
    given: list[LegId] = field(default_factory=list)
    there: set[LegId] = field(default_factory=lambda: {A, B})
    flushes: int = 0
    broken: bool = False

    def __post_init__(self) -> None:
        journal: Journal = self  # type: ignore[assignment] # nothing else of it is used
        self.receipts = Receipts(journal, self.there.__contains__, self.given.append)

    async def flush(self) -> None:
        self.flushes += 1
        if self.broken:
            raise RuntimeError
        await self.committed.wait()


@in_virtual_time
async def test_no_receipt_before_the_journal_has_the_call() -> None:
    desk = Desk()
    desk.receipts.due(A)
    await asyncio.sleep(10)
    assert desk.given == []
    desk.committed.set()
    await asyncio.sleep(0)
    assert desk.given == [A]


@in_virtual_time
async def test_callers_who_come_together_wait_for_one_commit() -> None:
    desk = Desk()
    desk.committed.set()
    desk.receipts.due(A)
    desk.receipts.due(B)
    await asyncio.sleep(LATER_S * 1.5)
    assert (desk.given, desk.flushes) == ([A, B], 1)


@in_virtual_time
async def test_who_is_gone_by_then_needs_none() -> None:
    desk = Desk()
    desk.committed.set()
    desk.receipts.due(A)
    desk.there.discard(A)
    await asyncio.sleep(LATER_S * 1.5)
    desk.receipts.due(B)
    await asyncio.sleep(LATER_S * 1.5)
    assert desk.given == [B]


@in_virtual_time
async def test_a_journal_that_fails_does_not_end_receipts_for_good() -> None:
    desk = Desk(broken=True)
    desk.receipts.due(A)
    await asyncio.sleep(LATER_S * 1.5)
    desk.broken = False
    desk.committed.set()
    desk.receipts.due(B)
    await asyncio.sleep(LATER_S * 1.5)
    assert desk.given == [B]


@in_virtual_time
async def test_the_end_leaves_nothing_that_waits() -> None:
    desk = Desk()
    await desk.receipts.close()
    desk.receipts.due(A)
    await asyncio.sleep(LATER_S * 1.5)
    await desk.receipts.close()
    assert desk.given == []
