"""The active engine dies, is ended, or stands still and wakes up: its standby goes on where it was."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from acd.demo import children
from acd.demo.accounting import compare
from acd.demo.api import Api
from acd.demo.callers import Attempt, Callers
from acd.demo.deployment import LOOPBACK, Deployment, Wishes, prepare
from acd.demo.phones import Manner
from acd.demo.site import Site, speak
from acd.deploy.cache import cache_root
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import fetch_tools
from tests.asterisk.test_engine_killed import (
    ROOT,
    TALKING,
    WAITING,
    _log_out_all_but,
    _phases,
    _scripts,
    _still_talking,
    _waiting,
)
from tests.call_centre import SHARE, Yaml, change
from tests.fakes.deployment import free_port
from tests.fakes.fault_proxy import FaultProxy
from tests.migrated import migrate

pytestmark = pytest.mark.asterisk

TEXT = 1
"""A WebSocket frame that carries a request (RFC 6455)."""
WRITES = (b"Setvar", b"PlayDTMF", b"DBDel")


@dataclass
class Ears:
    """They hear what the first engine says to Asterisk."""

    ari: FaultProxy
    ami: FaultProxy

    def listen(self) -> None:
        """Forget what was said."""
        self.ari.overheard, self.ami.overheard = [], []

    def commands(self) -> list[bytes]:
        """What would change something in Asterisk: requests beside the events, posts, and actions of AMI that write."""
        ari, ami = self.ari.overheard or [], self.ami.overheard or []
        plain = [said for said in ari if said.startswith((b"POST", b"PUT", b"DELETE"))]
        frames = [said for said in ari if said[:1] and said[0] & 0x80 and said[0] & 0x0F == TEXT]
        return [*plain, *frames, *(said for said in ami if any(write in said for write in WRITES))]


@dataclass
class Pair:
    """A call centre whose engine has a standby."""

    site: Site
    second: children.Child
    second_api: Api
    ears: Ears
    stack: AsyncExitStack

    @property
    def first(self) -> children.Child:
        assert self.site.engine is not None
        return self.site.engine

    async def callers(self, patience: Sequence[tuple[float, float]], first: int) -> Callers:
        """Callers to the licensing queue, not placed yet."""
        given = self.site.deployment
        made = Callers(self.site.tools, given.folder / f"callers{first}", given.sip, _scripts(patience, first))
        await made.open()
        self.stack.push_async_callback(made.close)
        return made

    async def take_over(self) -> float:
        """Wait until the standby serves; give the seconds it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(60):
            while (await self.second_api.ready() or {}).get("status") not in {"ready", "degraded"}:  # noqa: ASYNC110 - seen only by asking
                await asyncio.sleep(0.02)
        took = loop.time() - began
        self.site.api = self.second_api
        return took


def _derive(made: Deployment, url: str, ears: Ears) -> tuple[Deployment, Path, int]:
    """Give both engines the database, the second one an address of its own, the first one ways that are listened to."""
    other = made.folder / "config_b"
    port = free_port()

    def both(content: Yaml) -> None:
        content["store"] = {"url_env": "ACD_DATABASE"}
        content["journal"] = {"url_env": "ACD_DATABASE", "file": str(made.folder / "a" / "journal.db")}

    def second(content: Yaml) -> None:
        content["api"]["port"] = str(port)
        content["journal"]["file"] = str(made.folder / "b" / "journal.db")

    def first(content: Yaml) -> None:
        ears.ari.server, ears.ami.server = (LOOPBACK, made.ports.ari), (LOOPBACK, made.ports.ami)
        content["ari"]["url"] = f"http://{LOOPBACK}:{ears.ari.port}"
        content["ami"]["port"] = str(ears.ami.port)

    change(made.config / "acd.yaml", both)
    shutil.copytree(made.config, other)
    change(other / "acd.yaml", second)
    change(made.config / "acd.yaml", first)
    return replace(made, env={**made.env, "ACD_DATABASE": url}), other, port


@asynccontextmanager
async def pair(folder: Path, url: str, agents: int) -> AsyncIterator[Pair]:
    """Start it with so many agents who can serve the queue."""
    tools = fetch_tools()
    await migrate(url)
    wishes = Wishes(wrap_up_s=1.0, queue={"ring_timeout": "20s"})
    made = prepare(folder / "run", ROOT / "config", ROOT / "ivr_flows", wishes, Random(), SHARE)
    speak(tools, made, cache_root() / "prompts", SilentProgress())
    async with AsyncExitStack() as stack:
        nowhere = (LOOPBACK, 0)
        ears = Ears(*[await stack.enter_async_context(FaultProxy(nowhere)) for _ in range(2)])
        made, config, port = _derive(made, url, ears)
        manner = Manner(ring_ms=(200, 300), talk_ms=(120_000, 120_000))
        site = await stack.enter_async_context(Site(tools, made, manner))
        api = await stack.enter_async_context(Api(f"http://{LOOPBACK}:{port}", made.token))
        argv = [sys.executable, "-m", "acd", "run", "--config", str(config), "--flows", str(made.flows)]
        env = {**os.environ, **made.env}
        second = await children.start("the standby", argv, made.folder / "standby.log", made.folder, env)
        stack.push_async_callback(second.stop)
        async with asyncio.timeout(60):
            while (await api.ready() or {}).get("status") != "standby":  # noqa: ASYNC110 - seen only by asking
                await asyncio.sleep(0.1)
        await _log_out_all_but(site, agents, made)
        inner = await stack.enter_async_context(AsyncExitStack())
        yield Pair(site, second, api, ears, inner)


async def until(site: Site, **wanted: int) -> None:
    """Wait until so many contacts are in these phases."""
    async with asyncio.timeout(60):
        while await _phases(site) != Counter(wanted):  # noqa: ASYNC110 - another process, seen only by asking
            await asyncio.sleep(0.1)


async def all_over(attempts: Sequence[Attempt]) -> None:
    async with asyncio.timeout(150):
        while any(attempt.end is None for attempt in attempts):  # noqa: ASYNC110 - told by SIPp's log
            await asyncio.sleep(0.2)


async def settled(site: Site, records: int) -> None:
    """Wait until every call has its record and every recording was looked at."""
    async with asyncio.timeout(60):
        while True:
            status = await site.api.status()
            figures = status["figures"]
            looked_at = figures["recordings_ok"] + figures["recordings_bad"]
            if sum(figures["by_exit"].values()) >= records and not status["contacts"] and looked_at >= records:
                return
            await asyncio.sleep(0.2)


async def check_records(centre: Pair, attempts: Sequence[Attempt], line: Sequence[str]) -> None:
    """Every call has one record, was answered in its order, and left nothing behind."""
    await settled(centre.site, len(attempts))
    records = await centre.site.api.records()
    assert compare(list(attempts), records).complaints == ()
    assert Counter(record["exit"] for record in records) == {"answered": len(attempts)}
    joined = sorted((r["connected_at"], r["contact_id"]) for r in records if r["contact_id"] in line)
    assert [contact for _, contact in joined] == line
    assert await centre.site.left_in_asterisk() == (0, 0)
    assert [trunk["in_use"] for trunk in (await centre.site.api.status())["trunks"]] == [0]


async def test_a_killed_engine_is_replaced_and_no_conversation_place_or_record_is_lost(
    tmp_path: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    patience = [(45.0 + 2 * n, 45.0 + 2 * n) for n in range(TALKING)] + [(80.0, 80.0)] * WAITING
    async with pair(tmp_path, postgresql_url, TALKING) as centre:
        site = centre.site
        callers = await centre.callers(patience, 1)
        late = await centre.callers([(60.0, 60.0)], 900)
        await callers.place(site.deployment.ports.callers, 5.0, 30)
        await until(site, talking=TALKING, waiting=WAITING)
        line = await _waiting(site)
        heard = [attempt.heard.agent for attempt in callers.placed()]

        centre.first.process.kill()
        took = await centre.take_over()
        await late.place(site.deployment.ports.callers + 1, 5.0, 1)
        assert all(attempt.up for attempt in callers.placed())
        await until(site, talking=TALKING, waiting=WAITING + 1)
        assert await _waiting(site) == [*line, (await _waiting(site))[-1]]
        async with asyncio.timeout(60):
            while _still_talking(callers, heard) < TALKING:  # noqa: ASYNC110 - told by their ears
                await asyncio.sleep(0.1)

        attempts = [*callers.attempts.values(), *late.attempts.values()]
        await all_over(attempts)
        await check_records(centre, attempts, line)
    with capsys.disabled():
        print(json.dumps({"killed": True, "standby_serves_s": round(took, 2)}))


async def test_a_regular_end_hands_over_without_waiting_for_the_lease(
    tmp_path: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    patience = [(30.0 + 2 * n, 30.0 + 2 * n) for n in range(TALKING)] + [(60.0, 60.0)] * WAITING
    async with pair(tmp_path, postgresql_url, TALKING) as centre:
        site = centre.site
        callers = await centre.callers(patience, 1)
        await callers.place(site.deployment.ports.callers, 5.0, 30)
        await until(site, talking=TALKING, waiting=WAITING)
        line = await _waiting(site)
        centre.first.process.terminate()
        took = await centre.take_over()
        assert await _waiting(site) == line
        await all_over(list(callers.attempts.values()))
        await check_records(centre, list(callers.attempts.values()), line)
    with capsys.disabled():
        print(json.dumps({"handed_over": True, "standby_serves_s": round(took, 2)}))


async def test_an_engine_that_stood_still_wakes_up_as_the_standby_and_commands_nothing(
    tmp_path: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it stood still callers left and agents came free: what it would do about that has been done."""
    stay = [40.0 + 2 * n for n in range(TALKING - 2)]
    patience = [(12.0, 12.0)] * 2 + [(s, s) for s in stay] + [(70.0, 70.0)] * WAITING
    async with pair(tmp_path, postgresql_url, TALKING) as centre:
        site = centre.site
        callers = await centre.callers(patience, 1)
        await callers.place(site.deployment.ports.callers, 5.0, 30)
        await until(site, talking=TALKING, waiting=WAITING)
        line = await _waiting(site)
        first_api, first = site.api, centre.first

        first.process.send_signal(signal.SIGSTOP)
        took = await centre.take_over()
        await until(site, talking=TALKING, waiting=WAITING - 2)
        heard = [attempt.heard.agent for attempt in callers.placed()]
        centre.ears.listen()
        first.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(60):
            while (await first_api.ready() or {}).get("status") != "standby":  # noqa: ASYNC110 - seen only by asking
                await asyncio.sleep(0.05)
        assert "deposed" in first.log.read_text()
        assert centre.ears.commands() == []
        async with asyncio.timeout(60):
            while _still_talking(callers, heard) < TALKING:  # noqa: ASYNC110 - told by their ears
                await asyncio.sleep(0.1)
        assert await _phases(site) == Counter(talking=TALKING, waiting=WAITING - 2)

        await all_over(list(callers.attempts.values()))
        await check_records(centre, list(callers.attempts.values()), line)
    with capsys.disabled():
        print(json.dumps({"stopped": True, "standby_serves_s": round(took, 2)}))
