from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.cli import tools as command
from acd.deploy.toolchain import ToolSet
from acd.domain.errors import DeployError

TOOLS = ToolSet(Path("/tree"), {"sox": ("/loader", "/a b/sox")}, {"ESPEAK_DATA_PATH": "/data"})


def test_where_prints_how_each_program_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_tools", lambda: TOOLS)
    monkeypatch.setattr(command, "find_postgresql", lambda: Path("/pg/bin"))
    done = CliRunner().invoke(command.app, ["where"])
    assert done.exit_code == 0
    assert done.stdout == "sox: /loader '/a b/sox'\nESPEAK_DATA_PATH=/data\nPG_BIN=/pg/bin\n"


def test_where_fails_when_nothing_was_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_tools", lambda: None)
    monkeypatch.setattr(command, "find_postgresql", lambda: Path("/pg/bin"))
    done = CliRunner().invoke(command.app, ["where"])
    assert done.exit_code == 1
    assert "acd tools fetch" in done.stderr
    assert done.stdout == "PG_BIN=/pg/bin\n"


def test_a_fetch_that_cannot_be_says_why_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> ToolSet:
        raise DeployError("This machine has no apt-get")

    monkeypatch.setattr(command, "fetch_tools", refuse)
    done = CliRunner().invoke(command.app, ["fetch"])
    assert done.exit_code == 1
    assert done.stderr.endswith("This machine has no apt-get\n")
    assert isinstance(done.exception, SystemExit)


def test_postgresql_alone_can_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "fetch_tools", lambda _progress: pytest.fail("not wanted"))
    monkeypatch.setattr(command, "fetch_postgresql", lambda _progress: Path("/pg/bin"))
    done = CliRunner().invoke(command.app, ["fetch", "--only-postgresql"])
    assert (done.exit_code, done.stdout) == (0, "PG_BIN=/pg/bin\n")
