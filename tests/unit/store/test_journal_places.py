"""A snapshot made slowly stands in the journal where its state was, whatever was appended, written or lost since."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.store.journal import SqliteJournal
from acd.store.journal_file import open_journal
from tests.fakes.virtual_time import run
from tests.unit.store.test_journal import _shrink, event, opened
from tests.unit.store.waiting import until


@pytest.mark.parametrize("durable", ["nothing", "what came before", "everything"])
async def test_events_appended_after_its_place_come_after_the_snapshot(tmp_path: Path, durable: str) -> None:
    async with opened(tmp_path / "j.sqlite") as journal:
        journal.append(event(1))
        if durable == "what came before":
            await journal.flush()
        place = journal.place()
        journal.append(event(2))
        if durable == "everything":
            await journal.flush()
        journal.snapshot(b"one", place)
        journal.append(event(3))
        assert await journal.load() == (b"one", [event(2), event(3)])


async def test_places_count_on_in_the_next_life(tmp_path: Path) -> None:
    async with opened(tmp_path / "j.sqlite") as journal:
        journal.append(event(1))
        journal.append(event(2))
    async with opened(tmp_path / "j.sqlite") as journal:
        place = journal.place()
        journal.append(event(3))
        journal.snapshot(b"two", place)
        assert await journal.load() == (b"two", [event(3)])


async def test_a_snapshot_of_an_earlier_place_ends_no_gap(tmp_path: Path) -> None:
    async with opened(tmp_path / "j.sqlite") as journal:
        journal.append(event(1))
        place = journal.place()
        journal.append(event(float("nan")))  # type: ignore[arg-type] # cannot be kept
        journal.snapshot(b"before the loss", place)
        assert journal.health().gap
        journal.snapshot(b"whole")
        assert not journal.health().gap
        assert (await journal.load())[0] == b"whole"


@pytest.mark.parametrize("keep_all", [False, True])
async def test_while_the_disk_refuses_only_what_stands_before_the_place_is_needless(
    tmp_path: Path, *, keep_all: bool
) -> None:
    path = tmp_path / "j.sqlite"
    async with opened(path, keep_all=keep_all) as journal:
        await _shrink(journal)
        blocker = sqlite3.connect(path)
        blocker.execute("begin immediate")
        try:
            journal.append(event(0))
            await until(lambda: bool(journal.health().failing))
            for n in range(1, 6):
                journal.append(event(n))
            place = journal.place()
            for n in range(6, 9):
                journal.append(event(n))
            journal.snapshot(b"five", place)
            journal.append(event(9))
            assert journal.health().backlog == (11 if keep_all else 6)
            later = journal.place()
            journal.append(event(10))
            journal.snapshot(b"nine", later)
        finally:
            blocker.rollback()
            blocker.close()
        assert await journal.load() == (b"nine", [event(10)])
        with open_journal(path) as stretch:  # what is kept is without holes
            assert [e for _seq, e in stretch.events][-1] == event(10)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["append", "append", "append", "copy", "keep", "flush", "whole"]), max_size=40))
def test_whatever_the_order_the_journal_gives_the_state_again(tmp_path_factory: pytest.TempPathFactory,
                                                              steps: list[str]) -> None:  # fmt: skip
    """The state is the number of events seen: a snapshot and the events after it must always add up."""

    async def live(path: Path) -> None:
        seen, copied = 0, None
        journal = SqliteJournal(path)
        for step in steps:
            match step:
                case "append":
                    journal.append(event(seen))
                    seen += 1
                case "copy":
                    copied = (seen, journal.place())
                case "keep" if copied is not None:
                    journal.snapshot(str(copied[0]).encode(), copied[1])
                case "whole":
                    journal.snapshot(str(seen).encode())
                    copied = None
                case "flush":
                    await journal.flush()
        await journal.close()
        journal = SqliteJournal(path)
        state, after = await journal.load()
        await journal.close()
        begun = int(state or b"0")
        assert list(after) == [event(n) for n in range(begun, seen)]

    run(live(tmp_path_factory.mktemp("j") / "j.sqlite"))
