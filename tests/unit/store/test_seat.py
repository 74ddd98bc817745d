"""The seat in a real PostgreSQL: one has it, it changes hands, and a fault of the network gives it to nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest

from acd.demo.postgresql import Cluster
from acd.domain.errors import StoreError
from acd.store import seat as seat_module
from acd.store.lease import Lease, elapsed
from acd.store.pg import Line, address, database_of, said
from acd.store.seat import Keeper, Seat, Turn
from tests.fakes.fault_proxy import FaultProxy
from tests.unit.store.waiting import until


class Holder:
    """An engine, as far as the seat goes."""

    def __init__(self, url: str, name: str = "a") -> None:
        self.lease = Lease()
        self.seat = Seat(url, name)
        self.turn = Turn(self.seat, self.lease)
        self.lost = threading.Event()
        self.troubles: list[str] = []
        self.keeper = Keeper(url, self.lease, on_lost=self.lost.set, on_trouble=self.troubles.append)
        self.token = 0

    async def hold(self) -> int:
        async with asyncio.timeout(20):
            while (token := await self.turn.take()) is None:  # noqa: ASYNC110 - seen only by asking
                await asyncio.sleep(0.05)
        self.token = token
        self.keeper.start(token)
        return token


@asynccontextmanager
async def holder(url: str, name: str = "a") -> AsyncIterator[Holder]:
    one = Holder(url, name)
    try:
        yield one
    finally:
        await one.keeper.release()
        one.seat.close()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[FaultProxy, str]]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    async with FaultProxy((parts.hostname, parts.port)) as proxy:
        yield proxy, url.replace(f":{parts.port}/", f":{proxy.port}/")


async def test_only_one_of_many_who_see_it_free_gets_it(journal_url: str) -> None:
    many = [Holder(journal_url, f"e{n}") for n in range(8)]
    tokens = await asyncio.gather(*(one.turn.take() for one in many))
    assert sorted(token is None for token in tokens) == [False] + [True] * 7
    assert [one.lease.holds() for one in many] == [token is not None for token in tokens]
    for one in many:
        one.seat.close()


async def test_it_is_kept_as_long_as_its_holder_lives_and_given_back_at_once(journal_url: str) -> None:
    async with holder(journal_url) as first, holder(journal_url, "b") as second:
        token = await first.hold()
        before = await second.seat.look()
        assert (before.holder, before.free, before.over) == ("a", False, False)
        assert await second.turn.take() is None
        while (await second.seat.look()).beat == before.beat:  # noqa: ASYNC110 - seen only by asking
            await asyncio.sleep(0.05)
        assert first.lease.verified()
        await first.keeper.release()
        assert not first.lease.holds()
        assert await second.turn.take() == token + 1
        assert not second.turn.seized


async def test_a_dead_holders_seat_is_taken_and_it_finds_out_when_it_comes_back(journal_url: str) -> None:
    async with proxied(journal_url) as (proxy, url), holder(url) as first, holder(journal_url, "b") as second:
        await first.hold()
        proxy.freeze()
        proxy.mute_newcomers()
        await second.hold()
        assert second.turn.seized
        assert not first.lease.verified()
        assert not first.lost.is_set()
        proxy.heal()
        proxy.reset()
        await until(first.lost.is_set)
        assert not first.lease.holds()
        assert second.lease.verified()


@pytest.mark.parametrize("fault", ["freeze", "refuse", "reset", "delay"])
async def test_an_engine_keeps_its_seat_over_any_fault_when_nobody_else_takes_it(journal_url: str, fault: str) -> None:
    async with proxied(journal_url) as (proxy, url), holder(url) as first:
        token = await first.hold()
        match fault:
            case "freeze":
                proxy.freeze()
            case "refuse":
                proxy.refuse_newcomers()
                proxy.reset()
            case "reset":
                proxy.mute_newcomers()
                proxy.reset()
            case "delay":
                proxy.delay(3.0)
        await until(lambda: not first.lease.verified())
        await until(lambda: bool(first.troubles))
        assert not first.lease.holds(), "no witness"
        first.lease.witnessed(elapsed())
        assert first.lease.holds()
        proxy.heal()
        await until(first.lease.verified)
        assert (await first.seat.look()).token == token
        assert not first.lost.is_set()


async def test_a_database_that_restarts_leaves_the_seat_with_its_holder(journal_url: str, cluster: Cluster) -> None:
    async with holder(journal_url) as first, holder(journal_url, "b") as second:
        token = await first.hold()
        cluster.kill()
        await until(lambda: bool(first.troubles))
        with pytest.raises(StoreError):
            await second.turn.take()
        second.turn.blinded()
        await until(lambda: not first.lease.verified())
        cluster.start()
        await until(first.lease.verified)
        seen = await second.seat.look()
        assert (seen.token, seen.holder) == (token, "a")
        assert await second.turn.take() is None


async def test_a_process_stopped_amid_a_transaction_does_not_keep_its_successor_waiting(journal_url: str) -> None:
    async with holder(journal_url) as first, holder(journal_url, "b") as second:
        first.token = await first.turn.take() or 0
        line = Line(journal_url)

        async def begin(connection: asyncpg.Connection) -> None:
            await connection.execute("BEGIN")
            await connection.execute("SELECT token FROM engine_lease FOR KEY SHARE")

        await line.do(begin, 5)
        await second.hold()
        assert line._connection is not None
        assert line._connection.is_closed()


async def test_a_release_that_the_database_does_not_hear_ends_all_the_same(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seat_module, "ANSWER_S", 0.2)
    async with proxied(journal_url) as (proxy, url), holder(url) as first:
        await first.hold()
        proxy.freeze()
        proxy.mute_newcomers()
        await first.keeper.release()
        assert "could not be given back" in first.troubles[-1]
        proxy.heal()


def test_addresses_and_errors_in_plain_words() -> None:
    given = "postgresql+asyncpg://acd:pw@db.example:5433/calls?ssl=require"
    assert address(given) == "postgresql://acd:pw@db.example:5433/calls?sslmode=require"
    assert database_of(given) == ("db.example", 5433, "calls")
    assert database_of("postgresql+asyncpg://db/acd") == ("db", 5432, "acd")
    assert said(TimeoutError()) == "no answer in time"
    assert said(ConnectionRefusedError(111, "Connection refused")) == "Connection refused"
    assert said(OSError()) == "OSError"
