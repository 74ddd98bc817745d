"""Messages are kept once, found by queue, state and time, and only ever come further."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from acd.domain.ids import ContactId, Language, QueueId, RecordingName, VoicemailId
from acd.domain.voicemail import Marking, VoicemailMark, VoicemailRow
from acd.ports import VoicemailFilter
from acd.store.database import sqlite_url
from acd.store.records import SqlRecords, open_records

LKPM, UMUM = QueueId("lkpm"), QueueId("umum")


def message(number: int, queue: QueueId = LKPM) -> VoicemailRow:
    name = f"c{number}-r1"
    return VoicemailRow(
        id=VoicemailId(name),
        contact_id=ContactId(f"c{number}"),
        queue=queue,
        language=Language("id") if number else None,
        caller="0811222333",
        left_at=1000.0 + number,
        duration_s=7.5,
        recording=RecordingName(f"acd/{name}"),
    )


def mark(number: int, state: Marking, by: str = "agent/a") -> VoicemailMark:
    return VoicemailMark(VoicemailId(f"c{number}-r1"), state, by, 2000.0)


@pytest_asyncio.fixture
async def records(address: str) -> AsyncIterator[SqlRecords]:
    opened = await open_records(address)
    yield opened
    await opened.close()


async def found(records: SqlRecords, wanted: VoicemailFilter) -> list[str]:
    return [row.id.split("-")[0] for row in (await records.voicemails(wanted)).voicemails]


async def test_a_message_comes_back_as_it_was_kept_and_the_first_one_stays(records: SqlRecords) -> None:
    records.write([message(0), message(1), replace(message(1), caller="other")])
    assert [await records.voicemail(VoicemailId(f"c{n}-r1")) for n in (0, 1)] == [message(0), message(1)]
    assert await records.voicemail(VoicemailId("c9-r1")) is None


async def test_messages_are_found_by_queue_state_and_time(records: SqlRecords) -> None:
    records.write([message(0), message(1, UMUM), message(2), message(3), mark(2, "heard"), mark(3, "done")])
    assert await found(records, VoicemailFilter()) == ["c0", "c1", "c2", "c3"]
    assert await found(records, VoicemailFilter(queues=(LKPM,))) == ["c0", "c2", "c3"]
    assert await found(records, VoicemailFilter(states=("new",))) == ["c0", "c1"]
    assert await found(records, VoicemailFilter(states=("heard", "done"))) == ["c2", "c3"]
    assert await found(records, VoicemailFilter(since=1001.0, until=1003.0)) == ["c1", "c2"]


async def test_pages_follow_each_other_without_gap(records: SqlRecords) -> None:
    records.write([message(n) for n in range(5)])
    seen: list[str] = []
    after = None
    while True:
        page = await records.voicemails(VoicemailFilter(limit=2, after=after))
        seen += [row.id for row in page.voicemails]
        if (after := page.next) is None:
            break
    assert seen == [f"c{n}-r1" for n in range(5)]
    with pytest.raises(ValueError, match="cursor"):
        await records.voicemails(VoicemailFilter(after="nonsense"))


async def test_a_message_only_ever_comes_further(records: SqlRecords) -> None:
    records.write([message(0), mark(0, "heard", "agent/a"), mark(0, "heard", "agent/b")])
    row = await records.voicemail(message(0).id)
    assert row == replace(message(0), state="heard", by="agent/a", changed_at=2000.0)
    records.write([mark(0, "done", "supervisor/s"), mark(0, "heard", "agent/b"), mark(0, "done", "agent/b")])
    row = await records.voicemail(message(0).id)
    assert row == replace(message(0), state="done", by="supervisor/s", changed_at=2000.0)


async def test_a_mark_that_cannot_be_kept_is_reported_with_its_contact(tmp_path: Path) -> None:
    told: list[str] = []
    records = await open_records(sqlite_url(tmp_path / "acd.db"), on_error=told.append)
    await records.close()
    records.write([mark(4, "done")])
    assert told == ["the state of a voicemail of contact 'c4' is not kept: the store is closed"]
