"""Who gets which caller, where callers go whom nobody takes, and what a full trunk does; on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.deployment import Wishes
from acd.demo.rtp import Press
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TEKNIS, LKPM, PENGADUAN, UNANSWERED, CLOSED = "703", "704", "705", "706", "707"
"""Numbers: straight to a queue, answered; to a queue without an answer; to a desk that is closed."""
CAPACITY = 30
HEARD = 5
"""Packets listened to that hold sound: half a second of it."""
ENGLISH_LKPM = (Press(0.3, "2"), Press(1.2, "4"))
ENGLISH_TEKNIS = (Press(0.3, "2"), Press(1.2, "3"), Press(2.1, "1"))
UNANSWERED_FLOW: Yaml = {
    "languages": ["id"],
    "entry": "antre",
    "nodes": {"antre": {"kind": "queue", "queue": "q_oss_teknis"}},
}
CLOSED_FLOW: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "nodes": {
        "jawab": {"kind": "answer", "next": "jam"},
        "jam": {"kind": "hours", "calendar": "malam", "open": "antre", "closed": "tutup", "holiday": "tutup"},
        "antre": {"kind": "queue", "queue": "q_oss_teknis"},
        "tutup": {"kind": "play", "prompts": ["bye"], "next": "selesai"},
        "selesai": {"kind": "hang_up", "exit": "closed"},
    },
}


def _queues(content: Yaml) -> None:
    queues = content["queues"]
    queues["q_lkpm"]["overflow"] = {"after": "2s", "queue": "q_umum", "drop_language": "true", "prompt": "en_overflow"}
    queues["q_umum"]["overflow"] = {"after": "6s"}
    queues["q_pengaduan"].update(max_length="1", overflow={"after": "90s"})


def _night_desk(content: Yaml) -> None:
    content["calendars"]["malam"] = {"hours": {"mon-sun": ["00:00-24:00"]}}


def _night(content: Yaml) -> None:
    content["calendars"]["malam"]["hours"] = {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.5,
        queue={"short_abandon": "500ms"},
        flows={
            "teknis": straight_to("q_oss_teknis"),
            "lkpm": straight_to("q_lkpm"),
            "pengaduan": straight_to("q_pengaduan"),
            "berdering": UNANSWERED_FLOW,
            "malam": CLOSED_FLOW,
        },
        access_codes={
            TEKNIS: {"flow": "teknis"},
            LKPM: {"flow": "lkpm"},
            PENGADUAN: {"flow": "pengaduan"},
            UNANSWERED: {"flow": "berdering"},
            CLOSED: {"flow": "malam"},
        },
    )
    async with call_centre(
        tmp_path_factory.mktemp("routing"),
        wishes=wishes,
        before={"queues.yaml": _queues, "calendars.yaml": _night_desk},
        after={"calendars.yaml": _night},
    ) as running:
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


# ---------------------------------------------------------------- skills


async def test_a_caller_waits_for_an_agent_with_the_skill_though_others_are_idle(centre: Centre) -> None:
    without, _ = await centre.phone("agent101"), await centre.phone("agent119")
    caller, call = await calls(centre, "08135550201", TEKNIS)
    assert (await centre.phase(caller, "waiting"))["queue"] == "q_oss_teknis"
    await centre.phone("agent117")
    assert (await centre.phase(caller, "talking"))["agent"] == "agent117"
    caller.end(call)
    record = await centre.record(caller)
    assert (record["exit"], record["agent"], record["offers"]) == ("answered", "agent117", 1)
    assert without.calls == []


async def test_who_chose_english_waits_for_an_agent_who_speaks_it(centre: Centre) -> None:
    skilled = [await centre.phone(agent) for agent in ("agent114", "agent115")]
    english = await centre.phone("agent101")
    caller, call = await calls(centre, "08135550202", "169", ENGLISH_TEKNIS)
    waiting = await centre.phase(caller, "waiting")
    assert (waiting["queue"], waiting["language"]) == ("q_oss_teknis", "en")
    await centre.phone("agent113")
    assert (await centre.phase(caller, "talking"))["agent"] == "agent113"
    caller.end(call)
    assert (await centre.record(caller))["language"] == "en"
    assert [phone.calls for phone in (*skilled, english)] == [[], [], []]


# ---------------------------------------------------------------- overflow and closed


async def test_after_the_maximum_wait_a_caller_is_told_moved_and_at_last_sent_away(centre: Centre) -> None:
    caller, call = await calls(centre, "08135550211", LKPM)
    assert (await centre.phase(caller, "waiting"))["queue"] == "q_lkpm"
    await caller.until_over(call, 20)
    record = await centre.record(caller)
    assert (record["exit"], record["queue"], record["offers"]) == ("overflowed", "q_umum", 0)
    assert (record["cause"], record["last_node"]) == (16, "tutup")
    assert caller.ear is not None
    assert centre.said(caller.ear.sound, ("en_overflow", "bye", "busy")) == ["en_overflow", "bye"]
    assert await centre.metric("acd_contacts_total", exit="overflowed") >= 1


async def test_in_the_overflow_queue_an_agent_of_any_language_takes_the_caller_who_keeps_the_time_waited(
    centre: Centre,
) -> None:
    phone = await centre.phone("agent102")
    caller, call = await calls(centre, "08135550212", "169", ENGLISH_LKPM)
    assert (await centre.phase(caller, "waiting"))["language"] == "en"
    assert phone.calls == []
    assert (await centre.phase(caller, "talking"))["agent"] == "agent102"
    caller.end(call)
    record = await centre.record(caller)
    assert (record["exit"], record["queue"], record["language"]) == ("answered", "q_umum", "en")
    assert record["wait_s"] > 2


async def test_one_caller_more_than_the_queue_may_hold_is_sent_away_at_once(centre: Centre) -> None:
    first, first_call = await calls(centre, "08135550213", PENGADUAN)
    await centre.phase(first, "waiting")
    second, second_call = await calls(centre, "08135550214", PENGADUAN)
    await second.until_over(second_call)
    assert (await centre.record(second))["exit"] == "overflowed"
    assert (await centre.contacts())["213"]["phase"] == "waiting"
    first.end(first_call)
    assert (await centre.record(first))["exit"] == "abandoned"


async def test_outside_the_hours_a_caller_is_told_so_and_recorded_as_closed(centre: Centre) -> None:
    caller, call = await calls(centre, "08135550215", CLOSED)
    await caller.until_over(call)
    record = await centre.record(caller)
    assert (record["exit"], record["queue"], record["cause"]) == ("closed", None, 16)
    assert caller.ear is not None
    assert centre.said(caller.ear.sound, ("bye",)) == ["bye"]


# ---------------------------------------------------------------- trunk


async def test_calls_beyond_the_trunks_capacity_are_refused_counted_and_leave_nothing(centre: Centre) -> None:
    blocked_before = await centre.metric("acd_trunk_blocked_total", trunk="e1")
    callers = [await centre.caller(f"081355503{n:02}", sound=False) for n in range(CAPACITY)]
    up = [caller.dial(TEKNIS) for caller in callers]
    for caller, call in zip(callers, up, strict=True):
        assert await caller.answered(call) == 200
    refused = [await centre.caller(f"081355504{n:02}", sound=False) for n in range(5)]
    for caller in refused:
        call = caller.dial(TEKNIS)
        assert await caller.answered(call) == 503
        assert call.reason == "Q.850;cause=34"
        record = await centre.record(caller)
        assert (record["exit"], record["cause"], record["sip_code"]) == ("blocked", 34, 503)
        assert (record["answered_at"], record["trunk"]) == (None, "e1")
    assert await centre.metric("acd_trunk_blocked_total", trunk="e1") == blocked_before + len(refused)
    assert await centre.metric("acd_trunk_channels_in_use", trunk="e1") == CAPACITY
    callers[0].end(up[0])
    await centre.record(callers[0])
    another, _ = await calls(centre, "08135550499", TEKNIS)
    await centre.phase(another, "waiting")
    for caller, call in [*zip(callers[1:], up[1:], strict=True), (another, another.calls[-1])]:
        caller.end(call)
    await centre.at_rest()
    assert await centre.metric("acd_trunk_channels_in_use", trunk="e1") == 0


async def test_a_caller_who_cancels_before_the_answer_is_recorded_with_487(centre: Centre) -> None:
    caller = await centre.caller("08135550501")
    call = caller.dial(UNANSWERED)
    await asyncio.wait_for(call.rings.wait(), 60)
    await centre.phase(caller, "waiting")
    caller.cancel(call)
    assert await caller.answered(call) == 487
    record = await centre.record(caller)
    assert record["exit"] in {"abandoned", "short_abandoned"}
    assert (record["answered_at"], record["cause"], record["sip_code"]) == (None, 16, 487)


async def test_a_number_that_is_no_access_code_is_refused_with_404_and_recorded(centre: Centre) -> None:
    caller = await centre.caller("08135550502")
    call = caller.dial("999")
    assert await caller.answered(call) == 404
    record = await centre.record(caller)
    assert (record["exit"], record["cause"], record["sip_code"]) == ("unknown_number", 1, 404)


# ---------------------------------------------------------------- recording


@contextmanager
def no_folder(folder: Path) -> Iterator[None]:
    """Put a file where the folder for recordings is: nothing can be written there, whoever one is."""
    away = folder.with_name("away")
    folder.rename(away)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


async def test_a_recording_that_cannot_be_written_harms_no_conversation_and_is_told(centre: Centre) -> None:
    phone = await centre.phone("agent113")
    bad_before = await centre.metric("acd_recordings_total", outcome="bad")
    with no_folder(centre.site.asterisk.recordings_dir):
        caller, call = await calls(centre, "08135550601", TEKNIS)
        await centre.phase(caller, "talking")
        hears, is_heard = caller.ear, phone.ear
        assert hears is not None
        assert is_heard is not None

        async def they_talk() -> bool:
            return is_heard.heard.sound > HEARD and hears.heard.sound > HEARD

        await centre.eventually(they_talk, lambda: f"heard: {hears.heard}, {is_heard.heard}")
        caller.end(call)
        record = await centre.record(caller)
        rows: list[Json] = []

        async def judged() -> bool:
            rows[:] = await centre.site.api.recordings(record["contact_id"])
            return bool(rows)

        await centre.eventually(judged, lambda: "the recording has no row")
    assert (record["exit"], record["agent"]) == ("answered", "agent113")
    (row,) = rows
    assert (row["ok"], row["bytes"], row["duration_s"]) == (False, 0, 0.0)
    assert row["problem"] == "the file cannot be read: Not a directory"
    assert await centre.metric("acd_recordings_total", outcome="bad") == bad_before + 1
