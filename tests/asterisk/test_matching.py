"""Relaxed requirements, levels, priorities and last agents, with real callers and phones on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

RELAXED, LEVELLED, NORMAL, URGENT, FAMILIAR = "711", "712", "713", "714", "715"
RELAX_S, LEVEL_S, ALONE_S = 2.0, 2.0, 3.0
"""Waited time after which less is asked, agents of the second level are, and a last agent is waited for no longer."""


def _queues(content: Yaml) -> None:
    queues = content["queues"]
    for queue in queues.values():
        queue["overflow"] = {"after": "90s"}
    queues["q_lkpm"]["relaxation"] = [{"after": "2s", "lower": {"lkpm": "1"}}]
    queues["q_progres"].update(tier="1", relaxation=[{"after": "2s", "tier": "2"}])


def _agents(content: Yaml) -> None:
    content["agents"]["agent101"]["tiers"] = {"q_progres": "2"}


def _asking(queue: str, **more: str) -> Yaml:
    flow = straight_to(queue)
    flow["nodes"]["antre"].update(more)
    return flow


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    flows = {
        RELAXED: _asking("q_lkpm"),
        LEVELLED: _asking("q_progres"),
        NORMAL: _asking("q_oss_teknis"),
        URGENT: _asking("q_oss_teknis", priority="500"),
        FAMILIAR: _asking("q_perizinan", last_agent="10m", agent_wait="3s"),
    }
    wishes = Wishes(
        wrap_up_s=0.2,
        flows={f"flow{number}": flow for number, flow in flows.items()},
        access_codes={number: {"flow": f"flow{number}"} for number in flows},
    )
    async with call_centre(
        tmp_path_factory.mktemp("matching"), wishes=wishes, before={"queues.yaml": _queues, "agents.yaml": _agents}
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def calls(centre: Centre, caller: Telephone, dialled: str) -> PhoneCall:
    call = caller.dial(dialled)
    assert await caller.answered(call) == 200
    return call


async def served(centre: Centre, caller: Telephone, call: PhoneCall) -> tuple[str, float]:
    """Let a caller who talks hang up. Returns the agent and the seconds waited, from the call record."""
    await centre.phase(caller, "talking")
    before = len(await centre.site.api.records())
    caller.end(call)

    async def recorded() -> bool:
        return len(await centre.site.api.records()) > before

    await centre.eventually(recorded, lambda: f"{caller.user} has no record")
    record = max(
        (r for r in await centre.site.api.records() if r["caller"] == caller.user), key=lambda r: str(r["ended_at"])
    )
    return str(record["agent"]), float(record["wait_s"])


async def test_who_knows_little_is_asked_once_nobody_better_was_found_in_time(centre: Centre) -> None:
    helper = await centre.phone("agent117")
    caller = await centre.caller("08135550211")
    call = await calls(centre, caller, RELAXED)
    await centre.phase(caller, "waiting")
    assert helper.calls == [], "level 1 is too little at first"
    agent, waited = await served(centre, caller, call)
    assert agent == "agent117"
    assert waited >= RELAX_S


async def test_agents_of_the_second_level_are_asked_after_their_time_and_those_of_the_first_at_once(
    centre: Centre,
) -> None:
    await centre.phone("agent101")
    caller = await centre.caller("08135550212")
    agent, waited = await served(centre, caller, await calls(centre, caller, LEVELLED))
    assert agent == "agent101"
    assert waited >= LEVEL_S
    await centre.phone("agent109")
    agent, waited = await served(centre, caller, await calls(centre, caller, LEVELLED))
    assert (agent, waited < LEVEL_S) == ("agent109", True), "101 knows more, but serves at the second level"


async def test_the_caller_of_higher_priority_is_served_before_who_waited_longer(centre: Centre) -> None:
    normal, urgent = await centre.caller("08135550213"), await centre.caller("08135550214")
    first = await calls(centre, normal, NORMAL)
    await centre.phase(normal, "waiting")
    second = await calls(centre, urgent, URGENT)
    await centre.phase(urgent, "waiting")
    await centre.phone("agent117")
    assert (await centre.phase(urgent, "talking"))["agent"] == "agent117"
    assert (await centre.contacts())[normal.user[-3:]]["phase"] == "waiting"
    urgent.end(second)
    assert (await centre.phase(normal, "talking"))["agent"] == "agent117"
    normal.end(first)


async def test_a_caller_comes_to_the_agent_of_last_time_and_waits_for_that_one_only_so_long(centre: Centre) -> None:
    await centre.phone("agent112")
    caller = await centre.caller("08135550215")
    assert (await served(centre, caller, await calls(centre, caller, FAMILIAR)))[0] == "agent112"
    await centre.until("agent112", activity="idle")
    better = await centre.phone("agent101")
    assert (await served(centre, caller, await calls(centre, caller, FAMILIAR)))[0] == "agent112", (
        "though 101 knows more"
    )
    assert better.calls == []
    assert (await centre.ask("agent112", "pause", {"reason": "istirahat"}))[0] == 200
    agent, waited = await served(centre, caller, await calls(centre, caller, FAMILIAR))
    assert agent == "agent101"
    assert waited >= ALONE_S
    await asyncio.sleep(0)
