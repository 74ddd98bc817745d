"""What a killed run left running is ended; what belongs to others is not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from acd.demo import children
from acd.demo.folders import KEPT, end_leftovers, new_folder
from acd.deploy.toolchain import ToolSet

TOOLS = ToolSet(None, {}, {})
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


async def test_a_program_that_works_in_the_runs_folder_is_ended(tmp_path: Path) -> None:
    inside = tmp_path / "phones"
    inside.mkdir()
    child = await children.start("a phone", SLEEP, inside / "phones.log", inside)
    assert end_leftovers(TOOLS, tmp_path) == 1
    assert await child.process.wait() == -15
    assert end_leftovers(TOOLS, tmp_path) == 0


async def test_a_pid_that_now_belongs_to_someone_else_is_left_alone(tmp_path: Path) -> None:
    run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    run.mkdir()
    elsewhere.mkdir()
    child = await children.start("another", SLEEP, elsewhere / "other.log", elsewhere)
    (run / "engine.pid").write_text(f"{child.process.pid}\n")
    (run / "broken.pid").write_text("none")
    assert end_leftovers(TOOLS, run) == 0
    assert child.process.returncode is None
    await child.stop()


def test_only_the_newest_dead_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACD_CACHE", str(tmp_path))
    for number in range(6):
        (tmp_path / "demo" / f"2026010{number}-000000-0").mkdir(parents=True)
    alive = tmp_path / "demo" / f"20250101-000000-{os.getpid()}"
    alive.mkdir()
    fresh = new_folder(TOOLS)
    left = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert left == [alive.name, *(f"2026010{number}-000000-0" for number in range(7 - KEPT, 6))]
    assert fresh.parent == tmp_path / "demo"
    assert fresh.name.endswith(f"-{os.getpid()}")
