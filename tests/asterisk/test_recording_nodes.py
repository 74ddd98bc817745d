"""Callers who speak into recordings on a real Asterisk: what is in the file, and what the caller hears and leaves."""

from __future__ import annotations

import asyncio
import io
import struct
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.audio import ALAW, CALLER_HZ, FRAME, RATE, heard, power, read_wav, seconds_of_tone
from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

RECORD, REVIEW, MESSAGE, FULL, SILENCE = "711", "712", "713", "714", "715"
BEEP_HZ = 1000
TEXTS = {
    "rekam_mulai": "Silakan bicara.",
    "rekam_simpan": "Satu simpan, dua ulang.",
    "rekam_terima": "Rekaman sudah diterima.",
    "rekam_kosong": "Tidak ada suara.",
}


def _texts(content: Yaml) -> None:
    content["prompts"].update({key: {"id": text, "en": text} for key, text in TEXTS.items()})


def _flow(first: Yaml) -> Yaml:
    nodes: Yaml = {
        "jawab": {"kind": "answer", "next": "awal"},
        "awal": first,
        "terima": {"kind": "play", "prompts": ["rekam_terima"], "next": "tutup", "barge_in": "false"},
        "kosong": {"kind": "play", "prompts": ["rekam_kosong"], "next": "sunyi", "barge_in": "false"},
        "sunyi": {"kind": "hang_up", "exit": "no_response"},
        "tutup": {"kind": "hang_up", "exit": "self_service"},
        "gagal": {"kind": "hang_up", "exit": "failed_technical"},
    }
    if first["kind"] == "silence_check":
        del nodes["gagal"]
    return {"languages": ["id"], "entry": "jawab", "nodes": nodes}


def _record(**more: object) -> Yaml:
    ways = {"next": "terima", "empty": "kosong", "failed": "gagal"}
    return {"kind": "record", "prompts": ["rekam_mulai"], "silence": "2s", "at_most": "6s", **ways, **more}


def _message() -> Yaml:
    return {**_record(), "kind": "voicemail", "queue": "q_lkpm", "at_most": "1m", "silence": "3s"}


def _full() -> Yaml:
    nodes: Yaml = {"jawab": {"kind": "answer", "next": "antre"}, "antre": {"kind": "queue", "queue": "q_lkpm"}}
    return {"languages": ["id"], "entry": "jawab", "nodes": nodes}


def _limits(content: Yaml) -> None:
    content["queues"]["q_lkpm"]["limits"] = {"join": {"to": {"voicemail": "q_lkpm"}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    check = {"kind": "silence_check", "prompts": ["rekam_mulai"], "timeout": "2s", "next": "terima", "silent": "kosong"}
    flows = {
        "rekam": _flow(_record()),
        "tinjau": _flow(_record(review=["rekam_simpan"])),
        "pesan": _flow(_message()),
        "penuh": _full(),
        "diam": _flow(check),
    }
    codes = dict(zip(flows, (RECORD, REVIEW, MESSAGE, FULL, SILENCE), strict=True))
    wishes = Wishes(flows=flows, access_codes={code: {"flow": flow} for flow, code in codes.items()})
    folder = tmp_path_factory.mktemp("recordings")
    before = {"queues.yaml": _limits, "../ivr_flows/prompts.yaml": _texts}
    async with call_centre(folder, wishes=wishes, before=before) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


# ---------------------------------------------------------------- what callers do


async def calls(centre: Centre, number: str, dialled: str) -> tuple[Telephone, PhoneCall]:
    """A caller who is silent, answered."""
    caller = await centre.caller(number)
    speaks(caller, wanted=False)
    call = caller.dial(dialled)
    assert await caller.answered(call) == 200
    return caller, call


def speaks(caller: Telephone, *, wanted: bool = True) -> None:
    assert caller.ear is not None
    caller.ear.speaks = wanted


def presses(caller: Telephone, key: str) -> None:
    assert caller.ear is not None
    caller.ear.press(key)


def sound_of(caller: Telephone, since: int = 0) -> bytes:
    assert caller.ear is not None
    return bytes(caller.ear.sound[since:])


async def hears_tone(centre: Centre, caller: Telephone, hertz: int, since: int = 0) -> int:
    """Wait until a tone was heard for 200 ms; where it was, in samples."""
    at: list[int] = []

    async def so() -> bool:
        sound = sound_of(caller)
        frames = range(since, len(sound) - FRAME + 1, FRAME)
        at[:] = [n for n in frames if heard([ALAW[byte] for byte in sound[n : n + FRAME]], hertz, 0.8)]
        return len(at) >= 10

    await centre.eventually(
        so, lambda: f"{caller.user} has not heard {hertz} Hz in {len(sound_of(caller))} samples", 30
    )
    return at[-1]


async def hears(centre: Centre, caller: Telephone, prompt: str) -> None:
    async def so() -> bool:
        return await asyncio.to_thread(centre.said, sound_of(caller), (prompt,)) == [prompt]

    await centre.eventually(so, lambda: f"{caller.user} has not heard {prompt}", 30)


async def speaks_after_the_tone(centre: Centre, caller: Telephone, seconds: float) -> None:
    await hears_tone(centre, caller, BEEP_HZ)
    await asyncio.sleep(0.3)
    speaks(caller)
    await asyncio.sleep(seconds)
    speaks(caller, wanted=False)


# ---------------------------------------------------------------- what is left of it


def folder_of(centre: Centre) -> Path:
    return centre.site.asterisk.recordings_dir


async def only_recording(centre: Centre, caller: Telephone) -> tuple[Json, tuple[int, ...]]:
    """The one recording of a caller's call, by the API, and its samples."""
    record = await centre.record(caller)
    rows: list[Json] = []

    async def so() -> bool:
        rows[:] = await centre.site.api.recordings(record["contact_id"])
        return bool(rows)

    await centre.eventually(so, lambda: f"{caller.user} has no recording")
    (row,) = rows
    return row, read_wav(folder_of(centre) / f"{row['name']}.wav")


def holds(samples: tuple[int, ...], at_least_s: float, at_most_s: float) -> None:
    """The file has the caller's tone, as long as it was spoken, and not the tone before it."""
    seconds = seconds_of_tone(samples, CALLER_HZ)
    assert at_least_s <= seconds <= at_most_s, seconds
    assert power(samples[: RATE // 5], BEEP_HZ) < 1e-4


async def messages(centre: Centre, caller: Telephone) -> list[Json]:
    async with centre.http.get("/api/v1/voicemails") as answer:
        return [found for found in (await answer.json())["voicemails"] if found["caller"] == caller.user]


async def message(centre: Centre, caller: Telephone) -> Json:
    """Wait for the one message of a caller."""
    found: list[Json] = []

    async def so() -> bool:
        found[:] = await messages(centre, caller)
        return bool(found)

    await centre.eventually(so, lambda: f"{caller.user} has left no message")
    (one,) = found
    return one


# ---------------------------------------------------------------- recordings


async def test_a_recording_ends_at_the_terminator_and_holds_what_was_said(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660101", RECORD)
    await speaks_after_the_tone(centre, caller, 2.0)
    presses(caller, "#")
    await hears(centre, caller, "rekam_terima")
    await caller.until_over(call)
    row, samples = await only_recording(centre, caller)
    assert (row["ok"], row["agent"]) == (True, None)
    assert abs(row["duration_s"] - len(samples) / RATE) < 0.1
    holds(samples, 1.6, 2.6)
    assert len(samples) / RATE < 4.0
    assert (await centre.record(caller))["exit"] == "self_service"


async def test_a_recording_ends_by_silence_which_is_not_kept(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660102", RECORD)
    await speaks_after_the_tone(centre, caller, 1.6)
    await caller.until_over(call, 30)
    _, samples = await only_recording(centre, caller)
    holds(samples, 1.2, 2.2)
    assert len(samples) / RATE < 3.3, "the silence that ended it is in the file"


async def test_a_recording_ends_after_its_longest_time(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660103", RECORD)
    await hears_tone(centre, caller, BEEP_HZ)
    speaks(caller)
    await caller.until_over(call, 30)
    _, samples = await only_recording(centre, caller)
    assert 5.0 <= len(samples) / RATE <= 8.0
    holds(samples, 4.5, 8.0)


async def test_nothing_said_is_found_out_and_leaves_no_file(centre: Centre) -> None:
    before = sorted(folder_of(centre).rglob("*.wav"))
    caller, call = await calls(centre, "08136660104", RECORD)
    await hears(centre, caller, "rekam_kosong")
    await caller.until_over(call)
    record = await centre.record(caller)
    assert (record["exit"], record["last_node"]) == ("no_response", "sunyi")
    assert await centre.site.api.recordings(record["contact_id"]) == []
    assert sorted(folder_of(centre).rglob("*.wav")) == before


async def test_a_caller_hears_the_recording_does_it_again_and_keeps_the_second(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660105", REVIEW)
    await speaks_after_the_tone(centre, caller, 1.5)
    presses(caller, "#")
    played = await hears_tone(centre, caller, CALLER_HZ)
    presses(caller, "2")
    await hears_tone(centre, caller, BEEP_HZ, played)
    await asyncio.sleep(0.3)
    speaks(caller)
    await asyncio.sleep(2.5)
    presses(caller, "#")
    speaks(caller, wanted=False)
    await hears(centre, caller, "rekam_simpan")
    presses(caller, "1")
    await caller.until_over(call)
    row, samples = await only_recording(centre, caller)
    assert row["name"].endswith("-r2")
    holds(samples, 2.0, 3.2)
    assert list(folder_of(centre).rglob(f"{Path(row['name']).name[:-1]}1.wav")) == []


# ---------------------------------------------------------------- messages


async def test_who_hangs_up_while_speaking_has_left_a_message_that_is_heard_and_done_by_the_api(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660106", MESSAGE)
    await hears_tone(centre, caller, BEEP_HZ)
    speaks(caller)
    await asyncio.sleep(4.0)
    caller.end(call)
    left = await message(centre, caller)
    assert (left["queue"], left["state"], left["language"]) == ("q_lkpm", "new", "id")
    assert 2.5 <= left["duration_s"] <= 5.0
    record = await centre.record(caller)
    assert (record["exit"], record["contact_id"]) == ("voicemail", left["contact_id"])
    assert await centre.metric("acd_voicemails", queue="q_lkpm", state="new") >= 1
    async with centre.http.get(f"/api/v1/voicemails/{left['id']}/audio") as answer:
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        with wave.open(io.BytesIO(await answer.read())) as sound:
            data = sound.readframes(sound.getnframes())
    holds(struct.unpack(f"<{len(data) // 2}h", data), 2.5, 5.0)
    assert (await message(centre, caller))["state"] == "heard"
    done = await centre.metric("acd_voicemails", queue="q_lkpm", state="done")
    async with centre.http.post(f"/api/v1/voicemails/{left['id']}/done") as answer:
        assert (answer.status, (await answer.json())["state"]) == (200, "done")
    assert await centre.metric("acd_voicemails", queue="q_lkpm", state="done") == done + 1


async def test_who_hangs_up_before_saying_anything_has_left_none(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660107", MESSAGE)
    await hears_tone(centre, caller, BEEP_HZ)
    await asyncio.sleep(1.0)
    caller.end(call)
    assert (await centre.record(caller))["exit"] == "ivr_exit"
    assert await messages(centre, caller) == []


async def test_a_caller_whom_no_agent_can_serve_is_led_to_voicemail(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660108", FULL)
    await speaks_after_the_tone(centre, caller, 3.0)
    presses(caller, "#")
    await caller.until_over(call)
    record = await centre.record(caller)
    assert (record["queue"], record["agent"], record["exit"]) == ("q_lkpm", None, "self_service")
    assert (await message(centre, caller))["queue"] == "q_lkpm"
    assert await centre.metric("acd_queue_diverted_total", queue="q_lkpm", limit="join") == 1


async def test_a_recording_goes_on_while_the_engine_is_killed_and_is_found_by_the_next_one(centre: Centre) -> None:
    caller, call = await calls(centre, "08136660109", MESSAGE)
    await hears_tone(centre, caller, BEEP_HZ)
    speaks(caller)
    await asyncio.sleep(1.5)
    engine = centre.site.engine
    assert engine is not None
    engine.process.kill()
    await engine.process.wait()
    await centre.site.start_engine()
    await asyncio.sleep(1.0)
    presses(caller, "#")
    await hears(centre, caller, "rekam_terima")
    await caller.until_over(call)
    left = await message(centre, caller)
    assert left["duration_s"] > 2.5
    assert len(list(folder_of(centre).rglob(f"{left['id']}*.wav"))) == 1
    assert left["id"].endswith("-r1"), "it was recorded anew"


# ---------------------------------------------------------------- silence


async def test_who_says_something_is_there_who_presses_a_key_too_and_who_does_neither_is_counted(
    centre: Centre,
) -> None:
    silent, silent_call = await calls(centre, "08136660110", SILENCE)
    talker, talker_call = await calls(centre, "08136660111", SILENCE)
    presser, presser_call = await calls(centre, "08136660112", SILENCE)
    presses(presser, "5")
    await hears(centre, talker, "rekam_mulai")
    speaks(talker)
    for caller, call in ((silent, silent_call), (talker, talker_call), (presser, presser_call)):
        await caller.until_over(call, 30)
    assert centre.said(sound_of(silent), ("rekam_kosong", "rekam_terima")) == ["rekam_kosong"]
    assert centre.said(sound_of(talker), ("rekam_kosong", "rekam_terima")) == ["rekam_terima"]
    assert centre.said(sound_of(presser), ("rekam_kosong", "rekam_terima")) == ["rekam_terima"]
    exits = [(await centre.record(caller))["exit"] for caller in (silent, talker, presser)]
    assert exits == ["no_response", "self_service", "self_service"]
