"""Two engines that take turns beside two Asterisks: the standby goes on with the calls at both, and between them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from acd.demo import children
from acd.demo.api import Api
from acd.demo.deployment import LOOPBACK, Deployment
from tests.asterisk.test_several_pbxs import AGENTS, Two, at_rest, call, centre_of_two, everybody_home, ready, talking
from tests.call_centre import Yaml, change
from tests.fakes.deployment import free_port
from tests.migrated import migrate

pytestmark = pytest.mark.asterisk


def _second(made: Deployment, url: str, port: int) -> Deployment:
    """Give both engines the database, and the second one an address and a folder of its own."""
    other = made.folder / "config_second"

    def both(content: Yaml) -> None:
        content["store"] = {"url_env": "ACD_DATABASE"}
        content["journal"] = {"url_env": "ACD_DATABASE", "file": str(made.folder / "first" / "journal.db")}

    def its_own(content: Yaml) -> None:
        content["api"]["port"] = str(port)
        content["journal"]["file"] = str(made.folder / "second" / "journal.db")

    change(made.config / "acd.yaml", both)
    shutil.copytree(made.config, other)
    change(other / "acd.yaml", its_own)
    return replace(made, env={**made.env, "ACD_DATABASE": url})


async def _stand_by(stack: AsyncExitStack, made: Deployment, port: int) -> tuple[Api, aiohttp.ClientSession]:
    """Start the standby; give the ways to it."""
    argv = [sys.executable, "-m", "acd", "run", "--config", str(made.folder / "config_second"), "--flows"]
    env = {**os.environ, **made.env}
    standby = await children.start(
        "the standby", [*argv, str(made.flows)], made.folder / "standby.log", made.folder, env
    )
    stack.push_async_callback(standby.stop)
    url = f"http://{LOOPBACK}:{port}"
    api = await stack.enter_async_context(Api(url, made.token))
    headers = {"Authorization": f"Bearer {made.token}"}
    http = await stack.enter_async_context(aiohttp.ClientSession(url, headers=headers))
    async with asyncio.timeout(60):
        while (await api.ready() or {}).get("status") != "standby":  # noqa: ASYNC110 - seen only by asking
            await asyncio.sleep(0.1)
    return api, http


def _ask(two: Two, api: Api, http: aiohttp.ClientSession) -> None:
    """Look at the call centre by another engine."""
    for _, centre in two.each:
        centre.site.api, centre.http = api, http


async def test_the_standby_goes_on_with_the_calls_at_both_asterisks_and_between_them(
    tmp_path: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await migrate(postgresql_url)
    port = free_port()
    loop = asyncio.get_running_loop()
    stays, at_b, elsewhere = AGENTS
    async with (
        centre_of_two(tmp_path, lambda made: _second(made, postgresql_url, port)) as two,
        AsyncExitStack() as stack,
    ):
        a, b = two.a, two.b
        api, http = await _stand_by(stack, a.site.deployment, port)
        phones, callers = {}, {}
        for agent, home, centre, number in (
            (at_b, b, a, "08136690001"),
            (elsewhere, a, b, "08136690002"),
            (stays, a, a, "08136690003"),
        ):
            phones[agent] = await home.phone(agent)
            callers[agent] = await call(centre, number)
            assert (await centre.phase(callers[agent], "talking"))["agent"] == agent
        waiting = [await call(centre, f"0813669001{place}") for place, centre in enumerate((b, a, b))]
        for waiter in waiting:
            await a.phase(waiter, "waiting")

        assert a.site.engine is not None
        a.site.engine.process.kill()
        began = loop.time()
        _ask(two, api, http)
        await ready(two, "ready")
        took = loop.time() - began
        for agent in AGENTS:
            assert (await a.phase(callers[agent], "talking"))["agent"] == agent
            await talking(phones[agent], callers[agent])
        for waiter in waiting:
            await a.phase(waiter, "waiting")
        newcomer = await call(a, "08136690020")
        await a.phase(newcomer, "waiting")
        for agent, waiter in zip((stays, at_b, elsewhere), waiting, strict=True):  # the first one first, wherever
            callers[agent].end(callers[agent].calls[-1])
            assert (await a.phase(waiter, "talking"))["agent"] == agent
            await talking(phones[agent], waiter)
        await everybody_home(two)
        await at_rest(two)
        found = sorted(record["caller"] for record in await api.records())
        assert found == sorted(phone.user for phone in (*callers.values(), *waiting, newcomer))
    with capsys.disabled():
        print(json.dumps({"standby_serves_both_s": round(took, 2)}))
