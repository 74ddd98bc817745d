"""Two engines on one database and one Asterisk: one serves, the other follows, and they change over."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import encode_basic_auth

from acd.app import App
from acd.demo import children
from acd.demo.api import Api
from acd.demo.postgresql import Cluster
from acd.domain.errors import StoreError
from acd.domain.events import CallArrived, LinkChanged
from acd.domain.ids import LegId
from acd.settings.values import Secret, Settings
from acd.telephony.ari.values import AriRequest, AriState
from tests.fakes import deployment
from tests.fakes.ami_server import FakeAmi
from tests.fakes.ari_server import FakeAri
from tests.fakes.deployment import SUPERVISOR
from tests.fakes.fault_proxy import FaultProxy
from tests.migrated import migrate
from tests.unit.telephony.test_control import channel
from tests.unit.test_app import get, until


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


@pytest.fixture
async def database(postgresql_url: str) -> str:
    await migrate(postgresql_url)
    return postgresql_url


@pytest.fixture
def settings(tmp_path: Path, ari: FakeAri, ami: FakeAmi, database: str) -> Callable[[str], Settings]:
    """Of an engine by its name; each has a folder of its own."""

    def of(name: str) -> Settings:
        (tmp_path / name).mkdir()
        made = deployment.settings(tmp_path / name, ari=ari.port, ami=ami.port)
        url = Secret(database)
        return replace(made, store=replace(made.store, url=url), journal=replace(made.journal, url=url))

    return of


@asynccontextmanager
async def engine(settings: Settings) -> AsyncIterator[App]:
    """An engine that is started, and closed unless the test did that."""
    app = await App.open(settings)
    closed = False
    close = app.close

    async def once() -> None:
        nonlocal closed
        if not closed:
            closed = True
            await close()

    app.close = once  # type: ignore[method-assign]
    try:
        await app.start()
        yield app
    finally:
        await app.close()


def serves(app: App) -> bool:
    ready = app._ready()
    return not ready.standby and not ready.problems


async def test_the_second_engine_stands_by_and_takes_over_what_the_first_knew(
    settings: Callable[[str], Settings], ari: FakeAri
) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(engine(settings("a")))
        await until(lambda: serves(first))
        second = await stack.enter_async_context(engine(settings("b")))
        assert (await get(second, "/readyz")) == (503, {"status": "standby", "reasons": []})
        assert (await get(second, "/healthz"))[0] == 200
        status, problem = await get(second, "/api/v1/status", SUPERVISOR)
        assert (status, problem["detail"]) == (503, "Another engine is the active one.")
        assert "acd_engine_active 0.0" in metrics(second)
        assert "acd_agents" not in metrics(second)
        assert "acd_engine_active 1.0" in metrics(first)
        assert (await get(first, "/api/v1/agents/agent101/login", SUPERVISOR, "POST"))[0] == 200
        assert len(ari.connections) == 1

        closing = asyncio.create_task(first.close())
        await until(lambda: serves(second))
        await closing
        assert len(ari.connections) == 2
        _, agent = await get(second, "/api/v1/agents/agent101", SUPERVISOR)
        assert agent["activity"] != "logged_out"


def metrics(app: App) -> str:
    return app._metrics.render("")[0].decode()


async def test_an_engine_whose_lease_is_gone_commands_nothing_decides_nothing_and_writes_nothing(
    settings: Callable[[str], Settings], ari: FakeAri, cluster: Cluster, database: str
) -> None:
    async with engine(settings("a")) as first:
        await until(lambda: serves(first))
        await first._journal.flush()
        name = database.rsplit("/", 1)[1]
        kept = cluster.sql("SELECT count(*) FROM journal_events", name)
        cluster.sql("UPDATE engine_lease SET token = token + 1, holder = 'other', expires = 'infinity'", name)
        assert first._succession is not None
        first._succession.lease.refused()  # as after a pause: what it knows of its lease is too old
        del ari.seen[:]
        first.dispatcher.submit(CallArrived(first._clock.now(), LegId("1.1"), "PJSIP/gw-1", "169", "0812"))
        link = first._pbxs.first.control.link
        link.submit(AriRequest("DELETE", "/channels/1.1"), key="x", on_result=lambda _result: None)
        first._journal.append(LinkChanged(first._clock.now(), "ari", up=True))  # its write is under way already
        await until(lambda: "another engine has the lease" in first._journal.health().failing)
        await until(first.lost.is_set)
        assert [seen for seen in ari.seen if seen.method != "GET"] == []
        assert (await get(first, "/api/v1/status", SUPERVISOR))[0] == 503
        assert not serves(first)
        assert not first.dispatcher._engine.state.contacts
    assert cluster.sql("SELECT count(*) FROM journal_events", name) == kept
    assert cluster.sql("SELECT count(*) FROM call_records", name) == "0"


async def test_without_its_database_the_active_engine_serves_on_until_another_has_its_place(
    settings: Callable[[str], Settings],
    ari: FakeAri,
    cluster: Cluster,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acd.pbxs.RIGHTFUL_S", 0.05)
    async with FaultProxy(("127.0.0.1", cluster.port)) as proxy:
        made = settings("a")
        url = Secret(database.replace(f":{cluster.port}/", f":{proxy.port}/"))
        made = replace(made, store=replace(made.store, url=url), journal=replace(made.journal, url=url))
        async with engine(made) as first:
            await until(lambda: serves(first))
            assert first._succession is not None
            lease = first._succession.lease
            proxy.freeze()
            proxy.mute_newcomers()
            await until(lambda: not lease.verified())
            await until(lease.holds)
            assert (await get(first, "/api/v1/agents/agent101/login", SUPERVISOR, "POST"))[0] == 200
            await first._pbxs.first.control.link.request("DELETE", "/channels/1.1")
            assert ("DELETE", "/channels/1.1") in [(seen.method, seen.path) for seen in ari.seen]

            connected = len(ari.connections)
            async with aiohttp.ClientSession() as other:  # the standby, which the database does answer
                socket = await other.ws_connect(
                    f"{ari.base_url}/events?app=acd", headers={"Authorization": encode_basic_auth("acd", "secret")}
                )
                await until(lambda: not lease.holds())
                assert not serves(first)
                await until(lambda: first._pbxs.first.control.link.state is AriState.CONNECTING)
                await asyncio.sleep(0.3)  # it would have connected by now
                assert len(ari.connections) == connected + 1, "its place was taken back without the lease"
                await socket.close()
            proxy.heal()
            await until(lambda: serves(first))
            _, agent = await get(first, "/api/v1/agents/agent101", SUPERVISOR)
            assert agent["activity"] != "logged_out"


async def test_two_engines_need_one_database_for_journal_and_records(
    settings: Callable[[str], Settings], tmp_path: Path
) -> None:
    made = settings("a")
    other = Secret(f"sqlite+aiosqlite:///{tmp_path}/x.db")
    elsewhere = replace(made, store=replace(made.store, url=other))
    with pytest.raises(StoreError, match="must be in one database"):
        await App.open(elsewhere)


@asynccontextmanager
async def process(folder: Path, database: str, ari: FakeAri, ami: FakeAmi) -> AsyncIterator[tuple[children.Child, Api]]:
    """``acd run`` with a folder of its own, and its API."""
    port = deployment.free_port()
    folder.mkdir()  # noqa: ASYNC240 - in a moment
    deployment.write(folder, ari=ari.port, ami=ami.port, api=port)
    acd = folder / "config" / "acd.yaml"
    old = f"url: sqlite+aiosqlite:///{folder}/var/acd.db"
    text = acd.read_text(encoding="utf-8")
    assert old in text
    acd.write_text(text.replace(old, "url_env: DB").replace("  keep: recent", "  keep: recent\n  url_env: DB"))
    argv = [sys.executable, "-m", "acd", "run", "--config", "config", "--flows", "ivr_flows", "--log-level", "DEBUG"]
    env = {**os.environ, **deployment.ENV, "DB": database, "PYTHONPATH": str(deployment.ROOT)}
    child = await children.start("an engine", argv, folder / "log", folder, env)
    try:
        async with Api(f"http://127.0.0.1:{port}", SUPERVISOR) as api:
            yield child, api
    finally:
        child.process.kill()
        await child.process.wait()


async def says(api: Api, *status: str) -> None:
    async with asyncio.timeout(30):
        while (await api.ready() or {}).get("status") not in status:  # noqa: ASYNC110 - another process, seen only by asking
            await asyncio.sleep(0.02)


async def test_a_process_that_was_stopped_longer_than_its_lease_wakes_up_and_stands_by(
    tmp_path: Path, ari: FakeAri, ami: FakeAmi, cluster: Cluster, database: str
) -> None:
    caller = channel()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy(("127.0.0.1", cluster.port)))
        slow = database.replace(f":{cluster.port}/", f":{proxy.port}/")
        first, first_api = await stack.enter_async_context(process(tmp_path / "a", slow, ari, ami))
        await says(first_api, "ready", "degraded")
        _, second_api = await stack.enter_async_context(process(tmp_path / "b", database, ari, ami))
        await says(second_api, "standby")
        name = database.rsplit("/", 1)[1]
        written = "SELECT count(*) FROM journal_events WHERE token = 1"

        first.process.send_signal(signal.SIGSTOP)
        proxy.delay(0.3)  # so that it hears from Asterisk long before it hears whose the lease is
        await ari.emit({"type": "CallBroadcast", "channel": caller, "caller": "0811222333", "called": "169"})
        before = cluster.sql(written, name)
        await says(second_api, "ready", "degraded")
        del ari.seen[:]
        first.process.send_signal(signal.SIGCONT)
        await says(first_api, "standby")
        assert "deposed" in first.log.read_text()
        assert [seen for seen in ari.seen if seen.method != "GET"] == []
        assert cluster.sql(written, name) == before
        assert (await second_api.status())["contacts"] == []
