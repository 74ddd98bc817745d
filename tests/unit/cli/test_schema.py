"""``acd schema`` as an operator runs it."""

from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from acd.cli.schema import schema

app = typer.Typer()
app.command()(schema)


def test_one_kind_is_printed_as_json_schema() -> None:
    done = CliRunner().invoke(app, ["flow"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_all_kinds_are_printed_when_none_is_named() -> None:
    printed = json.loads(CliRunner().invoke(app, []).stdout)
    assert list(printed) == [
        "acd", "skills", "queues", "agents", "trunks", "calendars", "access_codes", "prompts", "flow", "flow_test",
        "scenario",
    ]  # fmt: skip


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do() -> None:
    done = CliRunner().invoke(app, ["flows"])
    assert done.exit_code == 2
    assert "there are acd, skills" in done.stderr
