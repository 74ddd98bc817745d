"""A whole call centre for tests: Asterisk, the engine and the sample deployment, changed where a test wants it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import yaml
from prometheus_client.parser import text_string_to_metric_families

from acd.demo.api import Json
from acd.demo.audio import read_wav
from acd.demo.callers import ADDRESS as CALLERS
from acd.demo.deployment import Deployment, Share, Wishes, prepare
from acd.demo.hearing import Voice
from acd.demo.phones import ADDRESS as PHONES
from acd.demo.puppet import Puppet, Way
from acd.demo.site import Site, speak
from acd.deploy.cache import cache_root
from acd.deploy.plan import PbxPlan
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import fetch_tools
from tests.fakes.telephone import Telephone, Telephones

ROOT = Path(__file__).parents[1]
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
SHARE: Share = (int(_WORKER.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
"""This worker's ports; others run call centres of their own meanwhile."""
Yaml = dict[str, Any]
Labels = tuple[tuple[str, str], ...]


def straight_to(queue: str) -> Yaml:
    """A flow that answers and queues; who finds no agent hears a goodbye (a short prompt) and is sent away."""
    nodes: Yaml = {
        "jawab": {"kind": "answer", "next": "antre"},
        "antre": {"kind": "queue", "queue": queue, "overflow": "sibuk"},
        "sibuk": {"kind": "play", "prompts": ["bye"], "next": "tutup", "barge_in": "false"},
        "tutup": {"kind": "hang_up", "exit": "overflowed"},
    }
    return {"languages": ["id"], "entry": "jawab", "nodes": nodes}


def change(path: Path, edit: Callable[[Yaml], None]) -> None:
    """Edit a file of the configuration."""
    content = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - gives text only
    edit(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


@dataclass
class Centre:
    """A running call centre and the telephones around it."""

    site: Site
    telephones: Telephones
    http: aiohttp.ClientSession
    puppets: list[Puppet] = field(default_factory=list)
    _voices: dict[tuple[str, str], Voice] = field(default_factory=dict)
    _called: int = 0
    """Calls of puppets so far."""

    async def phone(self, agent: str, manner: int = 200, *, ready: bool = True, sound: bool = True) -> Telephone:
        """An agent's phone, registered; with ``ready`` the agent is logged in and can be offered callers."""
        phone = await self.telephones.add(agent, PHONES, self.site.deployment.phone_passwords[agent], sound=sound)
        phone.manner = manner
        await self.until(agent, phone_reachable=True, phone_busy=False)
        if ready:
            assert (await self.ask(agent, "login"))[0] == 200
        return phone

    async def caller(self, number: str, *, sound: bool = True) -> Telephone:
        """A caller on the trunk."""
        return await self.telephones.add(number, CALLERS, sound=sound)

    async def puppet(self, number: str, dialled: str, way: Way) -> Puppet:
        """A caller by SIPp on the trunk whose call was answered; its keys go by RFC 4733 or SIP INFO."""
        given, exchange = self.site.deployment, self.telephones.exchange
        self._called += 1
        folder = given.folder / "puppets" / str(self._called)
        puppet = await Puppet.call(self.site.tools, folder, given.sip, exchange, number, dialled, way)
        self.puppets.append(puppet)
        return puppet

    async def ask(self, agent: str, action: str, body: Json | None = None) -> tuple[int, Json]:
        """A request of the API on an agent: status and answer."""
        async with self.http.post(f"/api/v1/agents/{agent}/{action}", json=body) as answer:
            return answer.status, await answer.json()

    async def agent(self, agent: str) -> Json:
        """An agent as the API has it."""
        async with self.http.get(f"/api/v1/agents/{agent}") as answer:
            return dict(await answer.json())

    async def until(self, agent: str, patience_s: float = 60.0, **wanted: object) -> Json:
        """Wait until the API has an agent so."""
        seen: Json = {}

        async def so() -> bool:
            seen.update(await self.agent(agent))
            return all(seen[key] == value for key, value in wanted.items())

        await self.eventually(so, lambda: f"{agent} is not {wanted}: {seen}", patience_s)
        return seen

    async def eventually(
        self, so: Callable[[], Awaitable[bool]], else_: Callable[[], str], patience_s: float = 60.0
    ) -> None:
        """Wait until something seen only by asking is so."""
        try:
            async with asyncio.timeout(patience_s):
                while not await so():  # noqa: ASYNC110 - other processes, seen only by asking
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise AssertionError(else_()) from error

    async def contacts(self) -> dict[str, Json]:
        """Who is in the centre now, by the last three digits of the number."""
        return {c["caller"][-3:]: c for c in (await self.site.api.status())["contacts"]}

    async def phase(self, caller: Telephone, wanted: str) -> Json:
        """Wait until a caller is so far."""
        return await self.phase_of(caller.user, wanted)

    async def phase_of(self, number: str, wanted: str) -> Json:
        """Wait until who calls with this number is so far."""
        found: Json = {}

        async def so() -> bool:
            found.clear()
            found.update((await self.contacts()).get(number[-3:], {}))
            return bool(found.get("phase") == wanted)

        await self.eventually(so, lambda: f"{number} is not {wanted}: {found}")
        return found

    async def channel(self, caller: Telephone) -> str:
        """The name of a caller's channel in Asterisk."""
        lines = (await asyncio.to_thread(self.site.asterisk.rx, "core show channels concise")).splitlines()
        (channel,) = [line.split("!")[0] for line in lines if f"!{caller.user}!" in line]
        return channel

    async def receipt(self, caller: Telephone) -> None:
        """Wait until the engine has said that it will make the record of a call."""
        channel = await self.channel(caller)

        async def given() -> bool:
            return "ACD_KNOWN=1" in await asyncio.to_thread(self.site.asterisk.rx, f"core show channel {channel}")

        await self.eventually(given, lambda: f"{caller.user} has no receipt")

    async def record(self, caller: Telephone) -> Json:
        """Wait for the one record of a caller's call."""
        return await self.record_of(caller.user)

    async def record_of(self, number: str) -> Json:
        """Wait for the one record of this number's call."""
        found: list[Json] = []

        async def so() -> bool:
            found[:] = [r for r in await self.site.api.records() if r["caller"] == number]
            return bool(found)

        await self.eventually(so, lambda: f"{number} has no record")
        (record,) = found
        return record

    async def at_rest(self) -> None:
        """Wait until Asterisk has no channel and no bridge, and the ledger no lease."""
        seen: list[object] = []

        async def so() -> bool:
            status = await self.site.api.status()
            seen[:] = [
                await self.site.left_in_asterisk(),
                [trunk["in_use"] for trunk in status["trunks"]],
                len(status["contacts"]),
            ]
            return seen == [(0, 0), [0], 0]

        await self.eventually(so, lambda: f"channels and bridges, trunks, contacts: {seen}")

    async def metric(self, name: str, **labels: str) -> float:
        """A figure at /metrics."""
        text = await self.site.api.metrics()
        wanted = {**labels}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and sample.labels == wanted:
                    return float(sample.value)
        raise AssertionError(f"no {name}{wanted} at /metrics")

    async def everybody_home(self) -> None:
        """End all calls, close all telephones and log everybody out: the next test finds an empty centre."""
        for puppet in self.puppets:
            puppet.hang_up()
            await puppet.close()
        self.puppets.clear()
        for phone in list(self.telephones.all):
            phone.hang_up_all()
            if phone.secret:
                await phone.register(0)
            self.telephones.close(phone)
        for agent in (await self.site.api.status())["agents"]:
            if agent["activity"] != "logged_out":
                await self.ask(agent["id"], "logout")
                await self.ask(agent["id"], "end-wrap-up")
                await self.until(agent["id"], activity="logged_out")
        await self.at_rest()

    def voice(self, prompt: str, language: str = "id") -> Voice:
        """A prompt's waveform."""
        if (prompt, language) not in self._voices:
            file = self.site.deployment.folder / "sounds" / language / f"{prompt}.wav"
            self._voices[prompt, language] = Voice(read_wav(file))
        return self._voices[prompt, language]

    def said(self, sound: bytes | bytearray, prompts: Iterable[str], language: str = "id") -> list[str]:
        """Which of the prompts were said to their ends in a piece of sound, wherever they begin."""
        return [p for p in prompts if any(found.whole for found in self.voice(p, language).times_in(sound))]


@asynccontextmanager
async def call_centre(
    folder: Path,
    *,
    wishes: Wishes,
    before: Mapping[str, Callable[[Yaml], None]] | None = None,
    after: Mapping[str, Callable[[Yaml], None]] | None = None,
    plan: Callable[[PbxPlan], PbxPlan] = lambda plan: plan,
    files: Mapping[str, str] | None = None,
) -> AsyncIterator[Centre]:
    """Run one.

    Files, by their paths seen from config/, are edited ``before`` and ``after`` their move to the run, ``plan`` for
    Asterisk; ``files`` are added before.
    """
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    shutil.copytree(ROOT / "ivr_flows", folder / "ivr_flows")
    for name, edit in (before or {}).items():
        change(config / name, edit)
    for name, text in (files or {}).items():
        (config / name).write_text(text, encoding="utf-8")
    tools = fetch_tools()
    made: Deployment = prepare(folder / "run", config, folder / "ivr_flows", wishes, Random(), SHARE)
    made = replace(made, plan=plan(made.plan))
    for name, edit in (after or {}).items():
        change(made.config / name, edit)
    await asyncio.to_thread(speak, tools, made, cache_root() / "prompts", SilentProgress())
    headers = {"Authorization": f"Bearer {made.token}"}
    async with (
        Site(tools, made, None) as site,
        Telephones(made.sip).running() as telephones,
        aiohttp.ClientSession(made.url, headers=headers) as http,
    ):
        yield Centre(site, telephones, http)
