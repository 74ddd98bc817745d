"""``acd staffing`` as a planner runs it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acd.cli.staffing import staffing

app = typer.Typer()
app.command()(staffing)
DEMAND = ["--calls-per-hour", "58", "--aht", "10m"]


def as_json(*more: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*DEMAND, *more, "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_agents_and_channels_needed_are_said_with_what_they_give() -> None:
    done = CliRunner().invoke(app, [*DEMAND, "--target", "20s", "--service-level", "85%"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("M/M/14, 9.667 erlang offered\nagents                     14\n")
    assert "service level              87.77 % within 20 s\n" in done.stdout
    assert "trunk channels             19 SST (1 E1), blocking 0.70 %" in done.stdout


def test_json_has_the_forms_the_waits_and_the_trunk() -> None:
    found = as_json("--patience", "2m")
    assert (found["model"], found["agents"], found["reached"]) == ("M/M/12+M", 12, True)
    assert found["service_level"] == found["service_level_forms"]["early_abandons_ignored"]
    assert found["answered"] + found["abandoned"] + found["blocked"] == pytest.approx(1.0)
    assert found["trunk"] == {
        "sst": 15, "e1": 1, "given": False, "blocking_wanted": 0.01, "blocking": pytest.approx(0.00873349085468978)
    }  # fmt: skip


def test_with_agents_given_it_says_what_results_and_what_is_missed() -> None:
    found = as_json("--agents", "9", "--trunk-sst", "10")
    assert (found["model"], found["agents"], found["reached"]) == ("M/M/9/10", 9, False)
    told = CliRunner().invoke(app, [*DEMAND, "--agents", "9", "--trunk-sst", "10"])
    assert "less than the 0.85 wanted" in told.stdout
    assert "10 SST (1 E1), blocking 21.65 %, more than the 0.01 allowed" in told.stdout


def test_as_many_channels_as_agents_is_erlang_b() -> None:
    found = as_json("--agents", "14", "--trunk-sst", "14")
    assert found["blocked"] == pytest.approx(found["erlang_b"], rel=1e-12)
    assert found["waits"] == 0.0


def test_too_few_agents_is_an_error_with_the_least_number() -> None:
    done = CliRunner().invoke(app, [*DEMAND, "--agents", "9"])
    assert done.exit_code == 1
    assert "9 agents cannot carry 9.66667 erlang" in done.stderr
    assert "10 agents are the least that can" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--aht", "10", "a duration needs its unit"),
        ("--target", "soon", "must be a duration such as"),
        ("--service-level", "85", "must be a share between 0 and 1"),
        ("--blocking", "little", "must be a share between 0 and 1"),
        ("--agents", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_option(option: str, value: str, message: str) -> None:
    done = CliRunner().invoke(app, [*DEMAND, option, value], terminal_width=200)
    assert done.exit_code == 2
    assert option in done.stderr
    assert message in " ".join(done.stderr.replace("│", " ").split())
