"""The real Asterisk, by the real call control, tells every episode's story as the simulated one does."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from acd.deploy.asterisk import AsteriskInstance
from acd.deploy.plan import AccessCodePlan, FallbackQueuePlan, PbxPlan, PbxTrunkPlan, PhonePlan, UserPlan
from acd.deploy.toolchain import fetch_tools
from acd.domain.commands import TelephonyCommand
from acd.domain.events import Resynced
from acd.domain.ids import Language
from acd.settings.values import PromptsSettings
from acd.telephony.ari.values import AriConfig, AriState
from acd.telephony.control import AriControl
from acd.telephony.control_values import Manner
from acd.telephony.sounds import Sounds
from tests.contract.episodes import EPISODES, perform
from tests.contract.stage import LONG, LONG_S, SHORT, SHORT_S, Stage
from tests.fakes.deployment import free_port
from tests.fakes.telephone import PhoneCall, Telephone, Telephones

pytestmark = pytest.mark.asterisk

SECRET = "phone-secret-1"
CALLERS, AGENTS = "127.0.0.2", "127.0.0.3"
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
RTP = 38000 + 400 * WORKER


class WallClock:
    def now(self) -> float:
        return time.monotonic()


class Pbx:
    """An Asterisk and the sounds it plays."""

    def __init__(self, folder: Path) -> None:
        self.plan = PbxPlan(
            phones=(PhonePlan("agent101", SECRET),),
            trunks=(PbxTrunkPlan("gw1", (CALLERS,)),),
            access_codes=(AccessCodePlan("169", "acd-general"),),
            fallback_queues=(FallbackQueuePlan("acd-general", ("agent101",), wrap_up_s=0),),
            ari=UserPlan("acd", "ari-password", free_port()),
            ami=UserPlan("acd", "ami-password", free_port()),
            sip_port=free_port(),
            rtp_ports=(RTP, RTP + 200),
        )
        self.instance = AsteriskInstance(fetch_tools(), folder / "asterisk")
        self.sounds = folder / "sounds"
        wanted, language = self.prompts(), Language("id")
        for prompt, seconds in ((SHORT, SHORT_S), (LONG, LONG_S)):
            wav = wanted.file(prompt, language, wanted.wording(prompt, language))
            path = self.sounds / wav.relative_to(wanted.dir).with_suffix(".alaw")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\xd5" * int(8000 * seconds))

    @property
    def ari(self) -> AriConfig:
        user = self.plan.ari
        return AriConfig(f"http://127.0.0.1:{user.port}/ari", user.user, user.password)

    def prompts(self) -> PromptsSettings:
        texts = {prompt: {Language("id"): prompt} for prompt in (SHORT, LONG)}
        return PromptsSettings(Path("/nowhere"), None, str(self.sounds), {}, texts)


@pytest.fixture(scope="module")
def pbx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pbx]:
    made = Pbx(Path(tmp_path_factory.mktemp("contract")))
    made.instance.render(made.plan)
    made.instance.start(made.plan)
    yield made
    made.instance.stop()


class Real:
    """Hands at real telephones, on the real link."""

    def __init__(self, stage: Stage, pbx: Pbx, telephones: Telephones) -> None:
        self.stage, self.pbx, self.telephones = stage, pbx, telephones
        self.control = self._engine()
        self.caller: Telephone
        self.calling: PhoneCall
        self.desk: Telephone | None = None

    def _engine(self) -> AriControl:
        sounds = Sounds(self.pbx.prompts, None, lambda _path: None)
        return AriControl(self.pbx.ari, WallClock(), self.stage.emit, self._state, sounds, Manner("acd-from-agents"))

    def _state(self, state: AriState, _reason: str) -> None:
        if state is AriState.UP:
            self.up.set()

    async def connect(self) -> None:
        self.up = asyncio.Event()
        await self.control.link.start()
        await asyncio.wait_for(self.up.wait(), 60)

    async def close(self) -> None:
        found = await self.control.resync(after_gap=False)
        for channel in found.channels:
            self.control.execute(self.stage.drop(channel.leg_id))
        await self.stage.barrier()
        await self._shown(lambda channels: not channels.strip())  # whose end comes later is told to the next stage
        await self.control.close()

    async def call(self) -> None:
        self.caller = await self.telephones.add("0811", CALLERS)
        self.calling = self.caller.dial("169")

    def hang_up(self) -> None:
        self.caller.hang_up_all()

    async def nobody_calls(self) -> None:
        await self._shown(lambda channels: self.stage.caller not in channels)

    async def _shown(self, so: Callable[[str], bool]) -> None:
        """Wait until the console's list of channels is so."""
        asked = partial(self.pbx.instance.rx, "core show channels concise")
        async with asyncio.timeout(60):
            while not so(await asyncio.to_thread(asked)):  # noqa: ASYNC110 - seen only by asking
                await asyncio.sleep(0.02)

    async def press(self, digit: str) -> None:
        await self.caller.answered(self.calling)
        self.caller.press(digit)

    async def phone(self, status: int) -> None:
        if self.desk is None:
            self.desk = await self.telephones.add("agent101", AGENTS, SECRET)
        self.desk.manner = status

    def phone_hangs_up(self) -> None:
        assert self.desk is not None
        self.desk.hang_up_all()

    def execute(self, command: TelephonyCommand) -> None:
        self.control.execute(command)

    async def lose(self) -> None:
        await self.control.close()

    async def find(self) -> Resynced:
        await self.control.close()
        self.control = self._engine()
        await self.connect()
        return await self.control.resync(after_gap=True)


@pytest.fixture
async def stage(pbx: Pbx) -> AsyncIterator[Stage]:
    made = Stage()
    made.tag = secrets.token_hex(4)
    telephones = Telephones(("127.0.0.1", pbx.plan.sip_port))
    async with telephones.running():
        hands = made.hands = Real(made, pbx, telephones)
        await hands.connect()
        yield made
        await hands.close()
        if hands.desk is not None:
            await hands.desk.register(0)


@pytest.mark.parametrize("name", EPISODES)
async def test_the_real_asterisk_tells(stage: Stage, name: str) -> None:
    await perform(stage, EPISODES[name])
