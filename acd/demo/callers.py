"""The callers: one SIPp places all calls from the trunk's address; their sound and keys are ours.

Decides how SIPp's log lines become what each caller lived through. Must not know the engine.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from acd.demo import children
from acd.demo.behaviour import Script
from acd.demo.phones import quiet, scenario, write_private
from acd.demo.rtp import Exchange, Heard, Line
from acd.deploy.toolchain import ToolSet

ADDRESS = "127.0.0.2"
LINES = 128
"""RTP ports; a caller's port is used again so many calls later."""
_POLL_S = 0.02

End = Literal["hung_up", "released", "refused_503", "refused_404"]
"""The caller hung up, the other side did, or the call was refused with that SIP code."""


@dataclass(slots=True)
class Attempt:
    """A call attempt as the caller saw it; times are seconds since the epoch by SIPp's clock."""

    script: Script
    line: Line
    placed_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    end: End | None = None
    """None: the call failed in a way no caller should see."""
    heard: Heard = field(default_factory=Heard)

    @property
    def up(self) -> bool:
        """Whether the call is under way."""
        return self.placed_at is not None and self.end is None


def injection(scripts: Sequence[Script], ports: Sequence[int]) -> str:
    """Make the injection file of ``caller.xml``."""
    lines = (
        f"{s.number};{s.dialled};{ports[place % len(ports)]};{s.patience_s * 1000:.0f}"
        for place, s in enumerate(scripts)
    )
    return "\n".join(("SEQUENTIAL", *lines)) + "\n"


class Callers:
    """All call attempts of one run."""

    def __init__(self, tools: ToolSet, folder: Path, sip: tuple[str, int], scripts: Sequence[Script]) -> None:
        self._tools, self._folder, self._sip, self._scripts = tools, folder, sip, scripts
        self._exchange = Exchange()
        self._log = folder / "callers.log"
        self._read = 0
        self._listener: asyncio.Task[None] | None = None
        self.attempts: dict[str, Attempt] = {}
        self.child: children.Child | None = None

    async def open(self) -> None:
        """Take the RTP ports and listen to SIPp's log."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        await self._exchange.open(ADDRESS, min(LINES, len(self._scripts)))
        lines = self._exchange.lines
        write_private(self._folder / "callers.csv", injection(self._scripts, [line.port for line in lines]))
        self.attempts = {s.number: Attempt(s, lines[place % len(lines)]) for place, s in enumerate(self._scripts)}
        self._log.write_text("")
        self._listener = asyncio.create_task(self._listen())

    async def place(self, port: int, rate: float, at_once: int) -> children.Child:
        """Place the calls, ``rate`` in a second, at most ``at_once`` under way; SIPp ends when all are over."""
        argv = [
            *self._tools.argv("sipp"),
            *("-sf", scenario("caller", self._folder), "-inf", "callers.csv"),
            *("-i", ADDRESS, "-bind_local", "-p", str(port)),
            *("-r", str(max(1, round(rate * 10))), "-rp", "10000", "-l", str(at_once), "-m", str(len(self._scripts))),
            *("-trace_logs", "-log_file", str(self._log), *quiet("callers")),
            f"{self._sip[0]}:{self._sip[1]}",
        ]
        self.child = await children.start(
            "the callers (SIPp)", argv, self._folder / "callers.out", self._folder, self._tools.env()
        )
        return self.child

    def no_more(self) -> None:
        """Place no further call; those under way go on."""
        # After its last call SIPp has stopped placing by itself, and a second wish to stop would cut the calls.
        if self.child is not None and len(self.placed()) < len(self.attempts):
            self.child.process.send_signal(signal.SIGUSR1)

    async def close(self) -> None:
        """End SIPp, read the last of its log, give the ports back."""
        if self.child is not None:
            await self.child.stop()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
            self._hear()
        await self._exchange.close()

    def placed(self) -> list[Attempt]:
        """The attempts begun so far, in the order of their numbers."""
        return [attempt for attempt in self.attempts.values() if attempt.placed_at is not None]

    async def _listen(self) -> None:
        while True:
            self._hear()
            await asyncio.sleep(_POLL_S)

    def _hear(self) -> None:
        for line in self._new_lines():
            self._happened(line.split())

    def _new_lines(self) -> Iterator[str]:
        """Read whole lines; the beginning of one is left for the next time."""
        with self._log.open("rb") as stream:
            stream.seek(self._read)
            data = stream.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        return iter(whole.decode(errors="replace").splitlines())

    def _happened(self, words: list[str]) -> None:
        match words:
            case [number, word, seconds, micros, *port] if number in self.attempts:
                self._note(self.attempts[number], word, float(seconds) + float(micros) / 1e6, port)
            case _:
                pass

    def _note(self, attempt: Attempt, word: str, at: float, port: list[str]) -> None:
        match word:
            case "placed":
                attempt.placed_at = at
                attempt.heard = attempt.line.place()
            case "answered":
                attempt.answered_at = at
                to = (self._sip[0], int(port[0]))
                attempt.line.answered(to, attempt.script.presses, asyncio.get_running_loop().time())
            case "hung_up" | "released" | "refused_503" | "refused_404":
                attempt.end, attempt.ended_at = word, at
                attempt.line.over()
            case _:
                pass
