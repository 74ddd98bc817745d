"""The ARI link against a real Asterisk of the test's own: what the call control is built on."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.plan import AccessCodePlan, FallbackQueuePlan, PbxPlan, PbxTrunkPlan, PhonePlan, UserPlan
from acd.deploy.toolchain import fetch_tools
from acd.domain.errors import ChannelGone, CommandTimeout
from acd.telephony.ari import (
    AriConfig,
    AriConflict,
    AriLink,
    AriRefused,
    AriRequest,
    AriResult,
    AriState,
    ChannelSnapshot,
    RestBy,
    commands,
)
from tests.fakes.sip_phone import Address, SipMessage, SipPhone

pytestmark = pytest.mark.asterisk

SECRET = "phone-secret-1"
CALLERS, AGENTS = "127.0.0.2", "127.0.0.3"


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Pbx:
    instance: AsteriskInstance
    plan: PbxPlan

    def config(self, **settings: Any) -> AriConfig:
        user = self.plan.ari
        return AriConfig(f"http://127.0.0.1:{user.port}/ari", user.user, user.password, **settings)

    @property
    def sip(self) -> Address:
        return "127.0.0.1", self.plan.sip_port


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    tools = fetch_tools()
    plan = PbxPlan(
        phones=(PhonePlan("agent101", SECRET), PhonePlan("agent102", SECRET)),
        trunks=(PbxTrunkPlan("gw1", (CALLERS,), dtmf_mode="info"),),
        access_codes=(AccessCodePlan("169", "acd-general"),),
        fallback_queues=(FallbackQueuePlan("acd-general", ("agent102",), wrap_up_s=0),),
        ari=UserPlan("acd", "ari-password", free_port(socket.SOCK_STREAM)),
        ami=UserPlan("acd", "ami-password", free_port(socket.SOCK_STREAM)),
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_ports=(36400, 36600),
    )
    instance = AsteriskInstance(tools, Path(tmp_path_factory.mktemp("ari")))
    instance.render(plan)
    instance.start(plan)
    yield Pbx(instance, plan)
    instance.stop()


@dataclass
class Line:
    """A link and what it told."""

    config: AriConfig
    events: list[dict[str, Any]] = field(default_factory=list)
    states: list[AriState] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    claiming: bool = True
    link: AriLink = field(init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.link = AriLink(self.config, on_event=self._take, on_state=self._state)

    def _take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["type"] == "CallBroadcast" and self.claiming:
            self.link.claim(event["channel"]["id"], lambda _: None)
        self._changed.set()

    def _state(self, state: AriState, reason: str) -> None:
        self.states.append(state)
        self.reasons.append(reason)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def event(self, kind: str, about: str = "") -> dict[str, Any]:
        """The first such event, waited for; ``about`` is a channel, playback or recording."""
        found: list[dict[str, Any]] = []

        def seen() -> bool:
            found[:] = [e for e in self.events if e["type"] == kind and (not about or about == _about(e))]
            return bool(found)

        await self.until(seen)
        return found[0]

    async def up(self, generation: int = 1) -> None:
        await self.until(lambda: self.link.state is AriState.UP and self.link.generation >= generation)

    async def do(self, request: AriRequest, key: str = "call") -> AriResult:
        """Send and wait; errors are in the result."""
        future: asyncio.Future[AriResult] = asyncio.get_running_loop().create_future()
        self.link.submit(request, key=key, on_result=future.set_result)
        return await future

    async def channel(self, channel_id: str) -> ChannelSnapshot:
        found = await self.link.resync()
        return next(channel for channel in found.channels if channel.id == channel_id)

    def kinds(self, about: str) -> list[str]:
        return [event["type"] for event in self.events if _about(event) == about]


def _about(event: dict[str, Any]) -> str:
    for part, name in (("channel", "id"), ("playback", "id"), ("recording", "name"), ("bridge", "id")):
        if part in event:
            return str(event[part][name])
    return ""


@asynccontextmanager
async def connected(config: AriConfig) -> AsyncIterator[Line]:
    line = Line(config)
    await line.link.start()
    try:
        await line.up()
        yield line
    finally:
        await line.link.close()


@pytest.fixture(params=[RestBy.WEBSOCKET, RestBy.HTTP])
async def line(pbx: Pbx, request: pytest.FixtureRequest) -> AsyncIterator[Line]:
    async with connected(pbx.config(rest_by=request.param)) as made:
        yield made
        for channel in (await made.link.resync()).channels:
            await made.do(commands.hangup(channel.id))
        for bridge in (await made.link.resync()).bridges:
            await made.do(commands.destroy_bridge(bridge.id))


@dataclass
class Agent(SipPhone):
    """A phone that answers, only rings, or refuses."""

    answer: str = "200 OK"

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = SipMessage.parse(data)
        method = message.first.split(" ")[0]
        if method == "INVITE" and self.answer != "200 OK":
            self._asked = message, addr
            self._reply(message, addr, self.answer)
            return
        if method == "CANCEL":
            self._reply(*self._asked, "487 Request Terminated")
        super().datagram_received(data, addr)


@asynccontextmanager
async def agent(pbx: Pbx, answer: str = "200 OK") -> AsyncIterator[Agent]:
    async with Agent("agent101", SECRET, pbx.sip, AGENTS, answer=answer) as phone:
        await phone.register()
        yield phone
        await phone.register(0)


@dataclass
class Call:
    """A caller inside our application, not answered yet."""

    phone: SipPhone
    status: asyncio.Task[int]
    id: str


@asynccontextmanager
async def caller(pbx: Pbx, line: Line) -> AsyncIterator[Call]:
    async with SipPhone("0217001234", "", pbx.sip, CALLERS) as phone:
        before = len(line.events)
        status = asyncio.create_task(phone.call("169"))
        await line.until(lambda: any(event["type"] == "StasisStart" for event in line.events[before:]))
        started = next(event for event in line.events[before:] if event["type"] == "StasisStart")
        yield Call(phone, status, started["channel"]["id"])
        status.cancel()


async def test_a_caller_is_offered_claimed_and_inside(pbx: Pbx, line: Line) -> None:
    async with caller(pbx, line) as call:
        offered = await line.event("CallBroadcast", call.id)
        assert (offered["called"], offered["caller"]) == ("169", "0217001234")
        assert line.kinds(call.id) == ["CallBroadcast", "StasisStart"]
        seen = await line.channel(call.id)
        assert (seen.in_app, seen.exten, seen.context, seen.state) == (True, "169", "acd-from-trunk", "Ring")
        assert (seen.name.split("-")[0], seen.caller_number) == ("PJSIP/gw1", "0217001234")


@pytest.mark.parametrize(("cause", "status"), [(34, 503), (17, 486)])
async def test_a_refused_caller_gets_the_sip_status_of_the_cause(pbx: Pbx, line: Line, cause: int, status: int) -> None:
    async with caller(pbx, line) as call:
        assert (await line.do(commands.hangup(call.id, cause))).ok
        assert await call.status == status
        await line.event("StasisEnd", call.id)
        asked = await line.event("ChannelHangupRequest", call.id)
        assert asked["soft"], "its cause is a soft-hangup flag then, not Q.850"


async def test_the_second_who_claims_a_call_is_told_so(pbx: Pbx, line: Line) -> None:
    async with connected(pbx.config(app="other")) as other:
        other.claiming = False
        async with caller(pbx, line) as call:
            result: asyncio.Future[AriResult] = asyncio.get_running_loop().create_future()
            other.link.claim(call.id, result.set_result)
            assert isinstance((await result).error, AriConflict | ChannelGone)
            assert not (await other.channel(call.id)).in_app
            assert (await line.channel(call.id)).in_app


async def test_a_caller_and_an_agent_talk_and_are_recorded(pbx: Pbx, line: Line) -> None:
    leg, bridge, name = (f"acd-{what}-{secrets.token_hex(4)}" for what in "lbr")
    async with agent(pbx) as phone, caller(pbx, line) as call:
        leg_up = line.event("StasisStart", leg)
        assert (await line.do(commands.create_bridge(bridge))).ok
        assert (await line.do(commands.originate(leg, "PJSIP/agent101", "acd", originator=call.id))).ok
        await leg_up
        assert (await line.do(commands.answer(call.id))).ok
        assert await call.status == 200
        assert (await line.do(commands.add_channels(bridge, [call.id, leg]))).ok
        await line.event("ChannelEnteredBridge", leg)
        assert (await line.do(commands.record_bridge(bridge, name))).ok
        await line.event("RecordingStarted", name)
        found = await line.link.resync()
        assert {channel.id for channel in found.channels if channel.in_app} >= {call.id, leg}
        assert {call.id, leg} == set(next(b for b in found.bridges if b.id == bridge).channels)
        await call.phone.hang_up()
        await line.event("StasisEnd", call.id)
        assert (await line.do(commands.hangup(leg))).ok
        destroyed = await line.event("ChannelDestroyed", leg)
        assert destroyed["cause"] == 16
        await phone.ended.wait()
        assert (await line.do(commands.destroy_bridge(bridge))).ok
        finished = await line.event("RecordingFinished", name)
        assert finished["recording"]["state"] == "done"
        assert (pbx.instance.recordings_dir / f"{name}.wav").read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize(
    ("answer", "cause", "code"),
    [("486 Busy Here", 17, 486), ("603 Decline", 21, 603), ("480 Temporarily Unavailable", 19, 480)],
)
async def test_a_phone_that_refuses_ends_its_leg_with_cause_and_sip_status(
    pbx: Pbx, line: Line, answer: str, cause: int, code: int
) -> None:
    leg = f"acd-l-{secrets.token_hex(4)}"
    async with agent(pbx, answer):
        assert (await line.do(commands.originate(leg, "PJSIP/agent101", "acd"))).ok
        ended = await line.event("ChannelDestroyed", leg)
    assert (ended["cause"], ended["tech_cause"]) == (cause, code)


async def test_a_phone_that_only_rings_ends_its_leg_at_the_timeout(pbx: Pbx, line: Line) -> None:
    leg = f"acd-l-{secrets.token_hex(4)}"
    async with agent(pbx, "180 Ringing"):
        assert (await line.do(commands.originate(leg, "PJSIP/agent101", "acd", timeout_s=1))).ok
        rings = await line.event("ChannelStateChange", leg)
        assert rings["channel"]["state"] == "Ringing"
        assert (await line.channel(leg)).in_app
        assert (await line.event("ChannelDestroyed", leg))["cause"] == 19


async def test_a_ringing_leg_can_be_cancelled_even_in_the_breath_that_made_it(pbx: Pbx, line: Line) -> None:
    slow, quick = (f"acd-l-{secrets.token_hex(4)}" for _ in range(2))
    async with agent(pbx, "180 Ringing"):
        assert (await line.do(commands.originate(slow, "PJSIP/agent101", "acd"))).ok
        await line.event("ChannelStateChange", slow)
        assert (await line.do(commands.hangup(slow))).ok
        assert (await line.event("ChannelDestroyed", slow))["cause"] == 16
        made, gone = await asyncio.gather(
            line.do(commands.originate(quick, "PJSIP/agent101", "acd")), line.do(commands.hangup(quick))
        )
        assert (made.error, gone.error) == (None, None)
        await line.event("ChannelDestroyed", quick)


async def test_a_phone_that_is_not_there_and_an_id_in_use_are_refused_at_once(pbx: Pbx, line: Line) -> None:
    refused = await line.do(commands.originate("acd-l-x", "PJSIP/agent101", "acd"))
    assert isinstance(refused.error, AriRefused), "500, or 409 where Asterisk's errno is a stale EBUSY"
    async with agent(pbx, "180 Ringing"):
        assert (await line.do(commands.originate("acd-l-y", "PJSIP/agent101", "acd"))).ok
        assert isinstance((await line.do(commands.originate("acd-l-y", "PJSIP/agent101", "acd"))).error, AriConflict)
        assert (await line.do(commands.hangup("acd-l-y"))).ok
        await line.event("ChannelDestroyed", "acd-l-y")


async def test_sounds_are_played_to_their_end_stopped_or_missed(pbx: Pbx, line: Line, tmp_path: Path) -> None:
    sound = tmp_path / "a, comma"
    sound.with_suffix(".alaw").write_bytes(b"\xd5" * 8000)
    long = tmp_path / "long"
    long.with_suffix(".alaw").write_bytes(b"\xd5" * 80000)
    async with caller(pbx, line) as call:
        await line.do(commands.answer(call.id))
        await call.status
        assert (await line.do(commands.play(call.id, [f"sound:{sound}"], "p1"))).ok
        assert (await line.event("PlaybackFinished", "p1"))["playback"]["state"] == "done"
        assert (await line.do(commands.play(call.id, [f"sound:{long}"], "p2"))).ok
        await line.event("PlaybackStarted", "p2")
        assert (await line.do(commands.stop_playback("p2"))).ok
        await line.event("PlaybackFinished", "p2")
        async with asyncio.timeout(60):  # Asterisk tells of the end a moment before it forgets the playback
            while (late := await line.do(commands.stop_playback("p2"))).ok:  # noqa: ASYNC110 - seen only by asking
                await asyncio.sleep(0.02)
        assert isinstance(late.error, ChannelGone)
        assert (await line.do(commands.play(call.id, ["sound:/no/such"], "p3"))).ok
        assert (await line.event("PlaybackFinished", "p3"))["playback"]["state"] == "failed"
        assert (await line.do(commands.moh_start(call.id))).ok
        assert (await line.do(commands.moh_stop(call.id))).ok


async def test_a_caller_given_back_to_the_dialplan_leaves_without_a_hangup(pbx: Pbx, line: Line) -> None:
    async with caller(pbx, line) as call:
        assert (await line.do(commands.continue_in_dialplan(call.id, "acd-fallback", "169"))).ok
        await line.event("StasisEnd", call.id)
        assert await call.status == 200, "the fallback queue answers"
        assert "ChannelHangupRequest" not in line.kinds(call.id)
        seen = await line.channel(call.id)
        assert (seen.in_app, seen.context) == (False, "acd-fallback")


async def test_commands_of_one_key_are_executed_in_the_order_sent(pbx: Pbx, line: Line) -> None:
    async with caller(pbx, line) as call:
        results: list[AriResult] = []
        for n in range(300):
            line.link.submit(
                commands.set_variable(call.id, f"ACD_{n % 3}", str(n)), key=call.id, on_result=results.append
            )
        last = [await line.do(commands.get_variable(call.id, f"ACD_{n}"), key=call.id) for n in range(3)]
        assert [result.body["value"] for result in last] == ["297", "298", "299"]
        assert all(result.ok for result in results)
        value = 'a&b=ü +,"x"'
        await line.do(commands.set_variable(call.id, "ACD_X", value))
        assert (await line.do(commands.get_variable(call.id, "ACD_X"))).body["value"] == value


async def test_what_is_gone_is_told(line: Line) -> None:
    for request in (
        commands.answer("gone"),
        commands.add_channels("gone", ["x"]),
        commands.destroy_bridge("gone"),
        commands.stop_playback("gone"),
        commands.stop_recording("gone"),
    ):
        assert isinstance((await line.do(request)).error, ChannelGone), request


CLIENT = """
import asyncio, sys
from acd.telephony.ari import AriConfig, AriLink, commands

async def main(base_url, user, password):
    def on_event(event):
        if event["type"] == "CallBroadcast":
            link.claim(event["channel"]["id"], lambda result: None)
        elif event["type"] == "StasisStart":
            link.submit(commands.answer(event["channel"]["id"]), key="x", on_result=lambda result: None)
    link = AriLink(AriConfig(base_url, user, password), on_event=on_event, on_state=lambda state, reason: None)
    await link.start()
    await asyncio.sleep(60)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_call_outlives_its_client_killed_and_obeys_the_next_one(pbx: Pbx) -> None:
    user = pbx.plan.ari
    async with connected(pbx.config(app="probe")) as probe, SipPhone("0217001234", "", pbx.sip, CALLERS) as phone:
        base_url = f"http://127.0.0.1:{user.port}/ari"
        client = await asyncio.create_subprocess_exec(sys.executable, "-c", CLIENT, base_url, user.user, user.password)
        try:
            async with asyncio.timeout(60):
                while (await probe.do(AriRequest("GET", "/applications/acd"))).error:  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.05)
            assert await phone.call("169") == 200
        finally:
            client.kill()
            await client.wait()
        async with SipPhone("0217005678", "", pbx.sip, CALLERS) as another:
            assert await another.call("169") == 200, "the fallback queue takes new callers"
            async with connected(pbx.config()) as successor:
                found = {channel.caller_number: channel for channel in (await successor.link.resync()).channels}
                mine, fallback = found["0217001234"], found["0217005678"]
                assert (mine.in_app, mine.state) == (True, "Up")
                assert (fallback.in_app, fallback.context) == (False, "acd-fallback")
                assert (await successor.do(commands.hangup(fallback.id))).ok
                assert (await successor.do(commands.hangup(mine.id))).ok
                await successor.event("StasisEnd", mine.id)


async def test_a_second_client_of_the_name_replaces_the_first_which_returns_when_it_goes(pbx: Pbx) -> None:
    async with connected(pbx.config(replaced_probe_s=0.1)) as first:
        async with connected(pbx.config()) as second:
            await first.until(lambda: AriState.REPLACED in first.states)
            assert await second.link.request("GET", "/asterisk/ping")
        await first.up(2)


async def stands_still(pid: int) -> None:
    """One thread of a process takes the signal first; on a busy machine another may still answer meanwhile."""
    threads = Path(f"/proc/{pid}/task")
    while any(stat.read_text().rpartition(") ")[2][0] != "T" for stat in threads.glob("*/stat")):  # noqa: ASYNC110, ASYNC240 - seen only by looking
        await asyncio.sleep(0.01)


async def test_a_stalled_asterisk_is_noticed_and_its_return_too(pbx: Pbx) -> None:
    pid = pbx.instance.pid()
    assert pid is not None
    async with connected(pbx.config(quiet_s=0.4, pong_limit_s=1.0, connect_timeout_s=1.0)) as made:
        os.kill(pid, signal.SIGSTOP)
        try:
            await stands_still(pid)
            asking = asyncio.create_task(made.link.request("GET", "/asterisk/ping"))
            await made.until(lambda: AriState.DOWN in made.states)
            with pytest.raises(CommandTimeout, match="outcome unknown"):
                await asking
        finally:
            os.kill(pid, signal.SIGCONT)
        assert any("no pong" in reason for reason in made.reasons)
        await made.up(2)


async def test_a_restart_of_asterisk_is_noticed(pbx: Pbx) -> None:
    async with connected(pbx.config()) as made:
        before = made.link.info
        await asyncio.to_thread(pbx.instance.stop)
        await made.until(lambda: AriState.DOWN in made.states)
        await asyncio.to_thread(pbx.instance.start, pbx.plan)
        await made.up(2)
        assert made.link.info != before
        assert made.reasons[-1] == "connected; Asterisk was restarted"
