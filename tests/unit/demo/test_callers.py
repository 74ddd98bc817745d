"""SIPp's log becomes what each caller lived through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.demo.behaviour import Script
from acd.demo.callers import Attempt, Callers, injection
from acd.demo.rtp import Press
from acd.deploy.toolchain import ToolSet

SCRIPTS = tuple(Script(f"081{n}", "licensing", "169", (Press(9.0, "1"),), 12.5) for n in range(3))


@pytest.fixture
async def callers(tmp_path: Path) -> AsyncIterator[Callers]:
    made = Callers(ToolSet(None, {}, {}), tmp_path / "callers", ("127.0.0.1", 5060), SCRIPTS)
    await made.open()
    yield made
    await made.close()


async def told(callers: Callers, tmp_path: Path, text: str, last: str) -> Attempt:
    """Append to the log and wait until the attempt named last has changed."""
    attempt = callers.attempts[last]
    before = (attempt.placed_at, attempt.answered_at, attempt.end)
    with (tmp_path / "callers" / "callers.log").open("a") as log:
        log.write(text)
    async with asyncio.timeout(5):
        while (attempt.placed_at, attempt.answered_at, attempt.end) == before:  # noqa: ASYNC110 - a file, seen only by looking
            await asyncio.sleep(0.005)
    return attempt


def test_each_line_of_the_injection_file_is_a_call_with_its_port_and_patience() -> None:
    assert injection(SCRIPTS, (4000, 4001)) == (
        "SEQUENTIAL\n0810;169;4000;12500\n0811;169;4001;12500\n0812;169;4000;12500\n"
    )


async def test_a_call_is_followed_from_its_placing_to_its_end(callers: Callers, tmp_path: Path) -> None:
    attempt = await told(callers, tmp_path, "0811 placed 100.000000 250000.000000\n", "0811")
    assert (attempt.placed_at, attempt.up) == (100.25, True)
    await told(callers, tmp_path, "0811 answered 100.000000 500000.000000 20000\n", "0811")
    assert attempt.answered_at == 100.5
    await told(callers, tmp_path, "0811 released 103.000000 0.000000\n", "0811")
    assert (attempt.end, attempt.ended_at, attempt.up) == ("released", 103.0, False)
    assert callers.placed() == [attempt]


async def test_a_line_in_the_making_is_left_for_later(callers: Callers, tmp_path: Path) -> None:
    attempt = await told(callers, tmp_path, "0810 placed 1.000000 0.000000\n0810 refused_5", "0810")
    await asyncio.sleep(0.05)
    assert attempt.end is None
    await told(callers, tmp_path, "03 2.000000 0.000000\n", "0810")
    assert attempt.end == "refused_503"


async def test_what_is_no_line_of_ours_changes_nothing(callers: Callers, tmp_path: Path) -> None:
    noise = "9999 placed 1.0 1.0\n\n0812 danced 1.000000 0.000000\nfree words\n"
    await told(callers, tmp_path, noise + "0812 placed 3.000000 0.000000\n", "0812")
    assert [attempt.script.number for attempt in callers.placed()] == ["0812"]
