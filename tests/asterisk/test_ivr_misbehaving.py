"""Callers who do anything but what a flow asks for: one record each with the right exit, and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from acd.demo.puppet import WAYS, Puppet, Way
from acd.demo.rtp import KEYS
from tests.call_centre import Centre, Yaml, call_centre
from tests.ivr_caller import IvrCaller, both_ways, caller, with_texts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

MENU, HALTS = "721", "722"
"""A menu and a collection, told what is wrong, with retries; a menu that leads to every kind of node that waits."""
WAITING_NODES = {"1": "ucap", "2": "pilih", "3": "angka", "4": "tunggu", "5": "antre"}
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
        "entry": "jawab",
        "nodes": {
            "jawab": {"kind": "answer", "next": "utama"},
            "utama": _menu("uji_menu", dict(WAITING_NODES)),
            "ucap": {"kind": "play", "prompts": ["uji_kumpul", "uji_sub", "uji_menu"], "next": "gagal"},
            "pilih": _menu("uji_sub", {"1": "gagal"}),
            "angka": _collect(),
            "tunggu": {"kind": "wait", "seconds": "60s", "music": "acd", "next": "gagal"},
            "antre": {"kind": "queue", "queue": "q_umum"},
            **END,
        },
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        flows={f"uji_{code}": nodes for code, nodes in FLOWS.items()},
        access_codes={code: {"flow": f"uji_{code}"} for code in FLOWS},
    )
    before = {"../ivr_flows/prompts.yaml": with_texts}
    async with call_centre(tmp_path_factory.mktemp("misbehaving"), wishes=wishes, before=before) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test: no channel, bridge, lease or contact is left."""
    yield whole_centre
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


async def test_who_hangs_up_at_a_node_leaves_one_record_that_names_it(centre: Centre) -> None:
    async def hangs_up(key: str, node: str, way: Way) -> None:
        one = await caller(centre, HALTS, way)
        await one.begins("uji_menu")
        one.presses(key)
        await _until_at(centre, one.puppet.number, node)
        record = await one.leaves()
        assert record["last_node"] == node
        assert record["exit"] in GONE["waiting" if node == "antre" else "ivr"]

    async with asyncio.TaskGroup() as group:
        for number, (key, node) in enumerate(WAITING_NODES.items()):
            group.create_task(hangs_up(key, node, WAYS[number % 2]))
    await centre.at_rest()


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
