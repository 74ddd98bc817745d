from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from acd.app import App
from acd.demo.data_server import DataServer
from acd.domain.commands import FetchData, SendHook
from acd.domain.data import HttpRequest
from acd.domain.errors import StoreError
from acd.domain.events import CallArrived, LegEnded, LinkChanged
from acd.domain.flow import BranchNode, Case, FlowPlan, HangUpNode
from acd.domain.flow_values import Expression, Reads
from acd.domain.ids import AgentId, ContactId, FlowId, Language, LegId, NodeId, PromptKey, RequestId
from acd.settings import load
from acd.settings.values import DataHost, DataSettings, Secret, Settings, Webhook
from acd.web.readiness import Readiness
from tests.fakes import deployment
from tests.fakes.ami_server import FakeAmi, FakeAmiPeer, Headers
from tests.fakes.ari_server import FakeAri
from tests.fakes.deployment import AGENT, SUPERVISOR, VIEWER


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[App]:
    """An engine that is started and closed; nothing of it may be left."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    app = await App.open(settings)
    try:
        await app.start()
        yield app
    finally:
        await app.close()
    left = {t for t in asyncio.all_tasks() - tasks if not t.done()}
    assert not left, f"tasks left: {left}"
    # The loop's own pool for blocking calls (its threads end with the loop) is not the engine's.
    new = [t for t in set(threading.enumerate()) - threads if not t.name.startswith("asyncio_")]
    for thread in new:
        thread.join(5)  # it may be at its last instruction
    assert not [thread.name for thread in new if thread.is_alive()]


async def get(app: App, path: str, token: str = "", method: str = "GET", body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{app.port}{path}", headers=headers, json=body) as response,
    ):
        return response.status, await response.json()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - several servers take part
            await asyncio.sleep(0.01)


@pytest.fixture
def alone(tmp_path: Path) -> Settings:
    """No Asterisk anywhere."""
    return deployment.settings(tmp_path)


@pytest.fixture
async def ari() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    fake.answer("GET", "/channels", 200, [])
    fake.answer("GET", "/bridges", 200, [])
    fake.answer("GET", "/applications/acd", 200, {"name": "acd", "channel_ids": []})
    yield fake
    await fake.stop()


@pytest.fixture
async def ami() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as fake:
        yield fake


async def test_serves_its_api_without_asterisk_and_says_that_it_is_not_ready(alone: Settings) -> None:
    async with running(alone) as app:
        assert (await get(app, "/healthz"))[0] == 200
        status, answer = await get(app, "/readyz")
        assert status == 503
        assert answer["status"] == "not_ready"
        assert answer["reasons"][0] in {"ARI is connecting", "ARI is down"}
        assert answer["reasons"][1].startswith("AMI is ")
        status, agents = await get(app, "/api/v1/agents", VIEWER)
        assert (status, len(agents["agents"])) == (200, 24)


async def test_is_ready_once_the_calls_in_asterisk_are_known(tmp_path: Path, ari: FakeAri, ami: FakeAmi) -> None:
    gate = asyncio.Event()
    ari.answer("GET", "/channels", 200, [], gate=gate)
    async with running(deployment.settings(tmp_path, ari=ari.port, ami=ami.port)) as app:
        await ari.until(lambda: "/channels" in ari.paths("GET"))
        status, answer = await get(app, "/readyz")
        assert (status, answer["reasons"][0]) == (503, "the calls in Asterisk are being listed")
        gate.set()
        await until(lambda: app._ready().problems == ())
        assert (await get(app, "/readyz"))[0] == 200
        await ari.stop()
        await until(lambda: app._ready().problems != ())


async def test_ami_that_refuses_the_password_degrades_only(tmp_path: Path, ari: FakeAri, ami: FakeAmi) -> None:
    settings = deployment.settings(tmp_path, ari=ari.port, ami=ami.port)
    settings = replace(settings, ami=replace(settings.ami, password=Secret("wrong")))
    with capture_logs() as logs:
        async with running(settings) as app:
            await until(lambda: app._ready().problems == ())
            status, answer = await get(app, "/readyz")
    assert (status, answer["status"]) == (200, "degraded")
    assert any("AMI" in reason for reason in answer["reasons"])
    assert ("ami_link_state", "refused") in [(line["event"], line.get("state")) for line in logs]
    assert "wrong" not in str(logs)


async def test_what_the_api_has_answered_survives_a_crash_in_the_next_instant(alone: Settings, tmp_path: Path) -> None:
    journal = alone.journal.file
    async with running(alone) as app:
        assert (await get(app, "/api/v1/agents/agent101/login", AGENT, "POST"))[0] == 200
        for part in journal.parent.glob(f"{journal.name}*"):  # the disk as a killed engine leaves it
            if not part.name.endswith(".lock"):
                shutil.copy(part, tmp_path / f"crashed{part.name.removeprefix(journal.name)}")
    crashed = replace(alone, journal=replace(alone.journal, file=tmp_path / "crashed"))
    async with running(crashed) as app:
        _, agent = await get(app, "/api/v1/agents/agent101", VIEWER)
    assert agent["activity"] != "logged_out"


async def test_a_disk_that_refuses_keeps_no_agent_from_logging_in(
    alone: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.app.DURABLE_S", 0.05)
    async with running(alone) as app:
        lock = sqlite3.connect(alone.journal.file, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        assert (await get(app, "/api/v1/agents/agent101/login", AGENT, "POST"))[0] == 200
        lock.execute("ROLLBACK")
        lock.close()


async def test_a_new_version_is_put_into_force_and_a_broken_one_refused_by_api_and_readyz(tmp_path: Path) -> None:
    settings = deployment.settings(tmp_path)
    flow = tmp_path / "ivr_flows" / "169.yaml"

    def again() -> Settings:
        return load(tmp_path / "config", tmp_path / "ivr_flows", deployment.ENV)

    app = await App.open(settings, again)
    try:
        await app.start()

        async def reload() -> tuple[int, Any]:
            return await get(app, "/api/v1/plan/reload", SUPERVISOR, "POST")

        first = (await get(app, "/api/v1/plan", VIEWER))[1]["version"]
        assert (await reload())[1]["outcome"] == "unchanged"
        text = flow.read_text(encoding="utf-8")
        flow.write_text(text.replace("retries: 2", "retries: 3", 1), encoding="utf-8")
        status, loaded = await reload()
        assert (status, loaded["outcome"]) == (200, "loaded")
        assert loaded["version"] != first
        assert app.dispatcher.view().plan_version == loaded["version"]  # type: ignore[union-attr]
        flow.write_text(text.replace("next: salam", "next: salm", 1), encoding="utf-8")
        status, refused = await reload()
        assert status == 422
        assert "169.yaml" in refused["errors"][0]["message"]
        assert app.dispatcher.view().plan_version == loaded["version"]  # type: ignore[union-attr]
        assert any("a newer configuration is refused" in reason for reason in app._ready().degraded)
        flow.write_text(text, encoding="utf-8")
        assert (await reload())[1]["version"] == first
        assert app._ready().degraded == tuple(r for r in app._ready().degraded if "refused" not in r)
    finally:
        await app.close()


async def test_what_needs_a_restart_is_said_and_phones_and_tokens_are_used_at_once(tmp_path: Path) -> None:
    settings = deployment.settings(tmp_path)
    changed = replace(
        settings,
        plan=replace(settings.plan, version="v2", agents={}),
        ari=replace(settings.ari, user="another"),
        api=replace(settings.api, port=settings.api.port + 1, tokens=settings.api.tokens[1:]),
    )
    app = await App.open(settings, lambda: changed)
    try:
        await app.start()
        assert (await app.reload()).at_next_start == ("ari", "api")
        assert (await get(app, "/api/v1/agents", VIEWER))[0] == 401
        assert (await get(app, "/api/v1/agents", SUPERVISOR))[1]["agents"] == []
        assert app._pbxs.first.phones == set()
    finally:
        await app.close()


async def test_other_systems_of_a_new_version_are_asked_at_once(tmp_path: Path) -> None:
    settings = deployment.settings(tmp_path)
    server = DataServer()
    await server.start()
    host = DataHost("new", "http", server.host, server.port, internal=True)
    question = FetchData(
        ContactId("c"), RequestId("r"), "n", HttpRequest("GET", f"{server.url}/licences/8120001234567")
    )
    app = await App.open(settings, lambda: replace(settings, data=DataSettings((host,))))
    try:
        await app.start()
        assert (await app._data.fetch(question, app._clock.now)).outcome == "failed"
        assert (await app.reload()).at_next_start == ()
        assert (await app._data.fetch(question, app._clock.now)).outcome == "ok"
    finally:
        await app.close()
        await server.close()


async def test_a_webhook_is_told_after_a_restart_what_it_was_not_told_before(tmp_path: Path) -> None:
    server = DataServer()
    await server.start()
    host = DataHost("crm", "http", server.host, server.port, internal=True)
    hooks = {"crm": Webhook("crm", f"{server.url}/events")}
    settings = replace(deployment.settings(tmp_path), data=DataSettings((host,), webhooks=hooks))
    server.manner = "error"
    try:
        app = await App.open(settings)
        await app.start()
        app.dispatcher._carry_out(SendHook("crm", "e1", '{"id": "e1"}', 5.0))
        await until(lambda: app._data.figures().hooks[0].failed > 0)
        await app.close()
        server.manner = "well"
        for _ in range(2):  # the second life has nothing left to tell
            async with running(settings) as again:

                def all_told(app: App = again) -> bool:
                    resumed = app._messenger is not None and app._messenger.done()
                    return resumed and not app._data.figures().hooks[0].waiting

                await until(all_told)
    finally:
        await server.close()
    assert list(server.told) == [{"id": "e1"}]


async def test_the_name_of_a_token_gives_its_role(alone: Settings) -> None:
    async with running(alone) as app:

        async def login(agent: str, token: str) -> int:
            return (await get(app, f"/api/v1/agents/{agent}/login", token, "POST"))[0]

        assert await login("agent101", "") == 401
        assert await login("agent101", "x" * 32) == 401
        assert await login("agent101", VIEWER) == 403
        assert await login("agent102", AGENT) == 403
        assert await login("agent101", AGENT) == 200
        assert await login("agent102", SUPERVISOR) == 200


async def test_a_caller_taken_in_is_claimed_before_ami_and_known_to_the_engine(
    tmp_path: Path, ari: FakeAri, ami: FakeAmi
) -> None:
    settings = deployment.settings(tmp_path, ari=ari.port, ami=ami.port)
    async with running(settings) as app:
        await until(lambda: app._ready().problems == ())
        channel = {
            "id": "1.1",
            "name": "PJSIP/gw1-00000001",
            "caller": {"number": "0811222333"},
            "dialplan": {"context": "acd-from-trunk", "exten": "169"},
        }
        with capture_logs() as logs:
            await ari.emit({"type": "StasisStart", "channel": channel})
            await ari.until(lambda: "/channels/1.1/answer" in ari.paths())
        view = app.dispatcher.view()
        assert view is not None
        assert [contact.id for contact in view.contacts] == ["1.1"]
        assert "0811222333" not in str(logs)
        plays = [one.body["media"] for one in ari.seen if "/play/" in one.path]
        wording = settings.prompts.wording(PromptKey("welcome"), Language("id"))
        assert plays == [[f"sound:{tmp_path}/lib/sounds/acd/id/welcome/{wording}"]]


async def test_what_ami_tells_reaches_the_engine(tmp_path: Path, ari: FakeAri, ami: FakeAmi) -> None:
    def empty(peer: FakeAmiPeer, action: Headers) -> None:
        peer.list(action, "Nothing", [])

    lists = ("DeviceStateList", "PJSIPShowContacts", "PJSIPShowEndpoint", "CoreShowChannels", "DBGetTree")
    ami.on |= dict.fromkeys((*lists, "PJSIPShowRegistrationsOutbound"), empty)

    def busy(app: App) -> list[str]:
        view = app.dispatcher.view()
        return [agent.id for agent in view.agents if agent.phone_busy] if view is not None else []

    async with running(deployment.settings(tmp_path, ari=ari.port, ami=ami.port)) as app:
        await until(lambda: app._ready() == Readiness())
        ami.peer.event("DeviceStateChange", "Device: PJSIP/agent102", "State: INUSE")
        await until(lambda: busy(app) == ["agent102"])
        await ami.stop()
        await until(lambda: app._ready().degraded != ())
        assert busy(app) == []  # what AMI said last may be long past
        assert app._ready().problems == ()


async def test_a_restart_goes_on_where_it_was(alone: Settings) -> None:
    async with running(alone) as app:
        at = app._clock.now()
        app.dispatcher.submit(CallArrived(at, LegId("1.1"), "PJSIP/gw1-00000001", "169", "0811222333"))
        assert (await app.dispatcher.request_agent(AgentId("agent101"), "login"))[0]
    async with running(alone) as app:
        view = app.dispatcher.view()
        assert view is not None
        assert [contact.id for contact in view.contacts] == [ContactId("1.1")]
        assert {agent.id: agent.presence for agent in view.agents}[AgentId("agent101")] == "ready"


async def test_a_port_in_use_is_an_error_and_leaves_nothing_behind(alone: Settings) -> None:
    async with running(alone) as app:
        elsewhere = replace(alone.journal, file=alone.journal.file.with_name("second.db"))
        spool = replace(alone.store, spool=alone.store.spool.with_name("second.spool"))
        second = replace(alone, api=replace(alone.api, port=app.port), journal=elsewhere, store=spool)
        with pytest.raises(OSError, match="address already in use"):
            async with running(second):
                pass


@pytest.mark.parametrize("keep_all", [False, True])
async def test_the_journal_keeps_all_only_if_told_so(alone: Settings, *, keep_all: bool) -> None:
    """Three starts leave three snapshots; the next start after them removes what is older than the last two."""
    told = replace(alone, journal=replace(alone.journal, keep_all=keep_all))
    for number in range(4):
        async with running(told) as app:
            app.dispatcher.submit(
                CallArrived(app._clock.now(), LegId(f"1.{number}"), "PJSIP/gw1-00000001", "169", "0811222333")
            )
    with sqlite3.connect(told.journal.file) as rows:
        (first,) = rows.execute("SELECT min(seq) FROM events").fetchone()
    rows.close()
    assert (first == 1) == keep_all


async def test_a_journal_in_use_is_an_error_and_leaves_nothing_behind(alone: Settings) -> None:
    async with running(alone):
        with pytest.raises(StoreError, match="in use by another engine"):
            await App.open(alone)


async def test_a_store_that_cannot_be_opened_gives_the_journal_back(alone: Settings) -> None:
    broken = replace(alone, store=replace(alone.store, url=Secret("sqlite+aiosqlite:////nowhere/acd.db")))
    with pytest.raises(StoreError):
        await App.open(broken)
    async with running(alone):
        pass


async def test_figures_are_given_to_prometheus(alone: Settings) -> None:
    async with (
        running(alone) as app,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{app.port}/metrics", headers={"Authorization": f"Bearer {VIEWER}"}) as response,
    ):
        text = await response.text()
    assert response.status == 200
    assert 'trunk="e1"' in text


async def test_a_gap_in_the_journal_is_closed_by_a_snapshot(alone: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.app.HOUSEKEEPING_S", 0.01)
    async with running(alone) as app:
        snapshots: list[bool] = []
        health = app._journal.health()
        monkeypatch.setattr(app._journal, "health", lambda: replace(health, gap=not snapshots))
        monkeypatch.setattr(app.dispatcher, "snapshot", lambda: snapshots.append(True))
        await until(lambda: bool(snapshots))


async def test_failing_writers_are_told(alone: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(alone) as app:
        journal, records = app._journal.health(), app._records.health()
        monkeypatch.setattr(app._journal, "health", lambda: replace(journal, failing="disk full"))
        monkeypatch.setattr(app._records, "health", lambda: replace(records, failing="no database"))
        _, answer = await get(app, "/readyz")
        monkeypatch.undo()
    assert "the journal fails: disk full" in answer["reasons"]
    assert "the store fails: no database" in answer["reasons"]


async def test_sounds_are_fetched_from_the_api_under_names_that_outlive_the_process(tmp_path: Path) -> None:
    settings = deployment.settings(tmp_path)
    prompts = replace(settings.prompts, dir=tmp_path / "sounds", delivery="http", forms=("alaw",))
    settings = replace(settings, prompts=prompts)
    bye, indonesian = PromptKey("bye"), Language("id")
    sound = prompts.file(bye, indonesian, prompts.wording(bye, indonesian)).with_suffix(".alaw")
    sound.parent.mkdir(parents=True)
    sound.write_bytes(b"hello")
    found = []
    for _ in range(2):
        async with running(settings) as app:
            uri = app._sounds.find(bye, indonesian)
            assert uri is not None
            assert uri.startswith(f"sound:http://127.0.0.1:{app.port}/prompts/")
            found.append(uri.rpartition("/")[2])
            url = uri.removeprefix("sound:")
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                assert (response.status, await response.read()) == (200, b"hello")
            app._sounds.count(bye, "tone")
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{app.port}/metrics") as response,
            ):
                assert 'acd_prompt_fallbacks_total{how="tone",prompt="bye"} 1.0' in await response.text()
    assert found[0] == found[1]
    assert (settings.journal.file.parent / "media.key").stat().st_mode & 0o777 == 0o600


async def test_the_expressions_of_flows_are_evaluated(alone: Settings) -> None:
    when = Expression("access_code == '169'", "boolean", (Reads("access_code", "text"),))
    branch = BranchNode(NodeId("b"), (Case(when, NodeId("yes")),), NodeId("no"))
    nodes = (branch, HangUpNode(NodeId("yes")), HangUpNode(NodeId("no")))
    flow = FlowPlan(FlowId("169"), NodeId("b"), (Language("id"),), {node.id: node for node in nodes})
    async with running(replace(alone, plan=replace(alone.plan, flows={flow.id: flow}))) as app:
        app.dispatcher.submit(CallArrived(app._clock.now(), LegId("1.1"), "PJSIP/gw1-00000001", "169", "0811222333"))
        assert app.dispatcher._engine.state.ivr.visits.keys() == {"169 b", "169 yes"}


HOUR = 3600.0


def set_clock(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """Set the system's clock by so much."""
    real = time.time  # noqa: TID251 - what the engine's own clock is made of
    monkeypatch.setattr(time, "time", lambda: real() + by)


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_a_step_of_the_clock_is_told_and_entered_and_changes_no_time(
    alone: Settings, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    async with running(alone) as app:
        app.dispatcher.submit(CallArrived(app._clock.now(), LegId("c1"), "PJSIP/gw1-1", "169", "0811"))
        before = app._clock.now()
        set_clock(monkeypatch, step)
        await until(lambda: any(gap.kind == "clock" for gap in app._gaps.touching(None, None)))
        assert 0 <= app._clock.now() - before < HOUR / 2
        assert any(f"set by {step:+.0f} s" in reason for reason in app._ready().degraded)
        _, answer = await get(app, "/api/v1/gaps", VIEWER)
        (gap,) = [gap for gap in answer["gaps"] if gap["kind"] == "clock"]
        assert f"by {step:+.0f} s" in gap["missing"]


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_the_first_moment_without_calls_takes_the_new_time_over(
    alone: Settings, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    async with running(alone) as app:
        app.dispatcher.submit(LinkChanged(app._clock.now(), "ari", up=True))
        app.dispatcher.submit(CallArrived(app._clock.now(), LegId("c1"), "PJSIP/gw1-1", "169", "0811"))
        set_clock(monkeypatch, step)
        await until(lambda: app._clock_keeper.stepped)
        app.dispatcher.submit(LegEnded(app._clock.now(), LegId("c1")))
        await until(lambda: abs(app._clock.ahead()) < 1)
        assert not any("clock was set" in reason for reason in app._ready().degraded)
        app.dispatcher.submit(CallArrived(app._clock.now(), LegId("c2"), "PJSIP/gw1-2", "169", "0811"))
        app.dispatcher.submit(LegEnded(app._clock.now(), LegId("c2")))
        await app._records.flush()
        before, after = [await app._records.get(ContactId(contact)) for contact in ("c1", "c2")]
        assert before is not None
        assert after is not None
        assert before.arrived_at <= before.ended_at < before.arrived_at + HOUR / 2
        assert abs(after.arrived_at - before.ended_at - step) < HOUR / 2
        assert after.arrived_at <= after.ended_at


@pytest.mark.parametrize("running_then", [True, False], ids=["while it ran", "while it was down"])
@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_a_call_over_a_step_and_a_restart_ends_after_it_began_and_lasts_as_long_as_it_did(
    alone: Settings, monkeypatch: pytest.MonkeyPatch, step: float, *, running_then: bool
) -> None:
    if step > 0 and not running_then:
        return  # nobody can tell an hour's sleep from a clock that was set by an hour
    leg = LegId("c1")
    async with running(alone) as app:
        app.dispatcher.submit(CallArrived(app._clock.now(), leg, "PJSIP/gw1-1", "169", "0811"))
        if running_then:
            set_clock(monkeypatch, step)
            await until(lambda: (beat := app._heartbeat.last()) is not None and abs(beat.ahead) > 1)
    if not running_then:
        set_clock(monkeypatch, step)
    async with running(alone) as app:
        app.dispatcher.submit(LinkChanged(app._clock.now(), "ari", up=True))
        app.dispatcher.submit(LegEnded(app._clock.now(), leg))
        await app._records.flush()
        record = await app._records.get(ContactId("c1"))
        assert record is not None
        assert record.arrived_at <= record.ended_at < record.arrived_at + HOUR / 2
    async with running(alone) as app:
        assert not app.dispatcher.going_on
        assert abs(app._clock.ahead()) < 1.0, "with no call in progress the system's time is taken over"
