"""The AMI adapter against a real Asterisk of the test's own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.plan import AccessCodePlan, FallbackQueuePlan, PbxPlan, PbxTrunkPlan, PhonePlan, UserPlan
from acd.deploy.toolchain import fetch_tools
from acd.domain.errors import CommandTimeout
from acd.telephony.ami import (
    AmiConfig,
    AmiEvent,
    AmiRefused,
    AmiState,
    DeviceState,
    Fact,
    PbxWatch,
    PhoneState,
    TrunkState,
    UnroutedCall,
    WatchConfig,
    WatchState,
)
from acd.telephony.ami.left_calls import FAMILY
from tests.fakes.sip_phone import SipPhone

pytestmark = pytest.mark.asterisk

PHONE = "PJSIP/agent101"
PHONE_SECRET = "phone-secret-1"
CALLERS, AGENTS = "127.0.0.2", "127.0.0.3"


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Pbx:
    instance: AsteriskInstance
    plan: PbxPlan

    @property
    def ami(self) -> AmiConfig:
        user = self.plan.ami
        return AmiConfig(
            host="127.0.0.1",
            port=user.port,
            username=user.user,
            secret=user.password,
            quiet_s=0.4,
            pong_limit_s=1.0,
            reconnect_min_s=0.1,
            reconnect_max_s=0.2,
        )

    @property
    def sip(self) -> tuple[str, int]:
        return "127.0.0.1", self.plan.sip_port


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    tools = fetch_tools()
    plan = PbxPlan(
        phones=(PhonePlan("agent101", PHONE_SECRET), PhonePlan("agent102", PHONE_SECRET)),
        trunks=(
            PbxTrunkPlan("gw1", (CALLERS,)),
            PbxTrunkPlan("gw2", ("127.0.0.9",), contact="sip:127.0.0.9:9", qualify_s=1),
        ),
        access_codes=(AccessCodePlan("169", "acd-general"),),
        fallback_queues=(FallbackQueuePlan("acd-general", ("agent101",), wrap_up_s=0),),
        ari=UserPlan("acd", "ari-password", free_port(socket.SOCK_STREAM)),
        ami=UserPlan("acd", "ami-password", free_port(socket.SOCK_STREAM)),
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_ports=(36000, 36200),
        qualify_s=1,
    )
    instance = AsteriskInstance(tools, Path(tmp_path_factory.mktemp("ami")))
    instance.render(plan)
    instance.start(plan)
    yield Pbx(instance, plan)
    instance.stop()


@dataclass
class Facts:
    """What the watch told."""

    all: list[Fact] = field(default_factory=list)
    latest: dict[str, PhoneState] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, fact: Fact) -> None:
        self.all.append(fact)
        if isinstance(fact, PhoneState):
            self.latest[fact.device] = fact
        self.changed.set()

    async def until(self, what: Callable[[Fact], bool]) -> Fact:
        """The first such fact not looked at yet; those before it are dropped."""
        async with asyncio.timeout(60):
            while True:
                while self.all:
                    fact = self.all.pop(0)
                    if what(fact):
                        return fact
                self.changed.clear()
                await self.changed.wait()

    async def phone(self, state: DeviceState, *, reachable: bool) -> None:
        """Wait until this is the last that was told of the phone."""
        wanted = PhoneState(PHONE, state, reachable)
        async with asyncio.timeout(60):
            while self.latest.get(PHONE) != wanted:
                self.changed.clear()
                await self.changed.wait()

    async def unrouted(self) -> UnroutedCall:
        fact = await self.until(lambda fact: isinstance(fact, UnroutedCall))
        assert isinstance(fact, UnroutedCall)
        return fact

    async def synced(self, *, now: bool = True) -> WatchState:
        fact = await self.until(lambda fact: isinstance(fact, WatchState) and fact.synced is now)
        assert isinstance(fact, WatchState)
        return fact


class LoopClock:
    def now(self) -> float:
        return asyncio.get_running_loop().time()


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.fixture
async def watch(pbx: Pbx, facts: Facts) -> AsyncIterator[PbxWatch]:
    made = PbxWatch(
        pbx.ami,
        phones=[PHONE],
        trunks=["PJSIP/gw1", "PJSIP/gw2"],
        clock=LoopClock(),
        on_fact=facts.take,
        config=WatchConfig(settle_s=0.2),
    )
    await made.start()
    yield made
    await made.close()


def phone(pbx: Pbx) -> SipPhone:
    return SipPhone("agent101", PHONE_SECRET, pbx.sip, AGENTS)


def caller(pbx: Pbx) -> SipPhone:
    return SipPhone("0812345678", "", pbx.sip, CALLERS)


async def test_a_wrong_password_is_refused(pbx: Pbx, facts: Facts) -> None:
    wrong = PbxWatch(replace(pbx.ami, secret="wrong"), phones=[], trunks=[], clock=LoopClock(), on_fact=facts.take)
    await wrong.start()
    assert wrong.link.state is AmiState.REFUSED
    await wrong.close()


async def test_everything_can_be_read_with_the_rights_our_configuration_gives(watch: PbxWatch, facts: Facts) -> None:
    await facts.synced()
    assert not watch._refused


async def test_a_phone_is_followed_from_its_registration_over_silence_to_its_end(
    pbx: Pbx, watch: PbxWatch, facts: Facts
) -> None:
    await facts.phone(DeviceState.UNAVAILABLE, reachable=False)
    async with phone(pbx) as agent:
        await agent.register()
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        agent.answers_options = False
        await facts.phone(DeviceState.UNAVAILABLE, reachable=False)
        agent.answers_options = True
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        await agent.register(0)
        await facts.phone(DeviceState.UNAVAILABLE, reachable=False)


async def test_a_trunk_that_does_not_answer_is_down_and_one_nobody_asks_is_not(watch: PbxWatch, facts: Facts) -> None:
    states: dict[str, bool] = {}

    def both_known(fact: Fact) -> bool:
        if isinstance(fact, TrunkState):
            states[fact.trunk] = fact.up
        return states == {"PJSIP/gw1": True, "PJSIP/gw2": False}

    await facts.until(both_known)


async def test_a_number_nobody_serves_is_told_with_its_cause_and_sip_status(
    pbx: Pbx, watch: PbxWatch, facts: Facts
) -> None:
    await facts.synced()
    async with caller(pbx) as customer:
        assert await customer.call("555") == 404
    call = await facts.unrouted()
    assert (call.exten, call.caller, call.channel.split("-")[0]) == ("555", "0812345678", "PJSIP/gw1")
    assert (call.cause, call.sip_code, call.fallback_at, call.left_engine) == (1, 404, None, False)


async def test_a_caller_the_fallback_serves_is_told_with_the_agent_who_answered(
    pbx: Pbx, watch: PbxWatch, facts: Facts
) -> None:
    await facts.synced()
    async with phone(pbx) as agent, caller(pbx) as customer:
        await agent.register()
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        assert await customer.call("169") == 200
        await agent.talking.wait()
        await facts.phone(DeviceState.BUSY, reachable=True)
        await customer.hang_up()
        await agent.ended.wait()
        call = await facts.unrouted()
        await agent.register(0)
    assert (call.exten, call.queue, call.agent, call.cause) == ("169", "acd-general", PHONE, 16)
    assert call.fallback_at is not None
    assert call.answered_at is not None
    assert call.started_at < call.fallback_at <= call.answered_at <= call.ended_at


async def test_a_caller_in_the_fallback_when_the_engine_comes_is_told_with_the_time_already_waited(
    pbx: Pbx, watch: PbxWatch, facts: Facts
) -> None:
    async with phone(pbx) as agent, caller(pbx) as customer:
        await agent.register()
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        await watch.close()
        facts.all.clear()
        assert await customer.call("169") == 200
        await agent.talking.wait()
        late = PbxWatch(pbx.ami, phones=[], trunks=[], clock=LoopClock(), on_fact=facts.take)
        await late.start()
        await facts.synced()
        await customer.hang_up()
        await agent.ended.wait()
        await agent.register(0)
        call = await facts.unrouted()
        await late.close()
    assert (call.exten, call.answered_at is not None) == ("169", True)


async def test_a_caller_of_the_fallback_who_leaves_between_two_looks_at_asterisk_is_told_with_the_agent(
    pbx: Pbx, watch: PbxWatch, facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with phone(pbx) as agent, caller(pbx) as customer:
        await agent.register()
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        await watch.close()
        facts.all.clear()
        assert await customer.call("169") == 200
        await agent.talking.wait()
        late = PbxWatch(pbx.ami, phones=[], trunks=[], clock=LoopClock(), on_fact=facts.take)
        look, ours = late._list, list[str]()

        async def without_end() -> list[str]:
            """Calls of which the dialplan has not written the end."""
            left = await look("DBGetTree", Family=FAMILY) or []
            return [entry.get("Key").rpartition("/")[2] for entry in left if entry.get("Val").startswith(",")]

        async def list_(action: str, **of: str) -> list[AmiEvent] | None:
            """The call ends after what the dialplan wrote was read, and before the channels are."""
            if action == "CoreShowChannels" and not ours:
                ours.extend(await without_end())
                await customer.hang_up()
                await agent.ended.wait()
                async with asyncio.timeout(60):
                    while await without_end():  # noqa: ASYNC110 - told by Asterisk's database, seen only by asking
                        await asyncio.sleep(0.02)
            return await look(action, **of)

        monkeypatch.setattr(late, "_list", list_)
        await late.start()
        call = await facts.until(lambda fact: isinstance(fact, UnroutedCall) and fact.uniqueid in ours)
        await late.close()
        await agent.register(0)
    assert isinstance(call, UnroutedCall)
    assert (len(ours), call.agent, call.cause) == (1, PHONE, 16)
    assert call.answered_at is not None


async def test_actions_are_answered_or_refused(watch: PbxWatch) -> None:
    assert (await watch.link.action("Ping")).headers["Ping"] == "Pong"
    added = await watch.link.action("QueueAdd", Queue="acd-general", Interface="PJSIP/agent102")
    assert added.message == "Added interface to queue"
    with pytest.raises(AmiRefused, match="Already there"):
        await watch.link.action("QueueAdd", Queue="acd-general", Interface="PJSIP/agent102")
    await watch.link.action("QueueRemove", Queue="acd-general", Interface="PJSIP/agent102")
    with pytest.raises(AmiRefused, match="Permission denied"):
        await watch.link.action("Command", Command="core show version")
    assert [entry.name for entry in await watch.link.list_action("QueueSummary")] == ["QueueSummary"]


async def test_a_stalled_asterisk_is_noticed_and_its_return_too(pbx: Pbx, watch: PbxWatch, facts: Facts) -> None:
    await facts.synced()
    pid = pbx.instance.pid()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        asking = asyncio.create_task(watch.link.action("Ping"))
        lost = await facts.synced(now=False)
        with pytest.raises(CommandTimeout, match="outcome unknown"):
            await asking
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "silence" in lost.reason
    assert (await facts.synced()).generation > lost.generation


async def test_after_a_restart_of_asterisk_everything_is_read_anew(pbx: Pbx, watch: PbxWatch, facts: Facts) -> None:
    await facts.synced()
    async with phone(pbx) as agent:
        await agent.register()
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        await asyncio.to_thread(pbx.instance.stop)
        lost = await facts.synced(now=False)
        await asyncio.to_thread(pbx.instance.start, pbx.plan)
        assert (await facts.synced()).generation > lost.generation
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        agent.answers_options = False
        await facts.phone(DeviceState.UNAVAILABLE, reachable=False)
        agent.answers_options = True
        await facts.phone(DeviceState.NOT_INUSE, reachable=True)
        await agent.register(0)
        await facts.phone(DeviceState.UNAVAILABLE, reachable=False)
