"""What the nodes of a flow do to callers who listen and press keys, by RFC 4733 and by SIP INFO, on a real Asterisk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from acd.demo.callers import ADDRESS as CALLERS
from acd.demo.deployment import Wishes
from acd.deploy.plan import PbxPlan
from acd.runtime.clock import AnchoredClock
from tests.call_centre import Centre, Yaml, call_centre
from tests.ivr_caller import IvrCaller, both_ways, with_texts

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

END: Yaml = {
    "akhir": {"kind": "play", "prompts": ["uji_akhir"], "next": "tutup", "barge_in": "false"},
    "tutup": {"kind": "hang_up", "exit": "self_service"},
}
"""Where most flows lead."""


def flow(**nodes: Yaml) -> Yaml:
    """A flow that answers and goes to the first of the nodes; those of its end are added where one leads there."""
    first = next(iter(nodes))
    end = END if "akhir" in str(nodes) else {}
    return {
        "languages": ["id", "en"],
        "entry": "jawab",
        "nodes": {"jawab": {"kind": "answer", "next": first}, **nodes, **end},
    }


def menu(prompt: str, choices: dict[str, str], **more: object) -> Yaml:
    return {"kind": "menu", "prompts": [prompt], "choices": choices, "failed": "gagal", **more}


def play(prompt: str, following: str, **more: object) -> Yaml:
    return {"kind": "play", "prompts": [prompt], "next": following, **more}


def collect(following: str, **more: object) -> Yaml:
    return {
        "kind": "collect",
        "prompts": ["uji_kumpul"],
        "variable": "nomor",
        "next": following,
        "failed": "gagal",
        "min_digits": "4",
        "max_digits": "6",
        "invalid_prompts": ["uji_ulang"],
        **more,
    }


OUTSIDE = "0215252008"
GAVE_UP = {"gagal": play("uji_gagal", "menyerah", barge_in="false"), "menyerah": {"kind": "hang_up"}}
FLOWS: dict[str, Yaml] = {
    "701": flow(
        keras=play("uji_menu", "lunak", barge_in="false"),
        lunak={"kind": "play", "prompts": ["uji_satu", "uji_dua"], "next": "pilih"},
        pilih=menu("uji_sub", {"2": "akhir"}),
        **GAVE_UP,
    ),
    "702": flow(
        utama=menu("uji_menu", {"1": "satu", "2": "kedua"}),
        kedua=menu("uji_sub", {"*": "kedua", "#": "utama"}),
        satu=play("uji_satu", "akhir"),
        **GAVE_UP,
    ),
    "703": flow(
        utama=menu(
            "uji_menu",
            {"1": "akhir"},
            timeout="1s",
            retries="2",
            invalid_prompts=["uji_salah"],
            timeout_prompts=["uji_diam"],
        ),
        **GAVE_UP,
    ),
    "704": flow(
        pagar=collect("satu", inter_digit="20s"),
        satu=play("uji_satu", "jeda"),
        jeda=collect("dua", inter_digit="5s"),
        dua=play("uji_dua", "penuh"),
        penuh=collect("terima", inter_digit="20s", terminator="none"),
        terima=play("uji_terima", "akhir"),
        **GAVE_UP,
    ),
    "705": flow(
        buka={"kind": "hours", "calendar": "buka", "open": "satu", "closed": "gagal", "holiday": "gagal"},
        satu=play("uji_satu", "malam"),
        malam={"kind": "hours", "calendar": "malam", "open": "gagal", "closed": "dua", "holiday": "gagal"},
        dua=play("uji_dua", "libur"),
        libur={"kind": "hours", "calendar": "libur", "open": "gagal", "closed": "gagal", "holiday": "akhir"},
        **GAVE_UP,
    ),
    "706": flow(
        sini=play("uji_satu", "inggris"),
        inggris={"kind": "set_language", "language": "en", "next": "sana"},
        sana=play("uji_satu", "akhir"),
    ),
    "707": flow(antre={"kind": "queue", "queue": "q_umum", "keys": {"*": "akhir"}}),
    "708": flow(sambung={"kind": "transfer", "context": "uji", "extension": "100"}),
    "710": flow(keluar={"kind": "transfer", "number": OUTSIDE, "gateway": "gw1"}),
    "709": flow(pamit={"kind": "hang_up", "exit": "closed", "cause": "21"}),
}
ALWAYS = {"hours": {"mon-sun": ["00:00-24:00"]}}


def _calendars(content: Yaml) -> None:
    """Seen by the check before the move to the run, which opens every calendar."""
    content["calendars"].update(buka=ALWAYS, malam=ALWAYS, libur=ALWAYS)


def _closed_ones(content: Yaml) -> None:
    today = datetime.fromtimestamp(AnchoredClock().now(), ZoneInfo("Asia/Jakarta")).date()
    content["calendars"]["malam"]["hours"] = {}
    content["calendars"]["libur"]["holidays"] = {str(today + timedelta(days=n)): "Uji coba" for n in (0, 1)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_centre(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Centre]:
    folder: Path = tmp_path_factory.mktemp("ivr")
    extension = folder / "uji.conf"
    said = folder / "run" / "sounds" / "id" / "uji_dua"
    extension.write_text(f"[uji]\nexten => 100,1,Playback({said})\n same => n,Hangup(16)\n")

    def with_extension(plan: PbxPlan) -> PbxPlan:
        return replace(plan, extra_includes={"extensions.conf": (extension,)})

    wishes = Wishes(
        wrap_up_s=0.2,
        flows={f"uji_{code}": nodes for code, nodes in FLOWS.items()},
        access_codes={code: {"flow": f"uji_{code}"} for code in FLOWS},
    )
    before = {"calendars.yaml": _calendars, "../ivr_flows/prompts.yaml": with_texts}
    after = {"calendars.yaml": _closed_ones}
    async with call_centre(folder, wishes=wishes, before=before, after=after, plan=with_extension) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def centre(whole_centre: Centre) -> AsyncIterator[Centre]:
    """The centre, empty before and after the test."""
    yield whole_centre
    await whole_centre.everybody_home()


async def test_play_is_cut_by_a_key_kept_for_the_menu_unless_it_may_not_be(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_menu")
        caller.presses("1")
        await caller.hears("uji_menu", "uji_satu")
        await caller.begins("uji_dua")
        caller.presses("2")
        await caller.hears("uji_akhir")
        assert caller.cut("uji_dua")
        assert not caller.ever("uji_sub")
        assert (await caller.record())["exit"] == "self_service"

    await both_ways(centre, "701", lives, through=("play",))


async def test_menu_leads_on_by_a_key_says_itself_again_by_the_star_and_goes_back_by_the_hash(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_menu")
        caller.presses("2")
        await caller.begins("uji_sub")
        assert caller.cut("uji_menu")
        caller.presses("*")
        await caller.hears("uji_sub")
        caller.presses("#")
        await caller.hears("uji_menu")
        caller.presses("1")
        await caller.hears("uji_satu", "uji_akhir")
        record = await caller.record()
        assert (record["exit"], record["last_node"], record["cause"]) == ("self_service", "tutup", 16)

    await both_ways(centre, "702", lives, through=("menu",))


async def test_menu_tells_who_is_silent_or_wrong_and_gives_up_after_its_retries(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.hears("uji_menu", "uji_diam")
        await caller.begins("uji_menu")
        caller.presses("9")
        await caller.hears("uji_salah", "uji_menu")
        caller.presses("0")
        await caller.hears("uji_gagal")
        assert (await caller.record())["exit"] == "ivr_exit"

    await both_ways(centre, "703", lives)


async def test_collect_ends_by_the_terminator_by_silence_and_by_the_last_digit_and_refuses_too_few(
    centre: Centre,
) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.begins("uji_kumpul")
        caller.presses("1", "2", "#")
        await caller.hears("uji_ulang", "uji_kumpul")
        assert not caller.ever("uji_satu")
        caller.presses("1", "2", "3", "4", "#")
        await caller.hears("uji_satu", "uji_kumpul")
        caller.presses("1", "2", "3", "4")
        await caller.hears("uji_dua", "uji_kumpul")
        caller.presses("1", "2", "3", "4", "5", "6")
        await caller.hears("uji_terima", "uji_akhir")
        assert (await caller.record())["exit"] == "self_service"

    await both_ways(centre, "704", lives, through=("collect",))


async def test_hours_lead_by_the_calendar(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.hears("uji_satu", "uji_dua", "uji_akhir")
        assert (await caller.record())["exit"] == "self_service"

    await both_ways(centre, "705", lives, through=("hours",))


async def test_set_language_speaks_the_other_language_from_there_on(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.hears("uji_satu")
        await caller.hears("uji_satu", "uji_akhir", language="en")
        assert not caller.ever("uji_akhir")
        assert (await caller.record())["language"] == "en"

    await both_ways(centre, "706", lives, through=("set_language",))


async def test_queue_is_left_by_its_key_and_otherwise_leads_to_an_agent_who_is_heard(centre: Centre) -> None:
    async def goes(caller: IvrCaller) -> None:
        await centre.phase_of(caller.puppet.number, "waiting")
        caller.presses("*")
        await caller.hears("uji_akhir")
        assert (await caller.record())["exit"] == "self_service"

    async def stays(caller: IvrCaller) -> None:
        await centre.phase_of(caller.puppet.number, "talking")
        await caller.hears_the_other_side()
        assert (await caller.leaves())["exit"] == "answered"

    await both_ways(centre, "707", goes, through=("queue",))
    for agent in ("agent101", "agent102"):
        await centre.phone(agent)
    await both_ways(centre, "707", stays)


async def test_transfer_hands_the_caller_to_the_dialplan(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        await caller.hears("uji_dua")
        assert (await caller.record())["exit"] == "transferred"

    await both_ways(centre, "708", lives, through=("transfer",))


async def test_transfer_calls_a_number_outside_by_the_trunk(centre: Centre) -> None:
    phone = await centre.telephones.add("customer", CALLERS, port=centre.site.deployment.ports.customers)

    async def lives(caller: IvrCaller) -> None:
        await caller.hears_the_other_side()
        assert (await caller.leaves())["exit"] == "transferred"

    await both_ways(centre, "710", lives, through=("transfer",))
    called = [call.invite.first if call.invite is not None else "" for call in phone.calls]
    assert [f"sip:{OUTSIDE}@" in line for line in called] == [True, True], called
    await centre.at_rest()


async def test_answer_and_hang_up_begin_and_end_the_call_with_the_exit_and_cause_given(centre: Centre) -> None:
    async def lives(caller: IvrCaller) -> None:
        record = await caller.record()
        assert (record["exit"], record["cause"], record["last_node"]) == ("closed", 21, "pamit")
        assert record["answered_at"] is not None

    await both_ways(centre, "709", lives, through=("answer", "hang_up"))
