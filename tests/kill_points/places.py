"""The places inside the store at which a process can be killed, and the one where it is, with SIGKILL.

A place is an ``await`` of the store, or one side of a statement, a commit, or a write to the spool, on any thread.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import OperationalError

from acd.sim.faults.points import innermost
from acd.store import spool

TORN = 64
"""Bytes from which on a write may be torn."""
JOURNAL = "acd-journal"
"""The thread that writes the journal."""


class Places:
    """Counts what is passed; kills this process the ``nth`` time ``place`` is come to."""

    def __init__(self, place: str = "", nth: int = 0) -> None:
        self._place, self._nth = place, nth
        self._lock = threading.Lock()
        self.passed: Counter[str] = Counter()
        self.refusing: set[str] = set()
        """``journal``, ``records``: what its disk or database does now."""

    def here(self, place: str) -> None:
        """Pass a place, or die there."""
        with self._lock:
            self.passed[place] += 1
            if place == self._place and self.passed[place] == self._nth:
                os.kill(os.getpid(), signal.SIGKILL)

    # ------------------------------------------------------------ where they are

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch this process: the tasks of a loop, all databases, the spool's file. For good."""
        loop.set_task_factory(self._task)
        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

        def do_commit(dialect: DefaultDialect, connection: Any) -> None:
            self.here(f"{_whose()}: commit, before")
            commit(dialect, connection)
            self.here(f"{_whose()}: commit, after")

        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
        functions = {name: getattr(os, name) for name in dir(os)}
        functions |= {"pwrite": self._pwrite, "fdatasync": self._fdatasync}
        vars(spool)["os"] = SimpleNamespace(**functions)

    def _before(self, *about: Any) -> None:
        statement: str = about[2]
        whose = _whose()
        if whose in self.refusing:
            raise OperationalError(statement, None, sqlite3.OperationalError("disk I/O error"))
        self.here(f"{whose}: {_short(statement)}, before")

    def _after(self, *about: Any) -> None:
        self.here(f"{_whose()}: {_short(about[2])}, after")

    def _pwrite(self, fd: int, data: memoryview | bytes, offset: int) -> int:
        """Write a part only, so that a process can die between the two."""
        self.here("spool: write, before")
        if len(data) < TORN:
            return os.pwrite(fd, data, offset)
        written = os.pwrite(fd, data[: len(data) // 2], offset)
        self.here("spool: write, in the middle")
        return written

    def _fdatasync(self, fd: int) -> None:
        self.here("spool: sync, before")
        os.fdatasync(fd)
        self.here("spool: sync, after")

    def _task(
        self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **how: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(_run(_Steps(coro, self._step)), loop=loop, **how)

    def _step(self, coroutine: Any) -> None:
        frame = innermost(coroutine)
        if frame is not None:
            path = PurePath(frame.f_code.co_filename)
            if path.parent.name == "store":
                self.here(f"await {path.name} {frame.f_code.co_name}:{frame.f_lineno}")


class _Steps:
    """A coroutine that tells before each of its steps."""

    def __init__(self, coroutine: Any, tell: Callable[[Any], None]) -> None:
        self._coroutine, self._tell = coroutine, tell

    def __await__(self) -> Generator[Any, Any, Any]:
        value: Any = None
        error: BaseException | None = None
        while True:
            self._tell(self._coroutine)
            try:
                wanted = self._coroutine.send(value) if error is None else self._coroutine.throw(error)
            except StopIteration as done:
                return done.value
            try:
                value, error = (yield wanted), None
            except BaseException as thrown:  # noqa: BLE001 - handed on
                value, error = None, thrown


async def _run(steps: _Steps) -> Any:
    return await steps


def _whose() -> str:
    return "journal" if threading.current_thread().name == JOURNAL else "records"


def _short(statement: str) -> str:
    """Name a statement by its verb and table."""
    words = statement.split()
    if words[0] == "SELECT":
        return f"SELECT {words[words.index('FROM') + 1]}" if "FROM" in words else "SELECT"
    return " ".join(words[:3])
