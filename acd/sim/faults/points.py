"""Kill points: the places at which an engine can be killed, counted as they are passed, and the one where it is.

Decides nothing else. A place is an ``await`` of the runtime (file and line), or one side of a call to the outside.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePath
from types import CodeType, FrameType
from typing import Any


@dataclass
class Points:
    """What was passed, and what is the end: the ``nth`` time ``place`` is come to, if one is given."""

    place: str = ""
    nth: int = 0
    passed: Counter[str] = field(default_factory=Counter)
    hit: bool = False
    countdown: int = 0
    """Calls to the outside until the end, whichever they are; 0: none."""
    _names: dict[tuple[CodeType, int], str] = field(default_factory=dict)

    def here(self, place: str) -> bool:
        """Pass a place; True to die there."""
        self.passed[place] += 1
        dies = False
        if self.countdown:
            self.countdown -= 1
            dies = not self.countdown
        if not self.hit and place == self.place and self.passed[place] == self.nth:
            self.hit = dies = True  # maybe just where chance would have killed it, too
        return dies

    def step(self, task: asyncio.Task[Any]) -> bool:
        """A task goes on where it waited; True to die instead."""
        frame = innermost(task.get_coro())
        if frame is None:
            return False
        key = (frame.f_code, frame.f_lasti)
        name = self._names.get(key)
        if name is None:
            path = PurePath(frame.f_code.co_filename)
            name = self._names[key] = f"await {path.parent.name}/{path.name} {frame.f_code.co_name}:{frame.f_lineno}"
        self.passed[name] += 1
        if not self.hit and name == self.place and self.passed[name] == self.nth:
            self.hit = True
            return True
        return False


@cache
def _is_ours(code: CodeType) -> bool:
    return "acd" in PurePath(code.co_filename).parts


def innermost(coroutine: Any) -> FrameType | None:
    """Find the frame of this program at which a coroutine waits; others' code may wait below it."""
    found: FrameType | None = None
    while coroutine is not None:
        frame: FrameType | None = getattr(coroutine, "cr_frame", None)
        if frame is None:
            return found
        if _is_ours(frame.f_code):
            found = frame
        coroutine = coroutine.cr_await
    return found
