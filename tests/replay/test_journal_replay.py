"""A journal gives the decisions again that were carried out while it was written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import make_app
from acd.domain.events import CallArrived
from acd.store.journal import SqliteJournal
from acd.store.journal_file import open_journal
from tests.fakes.virtual_time import run
from tests.replay.episode import Episode, a_busy_morning, a_storm

ROOT = Path(__file__).parents[2]


def replayed(journal: Path, *options: str) -> list[str]:
    """What ``acd replay`` prints, in this process."""
    result = CliRunner().invoke(make_app("replay"), ["replay", str(journal), *options])
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def replayed_elsewhere(journal: Path, hash_seed: str) -> list[str]:
    """What ``acd replay`` prints, in a process whose sets and dictionaries of strings hash differently."""
    done = subprocess.run(
        [sys.executable, "-m", "acd", "replay", str(journal)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Episode:
    episode = Episode(tmp_path_factory.mktemp("morning") / "journal.db")
    run(a_busy_morning(episode))
    return episode


def test_replay_prints_the_commands_that_were_carried_out(morning: Episode) -> None:
    assert len(morning.lines) > 200
    assert replayed(morning.path) == morning.lines


def test_two_processes_print_the_same(morning: Episode) -> None:
    assert replayed_elsewhere(morning.path, "1") == morning.lines
    assert replayed_elsewhere(morning.path, "2") == morning.lines


def test_every_caller_of_the_morning_got_one_record(morning: Episode) -> None:
    with open_journal(morning.path) as stretch:
        arrived = [event.leg_id for _, event in stretch.events if isinstance(event, CallArrived)]
    assert sorted(str(record.contact_id) for record in morning.records.calls) == sorted(map(str, arrived))
    decided = [line for line in morning.lines if '"kind":"write_record"' in line]
    assert len(decided) == len(arrived)


def test_events_and_reasons_can_be_shown_too(morning: Episode) -> None:
    everything = replayed(morning.path, "--events", "--ignored")
    assert [line for line in everything if "\t> " in line and '"kind":"ignored"' not in line] == morning.lines
    assert sum("\t< " in line for line in everything) == morning.seq
    assert any('"kind":"ignored"' in line for line in everything)


def test_a_pruned_journal_replays_from_its_oldest_snapshot(tmp_path: Path) -> None:
    episode = Episode(tmp_path / "journal.db", keep_all=False)
    run(a_busy_morning(episode))
    lines = replayed(episode.path)
    assert 0 < len(lines) < len(episode.lines)
    assert lines == episode.lines[-len(lines) :]


@pytest.mark.parametrize("seed", range(8))
def test_storms_replay_as_they_were_lived(tmp_path: Path, seed: int) -> None:
    episode = Episode(tmp_path / "journal.db")
    run(a_storm(episode, seed, 400))
    assert replayed(episode.path) == episode.lines


def test_what_a_killed_process_decided_is_replayed_as_far_as_it_was_durable(tmp_path: Path) -> None:
    journal, lines = tmp_path / "journal.db", tmp_path / "lines"
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.replay.endless", str(journal), str(lines)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    with writer.stdout:
        try:
            durable = int(writer.stdout.readline())  # so many events are on disk, and it goes on
        finally:
            writer.kill()
            writer.wait()
    with open_journal(journal) as stretch:
        kept = sum(1 for _ in stretch.events)
    again = replayed(journal)
    decided = lines.read_text(encoding="utf-8").split("\n")[:-1]  # the last line may be half written
    common = min(len(again), len(decided))
    assert kept >= durable > 0
    assert again[:common] == decided[:common]
    assert int(decided[common - 1].split("\t")[0]) >= durable - 50
    run(SqliteJournal(journal).close())  # nobody holds it any more


def test_a_missing_journal_is_one_clear_line() -> None:
    result = CliRunner().invoke(make_app("replay"), ["replay", "/nowhere/journal.db"])
    assert result.exit_code == 1
    assert result.stderr == "acd replay: no journal at /nowhere/journal.db\n"


def test_a_file_that_is_no_journal_is_one_clear_line(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database, but long enough to be read as one " * 40, encoding="utf-8")
    result = CliRunner().invoke(make_app("replay"), ["replay", str(other)])
    assert result.exit_code == 1
    assert result.stderr.startswith("acd replay: cannot read the journal")
    assert len(result.stderr.splitlines()) == 1
