"""``acd simulate --faults`` as a developer runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from acd.cli.simulate import simulate
from acd.sim.faults.disk import Database

ROOT = Path(__file__).parents[3]
app = typer.Typer()
app.command()(simulate)
WORDS = ["--faults", "--config", str(ROOT / "config"), "--jobs", "1", "--seconds", "60"]


def test_it_tells_what_was_lived_through_and_the_trace_of_the_seed() -> None:
    done = CliRunner().invoke(app, [*WORDS, "--seed", "5", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["histories"], found["failed"]) == (1, [])
    assert found["calls"] == found["records"] + found["unseen"] > 0
    shown = CliRunner().invoke(app, [*WORDS, "--seed", "5"])
    assert f"trace of seed 5: {found['trace']}" in shown.stdout
    assert "x real time" in shown.stdout


def test_a_failure_is_told_with_the_command_that_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "take", lambda _self, _rows: None)  # a database that forgets
    done = CliRunner().invoke(app, [*WORDS, "--seed", "5"])
    assert done.exit_code == 1
    assert "one record for each call" in done.stdout
    assert "again: acd simulate --faults --seed 5 --seconds 60" in done.stdout


def test_a_kill_point_is_a_number_and_a_place() -> None:
    done = CliRunner().invoke(app, [*WORDS, "--kill-at", "journal.append, before"])
    assert done.exit_code == 2
    at = CliRunner().invoke(app, [*WORDS, "--kill-at", "40 journal.append, before"])
    assert at.exit_code == 0, at.output
