"""Agents on a real Asterisk: what they dial and ask for, what their phones do, which callers are offered to them."""

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

SPOKEN = ("agent_logged_in", "agent_ready", "agent_paused", "wrap_up_ended", "agent_logged_out", "refused")
LKPM = "704"
"""A number that leads straight to q_lkpm; agent119 (level 5), agent120 (4) and agent121 (3) can serve it."""
RING_S, WRAP_UP_S = 2, 1.5


def _plan(plan: PbxPlan) -> PbxPlan:
    """Phones asked for signs of life every second, and what makes a call that is none of ours."""
    return replace(plan, qualify_s=1, extra_modules=("res_clioriginate", "app_milliwatt"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=WRAP_UP_S,
        queue={"short_abandon": "1500ms", "ring_timeout": f"{RING_S}s", "max_no_answer": "2"},
        flows={"lkpm": straight_to("q_lkpm")},
        access_codes={LKPM: {"flow": "lkpm"}},
    )
    async with call_centre(tmp_path_factory.mktemp("agents"), wishes=wishes, plan=_plan) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def dialled(centre: Centre, phone: Telephone, code: str) -> list[str]:
    """Dial a code, listen until the engine ends the call; what was said."""
    assert phone.ear is not None
    call = phone.dial(code)
    assert await phone.answered(call) == 200
    await phone.until_over(call)
    return centre.said(phone.ear.sound, SPOKEN)


async def waits(centre: Centre, number: str, dialled: str = LKPM) -> tuple[Telephone, PhoneCall]:
    """A caller who is in the queue."""
    caller = await centre.caller(number)
    call = caller.dial(dialled)
    assert await caller.answered(call) == 200
    return caller, call


# ---------------------------------------------------------------- feature codes


async def test_codes_dialled_from_the_phone_change_presence_are_confirmed_and_leave_nothing(centre: Centre) -> None:
    phone = await centre.phone("agent119", ready=False)
    before = await centre.site.api.records()
    for code, said, presence, reason in (
        ("*1", "agent_logged_in", "ready", ""),
        ("*31", "agent_paused", "paused", "istirahat"),
        ("*2", "agent_ready", "ready", ""),
        ("*9", "agent_logged_out", "logged_out", ""),
    ):
        assert await dialled(centre, phone, code) == [said], code
        await centre.until("agent119", presence=presence, pause_reason=reason)
    await centre.at_rest()
    assert await centre.site.api.records() == before


@pytest.mark.parametrize("code", ["*4", "*77", "agent120", "169", "08123456789"])
async def test_a_refused_or_unknown_code_changes_nothing_and_reaches_nobody(centre: Centre, code: str) -> None:
    phone, other = await centre.phone("agent119"), await centre.phone("agent120")
    before = await centre.site.api.records()
    call = phone.dial(code)
    if await phone.answered(call) == 200:
        await phone.until_over(call)
        assert phone.ear is not None
        assert centre.said(phone.ear.sound, SPOKEN) == ["refused"]
    else:
        assert call.status == 404
    await centre.until("agent119", activity="idle")
    await centre.at_rest()
    assert other.calls == []
    assert await centre.site.api.records() == before


async def test_a_code_is_carried_out_also_for_who_hangs_up_without_listening(centre: Centre) -> None:
    phone = await centre.phone("agent119", ready=False)
    call = phone.dial("*1")
    assert await phone.answered(call) == 200
    assert (await centre.agent("agent119"))["phone_busy"]
    phone.end(call)
    await centre.until("agent119", activity="idle", phone_busy=False)


async def test_wrap_up_is_ended_by_the_code_and_the_next_caller_offered_when_the_phone_is_on_the_hook(
    centre: Centre,
) -> None:
    phone = await centre.phone("agent119")
    caller, call = await waits(centre, "08135550101")
    await centre.until("agent119", activity="talking")
    caller.end(call)
    await centre.until("agent119", activity="wrap_up")
    second, second_call = await waits(centre, "08135550102")
    code = phone.dial("*4")
    assert await phone.answered(code) == 200
    agent = await centre.agent("agent119")
    assert agent["activity"] in {"unavailable", "wrap_up"}
    await phone.until_over(code)
    assert phone.ear is not None
    assert centre.said(phone.ear.sound, SPOKEN) == ["wrap_up_ended"]
    await centre.phase(second, "talking")
    second.end(second_call)
    assert [(await centre.record(one))["exit"] for one in (caller, second)] == ["answered", "answered"]


# ---------------------------------------------------------------- the API


async def test_an_agent_is_led_by_the_api_and_a_wrong_reason_is_refused_with_the_right_ones(centre: Centre) -> None:
    await centre.phone("agent119", ready=False)
    status, answer = await centre.ask("agent119", "pause", {"reason": "istirahat"})
    assert (status, answer["detail"]) == (409, "not logged in")
    assert (await centre.ask("agent119", "login"))[1]["activity"] == "idle"
    status, answer = await centre.ask("agent119", "pause", {"reason": "tidur"})
    assert status == 400
    (error,) = answer["errors"]
    assert error["field"] == "reason"
    assert "istirahat, ibadah, rapat, pelatihan, lain" in error["message"]
    status, answer = await centre.ask("agent119", "pause", {"reason": "rapat"})
    assert (status, answer["presence"], answer["pause_reason"]) == (200, "paused", "rapat")
    status, answer = await centre.ask("agent119", "end-wrap-up")
    assert (status, answer["detail"]) == (409, "not in wrap-up")
    assert (await centre.ask("agent119", "ready"))[1]["activity"] == "idle"
    assert (await centre.ask("agent119", "logout"))[1]["activity"] == "logged_out"
    assert (await centre.ask("nobody", "login"))[0] == 404


async def test_a_pause_asked_for_in_a_conversation_begins_after_it_and_its_wrap_up(centre: Centre) -> None:
    phone = await centre.phone("agent119")
    caller, call = await waits(centre, "08135550111")
    await centre.until("agent119", activity="talking")
    assert (await centre.ask("agent119", "pause", {"reason": "ibadah"}))[1]["activity"] == "talking"
    second, second_call = await waits(centre, "08135550112")
    caller.end(call)
    await centre.until("agent119", activity="wrap_up")
    await centre.until("agent119", activity="paused", pause_reason="ibadah")
    assert (await centre.contacts())["112"]["phase"] == "waiting"
    assert len(phone.calls) == 1
    await centre.ask("agent119", "ready")
    await centre.phase(second, "talking")
    second.end(second_call)
    assert (await centre.record(second))["agent"] == "agent119"


async def test_wrap_up_ends_by_itself_or_by_the_api(centre: Centre) -> None:
    await centre.phone("agent119")
    for number in ("08135550121", "08135550122"):
        caller, call = await waits(centre, number)
        await centre.until("agent119", activity="talking")
        caller.end(call)
        await centre.until("agent119", activity="wrap_up")
        if number.endswith("2"):
            assert (await centre.ask("agent119", "end-wrap-up"))[0] == 200
        await centre.until("agent119", activity="idle")


# ---------------------------------------------------------------- the phone's state


async def test_a_phone_in_another_call_is_not_rung_until_it_is_free(centre: Centre) -> None:
    phone = await centre.phone("agent119")
    await asyncio.to_thread(centre.site.asterisk.rx, "channel originate PJSIP/agent119 application Milliwatt")
    await centre.until("agent119", phone_busy=True, activity="unavailable")
    other_call = phone.calls[-1]
    caller, call = await waits(centre, "08135550131")
    await centre.phase(caller, "waiting")
    assert len(phone.calls) == 1
    phone.end(other_call)
    await centre.phase(caller, "talking")
    caller.end(call)
    assert (await centre.record(caller))["offers"] == 1


async def test_a_phone_that_is_not_registered_is_not_rung_until_it_is_back(centre: Centre) -> None:
    phone = await centre.phone("agent119")
    await phone.register(0)
    await centre.until("agent119", phone_reachable=False, activity="unavailable")
    caller, call = await waits(centre, "08135550132")
    await centre.phase(caller, "waiting")
    await phone.register()
    await centre.phase(caller, "talking")
    caller.end(call)
    assert (await centre.record(caller))["offers"] == 1


async def test_a_phone_that_has_fallen_silent_is_not_rung_until_it_answers_again(centre: Centre) -> None:
    phone = await centre.phone("agent119")
    phone.answers_options = False
    await centre.until("agent119", phone_reachable=False, activity="unavailable")
    caller, call = await waits(centre, "08135550133")
    await centre.phase(caller, "waiting")
    phone.answers_options = True
    await centre.phase(caller, "talking")
    caller.end(call)
    assert (await centre.record(caller))["offers"] == 1


# ---------------------------------------------------------------- offers


async def test_who_does_not_answer_is_passed_over_and_paused_after_missing_twice(centre: Centre) -> None:
    deaf, other = await centre.phone("agent119", manner=180), await centre.phone("agent120")
    for number in ("08135550141", "08135550142"):
        caller, call = await waits(centre, number)
        await centre.phase(caller, "talking")
        assert deaf.calls[-1].cancelled
        assert (await centre.contacts())[number[-3:]]["agent"] == "agent120"
        caller.end(call)
        assert (await centre.record(caller))["offers"] == 2
        await centre.until("agent120", activity="idle")
        if number.endswith("1"):
            await centre.until("agent119", activity="idle", missed=1)
    await centre.until("agent119", activity="paused", presence="paused", pause_reason="no_answer")
    assert (len(deaf.calls), len(other.calls)) == (2, 2)
    assert await centre.metric("acd_agents", activity="paused") == 1


@pytest.mark.parametrize("status", [486, 603, 480, 500])
async def test_a_phone_that_refuses_passes_the_caller_on(centre: Centre, status: int) -> None:
    refusing, _ = await centre.phone("agent119", manner=status), await centre.phone("agent120")
    caller, call = await waits(centre, f"08135550{status}")
    await centre.phase(caller, "talking")
    assert len(refusing.calls) == 1
    caller.end(call)
    record = await centre.record(caller)
    assert (record["agent"], record["offers"]) == ("agent120", 2)


async def test_a_caller_who_gives_up_while_a_phone_rings_silences_it_and_frees_the_agent(centre: Centre) -> None:
    phone = await centre.phone("agent119", manner=180)
    for number, patience_s, exit_ in (("08135550151", 0.0, "short_abandoned"), ("08135550152", 1.7, "abandoned")):
        caller, call = await waits(centre, number)
        ringing = await phone.ringing()
        await asyncio.sleep(patience_s)
        caller.end(call)
        await phone.until_over(ringing)
        assert ringing.cancelled
        assert (await centre.record(caller))["exit"] == exit_
        await centre.until("agent119", activity="idle", missed=0)
