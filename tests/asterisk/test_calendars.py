"""Calendars on a real Asterisk: a closure by one call of the API, and lunch announced to those who wait."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

DESK, LUNCH = "708", "709"
CALENDAR = "jam_layanan"
DESK_FLOW: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "nodes": {
        "jawab": {"kind": "answer", "next": "jam"},
        "jam": {"kind": "hours", "calendar": CALENDAR, "open": "antre", "closed": "tutup", "holiday": "tutup"},
        "antre": {"kind": "queue", "queue": "q_umum"},
        "tutup": {"kind": "play", "prompts": ["bye"], "next": "selesai", "barge_in": "false"},
        "selesai": {"kind": "hang_up", "exit": "closed"},
    },
}


def _at_lunch_all_day(content: Yaml) -> None:
    content["calendars"][CALENDAR]["lunch"] = {"from": "00:00", "to": "24:00", "prompt": "lunch"}


def _announced(content: Yaml) -> None:
    content["queues"]["q_lkpm"]["announce"] = {"lunch": CALENDAR}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        wrap_up_s=0.2,
        queue={"short_abandon": "500ms"},
        flows={"meja": DESK_FLOW, "siang": straight_to("q_lkpm")},
        access_codes={DESK: {"flow": "meja"}, LUNCH: {"flow": "siang"}},
    )
    after = {"calendars.yaml": _at_lunch_all_day, "queues.yaml": _announced}
    async with call_centre(tmp_path_factory.mktemp("calendars"), wishes=wishes, after=after) as running:
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


async def ordered(centre: Centre, what: str, body: Json) -> Json:
    async with centre.http.post(f"/api/v1/calendars/{CALENDAR}/{what}", json=body) as answer:
        assert answer.status == 200, await answer.text()
        told: Json = await answer.json()
        return told


async def is_sent_away(centre: Centre, number: str) -> None:
    """A caller hears that it is closed, and is recorded so."""
    caller, call = await calls(centre, number, DESK)
    await caller.until_over(call)
    record = await centre.record(caller)
    assert (record["exit"], record["queue"]) == ("closed", None)
    assert caller.ear is not None
    assert centre.said(caller.ear.sound, ("bye",)) == ["bye"]


async def test_a_closure_holds_for_the_next_caller_and_over_the_engines_death_until_it_is_taken_back(
    centre: Centre,
) -> None:
    waits, waiting = await calls(centre, "08135551301", DESK)
    await centre.phase(waits, "waiting")
    assert await centre.metric("acd_calendar_open", calendar=CALENDAR) == 1
    told = await ordered(centre, "close", {"reason": "Evakuasi gedung", "message": "closed"})
    assert (told["state"], told["closure"]["by"], told["message"]) == ("closed", "supervisor/demo", "closed")
    await is_sent_away(centre, "08135551302")
    assert await centre.metric("acd_calendar_open", calendar=CALENDAR) == 0
    engine = centre.site.engine
    assert engine is not None
    engine.process.kill()
    await engine.process.wait()
    await centre.site.start_engine()
    await is_sent_away(centre, "08135551303")
    assert (await ordered(centre, "reopen", {}))["state"] == "open"
    later, call = await calls(centre, "08135551304", DESK)
    await centre.phase(later, "waiting")
    assert (await centre.phase(waits, "waiting"))["queue"] == "q_umum", "who waited already was left in peace"
    later.end(call)
    waits.end(waiting)


async def test_who_begins_to_wait_at_lunch_is_told_so_once(centre: Centre) -> None:
    caller, call = await calls(centre, "08135551311", LUNCH)
    await centre.phase(caller, "waiting")
    assert caller.ear is not None
    sound = caller.ear.sound
    await centre.eventually(lambda: heard(centre, sound), lambda: "no lunch announcement is heard")
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "abandoned"
    assert len([found for found in centre.voice("lunch").times_in(sound) if found.whole]) == 1


async def heard(centre: Centre, sound: bytearray) -> bool:
    """Whether the lunch prompt was said to its end."""
    return centre.said(bytes(sound), ("lunch",)) == ["lunch"]
