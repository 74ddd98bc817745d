"""Supervisors' orders on a real Asterisk, alone and many at once while thirty calls are in progress."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.deployment import Wishes
from tests.call_centre import Centre, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM, TEKNIS, UMUM = "704", "703", "706"
NUMBERS = (LKPM, TEKNIS, UMUM)
CALLS, ORDERS = 30, 40


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    flows = {LKPM: ("lkpm", "q_lkpm"), TEKNIS: ("teknis", "q_oss_teknis"), UMUM: ("umum", "q_umum")}
    wishes = Wishes(
        wrap_up_s=0.2,
        queue={"short_abandon": "100ms"},
        flows={flow: straight_to(queue) for flow, queue in flows.values()},
        access_codes={number: {"flow": flow} for number, (flow, _) in flows.items()},
    )
    async with call_centre(tmp_path_factory.mktemp("supervisor"), wishes=wishes) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def calls(centre: Centre, number: str, dialled: str, *, sound: bool = False) -> tuple[Telephone, PhoneCall]:
    """A caller whose call was answered."""
    caller = await centre.caller(number, sound=sound)
    call = caller.dial(dialled)
    assert await caller.answered(call) == 200
    return caller, call


async def order(centre: Centre, path: str, body: Json) -> int:
    """The status an order was answered with."""
    async with centre.http.post(f"/api/v1/{path}", json=body) as answer:
        assert answer.status in {200, 404, 409}, await answer.text()
        return answer.status


async def test_each_order_takes_effect_at_once_on_who_waits(centre: Centre) -> None:
    first, first_call = await calls(centre, "08135550801", LKPM)
    second, second_call = await calls(centre, "08135550802", LKPM)
    third, third_call = await calls(centre, "08135550803", TEKNIS)
    fourth, fourth_call = await calls(centre, "08135550804", TEKNIS)
    one, two, three, _four = [(await centre.phase(c, "waiting"))["id"] for c in (first, second, third, fourth)]
    assert await order(centre, f"contacts/{two}/priority", {"priority": 900, "request_id": "a"}) == 200
    assert await order(centre, f"contacts/{two}/priority", {"priority": 0, "request_id": "a"}) == 200
    await centre.phone("agent121")
    assert (await centre.phase(second, "talking"))["agent"] == "agent121"
    assert (await centre.phase(first, "waiting"))["queue"] == "q_lkpm"
    await centre.phone("agent101")
    await centre.phone("agent102")
    assert await order(centre, f"contacts/{one}/queue", {"queue": "q_umum"}) == 200
    moved = await centre.phase(first, "talking")
    assert (moved["queue"], moved["agent"]) == ("q_umum", "agent101")
    assert await order(centre, f"contacts/{three}/agent", {"agent": "agent102"}) == 200
    assert (await centre.phase(third, "talking"))["agent"] == "agent102"
    await centre.phone("agent103")
    assert await order(centre, "agents/agent103/skills", {"skills": {"oss_teknis": 2, "lang_id": 3}}) == 200
    assert (await centre.phase(fourth, "talking"))["agent"] == "agent103"
    for caller, call in (
        (first, first_call), (second, second_call), (third, third_call), (fourth, fourth_call),
    ):  # fmt: skip
        caller.end(call)
        assert (await centre.record(caller))["exit"] == "answered"
    assert (await centre.agent("agent103"))["skills_by"]


async def test_forty_random_orders_under_thirty_calls_lose_nobody_and_no_waited_time(centre: Centre) -> None:
    chance = Random(40)
    agents = ["agent101", "agent113", "agent114", "agent119", "agent120"]
    for agent in agents[:3]:
        await centre.phone(agent)
    callers = [
        await calls(centre, f"0813556{number:04}", NUMBERS[number % len(NUMBERS)], sound=False)
        for number in range(CALLS)
    ]
    await centre.phone(agents[3])
    await centre.phone(agents[4])
    since: dict[str, float] = {}
    statuses: list[int] = []

    async def look() -> list[Json]:
        contacts: list[Json] = (await centre.site.api.status())["contacts"]
        waiting = [c for c in contacts if c["phase"] in {"waiting", "offered"}]
        for contact in waiting:
            assert since.setdefault(contact["id"], contact["since"]) == contact["since"], "waited time was lost"
        return waiting

    for number in range(ORDERS):
        waiting = await look()
        contact = chance.choice(waiting)["id"] if waiting else "nobody"
        agent = chance.choice(agents)
        choices: list[tuple[str, Json]] = [
            (f"contacts/{contact}/priority", {"priority": chance.randrange(1000)}),
            (f"contacts/{contact}/queue", {"queue": chance.choice(["q_lkpm", "q_oss_teknis", "q_umum"])}),
            (f"contacts/{contact}/agent", {"agent": agent}),
            (f"agents/{agent}/skills", {"skills": {"lkpm": chance.randint(1, 5), "umum": 1, "lang_id": 5}}),
            (f"agents/{agent}/skills/reset", {}),
        ]
        path, body = chance.choice(choices)
        body = {**body, "request_id": f"load-{number}"}
        statuses.append(await order(centre, path, body))
        if number % 4 == 3:  # who came first hangs up, so that agents become free meanwhile
            caller, call = callers[number // 4]
            if not call.over.is_set():
                caller.end(call)
    await look()
    assert statuses.count(200) > ORDERS / 2
    for caller, call in callers:
        if not call.over.is_set():
            caller.end(call)
    records = [await centre.record(caller) for caller, _ in callers]
    assert len({record["contact_id"] for record in records}) == CALLS
    assert {record["exit"] for record in records} <= {"answered", "abandoned", "short_abandoned"}
    queued = {record["contact_id"]: record["queued_at"] for record in records}
    assert all(queued[contact] == began for contact, began in since.items()), "waited time was lost"
    await centre.at_rest()
