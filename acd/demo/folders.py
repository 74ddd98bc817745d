"""Where a run keeps its files, and how what an earlier run left behind is cleared away.

Decides the folders' names and how many are kept. A run that was killed leaves programs; they are known by their pid and
believed only when they still work in the run's folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from acd.demo.children import PID_SUFFIX
from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.cache import cache_root
from acd.deploy.toolchain import ToolSet

KEPT = 3


def new_folder(tools: ToolSet, kind: str = "demo") -> Path:
    """Name a folder for a run of this process, after clearing away old ones: dead runs but the newest few."""
    root = cache_root() / kind
    root.mkdir(parents=True, exist_ok=True)
    dead = [folder for folder in sorted(root.iterdir()) if folder.is_dir() and not _alive(_owner(folder))]
    for folder in dead:
        end_leftovers(tools, folder)
    for folder in dead[: -KEPT + 1 or None]:
        shutil.rmtree(folder, ignore_errors=True)
    return root / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def end_leftovers(tools: ToolSet, folder: Path) -> int:
    """End what a killed run left running; give how many programs."""
    asterisk = AsteriskInstance(tools, folder / "asterisk")
    ended = int(asterisk.running())
    asterisk.stop()
    for noted in (*folder.glob(f"*{PID_SUFFIX}"), *folder.glob(f"*/*{PID_SUFFIX}")):
        with contextlib.suppress(OSError, ValueError):
            pid = int(noted.read_text())
            if Path(f"/proc/{pid}/cwd").resolve(strict=True).is_relative_to(folder.resolve()):
                os.kill(pid, signal.SIGTERM)
                ended += 1
    return ended


def _owner(folder: Path) -> int:
    number = folder.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _alive(pid: int) -> bool:
    return pid > 0 and Path(f"/proc/{pid}").exists()
