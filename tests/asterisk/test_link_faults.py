"""The engine dies, stalls, or is cut off from Asterisk: whoever calls, waits or talks then is not left alone."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from acd.demo.deployment import Wishes
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.fault_proxy import TO_CLIENT, TO_SERVER, FaultProxy
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

UMUM, MENU = "701", "702"
AGENTS = ("agent119", "agent120")
WAITING = 8
DEAD_MAN_S = 10.0
PATIENCE_S = 20.0
HOURS_S = 3600


def menu() -> Yaml:
    """A flow that answers and waits for a key for longer than any test takes."""
    nodes: Yaml = {
        "jawab": {"kind": "answer", "next": "pilih"},
        "pilih": {
            "kind": "menu",
            "prompts": ["bye"],
            "choices": {"1": "tutup"},
            "timeout": "5m",
            "failed": "tutup",
        },
        "tutup": {"kind": "hang_up", "exit": "self_service"},
    }
    return {"languages": ["id"], "entry": "jawab", "nodes": nodes}


@dataclass
class Links:
    """A call centre whose engine speaks with Asterisk through proxies."""

    centre: Centre
    ari: FaultProxy
    ami: FaultProxy

    async def rx(self, command: str) -> str:
        return await asyncio.to_thread(self.centre.site.asterisk.rx, command)

    async def fallen(self) -> list[str]:
        """Numbers of those in Asterisk's own queue, as they stand in it."""
        shown = await self.rx("queue show acd-fallback")
        numbers = dict(re.findall(r"^([^!\n]+)!acd-fallback!(?:[^!]*!){5}(\d+)!", await self._channels(), re.MULTILINE))
        return [numbers[name] for name in re.findall(r"^\s+\d+\. (\S+) \(wait", shown, re.MULTILINE)]

    async def _channels(self) -> str:
        return await self.rx("core show channels concise")

    async def leaves_in(self, caller: Telephone) -> float:
        """Seconds until a caller's channel leaves by its absolute timeout."""
        rows = [row.split("!") for row in (await self._channels()).splitlines()]
        (channel,) = [row[-1] for row in rows if row[1:2] == ["acd-from-trunk"] and row[7] == caller.user]
        variable = {"variable": "TIMEOUT(absolute)"}
        async with self.asterisk() as ari, ari.get(f"/ari/channels/{channel}/variable", params=variable) as answer:
            return float((await answer.json())["value"])

    def asterisk(self) -> aiohttp.ClientSession:
        """Asterisk's HTTP, past the proxy."""
        user = self.centre.site.deployment.plan.ari
        headers = {"Authorization": aiohttp.encode_basic_auth(user.user, user.password)}
        return aiohttp.ClientSession(f"http://127.0.0.1:{user.port}", headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Links]:
    wishes = Wishes(
        wrap_up_s=0.2,
        queue={"music": "acd"},
        fallback={"agents": list(AGENTS), "dead_man": f"{DEAD_MAN_S:g}s"},
        flows={"umum": straight_to("q_umum"), "menu": menu()},
        access_codes={UMUM: {"flow": "umum"}, MENU: {"flow": "menu"}},
    )
    async with FaultProxy(("127.0.0.1", 1), small_buffers=True) as ari, FaultProxy(("127.0.0.1", 1)) as ami:

        def detour(content: Yaml) -> None:
            ari.server = ("127.0.0.1", urlsplit(content["ari"]["url"]).port or 0)
            ami.server = ("127.0.0.1", int(content["ami"]["port"]))
            content["ari"]["url"] = f"http://127.0.0.1:{ari.port}"
            content["ami"]["port"] = ami.port

        folder = tmp_path_factory.mktemp("links")
        async with call_centre(folder, wishes=wishes, after={"acd.yaml": detour}) as running:
            yield Links(running, ari, ami)


@pytest_asyncio.fixture(loop_scope="module")
async def links(whole: Links) -> AsyncIterator[Links]:
    yield whole
    await whole.centre.everybody_home()


# ---------------------------------------------------------------- faults

Fault = Callable[[Links], Awaitable[None]]


async def kill(links: Links) -> None:
    assert links.centre.site.engine is not None
    links.centre.site.engine.process.kill()
    await links.centre.site.engine.process.wait()


async def start_again(links: Links) -> None:
    await links.centre.site.start_engine()


async def stop(links: Links) -> None:
    assert links.centre.site.engine is not None
    links.centre.site.engine.process.send_signal(signal.SIGSTOP)


async def go_on(links: Links) -> None:
    assert links.centre.site.engine is not None
    links.centre.site.engine.process.send_signal(signal.SIGCONT)


async def black_hole(links: Links) -> None:
    links.ari.freeze()
    links.ami.freeze()


async def half_open(links: Links) -> None:
    """What the engine sends is lost, what Asterisk sends arrives."""
    links.ari.swallow(TO_SERVER)


async def slow_reader(links: Links) -> None:
    """Nothing that Asterisk sends is read, until it gives the connection up (1011) and keeps the application."""
    links.ari.freeze(TO_CLIENT)
    async with links.asterisk() as asterisk:
        for _ in range(400):
            body = {"variables": {"filler": "x" * 16000}}
            async with asterisk.post("/ari/events/user/Noise", params={"application": "acd"}, json=body) as answer:
                await answer.read()


async def heal(links: Links) -> None:
    links.ari.heal()
    links.ami.heal()


FAULTS: dict[str, tuple[Fault, Fault]] = {
    "killed": (kill, start_again),
    "stopped": (stop, go_on),
    "black_hole": (black_hole, heal),
    "half_open": (half_open, heal),
    "slow_reader": (slow_reader, heal),
}


@asynccontextmanager
async def under(links: Links, fault: str) -> AsyncIterator[None]:
    begin, end = FAULTS[fault]
    await begin(links)
    try:
        yield
    finally:
        await end(links)


@pytest.mark.parametrize("fault", FAULTS)
async def test_nobody_is_left_alone(links: Links, fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    centre, loop = links.centre, asyncio.get_running_loop()
    desks = [await centre.phone(agent) for agent in AGENTS]
    number = 8_130_000_000 + 1000 * list(FAULTS).index(fault)

    async def calls(place: int, dialled: str) -> tuple[Telephone, PhoneCall]:
        caller = await centre.caller(f"0{number + place}", sound=False)
        call = caller.dial(dialled)
        assert await caller.answered(call) == 200
        return caller, call

    talking = [await calls(place, UMUM) for place in range(2)]
    for caller, _ in talking:
        await centre.phase(caller, "talking")
    listening, _ = await calls(100, MENU)
    await centre.phase(listening, "ivr")
    waiting = [await calls(place, UMUM) for place in range(10, 10 + WAITING)]
    for caller, _ in waiting:
        await centre.phase(caller, "waiting")
    await asyncio.sleep(DEAD_MAN_S)  # longer than anybody would be kept without renewals
    assert {contact["phase"] for contact in (await centre.contacts()).values()} == {"talking", "waiting", "ivr"}
    assert await links.fallen() == []

    async with under(links, fault):
        began = loop.time()
        newcomer, _ = await calls(200, UMUM)
        took = loop.time() - began
        assert set(await links.fallen()) <= {newcomer.user}, "a newcomer is answered long before anybody leaves"
        first_left = 0.0

        async def all_left() -> bool:
            nonlocal first_left
            fallen = await links.fallen()
            if len(fallen) > 1 and not first_left:
                first_left = loop.time() - began
            return len(fallen) == WAITING + 2

        await centre.eventually(all_left, lambda: "callers stay where nobody is", PATIENCE_S)
        last_left = loop.time() - began
        waited = [caller.user for caller, _ in waiting]
        fallen = await links.fallen()
        assert fallen[:WAITING] == waited
        assert set(fallen[WAITING:]) == {newcomer.user, listening.user}
        for caller, call in talking:
            assert not call.over.is_set()
            assert await links.leaves_in(caller) > HOURS_S
        served: list[str] = []
        for desk, (_, call) in zip(desks, talking, strict=True):
            desk.end(desk.calls[-1])  # who is free gets the callers who waited, the first one first
            served.append((await desk.ringing()).number)
            assert not call.over.is_set()
        assert served == waited[: len(AGENTS)]
    with capsys.disabled():
        figures = {
            "fault": fault,
            "newcomer_answered_s": round(took, 3),
            "first_left_s": round(first_left, 1),
            "last_left_s": round(last_left, 1),
            "left_in_order": len(waited),
        }
        print(json.dumps(figures))
