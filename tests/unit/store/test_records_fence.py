"""Records of an engine that another one has replaced are refused by the database."""

from __future__ import annotations

import asyncio

from acd.demo.postgresql import Cluster
from acd.domain.ids import ContactId
from acd.store.records import open_records
from acd.store.seat import Seat
from tests.unit.store.test_journal_pg import take
from tests.unit.store.test_records import record


async def test_records_of_a_former_owner_are_refused_and_those_of_the_new_one_stay(
    journal_url: str, cluster: Cluster
) -> None:
    told: list[str] = []
    old = await open_records(journal_url, on_error=told.append)
    old.fence(await take(journal_url, cluster))
    old.write([record(1)])
    await old.flush()
    new = await open_records(journal_url)
    new.fence(await take(journal_url, cluster))
    old.write([record(2, caller="of the past"), record(3)])
    await old.flush()
    assert old.health().lost == 2
    assert "another engine has the lease" in told[-1]
    old.write([record(4)])
    new.write([record(2)])
    await new.flush()
    assert await new.get(ContactId("c00002")) == record(2)
    assert await new.get(ContactId("c00003")) is None
    assert await new.get(ContactId("c00004")) is None
    await old.close()
    await new.close()


async def test_the_seat_does_not_change_hands_between_the_look_at_the_token_and_the_commit(
    journal_url: str, cluster: Cluster
) -> None:
    token = await take(journal_url, cluster)
    store = await open_records(journal_url)
    store.fence(token)
    seat = Seat(journal_url, "b")
    async with store._engine.connect() as connection:
        await store._writer._still_ours(connection)
        cluster.sql("UPDATE engine_lease SET expires = '-infinity'", journal_url.rsplit("/", 1)[1])
        taking = asyncio.create_task(take(journal_url, cluster))
        done, _ = await asyncio.wait([taking], timeout=0.3)
        assert not done
        await connection.commit()
    assert await taking == token + 1
    seat.close()
    await store.close()
