"""Episodes: a call centre run live through the real dispatcher and journal, on virtual time, with a perfect PBX.

What was decided live is kept as the lines ``acd replay`` must print for the journal that was written meanwhile.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from acd.domain.commands import Command, Ignored, TelephonyCommand
from acd.domain.events import (
    AgentDialled,
    CallArrived,
    DigitPressed,
    Event,
    LinkChanged,
    PhoneChanged,
    Resynced,
    TrunkChanged,
)
from acd.domain.ids import AgentId, LegId
from acd.engine.agent import Action
from acd.engine.state import EngineState
from acd.ports import Journal
from acd.runtime.dispatcher import Codec, Dispatcher
from acd.store.codec import decode, encode
from acd.store.journal import SqliteJournal
from acd.store.pieces import StatePieces
from tests.engine_kit import GW, make_plan
from tests.fakes.perfect_pbx import PerfectPbx
from tests.fakes.ports import FakeRecordings, FakeRecords
from tests.fakes.virtual_time import VirtualClock, settle

CODEC = Codec(StatePieces(), lambda data: decode(EngineState, data))
ACTIONS: tuple[Action, ...] = ("login", "logout", "ready", "pause", "end_wrap_up")


class _Counted:
    """The journal, and which number its next event gets."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.seq = 0
        self.append_to = journal.append
        self.place = journal.place
        self.snapshot = journal.snapshot
        self.load = journal.load
        self.flush = journal.flush
        self.close = journal.close

    def append(self, event: Event) -> None:
        self.seq += 1
        self.append_to(event)


class _Recorder(Dispatcher):
    """The dispatcher, noting each command as it is carried out, all of an event's before the next event's."""

    def note(self, journal: _Counted, lines: list[str]) -> None:
        self._counted, self._lines = journal, lines

    def _explain(self) -> None:
        for explain in self._account():
            self._carry_out(explain())

    def _carry_out(self, command: Command) -> None:
        if not isinstance(command, Ignored):
            self._lines.append(f"{self._counted.seq}\t> {encode(command).decode()}")
        super()._carry_out(command)


@dataclass
class Episode:
    """One or several lives of the engine beside one PBX. ``lines`` are the decisions, as ``acd replay`` prints them."""

    path: Path
    keep_all: bool = True
    lines: list[str] = field(default_factory=list)
    clock: VirtualClock = field(default_factory=VirtualClock)
    pbx: PerfectPbx = field(default_factory=PerfectPbx)
    records: FakeRecords = field(default_factory=FakeRecords)
    calls: int = 0
    seq: int = 0

    # ------------------------------------------------------------ lives

    async def begin(self) -> None:
        """Start a life: recover, connect, resync."""
        self.journal = _Counted(SqliteJournal(self.path, keep_all=self.keep_all))
        self.journal.seq = self.seq
        port: Journal = self.journal
        self.dispatcher = _Recorder(self.clock, port, self.records, FakeRecordings(), CODEC)
        self.dispatcher.note(self.journal, self.lines)
        await self.dispatcher.recover(make_plan())
        self.dispatcher.attach(self)
        await self.connect()

    async def crash(self) -> None:
        """End a life as a kill does: no snapshot, no farewell."""
        self.dispatcher._timers.close()
        await self._forget()

    async def stop(self) -> None:
        """End a life in order."""
        await self.dispatcher.close()
        await self._forget()

    async def _forget(self) -> None:
        self.pbx.connected = False
        self.pbx.reports.clear()
        await self.journal.close()
        self.seq = self.journal.seq

    # ------------------------------------------------------------ ports.CallControl

    def execute(self, command: TelephonyCommand) -> None:
        self.pbx.now = self.clock.now()
        self.pbx.execute(command)

    async def resync(self, *, after_gap: bool) -> Resynced:
        self.pbx.now = self.clock.now()
        return self.pbx.resync(after_gap=after_gap)

    # ------------------------------------------------------------ links

    async def connect(self) -> None:
        self.pbx.connected = True
        for link in ("ari", "ami"):
            self.dispatcher.submit(LinkChanged(self.clock.now(), link, up=True))
        self.dispatcher.submit(await self.resync(after_gap=True))
        self.dispatcher.release_timers()
        await self.pause(0)

    async def disconnect(self) -> None:
        self.pbx.connected = False
        for link in ("ari", "ami"):
            self.dispatcher.submit(LinkChanged(self.clock.now(), link, up=False))
        await self.pause(0)

    async def audit(self) -> None:
        self.dispatcher.submit(await self.resync(after_gap=False))
        await self.pause(0)

    # ------------------------------------------------------------ time, people

    async def pause(self, seconds: float) -> None:
        """Deliver what the PBX has to report, and let time pass in steps, so that reports keep their moments."""
        until = self.clock.now() + seconds
        while True:
            self.deliver()
            await settle(3)
            if not (self.pbx.reports or self.pbx.manager_reports):
                if self.clock.now() >= until:
                    return
                await asyncio.sleep(min(0.5, until - self.clock.now()))

    def deliver(self) -> None:
        while self.pbx.reports:
            self.dispatcher.submit(self.pbx.reports.popleft())
        while self.pbx.manager_reports:
            self.dispatcher.submit(self.pbx.manager_reports.popleft())

    async def call(self, code: str = "169", endpoint: str = GW) -> LegId:
        self.calls += 1
        leg, caller = LegId(f"call{self.calls}"), f"08119990{self.calls:03d}"
        self.pbx.now = self.clock.now()
        channel = self.pbx.new_channel(leg, endpoint, extension=code, caller=caller)
        self.dispatcher.submit(CallArrived(self.clock.now(), leg, channel.name, code, caller))
        await self.pause(0)
        return leg

    async def press(self, leg: LegId, digits: str) -> None:
        for digit in digits:
            self.dispatcher.submit(DigitPressed(self.clock.now(), leg, digit))
            await self.pause(0.5)

    async def hear_out(self, leg: LegId) -> None:
        """A caller listens to the end."""
        self.pbx.now = self.clock.now()
        for playback in [p for p, where in self.pbx.playbacks.items() if where == leg]:
            self.pbx.end_playback(playback)
        await self.pause(0)

    async def hang_up(self, leg: LegId, cause: int = 16) -> None:
        self.pbx.now = self.clock.now()
        if leg in self.pbx.channels:
            self.pbx.end(leg, cause)
        await self.pause(0)

    def ringing(self) -> list[LegId]:
        return [leg for leg, channel in self.pbx.channels.items() if channel.agent_device and not channel.up]

    async def pick_up(self, leg: LegId | None = None) -> None:
        self.pbx.now = self.clock.now()
        self.pbx.answer_phone(leg or self.ringing()[0])
        await self.pause(0)

    async def ask(self, agent: str, action: Action, reason: str = "") -> None:
        await self.dispatcher.request_agent(AgentId(agent), action, reason)
        await self.pause(0)

    async def dial(self, agent: str, code: str) -> None:
        """An agent's phone dials a feature code and hears what became of it."""
        self.calls += 1
        leg = LegId(f"phone{self.calls}")
        self.pbx.now = self.clock.now()
        channel = self.pbx.new_channel(leg, f"PJSIP/{agent}", extension=code)
        self.dispatcher.submit(AgentDialled(self.clock.now(), leg, channel.name, code))
        await self.pause(1)
        await self.hear_out(leg)


# ---------------------------------------------------------------- what happens


async def a_busy_morning(episode: Episode) -> None:
    """Menus, offers taken, refused and missed, a full trunk, a lost link, a crash, a restart and the closing time."""
    await episode.begin()
    for agent in ("ana", "budi", "citra"):
        await episode.ask(agent, "login")
    await _offers(episode)
    await _other_ends(episode)
    await _without_link(episode)
    await _across_a_crash(episode)
    await _phones(episode)
    await episode.pause(8 * 3600)
    late = await episode.call(endpoint="DAHDI/i1/2")
    await episode.press(late, "1")
    await episode.hear_out(late)
    await episode.pause(1)
    await episode.stop()


async def _offers(episode: Episode) -> None:
    first = await episode.call()
    await episode.press(first, "11")
    await episode.hang_up(episode.ringing()[0], 21)  # the agent refuses
    await episode.pause(2)
    await episode.pick_up()  # the next one does not
    second = await episode.call()
    await episode.press(second, "2")
    await episode.hear_out(second)
    await episode.press(second, "21")  # English, technical help, a key too many
    await episode.pause(20)  # nobody picks up in time
    third = await episode.call()
    await episode.press(third, "11")
    await episode.call()  # the trunk is full
    await episode.pause(8)
    await episode.hang_up(third)  # abandoned
    await episode.pause(30)
    await episode.hang_up(first)
    await episode.pause(15)
    await episode.hang_up(second)


async def _other_ends(episode: Episode) -> None:
    helped = await episode.call()
    await episode.press(helped, "13")
    await episode.press(helped, "12345")
    await episode.hear_out(helped)
    served = await episode.call()
    await episode.press(served, "13")
    await episode.press(served, "4711#")
    await episode.hear_out(served)
    elsewhere = await episode.call()
    await episode.press(elsewhere, "14")
    await episode.pause(1)
    await episode.call("999")  # no number of ours
    silent = await episode.call()
    for _ in range(5):  # chooses nothing from any menu
        await episode.hear_out(silent)
        await episode.pause(6)
    await episode.hang_up(elsewhere)
    await episode.pause(5)


async def _without_link(episode: Episode) -> None:
    talking = await episode.call(endpoint="DAHDI/i1/2")
    await episode.press(talking, "11")
    await episode.pick_up()
    waiting = await episode.call(endpoint="DAHDI/i1/2")
    await episode.press(waiting, "12")
    await episode.disconnect()
    await episode.hang_up(talking)  # nobody hears of it
    await episode.pause(5)
    await episode.connect()
    await episode.audit()
    if episode.ringing():
        await episode.pick_up()
    await episode.pause(10)
    await episode.hang_up(waiting)
    await episode.pause(15)


async def _across_a_crash(episode: Episode) -> None:
    await episode.ask("dewi", "login")
    talking = await episode.call()
    await episode.press(talking, "11")
    await episode.pick_up()
    waiting = await episode.call(endpoint="DAHDI/i1/2")
    await episode.press(waiting, "12")
    await episode.crash()
    await asyncio.sleep(3)
    await episode.begin()
    if episode.ringing():
        await episode.pick_up()
    await episode.pause(4)
    await episode.stop()
    await asyncio.sleep(2)
    await episode.begin()
    await episode.hang_up(talking)
    await episode.hang_up(waiting)
    await episode.pause(20)


async def _phones(episode: Episode) -> None:
    await episode.ask("ana", "pause", "lunch")
    await episode.ask("ana", "pause", "no such reason")
    await episode.dial("ana", "*1")
    await episode.dial("ana", "*7")
    at = episode.clock.now
    episode.dispatcher.submit(PhoneChanged(at(), "PJSIP/ana", reachable=True, busy=True))
    episode.dispatcher.submit(PhoneChanged(at(), "PJSIP/budi", reachable=False, busy=False))
    episode.dispatcher.submit(TrunkChanged(at(), GW, up=False, detail="Unreachable"))
    hopeless = await episode.call("170")
    await episode.pause(3)
    await episode.hang_up(hopeless)
    episode.dispatcher.submit(PhoneChanged(at(), "PJSIP/ana", reachable=True, busy=False))
    await episode.pause(1)


async def a_storm(episode: Episode, seed: int, steps: int) -> None:
    """Whatever chance brings, restarts among it. The same seed gives the same storm."""
    chance = Random(seed)
    await episode.begin()
    for _ in range(steps):
        await gust(episode, chance)
    await episode.stop()


async def gust(episode: Episode, chance: Random) -> None:
    """One thing that chance brings."""
    legs = list(episode.pbx.channels)
    match chance.randrange(20):
        case 0 | 1 | 2 | 3:
            endpoint = chance.choice([GW, "DAHDI/i1/2"])
            await episode.call(chance.choice(["169", "169", "169", "170", "999"]), endpoint)
        case 4 | 5 | 6 | 7 if legs:
            await episode.press(chance.choice(legs), chance.choice("1112349*#"))
        case 8 | 9 if legs:
            await episode.hear_out(chance.choice(legs))
        case 10 | 11 if legs:
            await episode.hang_up(chance.choice(legs), chance.choice([16, 17, 21]))
        case 12 | 13 | 14 if episode.ringing():
            await episode.pick_up(chance.choice(episode.ringing()))
        case 15:
            agent = chance.choice(["ana", "budi", "citra", "dewi"])
            await episode.ask(agent, chance.choice(ACTIONS), chance.choice(["", "lunch"]))
        case 16 if episode.pbx.connected:
            await episode.disconnect()
        case 17:
            await (episode.audit() if episode.pbx.connected else episode.connect())
        case 18 if chance.random() < 0.2:
            await (episode.crash() if chance.random() < 0.5 else episode.stop())
            await asyncio.sleep(chance.random() * 5)
            await episode.begin()
        case _:
            await episode.pause(chance.choice([0.5, 2, 5, 20]))
