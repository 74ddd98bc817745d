"""``acd flow`` as the author of a flow runs it."""

from __future__ import annotations

import shutil
from asyncio import to_thread
from pathlib import Path

from typer.testing import CliRunner, Result

from acd.cli.flow import app
from acd.domain.exits import Exit
from acd.store.database import sqlite_url
from acd.store.records import open_records
from tests.unit.flows.conftest import FLOW, Workshop, workshop
from tests.unit.flows.test_drawing import record

__all__ = ["workshop"]


def flow(workshop: Workshop, *words: str, typed: str | None = None) -> Result:
    where = ("--config", str(workshop.config), "--flows", str(workshop.flows))
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words, *where], input=typed)


def test_check_names_mistakes_of_cases_too(workshop: Workshop) -> None:
    done = flow(workshop, "check")
    assert done.exit_code == 0, done.output
    assert "No mistakes. Flows 169, cek_nib, gerbang, investor, t" in done.stdout
    assert (
        "t.yaml:1:1: (file): no test walks through this flow: there is no t.test.yaml beside it (warning)"
        in done.stdout
    )
    workshop.cases("  a: {steps: [hear: [mian]]}\n")
    done = flow(workshop, "check")
    assert done.exit_code == 1
    assert "t.test.yaml:3:22: cases.a.steps[0].hear[0]: unknown prompt 'mian'; did you mean 'main'?" in done.stderr


def test_failures_and_what_was_not_walked_are_printed_with_exit_code_1(workshop: Workshop) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "1", expect: {queue: q_lkpm}]}\n')
    done = flow(workshop, "test", "t")
    assert done.exit_code == 1
    assert "t.test.yaml:3:41: a: step 3: queue is q_umum, not q_lkpm" in done.stdout
    assert "t: 1 cases walked 4 of 10 nodes" in done.stdout
    assert "    not walked: branch ask [2]" in done.stdout
    assert "1 cases, 1 failed" in done.stdout


def test_the_sample_passes(workshop: Workshop) -> None:
    done = flow(workshop, "test", "169")
    assert done.exit_code == 0, done.output
    assert " 0 failed" in done.stdout


def test_too_little_walked_is_a_failure_though_every_case_passes(workshop: Workshop) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "1", expect: {queue: q_umum}]}\n')
    done = flow(workshop, "test", "t", "--quiet")
    assert done.exit_code == 1
    assert "100% must be" in done.stdout


def test_a_flow_is_drawn_into_a_folder(workshop: Workshop, tmp_path: Path) -> None:
    done = flow(workshop, "draw", "t", "--to", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out/t.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "out/t.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "10 nodes" in done.stdout


def test_a_flow_that_is_not_there_is_told(workshop: Workshop) -> None:
    for words in (("draw", "tt"), ("try", "tt")):
        done = flow(workshop, *words)
        assert done.exit_code == 1
        assert "there is no flow 'tt'; did you mean 't'?" in done.stderr


async def test_traffic_comes_from_a_store_of_call_records(workshop: Workshop, tmp_path: Path) -> None:
    store = await open_records(sqlite_url(tmp_path / "records.db"))
    store.write([record("1", Exit.IVR_EXIT, ("answer", "none"), ("hours", "none"), ("ask", "none"))])
    await store.flush()
    await store.close()
    done = await to_thread(flow, workshop, "draw", "t", "--to", str(tmp_path), "--from", str(tmp_path / "records.db"))
    assert done.exit_code == 0, done.output
    assert "10 nodes, 1 calls" in done.stdout
    assert "1 left here" in (tmp_path / "t.svg").read_text(encoding="utf-8")


def test_a_walk_can_be_typed_or_piped(workshop: Workshop) -> None:
    done = flow(workshop, "try", "t", "--at", "2026-06-08T10:00:00", typed="1\n\n\n")
    assert done.exit_code == 0, done.output
    assert "[id] main: Tekan 1" in done.stdout
    assert "way: answer > hours > [open] ask > [1] wait" in done.stdout


def test_an_agent_who_is_not_there_cannot_be_ready(workshop: Workshop) -> None:
    done = flow(workshop, "try", "t", "--agent", "agent1")
    assert done.exit_code == 1
    assert "unknown agent 'agent1'" in done.stderr


def compare(workshop: Workshop, old: Path, new: Path) -> Result:
    return CliRunner().invoke(app, ["diff", str(old), str(new), "--config", str(workshop.config)])


def test_two_files_and_two_folders_are_compared(workshop: Workshop, tmp_path: Path) -> None:
    workshop.cases('  a: {steps: [hear: [main], press: "2", expect: {queue: q_umum}]}\n')
    old = tmp_path / "older.yaml"
    shutil.copy(workshop.flows / "t.yaml", old)
    before = tmp_path / "before"
    shutil.copytree(workshop.flows, before)
    assert compare(workshop, old, workshop.flows / "t.yaml").stdout == "No differences.\n"
    workshop.write("t.yaml", FLOW.replace("2: wait", "2: away"))
    for one, other in ((old, workshop.flows / "t.yaml"), (before, workshop.flows)):
        done = compare(workshop, one, other)
        assert done.exit_code == 1
        assert "t: node ask: way [2] leads to away, not wait" in done.stdout
        assert "t: case 'a' fails now" in done.stdout
    done = compare(workshop, tmp_path / "nothing", workshop.flows)
    assert done.exit_code == 1
    assert "is no folder" in done.stderr
