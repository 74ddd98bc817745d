"""The engine dies, stalls, or is cut off from Asterisk: whoever calls, waits or talks then is not left alone."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from acd.demo.api import Json
from acd.demo.deployment import Wishes
from acd.engine import ending
from tests.call_centre import Centre, Yaml, call_centre, straight_to
from tests.fakes.fault_proxy import TO_CLIENT, TO_SERVER, FaultProxy
from tests.fakes.telephone import PhoneCall, Telephone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

UMUM, MENU, LONG = "701", "702", "703"
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


def long_prompt() -> Yaml:
    """A flow with one prompt that lasts longer than any test."""
    nodes: Yaml = {
        "jawab": {"kind": "answer", "next": "panjang"},
        "panjang": {"kind": "play", "prompts": ["bye"] * 60, "next": "tutup"},
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
        names = re.findall(r"^\s+\d+\. (\S+) \(wait", shown, re.MULTILINE)
        return [numbers[name] for name in names if name in numbers]  # who left between the two looks is in one

    async def _channels(self) -> str:
        return await self.rx("core show channels concise")

    async def leaves_in(self, caller: Telephone) -> float:
        """Seconds until a caller's channel leaves by its absolute timeout."""
        rows = [row.split("!") for row in (await self._channels()).splitlines()]
        (channel,) = [row[-1] for row in rows if row[1:2] == ["acd-from-trunk"] and row[7] == caller.user]
        variable = {"variable": "TIMEOUT(absolute)"}
        async with self.asterisk() as ari, ari.get(f"/ari/channels/{channel}/variable", params=variable) as answer:
            return float((await answer.json())["value"])

    async def renewed(self, caller: Telephone, times: int) -> None:
        """Wait until a caller's timeout was renewed so many times."""
        left = await self.leaves_in(caller)

        async def once_more() -> bool:
            nonlocal left, times
            before, left = left, await self.leaves_in(caller)
            times -= left > before
            return times <= 0

        await self.centre.eventually(once_more, lambda: "timeouts are not renewed", PATIENCE_S)

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
        flows={"umum": straight_to("q_umum"), "menu": menu(), "panjang": long_prompt()},
        access_codes={UMUM: {"flow": "umum"}, MENU: {"flow": "menu"}, LONG: {"flow": "panjang"}},
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


async def test_who_came_just_before_the_engine_died_leaves_too_though_it_wrote_nothing_for_the_call(
    links: Links,
) -> None:
    """By the timeout that the dialplan sets before an engine knows of the call."""
    desk = await links.centre.phone("agent119", ready=False)
    caller = await links.centre.caller("08134450001", sound=False)
    links.ami.swallow(TO_SERVER)
    try:
        assert await caller.answered(caller.dial(UMUM)) == 200
        await links.centre.phase(caller, "waiting")
        async with under(links, "killed"):
            assert (await desk.ringing(PATIENCE_S)).number == caller.user  # in Asterisk's own queue
    finally:
        links.ami.heal()


# ---------------------------------------------------------------- degraded, resynced, entered in the ledger


async def gaps(links: Links, kind: str) -> list[Json]:
    """The gaps of a kind, oldest first."""
    async with links.centre.http.get("/api/v1/gaps") as answer:
        return [gap for gap in (await answer.json())["gaps"] if gap["kind"] == kind]


async def readiness(links: Links, wanted: str) -> Json:
    """Wait until /readyz says so."""
    seen: Json = {}

    async def so() -> bool:
        seen.clear()
        seen.update(await links.centre.site.api.ready() or {})
        return bool(seen.get("status") == wanted)

    await links.centre.eventually(so, lambda: f"/readyz is not {wanted}: {seen}", PATIENCE_S)
    return seen


async def ended(links: Links, kind: str, known: int) -> Json:
    """Wait until one more gap of a kind than known is over."""
    found: list[Json] = []

    async def so() -> bool:
        found[:] = await gaps(links, kind)
        return len(found) > known and found[-1]["ended_at"] is not None

    await links.centre.eventually(so, lambda: f"{kind}: {found}", PATIENCE_S)
    return found[-1]


async def test_without_ami_calls_are_served_and_what_was_missed_is_read_anew(
    links: Links, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody leaves either, though timeouts were renewed over AMI until it was known to be away.

    Not even who hears a prompt all the time, be it from before, from before that was known, or from afterwards.
    """
    centre, loop = links.centre, asyncio.get_running_loop()
    known = len(await gaps(links, "ami"))
    await centre.phone("agent119")
    leaving = await centre.phone("agent120", ready=False)
    listening = await centre.caller("08134440003", sound=False)
    assert await listening.answered(listening.dial(MENU)) == 200
    await centre.phase(listening, "ivr")

    async def hears_a_long_prompt(number: str) -> Telephone:
        caller = await centre.caller(number, sound=False)
        assert await caller.answered(caller.dial(LONG)) == 200
        await centre.phase(caller, "ivr")
        return caller

    hearing = [await hears_a_long_prompt("08134440004")]
    await links.renewed(listening, 2)  # and so everybody once, while the prompt plays
    links.ami.freeze()
    began = loop.time()
    try:
        hearing.append(await hears_a_long_prompt("08134440005"))
        assert "AMI is" in " ".join((await readiness(links, "degraded"))["reasons"])
        noticed = loop.time() - began
        assert await centre.metric("acd_link_up", link="ami") == 0
        assert await centre.metric("acd_gap_open", kind="ami") == 1
        caller = await centre.caller("08134440001", sound=False)
        call = caller.dial(UMUM)
        assert await caller.answered(call) == 200
        assert (await centre.phase(caller, "talking"))["agent"] == "agent119"
        await leaving.register(0)
        assert (await centre.agent("agent120"))["phone_reachable"], "nobody has told"
        figures = await centre.site.api.figures()
        assert [gap["kind"] for gap in figures["incomplete"] if gap["ended_at"] is None] == ["ami"]
        hearing.append(await hears_a_long_prompt("08134440006"))
        last = loop.time()
        # Longer than anybody has without renewals.
        await asyncio.sleep(last + DEAD_MAN_S + 1 - loop.time())
        assert await links.fallen() == []
        for one in (listening, *hearing):
            assert (await centre.phase(one, "ivr"))["phase"] == "ivr"
    finally:
        links.ami.heal()
    await readiness(links, "ready")
    await centre.until("agent120", phone_reachable=False)
    gap = await ended(links, "ami", known)
    caller.end(call)
    record = await centre.record(caller)
    assert gap["began_at"] < record["arrived_at"] < gap["ended_at"]
    async with centre.http.get("/api/v1/records", params={"since": str(record["arrived_at"])}) as answer:
        assert gap["id"] in [one["id"] for one in (await answer.json())["incomplete"]]
    async with centre.http.get("/api/v1/records", params={"since": str(gap["ended_at"] + 1)}) as answer:
        assert gap["id"] not in [one["id"] for one in (await answer.json())["incomplete"]]
    with capsys.disabled():
        print(json.dumps({"ami_in_a_black_hole_noticed_s": round(noticed, 2)}))


async def test_without_ari_callers_are_answered_by_asterisk_and_accounted_for(links: Links) -> None:
    centre = links.centre
    known = len(await gaps(links, "ari"))
    await centre.phone("agent119")
    links.ari.refuse_newcomers()
    links.ari.reset()
    try:
        await readiness(links, "not_ready")
        assert await centre.metric("acd_link_up", link="ami") == 1
        assert await centre.metric("acd_gap_open", kind="ari") == 1
        caller = await centre.caller("08134440002", sound=False)
        call = caller.dial(UMUM)
        assert await caller.answered(call) == 200
        caller.end(call)
    finally:
        links.ari.heal()
    await readiness(links, "ready")
    await ended(links, "ari", known)
    assert (await centre.record(caller))["exit"].startswith("fallback")


async def test_the_death_of_an_engine_is_a_gap_that_the_next_one_enters_and_the_older_ones_are_kept(
    links: Links,
) -> None:
    known = {kind: await gaps(links, kind) for kind in ("engine", "ari", "ami")}
    killed_at = time.time()  # noqa: TID251 - beside the engine's own
    await kill(links)
    await start_again(links)
    gap = await ended(links, "engine", len(known["engine"]))
    assert killed_at - 3 < gap["began_at"] <= killed_at < gap["ended_at"]

    async def kept() -> bool:
        return all([(await gaps(links, kind))[: len(gone)] == gone for kind, gone in known.items()])

    await links.centre.eventually(kept, lambda: "what was known of former gaps is gone", PATIENCE_S)


async def test_an_engine_concludes_nothing_about_who_left_meanwhile_before_ami_told_nor_does_one_after_it(
    links: Links,
) -> None:
    centre = links.centre
    await centre.phone("agent119", 180, ready=False)  # without any phone that queue takes nobody
    caller = await centre.caller("08134460001", sound=False)
    call = caller.dial(UMUM)
    assert await caller.answered(call) == 200
    await centre.phase(caller, "waiting")
    await centre.receipt(caller)
    await kill(links)
    await links.rx(f"channel redirect {await centre.channel(caller)} acd-fallback,{UMUM},1")

    async def fallen() -> bool:
        return await links.fallen() == [caller.user]

    await centre.eventually(fallen, lambda: "the caller is not in Asterisk's own queue", PATIENCE_S)
    caller.end(call)

    async def written() -> bool:
        left = await links.rx("database show acd-left")
        return any(caller.user in line and ": ," not in line for line in left.splitlines())

    await centre.eventually(written, lambda: "Asterisk does not remember how the call ended", PATIENCE_S)
    links.ami.refuse_newcomers()
    try:
        await start_again(links)
        await asyncio.sleep(ending.FALLBACK_GUARD_S + 1)  # as long as it would wait for an AMI that is there
        assert [contact["phase"] for contact in (await centre.contacts()).values()] == ["fallback"]
        await kill(links)
        await start_again(links)
        assert [contact["phase"] for contact in (await centre.contacts()).values()] == ["fallback"]
    finally:
        links.ami.heal()
    assert (await centre.record(caller))["exit"] == "fallback_abandoned"
