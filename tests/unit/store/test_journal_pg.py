"""The journal in PostgreSQL: nothing of a former owner gets in, nothing is doubled, and others read along."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from acd.demo.postgresql import Cluster
from acd.domain.events import Event
from acd.store import journal_pg
from acd.store.journal_pg import JournalReader, PostgresJournal
from acd.store.lease import Lease
from acd.store.seat import Seat
from tests.fakes.fault_proxy import TO_CLIENT, FaultProxy
from tests.unit.store.test_journal_contract import event, events
from tests.unit.store.waiting import until


async def take(url: str, cluster: Cluster) -> int:
    """Have the seat change hands, whoever had it."""
    cluster.sql("UPDATE engine_lease SET expires = '-infinity'", url.rsplit("/", 1)[1])
    seat = Seat(url, "test")
    token = await seat.take(await seat.look(), Lease())
    seat.close()
    assert token is not None
    return token


class Owner:
    """A journal that is written, and what was said about it."""

    def __init__(self, url: str) -> None:
        self.told: list[str] = []
        self.deposed: list[bool] = []
        self.journal = PostgresJournal(
            url, on_error=self.told.append, on_deposed=lambda: self.deposed.append(True), keep_all=False
        )


@asynccontextmanager
async def owner(url: str, token: int, seq: int = 0) -> AsyncIterator[Owner]:
    made = Owner(url)
    made.journal.own(token, seq)
    try:
        yield made
    finally:
        await made.journal.close()


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[JournalReader]:
    reader = JournalReader(url)
    try:
        yield reader
    finally:
        reader.close()


async def test_nothing_of_a_former_owner_is_written_neither_event_nor_snapshot(
    journal_url: str, cluster: Cluster
) -> None:
    async with owner(journal_url, await take(journal_url, cluster)) as old:
        old.journal.append(event(0))
        await old.journal.flush()
        new_token = await take(journal_url, cluster)
        old.journal.append(event(666))
        old.journal.snapshot(b"of the past")
        await old.journal.flush()
        assert old.deposed == [True]
        assert "another engine has the lease" in old.journal.health().failing
        old.journal.append(event(667))
        async with owner(journal_url, new_token, 1) as new:
            new.journal.append(event(1))
            assert await new.journal.load() == (None, events(0, 2))


async def test_a_group_whose_answer_got_lost_is_not_doubled(
    journal_url: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_pg, "COMMIT_S", 0.5)
    token = await take(journal_url, cluster)
    async with (
        FaultProxy(("127.0.0.1", cluster.port)) as proxy,
        owner(journal_url.replace(f":{cluster.port}/", f":{proxy.port}/"), token) as one,
    ):
        one.journal.append(event(0))
        await one.journal.flush()
        proxy.swallow(TO_CLIENT)
        one.journal.append(event(1))
        one.journal.append(event(2))
        async with reading(journal_url) as reader:
            found: list[Event] = []
            while len(found) < 3:
                found += [e for _seq, e in (await reader.read()).events]
        await until(lambda: bool(one.journal.health().failing))
        proxy.heal()
        one.journal.append(event(3))
        await one.journal.flush()
        assert await PostgresJournal(journal_url).load() == (None, events(0, 4))


@pytest.mark.parametrize("fault", ["freeze", "swallow", "delay"])
async def test_a_database_that_says_nothing_any_more_is_given_up_and_found_again(
    journal_url: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(journal_pg, "COMMIT_S", 0.5)
    token = await take(journal_url, cluster)
    async with (
        FaultProxy(("127.0.0.1", cluster.port)) as proxy,
        owner(journal_url.replace(f":{cluster.port}/", f":{proxy.port}/"), token) as one,
    ):
        one.journal.append(event(0))
        await one.journal.flush()
        match fault:
            case "freeze":
                proxy.freeze()
            case "swallow":
                proxy.swallow()
            case "delay":
                proxy.delay(2.0)
        one.journal.append(event(1))
        await until(lambda: one.journal.health().failing.endswith("no answer in time"))
        proxy.heal()
        one.journal.append(event(2))
        await one.journal.flush()
        assert await PostgresJournal(journal_url).load() == (None, events(0, 3))


async def test_a_reader_gets_what_is_added_and_knows_up_to_where_it_is_settled(
    journal_url: str, cluster: Cluster
) -> None:
    async with owner(journal_url, await take(journal_url, cluster)) as one, reading(journal_url) as reader:
        first = await reader.read()
        assert (first.anew, first.state, first.events, first.settled) == (True, None, (), 0)
        one.journal.append(event(0))
        one.journal.snapshot(b"zero")
        one.journal.append(event(1))
        await one.journal.flush()
        second = await reader.read()
        assert (second.anew, second.settled) == (False, 1)
        assert second.events == ((1, event(0)), (2, event(1)))
        assert (await reader.read()).events == ()
        async with reading(journal_url) as late:
            read = await late.read()
            assert (read.anew, read.state, read.events) == (True, b"zero", ((2, event(1)),))


async def test_a_reader_begins_anew_after_a_gap(journal_url: str, cluster: Cluster) -> None:
    async with owner(journal_url, await take(journal_url, cluster)) as one, reading(journal_url) as reader:
        one.journal.append(event(0))
        await one.journal.flush()
        await reader.read()
        one.journal._lose("a test says so")
        one.journal.append(event(1))
        one.journal.snapshot(b"with one")
        one.journal.append(event(2))
        await one.journal.flush()
        read = await reader.read()
        assert (read.anew, read.state, [e for _seq, e in read.events]) == (True, b"with one", [event(2)])
        assert not (await reader.read()).anew


async def test_a_reader_begins_anew_when_events_were_pruned_before_it_read_them(
    journal_url: str, cluster: Cluster
) -> None:
    async with owner(journal_url, await take(journal_url, cluster)) as one, reading(journal_url) as reader:
        one.journal.append(event(0))
        await one.journal.flush()
        await reader.read()
        for n in range(1, 40):
            one.journal.append(event(n))
            if n % 10 == 9:
                one.journal.snapshot(str(n).encode())
        await one.journal.flush()
        await until(lambda: not one.journal._prune_to)
        one.journal.append(event(40))
        await one.journal.flush()
        read = await reader.read()
        assert (read.anew, read.state, [e for _seq, e in read.events]) == (True, b"39", [event(40)])


async def test_many_events_come_in_portions(journal_url: str, cluster: Cluster) -> None:
    async with owner(journal_url, await take(journal_url, cluster)) as one, reading(journal_url) as reader:
        for one_event in events(0, 2300):
            one.journal.append(one_event)
        await one.journal.flush()
        read = [await reader.read() for _ in range(3)]
        assert [r.more for r in read] == [True, True, False]
        assert [e for r in read for _seq, e in r.events] == events(0, 2300)
        assert reader.after == 2300
