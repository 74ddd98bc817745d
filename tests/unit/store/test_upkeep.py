"""Months are there before they come, and what is too old goes with all that belongs to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import func, select, text

from acd.domain.decision import Spoke, Story
from acd.domain.ids import ContactId, Language
from acd.domain.record import CallRecord, HookDone, HookRow
from acd.ports import RecordFilter
from acd.store import tables, upkeep
from acd.store.database import make_engine
from acd.store.records import open_records
from acd.store.upkeep import Keeping, begin_of, keep_up, month_of, partition_of
from tests.engine_kit import Bench
from tests.unit.store.test_records import all_pages, record, recording

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


def at(year: int, month: int, day: int = 15) -> float:
    return datetime(year, month, day, tzinfo=UTC).timestamp()


def ended(n: int, moment: float) -> CallRecord:
    return record(n, ended_at=moment)


async def partitions(url: str) -> dict[str, int]:
    """Rows by partition."""
    engine = make_engine(url)
    async with engine.connect() as connection:
        found = await connection.execute(
            text("SELECT tableoid::regclass::text, count(*) FROM call_records GROUP BY 1 ORDER BY 1")
        )
        counts = dict(map(tuple, found))
    await engine.dispose()
    return counts


async def names(url: str) -> list[str]:
    engine = make_engine(url)
    async with engine.connect() as connection:
        there = await connection.run_sync(upkeep._partitions)
    await engine.dispose()
    return [partition_of(month) for month in sorted(there)]


async def kept_up(url: str, keeping: Keeping, now: float = NOW) -> int:
    engine = make_engine(url)
    removed = await keep_up(engine, keeping, now)
    await engine.dispose()
    return removed


def test_months_begin_at_midnight_utc() -> None:
    assert begin_of(month_of(NOW)) == at(2026, 11, 1)
    assert begin_of(month_of(at(2026, 12)) + 1) == at(2027, 1, 1)
    assert partition_of(month_of(at(2026, 1))) == "call_records_2026_01"


async def test_months_are_made_ahead_and_made_once(migrated_url: str) -> None:
    for _ in range(2):
        await kept_up(migrated_url, Keeping())
        assert await names(migrated_url) == [
            f"call_records_{month}" for month in ("2026_11", "2026_12", "2027_01", "2027_02")
        ]
    await kept_up(migrated_url, Keeping(), at(2027, 1))
    assert (await names(migrated_url))[-1] == "call_records_2027_04"


async def test_records_of_months_nobody_made_move_there_and_each_stays_once(migrated_url: str) -> None:
    store = await open_records(migrated_url)
    moments = [at(2026, 9), at(2026, 9, 30), at(2026, 11), at(2026, 11, 1), 5.0, 9e12]
    made = [ended(n, moment) for n, moment in enumerate(moments)]
    store.write(made)
    await store.stored()
    assert await partitions(migrated_url) == {"call_records_rest": 6}
    await kept_up(migrated_url, Keeping())
    store.write([*made, replace(made[0], ended_at=at(2026, 12)), ended(9, at(2026, 12))])
    await store.stored()
    assert await partitions(migrated_url) == {
        "call_records_2026_09": 2, "call_records_2026_11": 2, "call_records_2026_12": 1, "call_records_rest": 2,
    }  # fmt: skip
    found = await all_pages(store, RecordFilter(limit=3))
    assert found == sorted([*made, ended(9, at(2026, 12))], key=lambda r: (r.ended_at, r.contact_id))
    await store.close()


async def test_what_is_too_old_goes_with_all_that_belongs_to_it(address: str) -> None:
    bench = Bench()
    bench.login("ana")
    bench.queued()
    (decision,) = bench.decisions
    store = await open_records(address)
    moments = [at(2026, 7), at(2026, 8, 31), at(2026, 9, 1), at(2026, 11)]
    for n, moment in enumerate(moments):
        contact = record(n).contact_id
        store.write([ended(n, moment), recording(n), replace(decision, contact_id=contact, at=moment)])
        store.write([Story(contact, (Spoke(moment, Language("id")),)), HookRow(f"h{n}", "crm", moment, "{}")])
    store.write([HookDone(f"h{n}", moments[n], delivered=True) for n in (0, 2)])
    await store.stored()
    for _ in range(2):
        await kept_up(address, Keeping())
        assert [r.contact_id for r in await all_pages(store, RecordFilter())] == [
            record(n).contact_id for n in range(4)
        ]
    assert await kept_up(address, Keeping(records=2)) == 2
    assert [r.contact_id for r in await all_pages(store, RecordFilter())] == ["c00002", "c00003"]
    for n, there in enumerate((False, False, True, True)):
        assert bool(await store.recordings(record(n).contact_id)) == there
        told = await store.explanation(record(n).contact_id)
        assert (bool(told.decisions), bool(told.steps)) == (there, there)
    engine = make_engine(address)
    async with engine.connect() as connection:
        hooks = await connection.scalars(select(tables.webhook_events.c.event_id))
        assert sorted(hooks) == ["h1", "h2", "h3"]  # h1 was never told
    await engine.dispose()
    if address.startswith("postgresql"):
        assert not {"call_records_2026_07", "call_records_2026_08"} & set(await names(address))
    await store.close()


async def test_decisions_and_ways_may_go_before_their_records(address: str) -> None:
    store = await open_records(address)
    for n, moment in enumerate((at(2026, 10, 31), at(2026, 11, 1))):
        store.write([ended(n, moment), Story(record(n).contact_id, (Spoke(moment, Language("id")),))])
    await store.stored()
    assert await kept_up(address, Keeping(records=24, decisions=1), at(2026, 12)) == 0
    told = [bool((await store.explanation(record(n).contact_id)).steps) for n in range(2)]
    assert told == [False, True]
    assert len(await all_pages(store, RecordFilter())) == 2
    await store.close()


async def test_many_go_in_portions_that_let_others_write(address: str) -> None:
    store = await open_records(address)
    store.write([ended(n, at(2020, 1)) for n in range(1200)])
    await store.stored()
    removed = await kept_up(address, Keeping(records=1))
    store.write([record(5000, contact_id=ContactId("new"), ended_at=NOW)])
    assert removed == 1200
    assert [r.contact_id for r in await all_pages(store, RecordFilter())] == ["new"]
    engine = make_engine(address)
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(tables.call_records)) == 1
    await engine.dispose()
    await store.close()
