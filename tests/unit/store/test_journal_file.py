"""A journal can be read without owning it, also while it is being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.domain.errors import StoreError
from acd.domain.events import DigitPressed, Event
from acd.domain.ids import LegId
from acd.store import journal_file
from acd.store.journal import SqliteJournal
from acd.store.journal_file import open_journal
from tests.unit.store.waiting import until


def event(n: int) -> Event:
    return DigitPressed(float(n), LegId("leg"), "1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a journal? 100 %.sqlite"


async def test_a_whole_journal_is_read_from_its_first_event(path: Path) -> None:
    journal = SqliteJournal(path, keep_all=True)
    for n in range(1, 2501):
        journal.append(event(n))
        if n % 1000 == 0:
            journal.snapshot(b"s")
    await journal.flush()
    with open_journal(path) as stretch:  # the engine still has it open
        assert (stretch.state, stretch.after) == (None, 0)
        assert list(stretch.events) == [(n, event(n)) for n in range(1, 2501)]
    await journal.close()


async def test_a_pruned_journal_is_read_from_its_oldest_snapshot(path: Path) -> None:
    journal = SqliteJournal(path)
    for n in range(1, 31):
        journal.append(event(n))
        if n % 10 == 0:
            journal.snapshot(str(n).encode())
    await journal.flush()
    await until(lambda: not journal._prune_to)
    with open_journal(path) as stretch:
        assert (stretch.state, stretch.after) == (b"20", 20)
        assert [seq for seq, _event in stretch.events] == list(range(21, 31))
    await journal.close()


async def test_events_written_while_reading_are_read_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "PORTION", 2)
    journal = SqliteJournal(path)
    for n in range(1, 4):
        journal.append(event(n))
    await journal.flush()
    with open_journal(path) as stretch:
        assert [next(stretch.events)[0] for _ in range(3)] == [1, 2, 3]
        journal.append(event(4))
        await journal.flush()
        assert [seq for seq, _event in stretch.events] == [4]
    await journal.close()


async def test_replay_never_runs_across_lost_events(path: Path) -> None:
    journal = SqliteJournal(path, keep_all=True)
    journal.append(event(1))
    journal.snapshot(b"whole")
    journal.append(DigitPressed(2.0, LegId("\ud800"), "1"))
    journal.append(event(3))
    journal.snapshot(b"after the gap")
    journal.append(event(4))
    await journal.close()
    with open_journal(path) as stretch:
        assert stretch.state == b"after the gap"
        assert [e for _seq, e in stretch.events] == [event(4)]


async def test_entries_pruned_under_the_reader_are_an_error_not_a_silent_jump(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "PORTION", 2)
    journal = SqliteJournal(path)
    for n in range(1, 11):
        journal.append(event(n))
    await journal.flush()
    with open_journal(path) as stretch:
        next(stretch.events)
        journal.snapshot(b"1")
        journal.snapshot(b"2")
        journal.append(event(11))
        await journal.flush()
        await until(lambda: not journal._prune_to)
        with pytest.raises(StoreError, match="pruned while being read"):
            list(stretch.events)
    await journal.close()


def test_no_file_and_no_journal_are_store_errors(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no journal at"), open_journal(tmp_path / "none"):
        pass
    (tmp_path / "x").write_bytes(b"not a database at all" * 50)
    with pytest.raises(StoreError, match="cannot read the journal"), open_journal(tmp_path / "x"):
        pass
    assert not (tmp_path / "none").exists()
