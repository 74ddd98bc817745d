"""``acd simulate`` as a planner runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from acd.cli.schema import schema
from acd.cli.simulate import simulate
from tests.unit.settings.test_schema import as_an_editor_sees

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "config/scenarios/hari_kerja.yaml"
app = typer.Typer()
app.command()(simulate)
schemas = typer.Typer()
schemas.command()(schema)
SMALL = """\
name: small
replications: 5
periods: 30m
contacts:
  - {name: A, requires: {a: 1}, arrivals_per_minute: 1, service: {distribution: exponential, mean: 3m}}
agents:
  - {name: G, count: 4, skills: {a: 5}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def as_json(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_json_is_the_same_bytes_every_time_and_another_seed_gives_others(small: Path) -> None:
    first, again = (CliRunner().invoke(app, [str(small), "--json"]).stdout for _ in range(2))
    assert first == again
    assert as_json(str(small), "--seed", "9") != json.loads(first)
    assert as_json(str(small), "--seed", "9")["seed"] == 9
    assert as_json(str(small), "--replications", "2")["replications"] == 2


def test_a_person_reads_a_table_with_intervals_and_occupancy(small: Path) -> None:
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, [str(small)])
    assert done.exit_code == 0, done.output
    assert "small: 5 replications, seed 1" in done.output
    assert "service level" in done.output
    assert "Occupancy: G" in done.output


@pytest.mark.parametrize("width", [80, 60])
def test_no_figure_is_cut_off_by_a_narrow_terminal(small: Path, width: int) -> None:
    words = [str(small), "--absent", "50%:00:05-00:20"]
    wide, narrow = (CliRunner(env={"COLUMNS": str(w)}).invoke(app, words).output for w in (400, width))
    assert max(map(len, narrow.splitlines())) <= width
    assert "…" not in narrow
    figures = re.compile(r"[+-]?\d+\.\d(?: ±\d+\.\d)?(?: (?:%|pp|s)\b)?")
    assert sorted(figures.findall(narrow)) == sorted(figures.findall(wide))


def test_no_bar_is_shown_where_there_is_no_terminal(small: Path) -> None:
    assert CliRunner().invoke(app, [str(small), "--json"]).stderr == ""


def test_the_sample_answers_what_if(tmp_path: Path) -> None:
    """Done with the file's own what-ifs and with one asked on the command line."""
    made = as_json(str(SAMPLE), "--replications", "3", "--add", "1:agent122", "--absent", "agent101:08:00-09:00")
    names = [one["name"] for one in made["what_if"]]
    assert names[:2] == ["two more agents in LKPM", "half the agents at lunch from 11 to 13"]
    assert names[2] == "+1:agent122, absent agent101:08:00-09:00"
    done = CliRunner(env={"COLUMNS": "160"}).invoke(app, [str(SAMPLE), "--replications", "3"])
    assert "What if: two more agents in LKPM" in done.output
    assert "11:00-12:00" in done.output


def test_a_mistake_has_its_line_and_exit_code_1(small: Path) -> None:
    small.write_text(SMALL.replace("a: 5", "b: 5"), encoding="utf-8")
    done = CliRunner().invoke(app, [str(small)])
    assert done.exit_code == 1
    assert done.stderr == f"{small}:5:26: contacts[0].requires.a: no group has skill 'a'\n"


def test_what_cannot_be_asked_is_refused(small: Path) -> None:
    assert "write COUNT:LIKE" in CliRunner().invoke(app, [str(small), "--add", "x"]).stderr
    assert CliRunner().invoke(app, []).exit_code == 2
    missing = CliRunner().invoke(app, ["--from", str(small.with_name("no.db"))])
    assert missing.exit_code == 1
    assert "cannot be read" in missing.stderr


@pytest.mark.parametrize("name", ["scenario", ""])
def test_the_schema_of_scenarios_is_published(name: str) -> None:
    printed = json.loads(CliRunner().invoke(schemas, [name] if name else []).stdout)
    described = printed if name else printed["scenario"]
    Draft202012Validator.check_schema(described)
    checker = Draft202012Validator(described)
    for text in (SMALL, SAMPLE.read_text(encoding="utf-8")):
        checker.validate(as_an_editor_sees(text))
    wrong = as_an_editor_sees(SMALL.replace("count: 4", "count: many"))
    assert not checker.is_valid(wrong)
    assert not checker.is_valid({**as_an_editor_sees(SMALL), "unknown": 1})
