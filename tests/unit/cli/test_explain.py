"""``acd explain`` as a supervisor uses it, on a database an engine left behind."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.__main__ import make_app
from acd.domain.events import PhoneChanged, SupervisorRequested
from acd.domain.ids import AgentId, ContactId, LegId, QueueId, RequestId, TrunkId
from acd.domain.orders import AssignToAgent, MoveToQueue, Order, SetPriority
from acd.domain.plan import Plan, TrunkPlan
from acd.engine.core import Engine
from acd.engine.views import masked
from acd.settings import load
from acd.settings.expressions import evaluate_in_flow
from acd.store.database import sqlite_url
from acd.store.records import open_records
from tests.engine_kit import GW, Bench

ROOT = Path(__file__).parents[3]
Scene = Callable[[Bench], LegId]


def sample_plan() -> Plan:
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    return replace(plan, trunks={TrunkId("e1"): TrunkPlan(TrunkId("e1"), (GW,), 30)})


class Site:
    """A deployment's folder with a database in it."""

    def __init__(self, folder: Path) -> None:
        for name in ("config", "ivr_flows"):
            shutil.copytree(ROOT / name, folder / name)
        self.folder = folder
        self.database = folder / "acd.db"
        acd = folder / "config" / "acd.yaml"
        text = acd.read_text(encoding="utf-8").replace(
            "sqlite+aiosqlite:////var/lib/acd/acd.db", sqlite_url(self.database)
        )
        acd.write_text(text, encoding="utf-8")

    def live(self, scene: Scene) -> str:
        """Play a scene on the sample plan and keep what the engine writes. Returns the contact."""
        bench = Bench(sample_plan(), engine=Engine(evaluate=evaluate_in_flow))
        contact = scene(bench)

        async def keep() -> None:
            records = await open_records(sqlite_url(self.database))
            records.write([*bench.decisions, *bench.stories, *bench.records])
            await records.flush()
            await records.close()

        asyncio.run(keep())
        return str(contact)

    def explain(self, *words: str) -> Result:
        folders = ["--config", str(self.folder / "config"), "--flows", str(self.folder / "ivr_flows")]
        return CliRunner().invoke(make_app("explain"), ["explain", *words, *folders], terminal_width=200)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def to_lkpm(bench: Bench) -> LegId:
    leg = bench.call()
    bench.press(leg, "1")
    bench.sleep(2)
    bench.press(leg, "4")
    return leg


def second_agent_answers(bench: Bench) -> LegId:
    bench.login("agent119", "agent120", "agent101")
    bench.request("agent101", "pause", "ibadah")
    bench.sleep(30)
    leg = to_lkpm(bench)
    bench.sleep(17)
    bench.pick_up("agent120")
    bench.sleep(61)
    bench.hang_up(leg)
    return leg


def test_a_call_is_told_from_its_arrival_to_its_end_with_the_reasons(site: Site) -> None:
    contact = site.live(second_agent_answers)
    done = site.explain(contact)
    assert done.exit_code == 0, done.output
    told = done.stdout.splitlines()
    assert told[:3] == [
        "Call to 169 on 3 June 2024, 10:00:30 (Asia/Jakarta), from •••••••333 over trunk e1.",
        "Petugas 120 answered after 17 s in the queue. They talked for 1 min 1 s.",
        "Agents rung for it: 2.",
    ]
    assert told[told.index("10:00:30  The call came in.") :][:3] == [
        "10:00:30  The call came in.",
        "10:00:30  Hears: “Selamat datang di layanan 169, Pusat Kontak Kementerian …”",
        "10:00:30  Pressed 1. Hears: “Untuk menjaga mutu layanan, panggilan ini direkam dan data Anda …”",
    ]
    queue = (
        "10:00:32  Pressed 4. Waits in the queue LKPM. Needs an agent with: Bahasa Indonesia (level 1 or more), "
        "Investment activity reports (LKPM) (level 2 or more)."
    )
    why = (
        "          Why Petugas 119: 2 agents could take the call, and Petugas 119 knows this best "
        "(skill points 10; Petugas 120: 9). The queue's rule: who knows the matter best, then who has been free "
        "longest."
    )
    nearly = (
        "          Not asked: Petugas 117 and Petugas 118: Investment activity reports (LKPM) needs level 2, they have "
        "1, enough after 45 s of waiting."
    )
    out = (
        "          Not asked: Petugas 101, Petugas 102, Petugas 103, Petugas 104, Petugas 105, Petugas 106 and 13 "
        "more: do not have the skill Investment activity reports (LKPM)."
    )
    first = told[told.index(queue) + 1 :]
    assert out in first
    assert first[:4] == [
        "10:00:32  The phone of Petugas 119 rings.",
        "          Why now: the caller had just come to the queue.",
        why,
        nearly,
    ]
    second = first[first.index("10:00:47  Petugas 119 did not answer in 15 s.") + 1 :]
    assert second[:3] == [
        "10:00:47  The phone of Petugas 120 rings.",
        "          Why now: the attempt before had come to nothing.",
        "          Why Petugas 120: nobody else could take the call.",
    ]
    assert "          Not asked: Petugas 119: left alone for a moment after a call not taken." in second
    assert told[-2:] == ["10:00:49  Petugas 120 answered after 2 s of ringing.", "10:01:50  The caller hung up."]


def test_it_can_be_read_in_indonesian(site: Site) -> None:
    told = site.explain(site.live(second_agent_answers), "--language", "id").stdout
    assert "Petugas 120 menjawab setelah 17 detik dalam antrean. Percakapan berlangsung 1 menit 1 detik." in told
    assert "Telepon Petugas 119 berdering." in told


def test_a_program_gets_everything_with_the_number_masked(site: Site) -> None:
    contact = site.live(second_agent_answers)
    known = json.loads(site.explain(contact, "--json").stdout)
    assert known["contact_id"] == contact
    assert known["record"]["caller"] == masked("0811222333")
    assert [(d["offer"], d["agent"]) for d in known["decisions"]] == [(1, "agent119"), (2, "agent120")]
    assert known["decisions"][0]["rank_names"] == ["tried", "tier", "preferred", "proficiency", "idle_since", "id"]
    assert known["decisions"][0]["candidates"][0]["rank"][:4] == [0, 1, 0, -10]
    assert known["steps"][-1]["outcome"] == "accepted"


def test_who_was_ahead_and_why_is_told(site: Site) -> None:
    def scene(bench: Bench) -> LegId:
        complaint = bench.call()
        bench.press(complaint, "1")
        bench.press(complaint, "5")
        bench.sleep(20)
        leg = to_lkpm(bench)
        bench.sleep(5)
        bench.login("agent119")
        bench.pick_up("agent119")
        bench.sleep(5)
        bench.hang_up(leg)
        return leg

    told = site.explain(site.live(scene)).stdout
    assert "Why now: Petugas 119 had just become available for it." in told
    assert "Ahead in line was 1 caller of the queue Pengaduan, waiting for 27 s: Petugas 119 does not have" in told
    assert told.endswith("The caller hung up.\n")


def test_an_overflow_and_an_abandoned_call_are_told(site: Site) -> None:
    def scene(bench: Bench) -> LegId:
        leg = to_lkpm(bench)
        bench.sleep(100)
        bench.hang_up(leg)
        return leg

    told = site.explain(site.live(scene)).stdout
    assert "The caller gave up after waiting 1 min 40 s in the queue Umum." in told
    assert "Moved to the queue Umum after 1 min 30 s; the time waited is kept. Needs an agent with:" in told
    assert told.endswith("The caller hung up.\n")


def test_a_call_that_goes_on_is_told_as_far_as_it_is_known(site: Site) -> None:
    def scene(bench: Bench) -> LegId:
        bench.login("agent119")
        return to_lkpm(bench)

    contact = site.live(scene)
    told = site.explain(contact).stdout
    assert told.startswith(f"The call {contact} is not over yet")
    assert "The phone of Petugas 119 rings." in told


def test_names_of_another_configuration_are_said_to_be_todays(site: Site) -> None:
    def scene(bench: Bench) -> LegId:
        bench.login("agent119")
        leg = to_lkpm(bench)
        bench.decisions[0] = replace(bench.decisions[0], plan_version="other-version", agent=AgentId("agent999"))
        return leg

    told = site.explain(site.live(scene)).stdout
    assert "The configuration was another then (other-versio); names are today's." in told
    assert "By this account Petugas 119 should have come first." in told


def test_what_is_not_known_is_one_clear_line(site: Site) -> None:
    site.live(to_lkpm)
    done = site.explain("nobody")
    assert (done.exit_code, done.stderr) == (1, "acd explain: nothing is known of a contact 'nobody'\n")


def test_a_database_that_is_not_there_is_not_made(site: Site) -> None:
    done = site.explain("c1")
    assert (done.exit_code, done.stderr) == (1, f"acd explain: there is no database {site.database}\n")
    assert not site.database.exists()


def test_a_wrong_configuration_or_language_is_said(site: Site) -> None:
    assert site.explain("c1", "--language", "fr").exit_code == 2
    (site.folder / "config" / "queues.yaml").write_text("queues: 1\n", encoding="utf-8")
    done = site.explain("c1")
    assert done.exit_code == 1
    assert "queues.yaml:1:" in done.stderr


def test_an_address_that_is_a_secret_is_looked_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ContactId(site.live(to_lkpm))
    acd = site.folder / "config" / "acd.yaml"
    text = acd.read_text(encoding="utf-8").replace(f"url: {sqlite_url(site.database)}", "url_env: ACD_STORE_URL")
    acd.write_text(text, encoding="utf-8")
    for name, value in {
        "ACD_STORE_URL": sqlite_url(site.database),
        "ACD_API_TOKENS": f"supervisor/s {'x' * 40}",
        "ACD_ARI_PASSWORD": "a",
        "ACD_AMI_PASSWORD": "b",
    }.items():
        monkeypatch.setenv(name, value)
    assert site.explain(contact).stderr.startswith("acd explain: nothing is known")


def test_what_a_supervisor_ordered_is_told_with_the_name(site: Site) -> None:
    def scene(bench: Bench) -> LegId:
        leg = to_lkpm(bench)
        contact = ContactId(leg)
        bench.sleep(12)
        orders: tuple[Order, ...] = (
            SetPriority(contact, 7),
            MoveToQueue(contact, QueueId("q_umum")),
            AssignToAgent(contact, AgentId("agent113")),
        )
        bench.feed(PhoneChanged(bench.at, "PJSIP/agent113", reachable=True, busy=True))
        bench.login("agent113")
        for number, order in enumerate(orders):
            bench.feed(SupervisorRequested(bench.at, RequestId(f"o{number}"), "rudi", order))
        bench.feed(PhoneChanged(bench.at, "PJSIP/agent113", reachable=True, busy=False))
        bench.hang_up(leg)
        return leg

    told = site.explain(site.live(scene)).stdout
    assert "10:00:14  The supervisor rudi changed this call. Priority 7 instead of 0." in told
    assert "10:00:14  The supervisor rudi changed this call. Moved to the queue Umum after 12 s" in told
    assert "10:00:14  The supervisor rudi changed this call. The call waits for Petugas 113 alone." in told
    assert "Why Petugas 113: nobody else could take the call." in told
    assert "the call waits for Petugas 113 alone." in told
