"""Decisions and stories come back as they were, once for each offer and contact."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from acd.domain.decision import Decision, Story
from acd.domain.errors import StoreError
from acd.domain.ids import AgentId, ContactId
from acd.ports import Explanation
from acd.store.database import sqlite_url
from tests.engine_kit import Bench
from tests.unit.store.test_records import opened
from tests.unit.store.values import values

NOTHING = Explanation((), ())


def lived() -> Bench:
    """A caller who was offered to two agents and gave up."""
    bench = Bench()
    bench.login("ana", "budi")
    leg = bench.queued()
    bench.sleep(17)
    bench.hang_up(leg)
    return bench


async def test_what_the_engine_wrote_is_read_again(address: str) -> None:
    bench = lived()
    one, two = bench.decisions
    (story,) = bench.stories
    async with opened(address) as store:
        store.write([two, story, one])
        assert await store.explanation(one.contact_id) == Explanation((one, two), story.steps)
        assert await store.explanation(ContactId("nobody")) == NOTHING


async def test_an_offer_explained_again_after_a_restart_stays_one(address: str) -> None:
    bench = lived()
    one, two = bench.decisions
    (story,) = bench.stories
    for _ in range(2):
        async with opened(address) as store:
            store.write([one, two, replace(one, agent=AgentId("later")), story, replace(story, steps=())])
            await store.flush()
            assert await store.explanation(one.contact_id) == Explanation((one, two), story.steps)
            assert store.health().lost == 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(decision=values(Decision), story=values(Story))
def test_any_decision_and_story_come_back_equal(
    tmp_path_factory: pytest.TempPathFactory, decision: Decision, story: Story
) -> None:
    async def episode() -> None:
        async with opened(sqlite_url(tmp_path_factory.mktemp("any") / "r.sqlite")) as store:
            store.write([decision, story])
            await store.flush()
            assert (await store.explanation(decision.contact_id)).decisions == (decision,)
            assert (await store.explanation(story.contact_id)).steps == story.steps

    asyncio.run(episode())


async def test_a_decision_that_cannot_be_written_holds_up_no_other_row(address: str) -> None:
    told: list[str] = []
    one, two = lived().decisions
    async with opened(address, on_error=told.append) as store:
        store.write([replace(one, policy="\ud800"), two])
        await store.flush()
        assert (await store.explanation(two.contact_id)).decisions == (two,)
    assert told[-1].startswith(f"the decision of contact {one.contact_id!r} is not kept")


async def test_a_decision_this_version_cannot_read_is_a_store_error(tmp_path: Path) -> None:
    one, _ = lived().decisions
    async with opened(sqlite_url(tmp_path / "r.sqlite")) as store:
        store.write([one])
        await store.flush()
        with sqlite3.connect(tmp_path / "r.sqlite") as database:
            database.execute("UPDATE decisions SET account = '{}'")
        database.close()
        with pytest.raises(StoreError, match="not a Decision"):
            await store.explanation(one.contact_id)
