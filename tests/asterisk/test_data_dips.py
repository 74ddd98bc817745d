"""Callers whose flow asks another system that answers well, slowly, not at all, or lies; on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.data_server import DataServer, Manner, licence
from acd.demo.deployment import DATA, Wishes
from acd.demo.puppet import WAYS
from tests.call_centre import Centre, Yaml, call_centre
from tests.ivr_caller import IvrCaller, both_ways, caller, with_texts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

NIB, UNKNOWN, KEYS = "8123000000000", "9123000000000", 4
"""Two numbers, of which callers key in so many digits; zeros follow."""
KEYED, WAITING, STRAIGHT, PATIENT = "701", "702", "703", "704"
"""Numbers: the caller keys the NIB in; it is known, and prompts and music are heard meanwhile; the same in silence; the
same with much time."""
TIMEOUT_S = 1.5
LATE_S = 10.0
"""A slow machine's; the system asked would take a minute."""


def _said(prompt: str) -> Yaml:
    return {"kind": "play", "prompts": [prompt], "next": "tutup", "barge_in": "false"}


def _flow(first: str, **meanwhile: object) -> Yaml:
    return {
        "languages": ["id"],
        "entry": "jawab",
        "variables": {"nib": "digits", "tahap": "number", "tanggal": "date"},
        "on_error": "galat",
        "nodes": {
            "jawab": {"kind": "answer", "next": first},
            "nomor": {"kind": "collect", "prompts": ["uji_kumpul"], "variable": "awal", "min_digits": str(KEYS),
                      "max_digits": str(KEYS), "next": "lengkap", "failed": "galat"},
            "lengkap": {"kind": "set", "set": {"nib": f"awal + '{NIB[KEYS:]}'"}, "next": "tanya"},
            "tetap": {"kind": "set", "set": {"nib": f"'{NIB}'"}, "next": "tanya"},
            "tanya": {
                "kind": "http",
                "url": f"http://{DATA}/licences/{{{{ nib }}}}",
                "results": {"tahap": "$.stage.code", "tanggal": "$.date"},
                "timeout": f"{TIMEOUT_S * 1000:.0f}ms",
                "next": "periksa",
                "not_found": "tidak_ada",
                "invalid": "salah",
                "timed_out": "lama",
                "failed": "gagal",
                **meanwhile,
            },
            "periksa": {
                "kind": "branch",
                "cases": [{"when": f"tahap == {licence(NIB)['stage']['code']}", "next": "kabar"}],
                "otherwise": "galat",
            },
            "kabar": {"kind": "event", "webhook": "crm", "event": "licence_told", "values": {"tanggal": "tanggal"},
                      "next": "ada"},
            "ada": _said("uji_terima"),
            "tidak_ada": _said("uji_salah"),
            "salah": _said("uji_ulang"),
            "lama": _said("uji_diam"),
            "gagal": _said("uji_gagal"),
            "galat": _said("uji_dua"),
            "tutup": {"kind": "hang_up", "exit": "self_service"},
        },
    }  # fmt: skip


def _without(flow: Yaml, *nodes: str) -> Yaml:
    return {**flow, "nodes": {name: section for name, section in flow["nodes"].items() if name not in nodes}}


FLOWS = {
    KEYED: _without(_flow("nomor"), "tetap"),
    WAITING: _without(_flow("tetap", prompts=["uji_sub"], music="default"), "nomor", "lengkap"),
    STRAIGHT: _without(_flow("tetap"), "nomor", "lengkap"),
    PATIENT: _without(_flow("tetap", timeout="30s", retries="0"), "nomor", "lengkap"),
}


def _asks(content: Yaml) -> None:
    content["data"]["hosts"][DATA]["failures"] = "1000"
    content["data"]["webhooks"]["crm"] = {"url": f"http://{DATA}/events"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    wishes = Wishes(
        flows={f"uji_{code}": flow for code, flow in FLOWS.items()},
        access_codes={code: {"flow": f"uji_{code}"} for code in FLOWS},
    )
    before = {"acd.yaml": _asks, "../ivr_flows/prompts.yaml": with_texts}
    async with call_centre(tmp_path_factory.mktemp("data"), wishes=wishes, before=before) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test, its other system well."""
    yield whole_centre
    whole_centre.site.data.manner = "well"
    await whole_centre.everybody_home()


async def whole_record(centre: Centre, record: Json) -> Json:
    """A record with its path."""
    async with centre.http.get(f"/api/v1/records/{record['contact_id']}") as answer:
        return {**record, "path": (await answer.json())["path"]}


def way(record: Json) -> list[str]:
    """The nodes a caller came to."""
    return [step["node"] for step in record["path"]]


def asked_for_s(record: Json) -> float:
    """How long the question took, in the engine's own time."""
    at = {step["node"]: step["at"] for step in record["path"]}
    after = record["path"][way(record).index("tanya") + 1]["node"]
    return float(at[after] - at["tanya"])


async def test_a_number_that_was_keyed_in_leads_to_what_is_known_of_it_or_that_nothing_is(centre: Centre) -> None:
    data: DataServer = centre.site.data
    told = len(data.told)

    async def lives(one: IvrCaller) -> None:
        await one.begins("uji_kumpul")
        one.presses(*NIB[:KEYS])
        await one.hears("uji_terima")
        assert way(await whole_record(centre, await one.record())) == [
            "jawab",
            "nomor",
            "lengkap",
            "tanya",
            "periksa",
            "kabar",
            "ada",
            "tutup",
        ]

    await both_ways(centre, KEYED, lives, through=("http", "event"))

    async def all_told() -> bool:
        return len(data.told) == told + 2

    await centre.eventually(all_told, lambda: f"not two events: {data.told}")
    events = list(data.told)[told:]
    assert [(event["event"], event["values"]) for event in events] == [
        ("licence_told", {"tanggal": licence(NIB)["date"]})
    ] * 2
    assert len({event["id"] for event in events}) == 2
    unknown = await caller(centre, KEYED, WAYS[0])
    await unknown.begins("uji_kumpul")
    unknown.presses(*UNKNOWN[:KEYS])
    await unknown.hears("uji_salah")
    assert way(await whole_record(centre, await unknown.record()))[-2:] == ["tidak_ada", "tutup"]


@pytest.mark.parametrize(
    ("manner", "prompt", "node"),
    [
        ("slow", "uji_diam", "lama"),
        ("silent", "uji_diam", "lama"),
        ("drip", "uji_diam", "lama"),
        ("error", "uji_gagal", "gagal"),
        ("cut", "uji_gagal", "gagal"),
        ("redirect", "uji_gagal", "gagal"),
        ("not_json", "uji_ulang", "salah"),
        ("wrong_type", "uji_ulang", "salah"),
        ("huge", "uji_ulang", "salah"),
        ("endless", "uji_ulang", "salah"),
        ("null", "uji_salah", "tidak_ada"),
    ],
)
async def test_a_caller_hears_a_sensible_next_step_whatever_the_other_system_does(
    centre: Centre, manner: Manner, prompt: str, node: str
) -> None:
    data = centre.site.data
    data.manner, data.slow_s = manner, 60.0
    data.redirect_to = f"{centre.site.deployment.url}/healthz"
    one = await caller(centre, STRAIGHT, WAYS[0])
    await one.hears(prompt)
    record = await whole_record(centre, await one.record())
    assert way(record) == ["jawab", "tetap", "tanya", node, "tutup"]
    assert record["exit"] == "self_service"
    assert asked_for_s(record) < LATE_S


async def test_a_caller_hears_a_sensible_next_step_when_the_other_system_is_down(centre: Centre) -> None:
    await centre.site.data.close()
    try:
        one = await caller(centre, STRAIGHT, WAYS[0])
        await one.hears("uji_gagal")
        record = await whole_record(centre, await one.record())
    finally:
        await centre.site.data.start()
    assert way(record) == ["jawab", "tetap", "tanya", "gagal", "tutup"]
    assert asked_for_s(record) < LATE_S


async def test_prompts_are_heard_to_their_end_then_music_until_the_time_is_over(centre: Centre) -> None:
    centre.site.data.manner = "silent"
    one = await caller(centre, WAITING, WAYS[0])
    await one.hears("uji_sub", "uji_diam")
    assert not one.cut("uji_sub")
    assert (await one.record())["exit"] == "self_service"


async def test_prompts_are_heard_to_their_end_when_the_answer_is_there_before(centre: Centre) -> None:
    one = await caller(centre, WAITING, WAYS[0])
    await one.hears("uji_sub", "uji_terima")
    assert not one.cut("uji_sub")


async def test_who_hangs_up_while_it_is_asked_leaves_one_record_and_nothing_else(centre: Centre) -> None:
    data = centre.site.data
    data.manner, before = "silent", data.asked
    one = await caller(centre, STRAIGHT, WAYS[0])

    async def asked() -> bool:
        return data.asked > before

    await centre.eventually(asked, lambda: "nothing was asked")
    record = await one.leaves()
    assert (record["exit"], record["last_node"]) == ("ivr_exit", "tanya")


async def test_who_waits_for_an_answer_while_the_engine_is_killed_gets_it_from_the_next_one(centre: Centre) -> None:
    data, engine = centre.site.data, centre.site.engine
    assert engine is not None
    data.manner, before = "silent", data.asked
    one = await caller(centre, PATIENT, WAYS[0])

    async def asked() -> bool:
        return data.asked > before

    await centre.eventually(asked, lambda: "nothing was asked")
    await asyncio.sleep(1.5)  # the journal is some tens of milliseconds behind
    engine.process.kill()
    await engine.process.wait()
    data.manner = "well"
    await centre.site.start_engine()
    await one.hears("uji_terima")
    assert way(await whole_record(centre, await one.record())).count("tanya") == 2


async def test_what_was_asked_shows_in_the_metrics_and_no_number_in_the_log(centre: Centre) -> None:
    host = f"127.0.0.1:{centre.site.deployment.ports.data}"
    labels = {"node": f"uji_{STRAIGHT}/tanya", "host": host, "cached": "false"}
    centre.site.data.manner = "not_json"
    counts = []
    for _ in range(2):
        one = await caller(centre, STRAIGHT, WAYS[0])
        await one.hears("uji_ulang")
        await one.record()
        counts.append(await centre.metric("acd_data_requests_total", outcome="invalid", **labels))
    assert counts[1] == counts[0] + 1
    assert await centre.metric("acd_data_request_seconds_count", host=host) > 0
    log = (centre.site.deployment.folder / "engine.log").read_text(encoding="utf-8")
    assert "data_dip_failed" in log
    assert NIB not in log
    assert UNKNOWN not in log
