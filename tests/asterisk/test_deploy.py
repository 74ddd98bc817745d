"""What we render, start, install and check, on a real Asterisk."""

from __future__ import annotations

import asyncio
import socket
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.check import check
from acd.deploy.install import install
from acd.deploy.live import LivePbx
from acd.deploy.melody import melody
from acd.deploy.plan import AccessCodePlan, FallbackQueuePlan, PbxPlan, PbxTrunkPlan, PhonePlan, UserPlan
from acd.deploy.prompts import build_prompts, list_prompts
from acd.deploy.speech import Speech
from acd.deploy.templates import INCLUDED
from acd.deploy.toolchain import PROGRAMS, ToolSet, fetch_tools, version_of
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey
from tests.fakes.sip_phone import SipPhone

pytestmark = pytest.mark.asterisk

SECRET = "phone;secret-1"
CALLERS, AGENTS, STRANGERS = "127.0.0.2", "127.0.0.3", "127.0.0.4"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_plan(**changes: Any) -> PbxPlan:
    plan = PbxPlan(
        phones=(PhonePlan("agent101", SECRET),),
        trunks=(PbxTrunkPlan("gw1", (CALLERS,)),),
        access_codes=(AccessCodePlan("169", "acd-general"), AccessCodePlan("_02170XXXX", "acd-general")),
        fallback_queues=(FallbackQueuePlan("acd-general", ("agent101",), wrap_up_s=0),),
        ari=UserPlan("acd", "ari;secret-1", free_port()),
        ami=UserPlan("acd", "ami;secret-1", free_port()),
        sip_port=free_port(socket.SOCK_DGRAM),
        rtp_ports=(37000, 37200),
        claim_timeout_ms=200,
    )
    return replace(plan, **changes)


@pytest.fixture(scope="module")
def tools() -> ToolSet:
    return fetch_tools()


@pytest.fixture(scope="module")
def plan() -> PbxPlan:
    return make_plan()


@pytest.fixture(scope="module")
def running(tools: ToolSet, plan: PbxPlan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskInstance]:
    instance = AsteriskInstance(tools, tmp_path_factory.mktemp("deploy"))
    instance.render(plan)
    instance.start(plan)
    yield instance
    instance.stop()


def phone(user: str, host: str, plan: PbxPlan) -> SipPhone:
    return SipPhone(user, SECRET, ("127.0.0.1", plan.sip_port), host)


def complaints(instance: AsteriskInstance, plan: PbxPlan) -> list[str]:
    """What the check finds, but for StasisBroadcast where this Asterisk is older than that."""
    findings = check(LivePbx(instance.rx, plan.ari, plan.ami), plan, instance.recordings_dir)
    old = not (instance.tools.asterisk_modules() / "app_stasis_broadcast.so").exists()
    return [str(found) for found in findings if not (old and "no StasisBroadcast" in str(found))]


def test_every_program_fetched_starts(tools: ToolSet) -> None:
    for name, program in PROGRAMS.items():
        assert version_of(tools.argv(name), program, tools.env())


def test_a_start_is_whole_and_a_stop_leaves_no_process(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan()
    instance = AsteriskInstance(tools, tmp_path / "pbx")
    instance.render(plan)
    instance.start(plan)
    pid = instance.pid()
    try:
        assert "System uptime" in instance.rx("core show uptime")
        with pytest.raises(DeployError, match="running"):
            instance.render(plan)
    finally:
        instance.stop()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(DeployError, match="console does not answer"):
        instance.rx("core show uptime")


def test_an_instance_left_running_is_found_and_ended_by_another_process(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan()
    first = AsteriskInstance(tools, tmp_path / "pbx")
    first.render(plan)
    first.start(plan, detached=True)
    second = AsteriskInstance(tools, tmp_path / "pbx")
    assert second.running()
    second.stop()
    assert not first.running()


def test_a_folder_with_a_very_long_name_works_too(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan()
    instance = AsteriskInstance(tools, tmp_path / ("long-name-" * 12))
    instance.render(plan)
    instance.start(plan)
    try:
        assert "System uptime" in instance.rx("core show uptime")
    finally:
        instance.stop()
    assert not instance.control_dir.exists()


def test_a_start_says_what_asterisk_complained_about(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan()
    instance = AsteriskInstance(tools, tmp_path / "pbx")
    instance.render(plan)
    (instance.run_dir / "etc/http.conf").write_text("[general]\nenabled=no\n")
    with pytest.raises(DeployError, match="still waiting for"):
        instance.start(plan, timeout_s=2.0)
    assert not instance.running()


def test_asterisk_reads_our_files_without_a_complaint(running: AsteriskInstance) -> None:
    assert [line for line in running.log_file.read_text().splitlines() if "ERROR" in line or "WARNING" in line] == []


def test_the_check_finds_nothing_to_complain_about_in_our_own(running: AsteriskInstance, plan: PbxPlan) -> None:
    assert complaints(running, plan) == []


def test_an_existing_asterisk_with_our_files_included_passes_the_check(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan()
    instance = AsteriskInstance(tools, tmp_path / "pbx")
    instance.render(plan)
    etc = instance.run_dir / "etc"
    for name in INCLUDED:  # as an operator's Asterisk stands before we come
        (etc / name).unlink()
        main = etc / name.removeprefix("acd_")
        main.write_text(main.read_text().replace(f"#include {name}\n", ""))
    done = install(plan, etc, instance.recordings_dir, tmp_path / "moh")
    for name, line in done.lines_to_add.items():
        with (etc / name).open("a") as file:
            file.write(f"\n{line}\n")
    instance.start(plan)
    try:
        assert complaints(instance, plan) == []
    finally:
        instance.stop()


def test_the_check_looks_at_the_operators_own_endpoints_and_music_and_its_remedies_help(
    tools: ToolSet, tmp_path: Path
) -> None:
    plan = make_plan(trunks=(PbxTrunkPlan("own", ()),), music_classes=("calm", "default"))
    instance = AsteriskInstance(tools, tmp_path / "pbx")
    instance.render(plan)
    etc = instance.run_dir / "etc"

    def add(name: str, text: str) -> None:
        with (etc / name).open("a") as file:
            file.write(text)

    add("pjsip.conf", "\n[own]\ntype=endpoint\ncontext=acd-from-trunk\ndisallow=all\nallow=alaw\n")
    instance.start(plan)
    try:
        [endpoint, music] = complaints(instance, plan)
        assert endpoint.startswith("MISSING: direct_media=yes lets sound bypass Asterisk at own:")
        assert endpoint.endswith("then: module reload res_pjsip.so")
        assert music.startswith("note: no music on hold class calm")
        add("pjsip.conf", "direct_media=no\n")
        instance.rx("module reload res_pjsip.so")
        add("musiconhold.conf", f"\n[calm]\nmode=files\ndirectory={instance.run_dir}/moh\n")
        instance.rx("moh reload")
        assert complaints(instance, plan) == []
    finally:
        instance.stop()


def test_music_without_a_file_counts_as_missing(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan(music_classes=("calm",))
    instance = AsteriskInstance(tools, tmp_path / "pbx")
    instance.render(plan)
    (tmp_path / "none").mkdir()
    with (instance.run_dir / "etc/musiconhold.conf").open("a") as file:
        file.write(f"\n[calm]\nmode=files\ndirectory={tmp_path}/none\n")
    instance.start(plan)
    try:
        [found] = complaints(instance, plan)
        assert "no music on hold class calm with a file in it" in found
    finally:
        instance.stop()


async def test_a_phone_registers_with_its_secret(running: AsteriskInstance, plan: PbxPlan) -> None:
    async with phone("agent101", AGENTS, plan) as agent:
        await agent.register()
        assert "agent101" in await asyncio.to_thread(running.rx, "pjsip show contacts")
        await agent.register(0)


async def test_a_caller_reaches_an_agent_while_no_engine_serves(running: AsteriskInstance, plan: PbxPlan) -> None:
    async with phone("agent101", AGENTS, plan) as agent, phone("0811", CALLERS, plan) as caller:
        await agent.register()
        assert await caller.call("169") == 200
        await asyncio.wait_for(agent.talking.wait(), 60)
        await caller.hang_up()
        await asyncio.wait_for(agent.ended.wait(), 60)
        await agent.register(0)
    assert list(running.recordings_dir.glob("fallback-*.wav"))


async def test_numbers_nobody_has_are_refused_with_404(running: AsteriskInstance, plan: PbxPlan) -> None:
    for number in ("999", "1690", "0217012345", "agent101", "*1", "s", "T"):
        async with phone("0811", CALLERS, plan) as caller:
            assert await caller.call(number) == 404, number


async def test_a_pattern_is_an_access_code(running: AsteriskInstance, plan: PbxPlan) -> None:
    async with phone("0811", CALLERS, plan) as caller:
        assert await caller.call("021701234") == 200


async def test_a_caller_who_claims_to_be_an_agent_stays_a_caller(running: AsteriskInstance, plan: PbxPlan) -> None:
    async with phone("agent101", CALLERS, plan) as caller:
        assert await caller.call("*1") == 404


async def test_a_stranger_is_challenged(running: AsteriskInstance, plan: PbxPlan) -> None:
    async with phone("0811", STRANGERS, plan) as stranger:
        assert await stranger.call("169") == 401


async def test_a_caller_whose_engine_falls_silent_goes_to_the_fallback_queue(tools: ToolSet, tmp_path: Path) -> None:
    plan = make_plan(dead_man_s=1)
    instance = AsteriskInstance(tools, tmp_path / "pbx")
    await asyncio.to_thread(instance.render, plan)
    await asyncio.to_thread(instance.start, plan)
    url = f"http://127.0.0.1:{plan.ari.port}/ari/events"
    headers = {"Authorization": aiohttp.encode_basic_auth(plan.ari.user, plan.ari.password)}
    try:
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(f"{url}?app=acd") as events,
            phone("0811", CALLERS, plan) as caller,
        ):
            call = asyncio.create_task(caller.call("169"))
            while (event := await events.receive_json(timeout=10))["type"] not in ("CallBroadcast", "StasisStart"):
                pass
            if event["type"] == "CallBroadcast":
                claim = {"channelId": event["channel"]["id"], "application": "acd"}
                async with session.post(f"{url}/claim", params=claim) as answer:
                    assert answer.status == 204
            assert await call == 200  # the fallback queue answered: this engine never does
    finally:
        await asyncio.to_thread(instance.stop)


def test_a_spoken_prompt_is_a_telephone_sound_of_some_seconds(tools: ToolSet, tmp_path: Path) -> None:
    key = PromptKey("welcome")
    texts = {Language("id"): "Selamat datang di layanan seratus enam puluh sembilan", Language("en"): "Welcome, caller"}
    made = build_prompts(list_prompts({key: texts}), tmp_path / "out", tmp_path / "cache", Speech(tools))
    for language in texts:
        with wave.open(f"{made[key, language]}.wav", "rb") as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert sound.getnframes() > 8000
            assert max(sound.readframes(sound.getnframes())[1::2]) > 20


def test_a_recording_of_the_studio_becomes_a_telephone_sound(tools: ToolSet, tmp_path: Path) -> None:
    key, language = PromptKey("welcome"), Language("id")
    recorded = tmp_path / "voices/id/welcome.wav"
    recorded.parent.mkdir(parents=True)
    with wave.open(str(recorded), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(melody()[44:])
    prompts = list_prompts({key: {language: "x"}}, None, tmp_path / "voices")
    made = build_prompts(prompts, tmp_path / "out", tmp_path / "cache", Speech(tools))
    with wave.open(f"{made[key, language]}.wav", "rb") as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (8000, 1)


def test_music_is_there_for_waiting_callers(running: AsteriskInstance) -> None:
    assert "/moh/melody" in running.rx("moh show files")
