"""The dead man's handle beside prompts: who listens for long stays as long as the engine lives, and not much longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

CODE = "702"
DEAD_MAN_S = 6
LONG = ["notice"]
"""Speech for longer than the handle holds, in one playback."""


def _long_speech() -> Yaml:
    nodes: Yaml = {
        "jawab": {"kind": "answer", "next": "bicara"},
        "bicara": {"kind": "play", "prompts": LONG, "barge_in": "false", "next": "tutup"},
        "tutup": {"kind": "hang_up", "exit": "self_service"},
    }
    return {"languages": ["id"], "entry": "jawab", "nodes": nodes}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        fallback={"dead_man": f"{DEAD_MAN_S}s"}, flows={"lama": _long_speech()}, access_codes={CODE: {"flow": "lama"}}
    )
    async with call_centre(tmp_path_factory.mktemp("dead_man"), wishes=wishes) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def test_who_hears_a_prompt_for_longer_than_the_handle_holds_hears_it_to_its_end(centre: Centre) -> None:
    callers = [await centre.caller(f"08110000{number:02}") for number in range(6)]
    calls = [caller.dial(CODE) for caller in callers]
    for caller, call in zip(callers, calls, strict=True):
        assert await caller.answered(call) == 200
    for caller, call in zip(callers, calls, strict=True):
        await caller.until_over(call, 60)
        assert caller.ear is not None
        assert centre.said(caller.ear.sound, {*LONG}) == ["notice"]
        record = await centre.record(caller)
        assert record["exit"] == "self_service"
        assert record["ended_at"] - record["answered_at"] > 1.5 * DEAD_MAN_S


async def test_who_left_by_the_handle_and_hung_up_is_remembered_by_asterisk_and_has_one_record(centre: Centre) -> None:
    engine = centre.site.engine
    assert engine is not None
    phone = await centre.phone("agent101")
    caller = await centre.caller("0811000010")
    call = caller.dial(CODE)
    assert await caller.answered(call) == 200
    await centre.phase(caller, "ivr")
    await asyncio.sleep(DEAD_MAN_S)  # renewed while the prompt is played
    engine.process.kill()
    await engine.process.wait()
    talk = await phone.ringing(DEAD_MAN_S + 10)  # in the fallback queue, though the prompt was not over
    caller.end(call)
    await phone.until_over(talk)

    async def remembered() -> bool:
        shown = await asyncio.to_thread(centre.site.asterisk.rx, "database show acd-left")
        return any(line.partition(": ")[2][:1].isdigit() for line in shown.splitlines() if "/acd-left/" in line)

    await centre.eventually(remembered, lambda: "Asterisk could not note the end of the call")
    await centre.site.start_engine()
    assert (await centre.record(caller))["access_code"] == CODE
