"""The simulated Asterisk tells every episode's story."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from acd.domain.commands import Play, TelephonyCommand
from acd.domain.events import Event, Resynced
from acd.domain.ids import LegId, PlaybackId, PromptKey
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.channels import Channel
from acd.sim.faults.clock import Scheduler, engine_loop
from acd.sim.faults.wire import Wire
from tests.contract.episodes import EPISODES, perform
from tests.contract.stage import LONG_S, PHONE, SHORT, SHORT_S, Stage

CAUSES = {486: 17, 603: 21, 480: 19}


class Calm:
    """A network at which nothing happens but delay."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)

    def delay(self) -> float:
        return self._chance.random() * 0.02

    def mishap(self) -> None:
        return None

    def open(self) -> bool:
        return True


class Simulated:
    """Hands and people in simulation."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.network = stage, Calm(seed)
        self.scheduler = Scheduler()
        self.loop = engine_loop(self.scheduler, lambda _task: False)
        self.asterisk = Asterisk(self.scheduler, Random(seed), ("169",), (PHONE,), people=self)
        self.asterisk.reachable[PHONE] = False
        self.status = 0
        self.prompts: dict[PlaybackId, PromptKey] = {}
        self.wire = self.engine()

    def engine(self) -> Wire:
        emit, chance = self._emit, Random(0)
        return Wire(self.scheduler, self.loop, self.asterisk, self.network, chance, emit, lambda _up: None)

    def _emit(self, event: Event) -> None:
        self.stage.emit(event)

    # ------------------------------------------------------------ hands

    async def call(self) -> None:
        self.caller = self.asterisk.call("PJSIP/gw1", "169", "0811")

    def hang_up(self) -> None:
        self.asterisk.end(self.caller.id)

    async def nobody_calls(self) -> None:
        assert self.caller.id not in self.asterisk.channels

    async def press(self, digit: str) -> None:
        self.asterisk.press(self.caller.id, digit)

    async def phone(self, status: int) -> None:
        self.status = status
        self.asterisk.set_reachable(PHONE, reachable=True)

    def phone_hangs_up(self) -> None:
        (leg,) = (channel.id for channel in self.asterisk.ours())
        self.asterisk.end(leg)

    def execute(self, command: TelephonyCommand) -> None:
        if isinstance(command, Play):
            (prompt,) = command.prompts
            assert isinstance(prompt, str)
            self.prompts[command.playback_id] = prompt
        self.wire.execute(command)

    async def lose(self) -> None:
        self.asterisk.client = None

    async def find(self) -> Resynced:
        await self.lose()
        self.wire = self.engine()
        self.wire.connect()
        return await self.wire.resync(after_gap=True)

    # ------------------------------------------------------------ people

    def rung(self, channel: Channel) -> None:
        if self.status == 200:
            self.scheduler.after(0.05, self.asterisk.answer_phone, channel.id)
        elif self.status in CAUSES:
            self.scheduler.after(0.05, self.asterisk.end, channel.id, CAUSES[self.status])

    def played(self, channel: Channel, playback: PlaybackId) -> None:
        assert channel.in_app
        seconds = SHORT_S if self.prompts[playback] == SHORT else LONG_S
        self.scheduler.after(seconds, self._over, playback)

    def _over(self, playback: PlaybackId) -> None:
        if playback in self.asterisk.playbacks:
            self.asterisk.end_playback(playback)

    def joined(self, members: Sequence[LegId]) -> None:
        """They talk."""

    def parted(self, members: list[LegId]) -> None:
        """Go on."""

    def in_fallback(self, channel: Channel) -> None:
        """Nobody answers there."""

    def gone(self, channel: Channel) -> None:
        """Noted by nobody."""


@pytest.mark.parametrize("name", EPISODES)
def test_the_simulated_asterisk_tells(name: str) -> None:
    for seed in range(10):  # in whatever order answers and events come
        stage = Stage()
        stage.tag = f"{seed}"
        hands = Simulated(stage, seed)
        stage.hands = hands
        hands.loop.perform(hands.wire.connect)
        done: list[asyncio.Task[None]] = []

        async def play(stage: Stage = stage) -> None:
            await perform(stage, EPISODES[name])

        hands.loop.perform(lambda work=play, loop=hands.loop, done=done: done.append(loop.create_task(work())))
        hands.scheduler.run(100.0)
        assert done[0].done()
        done[0].result()
