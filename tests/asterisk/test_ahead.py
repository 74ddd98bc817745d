"""Channels made ahead on a real Asterisk: the phone that rings by one, and that none outlives its use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from acd.deploy.plan import PbxPlan
from tests.call_centre import Centre, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM = "704"
"""Leads straight to a queue of agents 119 to 121."""
AHEAD = "acd-l-ahead."
RINGS = 180


def _plan(plan: PbxPlan) -> PbxPlan:
    return replace(plan, qualify_s=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.0,
        phones={"ahead": "30s"},
        queue={"ring_timeout": "4s", "short_abandon": "0s"},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={LKPM: {"flow": "lkpm"}},
    )
    async with call_centre(tmp_path_factory.mktemp("ahead"), wishes=wishes, plan=_plan) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty after the test: everybody logged out, not one channel and not one bridge in Asterisk."""
    yield whole_centre
    await whole_centre.everybody_home()


async def waiting(centre: Centre, state: str = "Down") -> list[str]:
    """The endpoints of the channels made ahead that are in this state."""
    listed = await asyncio.to_thread(centre.site.asterisk.rx, "core show channels concise")
    rows = [line.split("!") for line in listed.splitlines() if AHEAD in line]
    return [row[0].partition("/")[2].rpartition("-")[0] for row in rows if row[4] == state]


async def named(centre: Centre) -> None:
    """Wait until the dialled channel bears its leg's name: that is noted a moment after the dialling."""

    async def so() -> bool:
        listed = await asyncio.to_thread(centre.site.asterisk.rx, "core show channels concise")
        (name,) = [line.split("!")[0] for line in listed.splitlines() if AHEAD in line and line.split("!")[4] == "Up"]
        return "ACD_LEG=" in await asyncio.to_thread(centre.site.asterisk.rx, f"core show channel {name}")

    await centre.eventually(so, lambda: "the channel bears no name")


async def ready(centre: Centre, *endpoints: str) -> None:
    """Wait until channels to these phones and to no others are made."""

    async def so() -> bool:
        return await waiting(centre) == list(endpoints)

    await centre.eventually(so, lambda: f"no channel waits for {endpoints}")


async def next_one(centre: Centre) -> str:
    """Wait until one channel waits; whose phone it is to."""
    found: list[str] = []

    async def so() -> bool:
        found[:] = await waiting(centre)
        return len(found) == 1

    await centre.eventually(so, lambda: f"not one channel waits but {found}")
    return found[0]


async def calls(centre: Centre, number: str) -> tuple[Telephone, PhoneCall]:
    """A caller who talks with an agent."""
    caller = await centre.caller(number)
    call = caller.dial(LKPM)
    assert await caller.answered(call) == 200
    await centre.phase(caller, "talking")
    return caller, call


async def served(centre: Centre, number: str) -> None:
    """A caller who was talked with: from now on callers like this one are expected."""
    caller, call = await calls(centre, number)
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "answered"


async def test_the_next_caller_rings_the_phone_by_the_channel_that_waits_and_the_phone_shows_the_caller(
    centre: Centre,
) -> None:
    phone = await centre.phone("agent119")
    await served(centre, "08135550901")
    await ready(centre, "agent119")
    assert (await centre.agent("agent119"))["activity"] == "idle"  # and not busy by it
    caller, call = await calls(centre, "08135550902")
    assert await waiting(centre, "Up") == ["agent119"]
    assert phone.calls[-1].number == "08135550902"
    caller.end(call)
    record = await centre.record(caller)
    assert (record["exit"], record["agent"], record["offers"]) == ("answered", "agent119", 1)


async def test_who_pauses_has_no_channel_waiting(centre: Centre) -> None:
    both = {"agent119", "agent120"}
    for agent in both:
        await centre.phone(agent)
    await served(centre, "08135550903")
    first = await next_one(centre)
    assert (await centre.ask(first, "pause", {"reason": "istirahat"}))[0] == 200
    (second,) = both - {first}
    await ready(centre, second)
    assert (await centre.ask(second, "pause", {"reason": "istirahat"}))[0] == 200
    await ready(centre)


async def test_a_phone_that_does_not_answer_by_its_channel_is_left_and_the_next_one_rings(centre: Centre) -> None:
    first = await centre.phone("agent119")
    await served(centre, "08135550904")
    await ready(centre, "agent119")
    await centre.phone("agent120")
    first.manner = RINGS
    caller, call = await calls(centre, "08135550905")
    assert first.calls[-1].cancelled
    assert (await centre.phase(caller, "talking"))["agent"] == "agent120"
    caller.end(call)
    assert (await centre.record(caller))["offers"] == 2


async def test_a_caller_who_hangs_up_while_it_rings_leaves_nothing(centre: Centre) -> None:
    phone = await centre.phone("agent119")
    await served(centre, "08135550906")
    await ready(centre, "agent119")
    phone.manner = RINGS
    caller = await centre.caller("08135550907")
    call = caller.dial(LKPM)
    assert await caller.answered(call) == 200
    rung = await phone.ringing()
    assert await waiting(centre, "Ringing") == ["agent119"]
    caller.end(call)
    await phone.until_over(rung)
    assert (await centre.record(caller))["exit"] == "abandoned"
    await ready(centre, "agent119")


async def test_a_killed_engine_finds_its_conversations_again_and_ends_the_channels_that_waited(
    centre: Centre,
) -> None:
    both = {"agent119", "agent120"}
    for agent in both:
        await centre.phone(agent)
    await served(centre, "08135550908")
    talking = await next_one(centre)
    (idle,) = both - {talking}
    caller, call = await calls(centre, "08135550909")
    await ready(centre, idle)
    assert await waiting(centre, "Up") == [talking]
    await named(centre)
    engine = centre.site.engine
    assert engine is not None
    engine.process.kill()
    await engine.process.wait()
    assert await waiting(centre) == [idle]
    await centre.site.start_engine()
    await ready(centre)  # no caller came since
    assert await waiting(centre, "Up") == [talking]
    assert (await centre.phase(caller, "talking"))["agent"] == talking
    assert not call.over.is_set()
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "answered"
