"""Offers on a real Asterisk: who does not take a call, several phones at once, wrap-up, and queues nobody serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from acd.deploy.plan import PbxPlan
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM, PENGADUAN, TEKNIS = "704", "705", "703"
"""Numbers that lead straight to a queue: agents 119 to 121, 122 to 124 (all three rung at once), 113 to 118."""
RING_S, WRAP_UP_S = 2, 1.5
RINGS, ANSWERS = 180, 200


def _queues(content: Yaml) -> None:
    queues = content["queues"]
    queues["q_pengaduan"]["ring"] = "3"
    queues["q_oss_teknis"]["limits"] = {
        "join": {"needs": "ready", "to": {"flow": "teknis", "node": "sibuk"}},
        "leave": {"needs": "logged_in", "to": {"queue": "q_umum", "drop_language": "true"}},
    }


def _plan(plan: PbxPlan) -> PbxPlan:
    return replace(plan, qualify_s=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    flows = {LKPM: ("lkpm", "q_lkpm"), PENGADUAN: ("pengaduan", "q_pengaduan"), TEKNIS: ("teknis", "q_oss_teknis")}
    wishes = Wishes(
        wrap_up_s=WRAP_UP_S,
        queue={"short_abandon": "100ms", "ring_timeout": f"{RING_S}s", "max_no_answer": "1"},
        flows={flow: straight_to(queue) for flow, queue in flows.values()},
        access_codes={number: {"flow": flow} for number, (flow, _) in flows.items()},
    )
    folder = tmp_path_factory.mktemp("offers")
    async with call_centre(folder, wishes=wishes, before={"queues.yaml": _queues}, plan=_plan) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def calls(centre: Centre, number: str, dialled: str) -> tuple[Telephone, PhoneCall]:
    """A caller whose call was answered."""
    caller = await centre.caller(number)
    call = caller.dial(dialled)
    assert await caller.answered(call) == 200
    return caller, call


# ---------------------------------------------------------------- offers that come to nothing


async def test_who_does_not_answer_is_paused_with_a_reason_and_the_next_agent_gets_the_caller(centre: Centre) -> None:
    silent, _ = await centre.phone("agent119", RINGS), await centre.phone("agent120")
    missed = await centre.metric("acd_offers_total", outcome="timed_out")
    caller, call = await calls(centre, "08135550701", LKPM)
    assert (await centre.phase(caller, "talking"))["agent"] == "agent120"
    await centre.until("agent119", activity="paused", pause_reason="no_answer")
    assert silent.calls[-1].cancelled
    assert await centre.metric("acd_offers_total", outcome="timed_out") == missed + 1
    caller.end(call)
    assert (await centre.record(caller))["offers"] == 2


@pytest.mark.parametrize("status", [486, 603])
async def test_who_declines_at_the_phone_is_not_blamed_and_the_next_agent_is_rung(centre: Centre, status: int) -> None:
    declining, _ = await centre.phone("agent119", status), await centre.phone("agent120")
    caller, call = await calls(centre, f"08135551{status}", LKPM)
    assert (await centre.phase(caller, "talking"))["agent"] == "agent120"
    agent = await centre.agent("agent119")
    assert (agent["missed"], agent["presence"], len(declining.calls)) == (0, "ready", 1)
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "answered"


async def test_who_turns_a_call_down_by_the_api_rings_no_longer(centre: Centre) -> None:
    phone, _ = await centre.phone("agent119", RINGS), await centre.phone("agent120")
    caller, call = await calls(centre, "08135550703", LKPM)
    rung = await phone.ringing()
    assert (await centre.ask("agent119", "reject"))[0] == 200
    assert (await centre.ask("agent119", "reject"))[0] == 409
    assert (await centre.phase(caller, "talking"))["agent"] == "agent120"
    await phone.until_over(rung)
    assert rung.cancelled
    assert (await centre.agent("agent119"))["missed"] == 0
    caller.end(call)
    await centre.record(caller)


async def test_a_phone_that_disappears_while_it_rings_does_not_hold_the_caller(centre: Centre) -> None:
    dying = await centre.phone("agent119", RINGS)
    caller, call = await calls(centre, "08135550704", LKPM)
    await dying.ringing()
    await centre.phone("agent120")
    await dying.register(0)
    assert (await centre.phase(caller, "talking"))["agent"] == "agent120"
    assert (await centre.agent("agent119"))["missed"] == 0
    caller.end(call)
    await centre.record(caller)


async def test_a_caller_who_hangs_up_while_it_rings_leaves_an_idle_agent_and_nothing_else(centre: Centre) -> None:
    phone = await centre.phone("agent119", RINGS)
    idle_since = (await centre.agent("agent119"))["since"]
    caller, call = await calls(centre, "08135550705", LKPM)
    rung = await phone.ringing()
    caller.end(call)
    await phone.until_over(rung)
    assert (await centre.record(caller))["exit"] in {"abandoned", "short_abandoned"}
    agent = await centre.until("agent119", activity="idle")
    assert (agent["since"], agent["missed"]) == (idle_since, 0)
    await centre.at_rest()


# ---------------------------------------------------------------- several phones at once


async def test_of_several_phones_the_first_to_answer_gets_the_caller_and_the_others_lose_nothing(
    centre: Centre,
) -> None:
    names = ("agent122", "agent123", "agent124")
    phones = [await centre.phone(name, RINGS) for name in names]
    idle_since = {name: (await centre.agent(name))["since"] for name in names}
    caller, call = await calls(centre, "08135550711", PENGADUAN)
    rung = [await phone.ringing() for phone in phones]
    phones[2].answer(rung[2])
    assert (await centre.phase(caller, "talking"))["agent"] == "agent124"
    for phone, lost, name in list(zip(phones, rung, names, strict=True))[:2]:
        await phone.until_over(lost)
        assert lost.cancelled
        assert "cause=200" in lost.reason, "so that the phone shows no missed call (RFC 3326)"
        agent = await centre.until(name, activity="idle")
        assert (agent["since"], agent["missed"]) == (idle_since[name], 0)
    caller.end(call)
    record = await centre.record(caller)
    assert (record["exit"], record["offers"]) == ("answered", 3)


async def test_of_two_who_answer_in_the_same_moment_one_talks_and_the_other_is_free_again(centre: Centre) -> None:
    names = ("agent122", "agent123", "agent124")
    phones = [await centre.phone(name, RINGS) for name in names]
    caller, call = await calls(centre, "08135550712", PENGADUAN)
    rung = [await phone.ringing() for phone in phones]
    for phone, ringing in zip(phones, rung, strict=True):
        phone.answer(ringing)
    winner = (await centre.phase(caller, "talking"))["agent"]
    for name in set(names) - {winner}:
        assert (await centre.until(name, activity="idle"))["missed"] == 0
    over = [ringing.over.is_set() for ringing in rung]
    assert over.count(False) == 1, "who lost hears no dead air"
    assert not rung[names.index(winner)].over.is_set()
    caller.end(call)
    assert (await centre.record(caller))["agent"] == winner


# ---------------------------------------------------------------- wrap-up


async def test_wrap_up_is_extended_and_a_disposition_ends_it_and_stands_in_the_record(centre: Centre) -> None:
    await centre.phone("agent122")
    caller, call = await calls(centre, "08135550721", PENGADUAN)
    await centre.phase(caller, "talking")
    caller.end(call)
    before = await centre.until("agent122", activity="wrap_up")
    status, agent = await centre.ask("agent122", "extend-wrap-up", {"seconds": 60})
    assert status == 200
    assert agent["wrap_up_until"] == before["wrap_up_until"] + 60
    await asyncio.sleep(WRAP_UP_S + 0.5)
    assert (await centre.agent("agent122"))["activity"] == "wrap_up"
    assert (await centre.ask("agent122", "disposition", {"disposition": "nonsense"}))[0] == 409
    assert (await centre.ask("agent122", "disposition", {"disposition": "tanpa_suara"}))[0] == 200
    await centre.until("agent122", activity="idle")
    await centre.record(caller)

    async def kept() -> bool:
        return bool((await centre.record(caller))["disposition"] == "tanpa_suara")

    await centre.eventually(kept, lambda: "the record has no disposition")


# ---------------------------------------------------------------- nobody there


async def test_a_queue_nobody_serves_lets_nobody_in(centre: Centre) -> None:
    await centre.phone("agent119")  # other skills
    caller, call = await calls(centre, "08135550731", TEKNIS)
    await caller.until_over(call)
    record = await centre.record(caller)
    assert (record["exit"], record["queue"], record["last_node"]) == ("overflowed", "q_oss_teknis", "tutup")
    assert caller.ear is not None
    assert centre.said(caller.ear.sound, ("bye", "busy")) == ["bye"]
    assert await centre.metric("acd_queue_diverted_total", queue="q_oss_teknis", limit="join") == 1


async def test_when_the_last_agent_goes_who_waits_goes_on_elsewhere_with_the_waited_time(centre: Centre) -> None:
    await centre.phone("agent115")
    talking, talk = await calls(centre, "08135550732", TEKNIS)
    await centre.phase(talking, "talking")
    caller, call = await calls(centre, "08135550733", TEKNIS)
    waiting = await centre.phase(caller, "waiting")
    await asyncio.sleep(1)
    assert (await centre.ask("agent115", "logout"))[0] == 200
    seen = await centre.phase(caller, "waiting")
    assert (seen["queue"], seen["since"]) == ("q_umum", waiting["since"])
    await centre.phone("agent101")
    assert (await centre.phase(caller, "talking"))["agent"] == "agent101"
    for one, its in ((caller, call), (talking, talk)):
        one.end(its)
    record = await centre.record(caller)
    assert (record["queue"], record["queued_at"]) == ("q_umum", waiting["since"])
    assert record["wait_s"] > 1
