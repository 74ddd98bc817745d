"""Call records and recording rows are kept once, in order, whatever the database does meanwhile."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.domain.errors import StoreError
from acd.domain.exits import Exit
from acd.domain.ids import (
    AgentId,
    ContactId,
    DispositionId,
    FlowId,
    Language,
    LegId,
    NodeId,
    QueueId,
    RecordingName,
    TrunkId,
)
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    DispositionRow,
    HookDone,
    HookRow,
    RecordCorrection,
    RecordingRow,
)
from acd.ports import RecordFilter
from acd.store import writer as writer_module
from acd.store.database import sqlite_url
from acd.store.records import SqlRecords, open_records
from tests.unit.store.values import values
from tests.unit.store.waiting import until


def record(n: int, **changes: Any) -> CallRecord:
    made = CallRecord(
        contact_id=ContactId(f"c{n:05}"),
        exit=Exit.ANSWERED,
        access_code="169",
        trunk=TrunkId("e1"),
        caller="0217001234",
        arrived_at=1000.0 + n,
        answered_at=1001.0 + n,
        queued_at=1002.0 + n,
        connected_at=1003.25 + n,
        ended_at=1010.125 + n,
        queue=QueueId("sales"),
        agent=AgentId("agent101"),
        language=Language("id"),
        flow=FlowId("main"),
        last_node=NodeId("sales"),
        cause=16,
        sip_code=200,
        recording=RecordingName(f"rec-{n}"),
        offers=1,
        within_target=True,
        plan_version="abc",
    )
    return replace(made, **changes)


def recording(n: int, **changes: Any) -> RecordingRow:
    made = RecordingRow(
        name=RecordingName(f"rec-{n}"),
        contact_id=ContactId(f"c{n:05}"),
        agent=AgentId("agent101"),
        started_at=1003.25 + n,
        talk_s=6.5,
        bytes=104_044,
        duration_s=6.5,
        ok=True,
        problem="",
    )
    return replace(made, **changes)


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[SqlRecords]:
    store = await open_records(url, **options)
    try:
        yield store
    finally:
        await store.close()


async def all_pages(store: SqlRecords, wanted: RecordFilter) -> list[CallRecord]:
    found: list[CallRecord] = []
    while True:
        page = await store.page(wanted)
        found += page.records
        if page.next is None:
            return found
        assert len(page.records) == wanted.limit
        wanted = replace(wanted, after=page.next)


async def test_what_is_written_comes_back_equal_also_after_reopening(tmp_path: Path) -> None:
    sparse = record(
        2, answered_at=None, queued_at=None, connected_at=None, queue=None, agent=None, within_target=None,
        trunk=None, language=None, flow=None, last_node=None, sip_code=None, recording=None, exit=Exit.BLOCKED,
    )  # fmt: skip
    async with opened(sqlite_url(tmp_path / "odd ? 100 % # name.sqlite")) as store:
        assert store.durable()
        store.write([record(1), recording(1), sparse])
        assert not store.durable()
        await store.flush()
        assert store.durable()
        assert await store.get(ContactId("c00001")) == record(1)
    async with opened(sqlite_url(tmp_path / "odd ? 100 % # name.sqlite")) as store:
        assert await store.get(ContactId("c00002")) == sparse
        assert await store.recordings(ContactId("c00001")) == (recording(1),)
        assert await store.get(ContactId("nobody")) is None
        assert await store.recordings(ContactId("nobody")) == ()
    assert (tmp_path / "odd ? 100 % # name.sqlite").is_file()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(values(CallRecord), max_size=3, unique_by=lambda r: r.contact_id), row=values(RecordingRow))
def test_any_record_comes_back_equal(
    tmp_path_factory: pytest.TempPathFactory, made: list[CallRecord], row: RecordingRow
) -> None:
    async def episode() -> None:
        async with opened(sqlite_url(tmp_path_factory.mktemp("any") / "r.sqlite")) as store:
            store.write([*made, row])
            await store.flush()
            for one in made:
                assert await store.get(one.contact_id) == one
            assert await store.recordings(row.contact_id) == (row,)

    asyncio.run(episode())


async def test_the_first_record_of_a_contact_stays(address: str) -> None:
    async with opened(address) as store:
        store.write([record(1), record(1, exit=Exit.ABANDONED)])
        store.write([record(1, exit=Exit.CLOSED), recording(1), recording(1, ok=False, problem="late")])
        await store.flush()
        assert (await all_pages(store, RecordFilter())) == [record(1)]
        assert (store.health().errors, store.health().lost) == (0, 0)
        assert await store.recordings(ContactId("c00001")) == (recording(1),)


async def test_a_disposition_said_after_the_record_stands_in_it_and_the_last_one_counts(address: str) -> None:
    async with opened(address) as records:
        records.write([record(1, disposition=DispositionId("a")), record(2)])
        ways = [
            (ContactId("c00001"), "b"),
            (ContactId("c00002"), "a"),
            (ContactId("c00001"), "c"),
            (ContactId("no"), "a"),
        ]
        records.write([DispositionRow(contact, DispositionId(way), AgentId("a1"), 5.0) for contact, way in ways])
        records.write([record(1)])  # written again after a crash
        assert [(r.contact_id, r.disposition) for r in (await records.page(RecordFilter())).records] == [
            ("c00001", "c"),
            ("c00002", "a"),
        ]


async def test_a_corrected_record_stands_in_place_of_the_first_one_wherever_it_is_looked_for(address: str) -> None:
    """In another month too, which is another partition in PostgreSQL; what an agent said meanwhile stays."""
    month_s = 31 * 86400.0
    async with opened(address) as records:
        first = record(1, exit=Exit.FAILED_TECHNICAL, ended_at=5000.0)
        records.write([first, record(2)])
        records.write([DispositionRow(first.contact_id, DispositionId("a"), AgentId("a1"), 5.0)])
        put_right = replace(
            first, exit=Exit.ANSWERED, ended_at=5000.0 + month_s, closed_as=first.exit, closed_at=first.ended_at
        )
        for _ in range(2):  # all again after a crash
            records.write([first, RecordCorrection(first.contact_id, put_right)])
        expected = replace(put_right, disposition=DispositionId("a"))
        assert await records.get(first.contact_id) == expected
        assert (await records.page(RecordFilter(exit=Exit.ANSWERED, since=5000.0 + month_s))).records == (expected,)
        assert (await records.page(RecordFilter(exit=Exit.FAILED_TECHNICAL))).records == ()
        corrected = RecordCorrection(first.contact_id, replace(put_right, disposition=DispositionId("b")))
        records.write([corrected, RecordCorrection(ContactId("no"), put_right)])
        found = (await records.page(RecordFilter())).records
        assert sorted(r.contact_id for r in found) == ["c00001", "c00002"]
        assert found[-1].disposition == "b"


async def test_pages_give_every_record_once_in_order_of_their_end(address: str) -> None:
    async with opened(address) as store:
        same_end = [record(n, ended_at=5000.1) for n in range(40)]
        others = [record(n) for n in range(40, 60)]
        store.write([*reversed(same_end), *reversed(others)])
        await store.flush()
        for limit in (1, 7, 59, 60, 1000):
            assert await all_pages(store, RecordFilter(limit=limit)) == [*others, *same_end]


async def test_filters_choose_by_end_exit_and_queue(address: str) -> None:
    async with opened(address) as store:
        made = [
            record(n, queue=QueueId("sales" if n % 2 else "help"), exit=Exit.ABANDONED if n % 3 else Exit.ANSWERED)
            for n in range(30)
        ]
        store.write(made)
        await store.flush()
        since, until_ = made[5].ended_at, made[20].ended_at
        assert await all_pages(store, RecordFilter(since=since, until=until_, limit=4)) == made[5:20]
        wanted = RecordFilter(exit=Exit.ANSWERED, queue=QueueId("sales"), limit=2)
        assert await all_pages(store, wanted) == [made[n] for n in (3, 9, 15, 21, 27)]


@pytest.mark.parametrize("cursor", ["", "x", "%%%", "AAAA", "WzEsMl0", "bnVsbA", "é", "=" * 5, "A" * 100_000])
async def test_a_cursor_that_is_none_is_a_value_error(address: str, cursor: str) -> None:
    async with opened(address) as store:
        with pytest.raises(ValueError, match="not a cursor"):
            await store.page(RecordFilter(after=cursor))


async def test_while_the_database_is_locked_rows_wait_and_are_written_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "BACK_OFF_S", (0.01,))
    told: list[str] = []
    path = tmp_path / "r.sqlite"
    async with opened(sqlite_url(path), on_error=told.append) as store:
        async with store._engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=0")
        blocker = sqlite3.connect(path)
        blocker.execute("begin immediate")
        try:
            store.write([record(n) for n in range(3)])
            await until(lambda: store.health().errors > 2)
            assert "locked" in store.health().failing
            assert store.health().backlog == 3
            assert not store.durable()
            assert store.health().lost == 0
        finally:
            blocker.rollback()
            blocker.close()
        await store.flush()
        assert store.health().failing == ""
        assert await all_pages(store, RecordFilter()) == [record(n) for n in range(3)]
    assert "locked" in told[0]
    assert "0217001234" not in "".join(told)


async def test_a_row_the_database_will_never_take_is_reported_and_does_not_hold_up_the_others(address: str) -> None:
    told: list[str] = []
    async with opened(address, on_error=told.append) as store:
        bad = [record(1, caller="\ud800"), record(2, cause=2**70), record(3, ended_at=float("nan"))]
        store.write([record(0), *bad, record(4)])
        await store.flush()
        assert await all_pages(store, RecordFilter()) == [record(0), record(4)]
        assert store.health().lost == 3
        assert next(m for m in told if "is not kept" in m).startswith("the call record of contact 'c00001'")
        assert store.health().backlog == 0


async def test_rows_beyond_the_backlog_are_refused_and_counted(address: str) -> None:
    told: list[str] = []
    async with opened(address, on_error=told.append, max_backlog=2) as store:
        store.write([record(1), record(2), record(3)])
        assert store.health().lost == 1
        await store.flush()
        assert len(await all_pages(store, RecordFilter())) == 2
    assert "too many rows" in told[0]


async def test_close_writes_what_waits_and_reports_what_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    path = tmp_path / "r.sqlite"
    async with opened(sqlite_url(path)) as store:
        store.write([record(n) for n in range(1200)])
    monkeypatch.setattr(writer_module, "CLOSE_S", 0.05)
    async with opened(sqlite_url(path), on_error=told.append) as store:
        assert len(await all_pages(store, RecordFilter(limit=1000))) == 1200
        async with store._engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout=0")
        blocker = sqlite3.connect(path)
        blocker.execute("begin immediate")
        store.write([record(5000)])
        await store.close()
        blocker.rollback()
        blocker.close()
        assert "before the end" in told[-1]
        store.write([record(5001)])
        assert "the store is closed" in told[-1]
    await until(lambda: not [t for t in threading.enumerate() if "_connection_worker" in t.name])


async def test_a_database_that_cannot_be_used_is_a_store_error(tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_bytes(b"not a database, only words " * 100)
    for url in (sqlite_url(letter), sqlite_url(tmp_path / "no" / "folder"), "nonsense", "oracle+nothing://x"):
        with pytest.raises(StoreError, match="cannot use the database"):
            await open_records(url)


async def test_reading_a_database_that_went_bad_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    async with opened(sqlite_url(path)) as store:
        store.write([record(1)])
        await store.flush()
        rows = sqlite3.connect(path)
        rows.execute("update call_records set exit = 'sublimated'")
        rows.commit()
        with pytest.raises(StoreError, match="does not know"):
            await store.page(RecordFilter())
        rows.execute("drop table call_records")
        rows.commit()
        rows.close()
        with pytest.raises(StoreError, match="no such table"):
            await store.get(ContactId("c00001"))


async def test_outbound_calls_are_kept_once_and_given_in_their_order(address: str) -> None:
    def call(n: int, **changes: Any) -> CallbackAttempt:
        made = CallbackAttempt(
            LegId(f"acd-l-c00001-c{n}"), ContactId("c00001"), "0811222333", TrunkId("e1"), 1000.0 + n, None, 1012.0 + n,
            "busy", 17, 486,
        )  # fmt: skip
        return replace(made, **changes)

    async with opened(address) as store:
        store.write([call(2), call(1), call(1, outcome="failed"), record(1, attempts=2, follows=ContactId("c0"))])
        await store.flush()
        assert await store.attempts(ContactId("c00001")) == (call(1), call(2))
        assert await store.attempts(ContactId("c00002")) == ()
        kept = await store.get(ContactId("c00001"))
    assert kept is not None
    assert (kept.attempts, kept.follows) == (2, "c0")


async def test_events_wait_for_their_webhook_also_after_reopening_until_they_are_done(tmp_path: Path) -> None:
    rows = [HookRow(f"e{number}", "crm", float(number), '{"nib": "8120001234567"}') for number in (3, 1, 2)]
    async with opened(sqlite_url(tmp_path / "r.sqlite")) as records:
        records.write(rows)
        records.write([HookDone("e2", 9.0, delivered=True), HookDone("unknown", 9.0, delivered=False)])
        records.write(rows)  # written again after a crash
    async with opened(sqlite_url(tmp_path / "r.sqlite")) as records:
        assert await records.pending_hooks() == (rows[1], rows[0])
        records.write([HookDone("e1", 9.0, delivered=False), HookDone("e3", 9.0, delivered=True)])
        await records.flush()
        assert await records.pending_hooks() == ()
    assert b"8120001234567" not in (tmp_path / "r.sqlite").read_bytes()


async def test_an_event_that_cannot_be_kept_is_reported_by_its_id(address: str) -> None:
    told: list[str] = []
    async with opened(address, on_error=told.append, max_backlog=0) as records:
        records.write([HookRow("e1", "crm", 1.0, "{}"), HookDone("e1", 2.0, delivered=True)])
    assert [text.split(" is not kept")[0] for text in told] == [
        "the webhook event of e1", "the end of a webhook event of e1",
    ]  # fmt: skip
