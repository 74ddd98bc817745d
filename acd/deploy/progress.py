"""How a long job tells a person how far it is.

Decides what is shown: a bar on a terminal, a plain line every few percent elsewhere.
Must not know what the job is.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichBars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

_STEPS = 10


class Progress(Protocol):
    """Where a job reports; stages follow each other, each running from 0 to 1."""

    def stage(self, name: str) -> None:
        """Say that the stage before is over and this one begins."""

    def advance(self, ratio: float, detail: str = "") -> None:
        """Say how much of the stage is done (0-1), with a few words about the present step."""


class SilentProgress:
    """Says nothing."""

    def stage(self, name: str) -> None:
        """Ignore."""

    def advance(self, ratio: float, detail: str = "") -> None:
        """Ignore."""


class PlainProgress:
    """A line per stage and per tenth of it: for log files and build servers."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._name = ""
        self._shown = 0

    def stage(self, name: str) -> None:
        """Open a stage with its own line."""
        self._name = name
        self._shown = 0
        self._stream.write(f"{name} ...\n")
        self._stream.flush()

    def advance(self, ratio: float, detail: str = "") -> None:
        """Write a line whenever another tenth is done."""
        steps = int(ratio * _STEPS + 1e-9)
        if steps <= self._shown:
            return
        self._shown = steps
        self._stream.write(f"{self._name}: {min(ratio, 1):4.0%} {detail}".rstrip() + "\n")
        self._stream.flush()


class BarProgress:
    """One bar per stage on a terminal."""

    def __init__(self, bars: RichBars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def stage(self, name: str) -> None:
        """Fill the bar before and open the next one."""
        self.close()
        self._task = self._bars.add_task(name, total=1.0, detail="")

    def advance(self, ratio: float, detail: str = "") -> None:
        """Move the present bar."""
        if self._task is not None:
            self._bars.update(self._task, completed=min(ratio, 1.0), detail=detail)

    def close(self) -> None:
        """Fill the present bar: its stage is done."""
        if self._task is not None:
            self._bars.update(self._task, completed=1.0, detail="")
            self._task = None


@contextmanager
def shown_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """Give a progress display that suits the stream (standard error unless told otherwise)."""
    stream = stream or sys.stderr
    console = Console(file=stream)
    if not console.is_terminal:
        yield PlainProgress(stream)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[detail]}"),
    )
    with RichBars(*columns, console=console) as bars:
        display = BarProgress(bars)
        yield display
        display.close()
