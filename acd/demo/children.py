"""Programs started beside us: their output goes to a file, they are ended by pid, and an early end is noticed.

Decides how long an ending may take. Must not know what the programs do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acd.domain.errors import DeployError

PATIENCE_S = 8.0
_LINES = 15
PID_SUFFIX = ".pid"


@dataclass(slots=True)
class Child:
    """A running program; ``log`` holds what it wrote."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    async def stop(self, patience_s: float = PATIENCE_S) -> None:
        """End it: politely, then, after ``patience_s`` seconds, by force. One that ended already is fine."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), patience_s)
            except TimeoutError:
                self.process.kill()
        await self.process.wait()

    def last_lines(self) -> str:
        """Give the end of its output."""
        return last_lines(self.log)

    async def ended(self) -> str:
        """Wait for its end, and say how it came in a line and the end of its output."""
        code = await self.process.wait()
        return f"{self.name} ended with code {code}. Last lines of {self.log}:\n{self.last_lines()}"


async def start(
    name: str, argv: Sequence[str], log: Path, cwd: Path, env: Mapping[str, str] | None = None, *, nice: int = 0
) -> Child:
    """Start a program.

    It gets a session of its own: Ctrl-C in a terminal is for us alone, who then end everything in order. ``nice`` is
    for what stands in for another machine, see ``weigh``.

    Raises:
        DeployError: it cannot be started.
    """
    try:
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
    except OSError as error:
        raise DeployError(f"{name} cannot be started: {error}") from error
    _note(log, process.pid)
    if nice:
        weigh(process.pid, nice)
    return Child(name, process, log)


def weigh(pid: int, nice: int) -> bool:
    """Give a program of ``start`` more of the cores (below 0, needs privileges) or less; False where that is refused.

    Linux shares cores among sessions before it looks at niceness within each (sched(7), autogroup): both are set. It
    is to desktops and tests what ``CPUWeight=`` is to services; ten steps are a tenth, or ten times as much.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, pid, nice)
        with contextlib.suppress(FileNotFoundError):  # a kernel without: niceness alone counts
            Path(f"/proc/{pid}/autogroup").write_text(f"{nice}\n", "ascii")
    except OSError:
        return False
    return True


def _note(log: Path, pid: int) -> None:
    """Leave the pid beside the log: a run that is killed cannot end what it started, but the next one can."""
    log.with_suffix(PID_SUFFIX).write_text(f"{pid}\n")


def last_lines(path: Path) -> str:
    """Give the last lines of a file; nothing where there is none."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-_LINES:])
    except OSError:
        return ""
