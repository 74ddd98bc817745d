"""The nodes that decide, remember, say values and ask, heard by callers of both ways on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre
from tests.ivr_caller import IvrCaller, both_ways, with_texts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SPOKEN_S = 4.0
"""How long callers talk to a recording: longer than what counts as nothing."""
END: Yaml = {
    "gagal": {"kind": "play", "prompts": ["uji_gagal"], "next": "tutup"},
    "akhir": {"kind": "play", "prompts": ["uji_akhir"], "next": "tutup"},
    "tutup": {"kind": "hang_up", "exit": "self_service"},
}
DECIDING: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "variables": {"tujuan": "text", "n": "number", "hasil": "number"},
    "nodes": {
        "jawab": {"kind": "answer", "next": "kumpul"},
        "kumpul": {
            "kind": "collect",
            "prompts": ["uji_kumpul"],
            "variable": "nomor",
            "min_digits": "4",
            "max_digits": "4",
            "next": "cari",
            "failed": "gagal",
        },
        "cari": {
            "kind": "lookup",
            "table": "uji_tabel",
            "key": "nomor",
            "results": {"tujuan": "tujuan"},
            "next": "cabang",
            "missing": "salah",
        },
        "salah": {"kind": "play", "prompts": ["uji_salah"], "next": "lagi"},
        "lagi": {"kind": "goto", "next": "kumpul"},
        "cabang": {
            "kind": "branch",
            "cases": [{"when": "tujuan == 'pintu'", "next": "satu"}],
            "otherwise": "gagal",
        },
        "satu": {"kind": "play", "prompts": ["uji_satu"], "next": "tunggu"},
        "tunggu": {"kind": "wait", "seconds": "1s", "next": "hitung"},
        "hitung": {"kind": "set", "set": {"n": "n + 2"}, "next": "panggil"},
        "panggil": {
            "kind": "subflow",
            "flow": "uji_kecil",
            "arguments": {"masuk": "n"},
            "returns": {"hasil": "keluar"},
            "next": "periksa",
        },
        "periksa": {"kind": "branch", "cases": [{"when": "hasil == 6", "next": "akhir"}], "otherwise": "gagal"},
        **END,
    },
}
SMALL: Yaml = {
    "languages": ["id"],
    "entry": "kali",
    "variables": {"masuk": "number", "keluar": "number"},
    "nodes": {
        "kali": {"kind": "set", "set": {"keluar": "masuk * 3"}, "next": "ucap"},
        "ucap": {"kind": "play", "prompts": ["uji_terima"], "next": "balik"},
        "balik": {"kind": "return"},
    },
}
ASKING: Yaml = {
    "languages": ["id"],
    "entry": "gerbang",
    "nodes": {
        "gerbang": {"kind": "gate", "rate": {"calls": "1", "per": "1h"}, "next": "jawab", "refused": "jawab_tolak"},
        "jawab_tolak": {"kind": "answer", "next": "gagal"},
        "jawab": {"kind": "answer", "next": "setuju"},
        "setuju": {
            "kind": "consent",
            "prompts": ["uji_menu"],
            "accept": "1",
            "refuse": "9",
            "silence": "refused",
            "next": "survei",
            "refused": "akhir",
        },
        "survei": {
            "kind": "survey",
            "questions": {"nps": {"prompts": ["uji_kumpul"], "least": "0", "most": "10", "variable": "nilai"}},
            "next": "sebut",
            "invalid_prompts": ["uji_ulang"],
        },
        "sebut": {"kind": "say", "items": [{"say": "number", "value": "nilai"}, "uji_terima"], "next": "akhir"},
        **END,
    },
    "variables": {"nilai": "number"},
}

LISTENING: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "nodes": {
        "jawab": {"kind": "answer", "next": "dengar"},
        "dengar": {"kind": "silence_check", "prompts": ["uji_menu"], "next": "nama", "silent": "gagal"},
        "nama": {"kind": "record", "prompts": ["uji_kumpul"], "next": "pesan", "empty": "gagal", "failed": "gagal"},
        "pesan": {
            "kind": "voicemail",
            "queue": "q_umum",
            "prompts": ["uji_sub"],
            "next": "akhir",
            "empty": "gagal",
            "failed": "gagal",
        },
        **END,
    },
}
CALLING_BACK: Yaml = {
    "languages": ["id"],
    "entry": "jawab",
    "nodes": {
        "jawab": {"kind": "answer", "next": "balik"},
        "balik": {"kind": "callback", "queue": "q_umum", "failed": "gagal"},
        **{name: node for name, node in END.items() if name != "akhir"},
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        flows={
            "uji_memutus": DECIDING,
            "uji_kecil": SMALL,
            "uji_bertanya": ASKING,
            "uji_mendengar": LISTENING,
            "uji_balik": CALLING_BACK,
        },
        access_codes={
            "731": {"flow": "uji_memutus"},
            "732": {"flow": "uji_bertanya"},
            "733": {"flow": "uji_mendengar"},
            "734": {"flow": "uji_balik"},
        },
    )
    before = {"../ivr_flows/prompts.yaml": with_texts}
    files = {"../ivr_flows/uji_tabel.csv": "nomor,tujuan\n1234,pintu\n5678,jalan\n"}
    folder = tmp_path_factory.mktemp("language")
    async with call_centre(folder, wishes=wishes, before=before, files=files) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def test_lookup_branch_goto_wait_set_subflow_and_return_lead_where_they_say(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_kumpul")
        caller.presses("9", "9", "9", "9")
        await caller.hears("uji_salah")
        await caller.begins("uji_kumpul")
        caller.presses("1", "2", "3", "4")
        await caller.hears("uji_satu", "uji_terima", "uji_akhir")
        assert not caller.ever("uji_gagal")
        assert (await caller.record())["exit"] == "self_service"

    await both_ways(centre, "731", lives, through=("lookup", "branch", "goto", "wait", "set", "subflow", "return"))


async def test_gate_consent_survey_and_say_ask_and_say_what_was_answered(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_menu")
        caller.presses("1")
        await caller.begins("uji_kumpul")
        caller.presses("1", "0")
        await caller.hears("say_10", "uji_terima", "uji_akhir")
        assert (await caller.record())["exit"] == "self_service"
        again = IvrCaller(centre, await centre.puppet(caller.puppet.number, "732", caller.way))
        await again.hears("uji_gagal")
        assert not again.ever("uji_menu")

    await both_ways(centre, "732", lives, through=("gate", "consent", "survey", "say"))


async def test_who_refuses_the_notice_is_led_elsewhere(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_menu")
        caller.presses("9")
        await caller.hears("uji_akhir")
        assert caller.cut("uji_menu")
        assert not caller.ever("uji_kumpul")
        assert (await caller.record())["exit"] == "self_service"

    await both_ways(centre, "732", lives)


async def test_a_voice_passes_the_silence_check_and_is_recorded_until_the_hash(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.hears("uji_menu", "uji_kumpul")
        await asyncio.sleep(SPOKEN_S)
        caller.presses("#")
        await caller.hears("uji_sub")
        await asyncio.sleep(SPOKEN_S)
        caller.presses("#")
        await caller.hears("uji_akhir")
        assert not caller.ever("uji_gagal")
        await caller.record()

    await both_ways(centre, "733", lives, through=("record", "voicemail", "silence_check"))


async def test_a_key_passes_the_silence_check_too(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_menu")
        caller.presses("5")
        await caller.begins("uji_kumpul")
        assert caller.cut("uji_menu")
        record = await caller.leaves()
        assert (record["exit"], record["last_node"]) == ("ivr_exit", "nama")

    await both_ways(centre, "733", lives, through=("silence_check",))


async def test_callback_reads_numbers_back_takes_another_one_and_promises_a_call(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("callback_number")
        caller.presses("2")
        await caller.begins("callback_enter")
        other = f"021{caller.puppet.number[-7:]}"
        caller.presses(*other, "#")
        await caller.hears("callback_number", "say_0", "say_2", "say_1")
        caller.presses("1")
        await caller.hears("callback_noted")
        await _taken_back(centre, other)
        record = await caller.record()
        assert (record["exit"], record["last_node"]) == ("callback_cancelled", "balik")

    await both_ways(centre, "734", lives, through=("callback",))


async def test_who_declines_a_callback_goes_the_other_way(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("callback_number")
        caller.presses("*")
        await caller.hears("uji_gagal")
        assert not caller.ever("callback_noted")
        assert (await caller.record())["exit"] == "self_service"

    await both_ways(centre, "734", lives)


async def _taken_back(centre: Centre, number: str) -> None:
    """Wait for the promise to call a number, and take it back."""
    found: list[str] = []

    async def so() -> bool:
        async with centre.http.get("/api/v1/callbacks") as answer:
            callbacks = (await answer.json())["callbacks"]
        found[:] = [one["contact_id"] for one in callbacks if one["number"][-3:] == number[-3:]]
        return bool(found)

    await centre.eventually(so, lambda: f"nobody is promised a call to {number}")
    async with centre.http.post(f"/api/v1/callbacks/{found[0]}/cancel") as answer:
        assert answer.status == 200, await answer.text()
