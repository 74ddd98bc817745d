"""Callers who do anything but what a flow asks for: one record each with the right exit, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random

import pytest
import pytest_asyncio

from acd.demo.deployment import DATA, Wishes
from acd.demo.puppet import WAYS, Puppet, Way
from acd.demo.rtp import KEYS
from acd.deploy.plan import PbxPlan
from tests.call_centre import Centre, Yaml, call_centre
from tests.ivr_caller import IvrCaller, both_ways, caller, with_texts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

MENU, HALTS = "721", "722"
"""A menu and a collection, told what is wrong, with retries; nodes of every kind there is."""
RESTS = {
    "1": "ucap", "2": "pilih", "3": "angka", "4": "tunggu", "5": "antre", "6": "sebut", "7": "setuju", "8": "nilai",
    "91": "dengar", "92": "rekam", "93": "pesan", "94": "tanya", "95": "balik", "96": "dalam",
}  # fmt: skip
"""The keys that lead to each kind of node at which a call can rest; 97 leads out to the dialplan."""
LANGUAGE_CHOSEN, NOTICE = ("salam", "1"), "pemberitahuan"
RESTS_OF_169: dict[str, tuple[tuple[str, str], ...]] = {
    "salam": (),
    "bahasa": (),
    NOTICE: (LANGUAGE_CHOSEN,),
    "tanpa_rekaman": (LANGUAGE_CHOSEN, (NOTICE, "9")),
    "utama": (LANGUAGE_CHOSEN, (NOTICE, "D")),
    "oss": (LANGUAGE_CHOSEN, (NOTICE, "3")),
    "kanal": (LANGUAGE_CHOSEN, (NOTICE, "6")),
    "q_lkpm": (LANGUAGE_CHOSEN, (NOTICE, "4")),
    "tanya": (LANGUAGE_CHOSEN, (NOTICE, "2")),
    "cari": (LANGUAGE_CHOSEN, (NOTICE, "2"), ("tanya", "8123000000000")),
}
"""Nodes of 169, and what is pressed at which nodes on the way there."""
SEEDS = (11, 12, 13)
GONE = {"ivr": {"ivr_exit"}, "waiting": {"abandoned", "short_abandoned"}}
"""The exits of who hangs up, by the phase."""
LED = {"self_service", "ivr_exit", "overflowed", "closed", "no_response", "refused", "callback_promised"}
"""How a flow may end a call."""


def _menu(prompt: str, choices: dict[str, str]) -> Yaml:
    return {
        "kind": "menu",
        "prompts": [prompt],
        "choices": choices,
        "failed": "gagal",
        "timeout": "1s",
        "retries": "1",
        "invalid_prompts": ["uji_salah"],
        "timeout_prompts": ["uji_diam"],
    }


_TAKES = {"next": "gagal", "empty": "gagal", "failed": "gagal"}


def _collect() -> Yaml:
    return {
        "kind": "collect",
        "prompts": ["uji_kumpul"],
        "variable": "nomor",
        "next": "gagal",
        "failed": "gagal",
        "min_digits": "4",
        "max_digits": "4",
        "retries": "1",
        "invalid_prompts": ["uji_ulang"],
    }


END: Yaml = {
    "gagal": {"kind": "play", "prompts": ["uji_gagal"], "next": "tutup", "barge_in": "false"},
    "tutup": {"kind": "hang_up"},
}
CHILD: Yaml = {
    "languages": ["id"],
    "entry": "dalam",
    "nodes": {"dalam": _menu("uji_sub", {"1": "balik"}), "gagal": {"kind": "return"}, "balik": {"kind": "return"}},
}
FLOWS: dict[str, Yaml] = {
    MENU: {
        "languages": ["id"],
        "entry": "jawab",
        "nodes": {
            "jawab": {"kind": "answer", "next": "utama"},
            "utama": _menu("uji_menu", {"1": "angka"}),
            "angka": _collect(),
            **END,
        },
    },
    HALTS: {
        "languages": ["id"],
        "entry": "gerbang",
        "variables": {"n": "number", "tahap": "text"},
        "nodes": {
            "gerbang": {"kind": "gate", "next": "jam", "refused": "tutup"},
            "jam": {
                "kind": "hours",
                "calendar": "jam_layanan",
                "open": "bahasa",
                "closed": "tutup",
                "holiday": "tutup",
            },
            "bahasa": {"kind": "set_language", "language": "id", "next": "isi"},
            "isi": {"kind": "set", "set": {"n": "n + 7"}, "next": "cari"},
            "cari": {"kind": "lookup", "table": "uji_tabel", "key": "string(n)", "next": "cabang", "missing": "tutup"},
            "cabang": {"kind": "branch", "cases": [{"when": "n == 7", "next": "kabar"}], "otherwise": "tutup"},
            "kabar": {"kind": "event", "webhook": "kasus", "event": "uji", "next": "lompat"},
            "lompat": {"kind": "goto", "next": "jawab"},
            "jawab": {"kind": "answer", "next": "utama"},
            "utama": _menu("uji_menu", {**{key: RESTS[key] for key in "12345678"}, "9": "lagi"}),
            "lagi": _menu("uji_sub", {**{key: RESTS[f"9{key}"] for key in "12345"}, "6": "anak", "7": "sambung"}),
            "ucap": {"kind": "play", "prompts": ["uji_kumpul", "uji_sub", "uji_menu"], "next": "gagal"},
            "pilih": _menu("uji_sub", {"1": "gagal"}),
            "angka": _collect(),
            "tunggu": {"kind": "wait", "seconds": "60s", "music": "acd", "next": "gagal"},
            "antre": {"kind": "queue", "queue": "q_umum"},
            "sebut": {"kind": "say", "items": [{"say": "number", "value": "777777777"}, "uji_menu"], "next": "gagal"},
            "setuju": {
                "kind": "consent",
                "prompts": ["uji_menu", "uji_kumpul"],
                "timeout": "60s",
                "next": "gagal",
                "refused": "gagal",
            },
            "nilai": {
                "kind": "survey",
                "questions": {"nps": {"prompts": ["uji_kumpul"], "least": "0", "most": "10"}},
                "timeout": "60s",
                "next": "gagal",
            },
            "dengar": {"kind": "silence_check", "prompts": ["uji_menu"], "next": "gagal", "silent": "gagal"},
            "rekam": {"kind": "record", "prompts": ["uji_menu"], **_TAKES},
            "pesan": {"kind": "voicemail", "queue": "q_umum", "prompts": ["uji_menu"], **_TAKES},
            "tanya": {
                "kind": "http",
                "url": f"http://{DATA}/licences/8123000000000",
                "results": {"tahap": "$.stage.name"},
                "timeout": "30s",
                "retries": "0",
                "next": "gagal",
                "failed": "gagal",
            },
            "balik": {"kind": "callback", "queue": "q_umum", "failed": "gagal"},
            "sambung": {"kind": "transfer", "context": "uji", "extension": "100"},
            "anak": {"kind": "subflow", "flow": "uji_anak", "next": "gagal"},
            **END,
        },
    },
}
"""On the way to its menu, the second leads through all kinds at which no call rests."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    folder = tmp_path_factory.mktemp("misbehaving")
    extension = folder / "uji.conf"
    extension.write_text("[uji]\nexten => 100,1,Milliwatt()\n")

    def with_extension(plan: PbxPlan) -> PbxPlan:
        return replace(plan, extra_includes={"extensions.conf": (extension,)}, extra_modules=("app_milliwatt",))

    wishes = Wishes(
        flows={"uji_anak": CHILD, **{f"uji_{code}": nodes for code, nodes in FLOWS.items()}},
        access_codes={code: {"flow": f"uji_{code}"} for code in FLOWS},
    )
    before = {"../ivr_flows/prompts.yaml": with_texts}
    files = {"../ivr_flows/uji_tabel.csv": "nomor,tujuan\n7,pintu\n"}
    async with call_centre(folder, wishes=wishes, before=before, files=files, plan=with_extension) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test: no channel, bridge, lease or contact is left."""
    yield whole_centre
    whole_centre.site.data.manner = "well"
    await whole_centre.everybody_home()


async def test_letters_and_other_keys_no_menu_has_are_wrong_keys(centre: Centre) -> None:
    async def lives(one: IvrCaller) -> None:
        await one.begins("uji_menu")
        one.presses("A")
        await one.hears("uji_salah")
        await one.begins("uji_menu")
        one.presses({"rfc4733": "*", "info": "#"}[one.way])
        await one.hears("uji_gagal")
        record = await one.record()
        assert (record["exit"], record["last_node"]) == ("ivr_exit", "tutup")

    await both_ways(centre, MENU, lives)


async def test_letters_and_the_star_are_no_digits_to_collect(centre: Centre) -> None:
    async def lives(one: IvrCaller) -> None:
        await one.begins("uji_menu")
        one.presses("1")
        await one.begins("uji_kumpul")
        one.presses("1", "D", "*", "4")
        await one.hears("uji_ulang")
        await one.begins("uji_kumpul")
        one.presses("B", "C", "#")
        await one.hears("uji_gagal")
        assert (await one.record())["exit"] == "ivr_exit"

    await both_ways(centre, MENU, lives)


async def test_who_stays_silent_is_asked_again_and_let_go(centre: Centre) -> None:
    async def lives(one: IvrCaller) -> None:
        await one.hears("uji_menu", "uji_diam", "uji_menu", "uji_gagal")
        record = await one.record()
        assert (record["exit"], record["last_node"]) == ("ivr_exit", "tutup")

    await both_ways(centre, MENU, lives)


async def test_a_flood_of_keys_ends_in_one_record_and_harms_no_other_caller(centre: Centre) -> None:
    async def floods(one: IvrCaller) -> None:
        await one.begins("uji_menu")
        await one.puppet.flood("7" * 300)
        await one.hears("uji_gagal")
        assert (await one.record())["exit"] == "ivr_exit"

    async def listens(way: Way) -> None:
        one = await caller(centre, MENU, way)
        await one.hears("uji_menu")
        assert (await one.leaves())["exit"] == "ivr_exit"

    async with asyncio.TaskGroup() as group:
        group.create_task(both_ways(centre, MENU, floods))
        for way in WAYS:
            group.create_task(listens(way))


async def test_who_hangs_up_at_a_node_of_any_kind_leaves_one_record_that_names_it(centre: Centre) -> None:
    centre.site.data.manner = "silent"
    async with asyncio.TaskGroup() as group:
        for number, (keys, node) in enumerate(RESTS.items()):
            one = await caller(centre, HALTS, WAYS[number % 2])
            exits = GONE["waiting" if node in {"antre", "balik"} else "ivr"]
            group.create_task(_hangs_up_at(centre, one, (("utama", keys),), node, exits))
    await centre.at_rest()


async def test_who_hangs_up_in_the_dialplan_was_transferred(centre: Centre) -> None:
    async def lives(one: IvrCaller) -> None:
        await one.begins("uji_menu")
        one.presses("9", "7")

        async def gone_over() -> bool:
            return one.puppet.number[-3:] not in await centre.contacts()

        await centre.eventually(gone_over, lambda: f"by {one.way}: still in the flow")
        record = await one.leaves()
        assert (record["exit"], record["last_node"]) == ("transferred", "sambung")

    await both_ways(centre, HALTS, lives)
    await centre.at_rest()


async def test_who_hangs_up_anywhere_in_the_sample_flow_leaves_one_record_that_names_the_node(centre: Centre) -> None:
    centre.site.data.manner = "silent"
    async with asyncio.TaskGroup() as group:
        for number, (node, steps) in enumerate(RESTS_OF_169.items()):
            one = await caller(centre, "169", WAYS[number % 2])
            exits = GONE["waiting" if node == "q_lkpm" else "ivr"]
            group.create_task(_hangs_up_at(centre, one, steps, node, exits))
    centre.site.data.manner = "well"
    hears_an_answer = await caller(centre, "169", WAYS[0])
    await _hangs_up_at(centre, hears_an_answer, RESTS_OF_169["cari"], "jawaban", GONE["ivr"])
    await centre.at_rest()


async def test_who_hangs_up_in_the_survey_was_answered(centre: Centre) -> None:
    phone = await centre.phone("agent101")
    one = await caller(centre, "169", WAYS[1])
    for at, keys in (LANGUAGE_CHOSEN, (NOTICE, "0")):
        await _until_at(centre, one.puppet.number, at)
        one.presses(*keys)
    await centre.phase_of(one.puppet.number, "talking")
    phone.hang_up_all()
    await _hangs_up_at(centre, one, (), "survei", {"answered"})


async def _hangs_up_at(
    centre: Centre, one: IvrCaller, steps: tuple[tuple[str, str], ...], node: str, exits: set[str]
) -> None:
    """Press keys at nodes, until a caller is at the last one; then hang up."""
    for at, keys in steps:
        await _until_at(centre, one.puppet.number, at)
        one.presses(*keys)
    await _until_at(centre, one.puppet.number, node)
    record = await one.leaves()
    assert record["last_node"] == node, f"by {one.way}: {record}"
    assert record["exit"] in exits, f"by {one.way}: {record}"


async def test_keys_at_random_in_the_sample_flow_end_in_one_record_each_with_the_right_exit(centre: Centre) -> None:
    async def lives(seed: int, way: Way) -> None:
        chance = Random(seed)
        puppet = await centre.puppet(f"08139{seed:05}{WAYS.index(way)}", "169", way)
        for _ in range(25):
            puppet.press(chance.choice(KEYS))
            await asyncio.sleep(chance.uniform(0.1, 0.8))
        await asyncio.sleep(1.0)
        phase = (await centre.contacts()).get(puppet.number[-3:], {}).get("phase")
        ended = await _end(puppet)
        record = await centre.record_of(puppet.number)
        if ended == "hung_up" and phase in GONE:
            assert record["exit"] in GONE[phase], f"seed {seed} by {way}, hung up while {phase}: {record}"
        else:
            assert record["exit"] in LED, f"seed {seed} by {way}, {ended} while {phase}: {record}"

    async with asyncio.TaskGroup() as group:
        for seed in SEEDS:
            for way in WAYS:
                group.create_task(lives(seed, way))
    await centre.at_rest()


async def _end(puppet: Puppet) -> str:
    puppet.hang_up()
    return await puppet.over()


async def _until_at(centre: Centre, number: str, node: str) -> None:
    found: dict[str, object] = {}

    async def so() -> bool:
        found.clear()
        found.update((await centre.contacts()).get(number[-3:], {}))
        return found.get("node") == node

    await centre.eventually(so, lambda: f"{number} is not at {node}: {found}")
