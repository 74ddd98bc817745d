"""Two Asterisks under one engine: callers and agents at either, and one of them dies, or cannot be reached."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import aiohttp
import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.callers import ADDRESS as CALLERS
from acd.demo.deployment import LOOPBACK, Deployment, Ports, Wishes, free_ports, prepare
from acd.demo.site import Site, speak
from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.cache import cache_root
from acd.deploy.plan import PbxPlan
from acd.deploy.progress import SilentProgress
from acd.deploy.settings_plan import pbx_plan
from acd.deploy.toolchain import fetch_tools
from acd.settings import load
from tests.call_centre import ROOT, SHARE, Centre, Yaml, change, straight_to
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.telephone import Telephone, Telephones

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LKPM, GO_OUT = "704", "705"
OUTSIDE = "0215252008"
ANSWERS = 200
AGENTS = ("agent119", "agent120", "agent121")
"""Who can serve the queue."""
AT_B = "agent120"
"""Its phone is at b; those of the others are at a."""
DEAD_MAN_S, LOST_AFTER_S = 6, 8
SECRETS = {"ACD_PEER_PASSWORD": "between-asterisks"}


@dataclass
class Two:
    """A call centre of two Asterisks, each with the telephones around it."""

    a: Centre
    b: Centre
    to_b: tuple[FaultProxy, FaultProxy]
    """What stands between the engine and b: of ARI, of AMI."""

    @property
    def each(self) -> tuple[tuple[str, Centre], ...]:
        """Both by their names."""
        return ("a", self.a), ("b", self.b)


def out_by(gateway: str) -> Yaml:
    """A flow that hands callers over to a number outside."""
    nodes: Yaml = {"keluar": {"kind": "transfer", "number": OUTSIDE, "gateway": gateway}}
    return {"languages": ["id"], "entry": "keluar", "nodes": nodes}


def _section(made: Deployment, ports: Ports, rtp_from: int, folder: str) -> Yaml:
    return {
        "ari": {"url": f"http://{LOOPBACK}:{ports.ari}", "password_env": "ACD_ARI_PASSWORD"},
        "ami": {"host": LOOPBACK, "port": str(ports.ami), "password_env": "ACD_AMI_PASSWORD"},
        "sip": {
            "bind": LOOPBACK,
            "port": str(ports.sip),
            "rtp_from": str(rtp_from),
            "rtp_to": str(rtp_from + 399),
        },
        "recordings_dir": str(made.folder / folder / "spool" / "recording"),
    }


def _other_ports(taken: Ports) -> Ports:
    """Ports for b that a does not have; its sound has a part of those a found."""
    while True:
        ports = free_ports(Random(), SHARE)
        singles = [{p.ari, p.ami, p.sip, p.api, p.customers, p.callers, p.data} for p in (taken, ports)]
        if singles[0].isdisjoint(singles[1]):
            return ports


def _divide(made: Deployment, ports: Ports) -> tuple[Deployment, PbxPlan, PbxPlan]:
    """Make a deployment of one Asterisk one of two: another trunk comes to b, where one agent's phone is."""

    def surroundings(content: Yaml) -> None:
        for section in ("ari", "ami", "sip"):
            content.pop(section)
        content["pbx"] = {
            "a": _section(made, made.ports, made.ports.rtp, "asterisk"),
            "b": _section(made, ports, made.ports.rtp + 400, "asterisk_b"),
        }
        content["peers"] = {"password_env": "ACD_PEER_PASSWORD", "lost_after": f"{LOST_AFTER_S}s"}
        content["callbacks"]["lines"].append({"trunk": "e2", "dial": "PJSIP/{number}@gw2"})

    def agents(content: Yaml) -> None:
        for name, agent in content["agents"].items():
            agent["pbx"] = "b" if name == AT_B else "a"

    def trunks(content: Yaml) -> None:
        content["trunks"]["e1"]["pbx"] = "a"
        content["trunks"]["e2"] = {"capacity": "30", "pbx": "b"}
        contact = f"sip:{CALLERS}:{ports.customers}"
        content["gateways"]["gw2"] = {"trunk": "e2", "match": [CALLERS], "contact": contact}

    change(made.config / "acd.yaml", surroundings)
    change(made.config / "agents.yaml", agents)
    change(made.config / "trunks.yaml", trunks)
    env = {**made.env, **SECRETS}
    settings = load(made.config, made.flows, {**os.environ, **env})
    plans = [pbx_plan(settings, moh_dir=made.folder / "sounds" / "moh", pbx_id=name) for name in ("a", "b")]
    plan_a, plan_b = (
        replace(plan, trunks=tuple(replace(trunk, qualify_s=0) for trunk in plan.trunks)) for plan in plans
    )
    return replace(made, env=env, settings=settings, plan=plan_a), plan_a, plan_b


def _detour(made: Deployment, ports: Ports, to_b: tuple[FaultProxy, FaultProxy]) -> None:
    """Have the engine reach b by what can fail."""
    ari, ami = to_b
    ari.server, ami.server = (LOOPBACK, ports.ari), (LOOPBACK, ports.ami)

    def through(content: Yaml) -> None:
        content["pbx"]["b"]["ari"]["url"] = f"http://{LOOPBACK}:{ari.port}"
        content["pbx"]["b"]["ami"]["port"] = str(ami.port)

    change(made.config / "acd.yaml", through)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def two(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    async with centre_of_two(tmp_path_factory.mktemp("two")) as running:
        yield running


@asynccontextmanager
async def centre_of_two(
    folder: Path, more: Callable[[Deployment], Deployment] = lambda made: made
) -> AsyncIterator[Two]:
    """Start one; ``more`` changes the files before the engine reads them."""
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "ivr_flows", folder / "ivr_flows")
    wishes = Wishes(
        wrap_up_s=0.5,
        queue={"short_abandon": "100ms", "ring_timeout": "8s"},
        fallback={"dead_man": f"{DEAD_MAN_S}s"},
        flows={"lkpm": straight_to("q_lkpm"), "keluar": out_by("gw1")},
        access_codes={LKPM: {"flow": "lkpm"}, GO_OUT: {"flow": "keluar"}},
    )
    tools = fetch_tools()
    made = prepare(folder / "run", folder / "config", folder / "ivr_flows", wishes, Random(), SHARE)
    made, _, plan_b = _divide(made, ports := _other_ports(made.ports))
    await asyncio.to_thread(speak, tools, made, cache_root() / "prompts", SilentProgress())
    headers = {"Authorization": f"Bearer {made.token}"}
    other = AsteriskInstance(tools, made.folder / "asterisk_b")
    async with AsyncExitStack() as stack:
        nowhere = (LOOPBACK, 0)
        to_b = (
            await stack.enter_async_context(FaultProxy(nowhere)),
            await stack.enter_async_context(FaultProxy(nowhere)),
        )
        _detour(made, ports, to_b)
        made = more(made)
        stack.push_async_callback(asyncio.to_thread, other.stop)
        await asyncio.to_thread(other.render, plan_b)
        await asyncio.to_thread(other.start, plan_b)
        site = await stack.enter_async_context(Site(tools, made, None))
        at_b = copy(site)  # the same engine, the other Asterisk
        at_b.deployment = replace(made, plan=plan_b, ports=replace(ports, api=made.ports.api))
        at_b.asterisk = other
        http = await stack.enter_async_context(aiohttp.ClientSession(made.url, headers=headers))
        around = [await stack.enter_async_context(Telephones(s.deployment.sip).running()) for s in (site, at_b)]
        yield Two(Centre(site, around[0], http), Centre(at_b, around[1], http), to_b)


async def ready(two: Two, *wanted: str) -> Json:
    """Wait until the engine says so of itself."""
    seen: Json = {}

    async def so() -> bool:
        answer = await two.a.site.api.ready()
        seen.clear()
        seen.update(answer or {})
        return answer is not None and answer["status"] in wanted

    await two.a.eventually(so, lambda: f"the engine is not {wanted}: {seen}")
    return seen


async def away(two: Two) -> None:
    """Wait until the engine says that both links to b are away."""
    seen: Json = {}

    async def so() -> bool:
        seen.update(await ready(two, "degraded"))
        reasons = " ".join(seen["reasons"])
        return "b: ARI is" in reasons and "b: AMI is" in reasons

    await two.a.eventually(so, lambda: f"b is not away: {seen}")


async def talking(one: Telephone, other: Telephone) -> None:
    """Each hears sound of the other that comes from now on."""
    ears = [phone.ear for phone in (one, other)]
    before = [ear.heard.sound for ear in ears if ear is not None]
    async with asyncio.timeout(60):
        while any(ear.heard.sound < was + 5 for ear, was in zip(ears, before, strict=True) if ear is not None):  # noqa: ASYNC110 - told by their ears
            await asyncio.sleep(0.05)


async def call(centre: Centre, number: str) -> Telephone:
    """A caller whose call was answered."""
    caller = await centre.caller(number)
    assert await caller.answered(caller.dial(LKPM)) == ANSWERS
    return caller


async def at_rest(two: Two) -> None:
    """Nothing is left in either Asterisk, nor in the ledger."""
    seen: list[object] = []

    async def so() -> bool:
        status = await two.a.site.api.status()
        seen[:] = [await centre.site.left_in_asterisk() for _, centre in two.each]
        seen.append([trunk["in_use"] for trunk in status["trunks"]])
        seen.append(len(status["contacts"]))
        return seen == [(0, 0), (0, 0), [0, 0], 0]

    await two.a.eventually(so, lambda: f"channels and bridges of a and b, trunks, contacts: {seen}")


async def everybody_home(two: Two) -> None:
    for _, centre in two.each:
        for phone in list(centre.telephones.all):
            phone.hang_up_all()
            if phone.secret:
                await phone.register(0)
            centre.telephones.close(phone)
    for agent in AGENTS:
        await two.a.ask(agent, "logout")
        await two.a.ask(agent, "end-wrap-up")
        await two.a.until(agent, activity="logged_out")
    await at_rest(two)


@pytest.mark.parametrize("callers_at", ["a", "b"])
async def test_a_caller_at_one_asterisk_talks_with_an_agent_at_the_other(two: Two, callers_at: str) -> None:
    here, there = (two.a, two.b) if callers_at == "a" else (two.b, two.a)
    agent = AT_B if callers_at == "a" else "agent119"
    phone = await there.phone(agent)
    caller = await call(here, f"0813666000{ord(callers_at) % 10}")
    contact = await here.phase(caller, "talking")
    assert contact["agent"] == agent
    assert contact["id"].startswith(f"{callers_at}-")
    assert phone.calls[-1].number == caller.user
    await talking(phone, caller)
    await asyncio.sleep(2.0)  # so that there is something to be recorded
    phone.end(phone.calls[-1])
    record = await here.record(caller)
    assert (record["exit"], record["agent"], record["trunk"]) == (
        "answered",
        agent,
        "e1" if callers_at == "a" else "e2",
    )
    rows: list[Json] = []

    async def looked_at() -> bool:
        rows[:] = await here.site.api.recordings(record["contact_id"])
        return bool(rows)

    await here.eventually(looked_at, lambda: "the recording was not looked at", 30)
    assert rows[0]["ok"], rows
    await everybody_home(two)


@pytest.mark.parametrize("callers_at", ["a", "b"])
async def test_a_number_outside_is_reached_from_both_though_one_has_the_gateway(two: Two, callers_at: str) -> None:
    here = two.a if callers_at == "a" else two.b
    outside = await two.a.telephones.add("outside", CALLERS, port=two.a.site.deployment.ports.customers)
    caller = await here.caller(f"0813666003{ord(callers_at) % 10}")
    assert await caller.answered(caller.dial(GO_OUT)) == ANSWERS
    asked = outside.calls[-1].invite
    assert asked is not None
    assert f"sip:{OUTSIDE}@" in asked.first
    assert caller.user in asked.lines("from")[0], "who calls is shown"
    await talking(outside, caller)
    record = await here.record(caller)
    assert (record["exit"], record["trunk"]) == ("transferred", "e1" if callers_at == "a" else "e2")
    caller.end(caller.calls[-1])
    await everybody_home(two)


async def test_nobody_calls_a_number_that_no_flow_names_by_way_of_another_asterisk(two: Two) -> None:
    known = f"acd-out-gw1.{OUTSIDE}"
    for number in (known, OUTSIDE, f"{known}9", known[:-1], "acd-out-gw1.110", "acd-out-gw1", "704"):
        shown = await asyncio.to_thread(two.a.site.asterisk.rx, f"dialplan show {number}@acd-from-peers")
        assert ("There is no existence of" in shown) is (number != known), shown


async def test_an_agent_elsewhere_who_refuses_or_lets_it_ring_is_not_connected(two: Two) -> None:
    busy = await two.b.phone(AT_B, 486)
    caller = await call(two.a, "08136660010")

    async def offered() -> bool:
        return bool((await two.a.agent(AT_B))["activity"] == "unavailable")  # resting after the refusal

    await two.a.eventually(offered, lambda: "the refusal was not seen")
    busy.manner = ANSWERS
    assert (await two.a.phase(caller, "talking"))["agent"] == AT_B
    caller.end(caller.calls[-1])
    assert (await two.a.record(caller))["offers"] == 2
    await everybody_home(two)


async def test_an_asterisk_out_of_reach_is_closed_in_time_and_what_lives_on_there_is_served_when_it_is_back(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    """The network between the engine and b alone falls silent: calls there, and between both, have no part in it."""
    a, b = two.a, two.b
    loop = asyncio.get_running_loop()
    stays, at_b, elsewhere = AGENTS
    phones, callers = {}, {}
    for agent, home, centre, number in (
        (at_b, b, a, "08136680002"),
        (elsewhere, a, b, "08136680003"),
    ):
        phones[agent] = await home.phone(agent)
        callers[agent] = await call(centre, number)
        assert (await centre.phase(callers[agent], "talking"))["agent"] == agent
    waiter = await call(b, "08136680004")
    await b.phase(waiter, "waiting")

    for proxy in two.to_b:
        proxy.freeze()
    began = loop.time()
    await away(two)
    noticed = loop.time()
    assert await a.metric("acd_gap_open", kind="ari") == 1
    failed, torn = await a.record(waiter), await a.record(callers[elsewhere])
    closed = loop.time()
    assert (failed["exit"], failed["cause"], failed["trunk"]) == ("failed_technical", 41, "e2")
    assert (torn["exit"], torn["cause"], torn["agent"]) == ("answered", 41, elsewhere)
    assert await a.metric("acd_pbx_lost", pbx="b") == 1
    assert "counts as lost" in (await ready(two, "degraded"))["reasons"][0]
    for agent in (at_b, elsewhere):
        await talking(phones[agent], callers[agent])
    assert (await a.phase(callers[at_b], "talking"))["agent"] == at_b
    phones[stays] = await a.phone(stays)
    newcomer = await call(a, "08136680005")
    assert (await a.phase(newcomer, "talking"))["agent"] == stays

    legs = {agent: phones[agent].calls[-1] for agent in (at_b, elsewhere)}
    for proxy in two.to_b:
        proxy.heal()
    await ready(two, "ready")
    healed = loop.time()
    for agent in (at_b, elsewhere):
        assert (await a.phase(callers[agent], "talking"))["agent"] == agent
        await talking(phones[agent], callers[agent])
        assert phones[agent].calls[-1] is legs[agent], "the conversation was cut and made anew"
    await a.phase(waiter, "waiting")
    callers[elsewhere].end(callers[elsewhere].calls[-1])
    assert (await a.phase(waiter, "talking"))["agent"] == elsewhere
    await talking(phones[elsewhere], waiter)
    await everybody_home(two)
    found = [record for record in await a.site.api.records() if record["caller"].startswith("0813668")]
    ours = {record["caller"]: record for record in found}
    assert sorted(r["caller"] for r in found) == ["08136680002", "08136680003", "08136680004", "08136680005"]
    put_right = {number: (r["closed_as"], r["exit"]) for number, r in ours.items() if r["closed_as"] is not None}
    assert put_right == {torn["caller"]: ("answered", "answered"), failed["caller"]: ("failed_technical", "answered")}
    assert ours[torn["caller"]]["closed_at"] == torn["ended_at"] < ours[torn["caller"]]["ended_at"]
    assert await a.metric("acd_pbx_lost", pbx="b") == 0
    assert await a.metric("acd_gap_open", kind="ari") == 0
    log = (a.site.deployment.folder / "engine.log").read_text(encoding="utf-8")
    assert "pbx_lost" in log
    assert "choice_disputed" not in log
    with capsys.disabled():
        figures = {"noticed_s": noticed - began, "closed_s": closed - began, "all_back_s": healed - began}
        print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


async def test_one_that_refuses_all_connections_and_lives_loses_no_conversation_with_another(two: Two) -> None:
    """Not even one in which a phone sends nothing: its Asterisk does."""
    a, b = two.a, two.b
    _, at_b, elsewhere = AGENTS
    phones, callers = {}, {}
    for agent, home, centre, number in ((at_b, b, a, "08136660021"), (elsewhere, a, b, "08136660022")):
        phones[agent] = await home.phone(agent, sound=agent != at_b)
        callers[agent] = await call(centre, number)
        assert (await centre.phase(callers[agent], "talking"))["agent"] == agent
    await talking(phones[elsewhere], callers[elsewhere])
    for proxy in two.to_b:
        await proxy.stop_listening()
        proxy.reset()
    await away(two)
    log = a.site.deployment.folder / "engine.log"

    async def looked() -> bool:
        return "calls_heard" in log.read_text(encoding="utf-8")

    await a.eventually(looked, lambda: "nobody listened to the calls between both")
    assert "calls_parted" not in log.read_text(encoding="utf-8")
    await talking(phones[elsewhere], callers[elsewhere])
    for proxy in two.to_b:
        await proxy.start()
    await ready(two, "ready")
    assert (await a.phase(callers[at_b], "talking"))["agent"] == at_b
    assert not any(phone.calls[-1].over.is_set() for phone in (*phones.values(), *callers.values()))
    await talking(phones[elsewhere], callers[elsewhere])
    await everybody_home(two)


async def test_an_asterisk_that_dies_costs_its_own_calls_and_nobody_elses(
    two: Two, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = two.a, two.b
    loop = asyncio.get_running_loop()
    stays, at_b, elsewhere = AGENTS
    phones, callers = {}, {}
    for agent, home, centre, number in (
        (stays, a, a, "08136670001"),
        (at_b, b, a, "08136670002"),
        (elsewhere, a, b, "08136670003"),
    ):
        phones[agent] = await home.phone(agent)
        callers[agent] = await call(centre, number)
        assert (await centre.phase(callers[agent], "talking"))["agent"] == agent
        await talking(phones[agent], callers[agent])
    waiter = await call(b, "08136670004")
    await b.phase(waiter, "waiting")
    for proxy in two.to_b:
        await proxy.stop_listening()  # as the machine does on which Asterisk died

    pid = b.site.asterisk.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    killed = loop.time()
    for one in (callers[elsewhere], waiter, phones[at_b]):  # their calls are gone, and nobody told them
        for lost in one.calls:
            lost.over.set()
    assert (await ready(two, "degraded"))["reasons"][0].startswith("b: ARI is ")
    noticed = loop.time()
    failed, torn = await a.record(waiter), await a.record(callers[elsewhere])
    closed = loop.time()
    assert (failed["exit"], failed["cause"], failed["trunk"]) == ("failed_technical", 41, "e2")
    assert (torn["exit"], torn["cause"], torn["agent"]) == ("answered", 41, elsewhere)
    await talking(phones[stays], callers[stays])

    newcomer = await call(a, "08136670005")
    assert (await a.phase(newcomer, "talking"))["agent"] == elsewhere
    served = loop.time()
    await talking(phones[elsewhere], newcomer)
    cut = await a.record(callers[at_b])
    parted = loop.time()
    assert (cut["exit"], cut["agent"], cut["trunk"]) == ("answered", at_b, "e1")
    await a.until(at_b, activity="unavailable")
    trunks = {trunk["id"]: (trunk["up"], trunk["in_use"]) for trunk in (await a.site.api.status())["trunks"]}
    assert trunks == {"e1": (True, 2), "e2": (False, 0)}

    await asyncio.to_thread(b.site.asterisk.start, b.site.deployment.plan)
    for proxy in two.to_b:
        await proxy.start()
    back = loop.time()
    await ready(two, "ready")
    usable = loop.time()
    await talking(phones[stays], callers[stays])
    await talking(phones[elsewhere], newcomer)
    await phones[at_b].register()
    await a.until(at_b, activity="idle", phone_reachable=True)
    last = await call(b, "08136670006")
    assert (await b.phase(last, "talking"))["agent"] == at_b
    await talking(phones[at_b], last)
    ours = [r for r in await a.site.api.records() if r["caller"].startswith("0813667")]
    assert len(ours) == 3
    async with a.http.get("/api/v1/gaps") as answer:
        gaps = [gap["missing"] for gap in (await answer.json())["gaps"] if gap["kind"] == "ari"]
    assert gaps
    assert all(gap.endswith("(at b)") for gap in gaps), gaps
    await everybody_home(two)
    log = (a.site.deployment.folder / "engine.log").read_text(encoding="utf-8")
    assert "choice_disputed" not in log
    assert log.count("calls_parted") == 1
    with capsys.disabled():
        figures = {
            "noticed_s": noticed - killed,
            "closed_s": closed - killed,
            "agent_elsewhere_talks_again_s": served - killed,
            "caller_of_an_agent_there_parted_s": parted - killed,
        }
        print(json.dumps({**figures, "usable_after_start_s": usable - back}, default=str))
