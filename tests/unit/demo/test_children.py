"""Programs started are ended by pid, and their end is told with their last words."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from acd.demo import children
from acd.domain.errors import DeployError

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


async def started(folder: Path, code: str) -> children.Child:
    return await children.start("a child", [sys.executable, "-c", code], folder / "child.log", folder)


async def test_an_early_end_is_told_with_code_and_last_lines(tmp_path: Path) -> None:
    child = await started(tmp_path, "import sys; print('one', flush=True); sys.exit('the reason')")
    told = await child.ended()
    assert "a child ended with code 1" in told
    assert told.endswith("the reason")
    await child.stop()


async def test_a_child_is_ended_politely(tmp_path: Path) -> None:
    child = await started(tmp_path, "import time; time.sleep(60)")
    await child.stop()
    assert child.process.returncode == -15


async def test_a_child_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    child = await started(tmp_path, STUBBORN)
    while "up" not in child.last_lines():
        assert child.process.returncode is None
        await asyncio.sleep(0.02)
    await child.stop(patience_s=0.05)
    assert child.process.returncode == -9


async def test_the_pid_stands_beside_the_log(tmp_path: Path) -> None:
    child = await started(tmp_path, "import time; time.sleep(60)")
    assert (tmp_path / "child.pid").read_text() == f"{child.process.pid}\n"
    await child.stop()


async def test_a_program_that_is_not_there_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="a child cannot be started"):
        await children.start("a child", [str(tmp_path / "nothing")], tmp_path / "child.log", tmp_path)


async def test_what_stands_in_for_another_machine_gets_less_of_the_cores(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = await children.start("a child", argv, tmp_path / "child.log", tmp_path, nice=5)
    assert os.getpriority(os.PRIO_PROCESS, child.process.pid) == 5
    await child.stop()


async def test_a_weight_that_cannot_be_given_is_told(tmp_path: Path) -> None:
    child = await started(tmp_path, "import time; time.sleep(60)")
    await child.stop()
    assert not children.weigh(child.process.pid, -10)
