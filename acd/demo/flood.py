"""A flood of call attempts by SIPp, and how deep Asterisk's queues of work became meanwhile.

Decides how a flood is placed and read. Must not know what is made of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from acd.demo import children
from acd.demo.callers import ADDRESS
from acd.demo.phones import quiet, scenario
from acd.demo.site import Site
from acd.domain.errors import DeployError

_SAMPLE_S = 0.5
_NICE = 10
"""Callers do not call from the machine that serves them: what SIPp needs is not to be missing there."""
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Flood:
    """What became of the attempts: milliseconds from INVITE to 200 and to 503; the deepest queue of work seen.

    ``lasted`` is how many seconds it took; on a busy machine longer than was asked for.
    """

    answered: tuple[float, ...]
    refused: tuple[float, ...]
    depth: int
    lasted: float


def read_attempts(log: str, outcome: str) -> tuple[float, ...]:
    """Read the milliseconds of attempts with an outcome out of the scenario's log."""
    found = []
    for line in log.splitlines():
        match line.split():
            case [word, *moments] if word == outcome:
                began, began_us, ended, ended_us = (float(moment) for moment in moments)
                found.append((ended - began) * 1000 + (ended_us - began_us) / 1000)
            case _:
                pass
    return tuple(found)


def deepest(listing: str) -> int:
    """Read how many tasks wait in the fullest of Asterisk's task processors (``core show taskprocessors``)."""
    depths = [int(words[2]) for line in listing.splitlines() if len(words := line.split()) > 5 and words[1].isdigit()]  # noqa: PLR2004 - columns
    return max(depths, default=0)


async def flood(site: Site, number: str, name: str, *, rate: int, seconds: float, hold_ms: int = 1000) -> Flood:
    """Let ``rate`` callers a second call a number for some seconds; who is answered holds for a while.

    Raises:
        DeployError: an attempt ended neither with 200 and a BYE nor with 503.
    """
    deployment, calls = site.deployment, round(rate * seconds)
    folder = deployment.folder / "flood" / name
    await asyncio.to_thread(folder.mkdir, parents=True)
    argv = [
        *site.tools.argv("sipp"),
        *("-sf", scenario("bench_attempt", folder, hold=hold_ms), "-s", number),
        *("-i", ADDRESS, "-bind_local", "-p", str(deployment.ports.more_callers)),
        *("-r", str(rate), "-m", str(calls), "-l", str(calls)),
        *("-trace_logs", "-log_file", str(folder / "times.log"), *quiet("callers")),
        f"{deployment.sip[0]}:{deployment.sip[1]}",
    ]
    child = await children.start("the flood (SIPp)", argv, folder / "callers.out", folder, site.tools.env(), nice=_NICE)
    loop = asyncio.get_running_loop()
    began = loop.time()
    ended = asyncio.ensure_future(child.process.wait())
    depth = 0
    try:
        async with asyncio.timeout(seconds + hold_ms / 1000 + _PATIENCE_S):
            while not ended.done():
                depth = max(depth, deepest(await asyncio.to_thread(site.asterisk.rx, "core show taskprocessors")))
                await asyncio.wait([ended], timeout=_SAMPLE_S)
            lasted = loop.time() - began
    except TimeoutError as error:
        raise DeployError(f"The flood did not end in time:\n{child.last_lines()}") from error
    finally:
        ended.cancel()
        await child.stop()
    if child.process.returncode != 0:
        raise DeployError(f"Not every attempt was answered or refused: see {folder}")
    log = await asyncio.to_thread((folder / "times.log").read_text, "utf-8")
    return Flood(read_attempts(log, "answered"), read_attempts(log, "refused"), depth, lasted)
