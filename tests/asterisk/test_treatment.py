"""What waiting callers hear on a real Asterisk: place, wait, comfort; cut by the connection; keys that lead away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.audio import ALAW, CALLER_HZ, FRAME, heard, level
from acd.demo.deployment import Wishes
from acd.demo.rtp import Press
from tests.call_centre import Centre, Yaml, call_centre
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM, ENGLISH, TEKNIS = "704", "705", "703"
"""Numbers: to q_lkpm in Indonesian and in English; to q_oss_teknis, which has one long announcement only."""
AUDIBLE = 1e-5
SECOND = 8000
"""Bytes of A-law."""
PURE = 0.9
"""Share of the other party's tone in a piece of sound that holds nothing else; telephones of both sides send one."""


def waiting_flow(queue: str, language: str) -> Yaml:
    """A flow that answers, speaks one language and queues; the star leads to a goodbye."""
    nodes: Yaml = {
        "jawab": {"kind": "answer", "next": "bahasa"},
        "bahasa": {"kind": "set_language", "language": language, "next": "antre"},
        "antre": {"kind": "queue", "queue": queue, "keys": {"*": "pamit"}},
        "pamit": {"kind": "play", "prompts": ["bye"], "next": "tutup", "barge_in": "false"},
        "tutup": {"kind": "hang_up", "exit": "self_service"},
    }
    return {"languages": ["id", "en"], "entry": "jawab", "nodes": nodes}


def _queues(content: Yaml) -> None:
    queues = content["queues"]
    queues["q_lkpm"]["announce"] = {"position": "true", "estimate": "true", "first_after": "1s", "every": "5s"}
    queues["q_oss_teknis"]["announce"] = {"comfort": ["closed"], "first_after": "1s"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.2,
        queue={"short_abandon": "500ms", "music": "acd"},
        flows={
            "lkpm": waiting_flow("q_lkpm", "id"),
            "english": waiting_flow("q_lkpm", "en"),
            "teknis": waiting_flow("q_oss_teknis", "id"),
        },
        access_codes={LKPM: {"flow": "lkpm"}, ENGLISH: {"flow": "english"}, TEKNIS: {"flow": "teknis"}},
    )
    folder = tmp_path_factory.mktemp("treatment")
    async with call_centre(folder, wishes=wishes, before={"queues.yaml": _queues}) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def calls(centre: Centre, number: str, dialled: str, keys: tuple[Press, ...] = ()) -> tuple[Telephone, PhoneCall]:
    """A caller whose call was answered."""
    caller = await centre.caller(number)
    call = caller.dial(dialled)
    assert await caller.answered(call, keys) == 200
    return caller, call


def sound_of(phone: Telephone) -> bytearray:
    assert phone.ear is not None
    return phone.ear.sound


async def hears(centre: Centre, caller: Telephone, prompt: str, language: str = "id") -> None:
    """Wait until a prompt was said to a caller."""

    async def so() -> bool:
        return centre.said(bytes(sound_of(caller)), (prompt,), language) == [prompt]

    await centre.eventually(so, lambda: f"{caller.user} has not heard {prompt} in {len(sound_of(caller))} bytes", 20)


async def more_sound(centre: Centre, caller: Telephone, seconds: float) -> None:
    """Wait until so much more has come."""
    wanted = len(sound_of(caller)) + seconds * SECOND

    async def so() -> bool:
        return len(sound_of(caller)) >= wanted

    await centre.eventually(so, lambda: "no sound comes")


def frames(sound: bytes | bytearray) -> list[list[int]]:
    return [[ALAW[b] for b in sound[at : at + FRAME]] for at in range(0, len(sound) - FRAME + 1, FRAME)]


# ---------------------------------------------------------------- place and wait


async def test_callers_are_told_their_true_place_each_in_their_own_language_and_again_when_it_came_nearer(
    centre: Centre,
) -> None:
    first, first_call = await calls(centre, "08135550701", LKPM)
    await centre.phase(first, "waiting")
    english, _ = await calls(centre, "08135550702", ENGLISH)
    second, second_call = await calls(centre, "08135550703", LKPM)
    await hears(centre, first, "say_first")
    await hears(centre, english, "say_first", "en")
    await hears(centre, second, "say_place")
    await hears(centre, second, "say_2")
    assert centre.said(sound_of(second), ("say_first",)) == []
    places = {tail: contact["position"] for tail, contact in (await centre.contacts()).items()}
    assert places == {"701": 1, "702": 1, "703": 2}
    first.end(first_call)
    await hears(centre, second, "say_first")
    second.end(second_call)
    assert (await centre.record(second))["exit"] == "abandoned"


async def test_a_caller_is_told_the_wait_learnt_from_others_and_what_was_told_is_scored(centre: Centre) -> None:
    phone = await centre.phone("agent119")
    callers = [await calls(centre, f"0813555071{n}", LKPM) for n in range(5)]
    for caller, call in callers:
        await centre.phase(caller, "talking")
        await asyncio.sleep(0.3)  # a conversation
        if caller is not callers[-1][0]:
            caller.end(call)
    before = await centre.metric("acd_queue_estimates_total", queue="q_lkpm", outcome="answered")
    last, last_call = await calls(centre, "08135550719", LKPM)
    waiting = await centre.phase(last, "waiting")
    assert waiting["estimated_wait_s"] > 0
    assert 0 < waiting["estimate_confidence"] <= 1
    await hears(centre, last, "say_wait")
    await hears(centre, last, "say_less_than")
    callers[-1][0].end(callers[-1][1])
    await centre.phase(last, "talking")
    assert await centre.metric("acd_queue_estimates_total", queue="q_lkpm", outcome="answered") == before + 1
    assert await centre.metric("acd_queue_estimate_within_30s_ratio", queue="q_lkpm") == 1
    last.end(last_call)
    assert (await centre.record(last))["exit"] == "answered"
    assert len(phone.calls) == 6


# ---------------------------------------------------------------- never in the way


async def test_the_phone_rings_during_an_announcement_and_the_answer_cuts_it_without_music_in_between(
    centre: Centre,
) -> None:
    caller, call = await calls(centre, "08135550721", TEKNIS)
    whole = len((centre.site.deployment.folder / "sounds" / "id" / "closed.wav").read_bytes()) / 2 / SECOND
    assert whole > 8, "the announcement is too short to be cut"
    await centre.phase(caller, "waiting")
    await more_sound(centre, caller, 2.0)
    phone = await centre.phone("agent114", 180)
    ringing = await phone.ringing()
    rung_at = len(sound_of(caller))
    await more_sound(centre, caller, 0.5)
    meanwhile = frames(sound_of(caller)[rung_at:])
    assert max(map(level, meanwhile)) > AUDIBLE, "the announcement stopped when the phone rang"
    answered_at = len(sound_of(caller))
    phone.answer(ringing)
    await centre.phase(caller, "talking")
    await more_sound(centre, caller, 2.0)
    after = [heard(frame, CALLER_HZ, PURE) for frame in frames(sound_of(caller)[answered_at:])]
    begins = after.index(True)
    assert begins * FRAME < 2 * SECOND, "the agent was not heard at once"
    assert sum(after[begins:]) >= len(after[begins:]) - 2, "something else was heard after the agent"
    assert centre.said(sound_of(caller), ("closed",)) == []
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "answered"


# ---------------------------------------------------------------- keys


@pytest.mark.parametrize(("number", "language"), [(LKPM, "id"), (ENGLISH, "en")])
async def test_a_key_leads_out_of_the_queue_and_what_follows_is_said_in_the_callers_language(
    centre: Centre, number: str, language: str
) -> None:
    caller, call = await calls(centre, "08135550731", number, (Press(1.5, "5"), Press(2.5, "*")))
    await centre.phase(caller, "waiting")
    await caller.until_over(call)
    assert centre.said(sound_of(caller), ("bye",), language) == ["bye"]
    found = [r for r in await centre.site.api.records() if r["caller"] == caller.user and r["language"] == language]
    assert [(r["exit"], r["queue"], r["last_node"], r["agent"]) for r in found] == [
        ("self_service", "q_lkpm", "tutup", None)
    ]


async def test_a_key_pressed_while_a_phone_rings_silences_it(centre: Centre) -> None:
    phone = await centre.phone("agent114", 180)
    caller, call = await calls(centre, "08135550741", TEKNIS, (Press(1.0, "*"),))
    ringing = await phone.ringing()
    await phone.until_over(ringing)
    assert ringing.cancelled
    await caller.until_over(call)
    assert (await centre.record(caller))["exit"] == "self_service"
    await centre.until("agent114", activity="idle")
