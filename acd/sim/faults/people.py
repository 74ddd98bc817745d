"""Callers, customers and agents: what they do at their ends of the channels, by chance.

Decides who calls when, how long prompts are heard, which keys are pressed, whether a phone is picked up and who hangs
up. They know of the engine what its API lets agents ask for, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from acd.domain.ids import LegId, PlaybackId, is_customer_leg
from acd.domain.plan import AgentAction, Plan
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.channels import FROM_AGENTS, Channel
from acd.sim.faults.clock import Scheduler

Ask = Callable[[str, AgentAction, str], None]
"""An agent, what it wants, and a reason."""
STUBBORN = 0.15
"""Share of callers who wait for twenty minutes."""
LEFT_ALONE_S = 400.0
KEYS = "1112345600111222334450600*#9"


@dataclass(frozen=True, slots=True)
class Habits:
    """How people behave; times in seconds."""

    between_calls_s: float = 7.0
    patience_s: float = 90.0
    talk_s: float = 45.0
    answers: float = 0.75
    """Share of rung phones that are picked up."""
    rejects: float = 0.1
    dies: float = 0.03
    """Share whose phone loses power while it rings."""


@dataclass(slots=True)
class Talk:
    """A caller talks with an agent whom an engine joined."""

    since: float
    until: float = float("inf")


class Crowd:
    """Everybody who is not the engine."""

    def __init__(
        self, scheduler: Scheduler, asterisk: Asterisk, chance: Random, plan: Plan, habits: Habits, ask: Ask
    ) -> None:
        self._scheduler = scheduler
        self._asterisk = asterisk
        self._chance = chance
        self._habits = habits
        self._ask = ask
        self._agents = {agent.device: agent.id for agent in plan.agents.values()}
        self._codes = [str(code) for code in plan.access_codes]
        self._features = list(plan.feature_codes)
        self._reasons = list(plan.pause_reasons)
        self._trunks = [prefix for trunk in plan.trunks.values() for prefix in trunk.channel_prefixes]
        self._numbers = [f"0811{900_000 + n}" for n in range(60)]
        self.open = True
        """Whether anybody still calls."""
        self.calls = 0
        self.called: dict[LegId, float] = {}
        """Every caller there ever was, by when."""
        self.ended: dict[LegId, float] = {}
        self.served: dict[LegId, float] = {}
        """Who was answered in Asterisk's own queue, and when."""
        self.talked: dict[LegId, list[Talk]] = {}
        """Who was joined with agents by an engine, and when."""
        asterisk.people = self

    # ------------------------------------------------------------ the day

    def begin(self) -> None:
        """Agents come to work, callers begin to call."""
        for number, agent in enumerate(self._agents.values()):
            self._scheduler.after(0.5 + number * 0.05, self._ask, agent, "login", "")
        self._scheduler.after(3.0, self._next_call)
        self._scheduler.after(20.0, self._somebody_wants_something)

    def close(self) -> None:
        """Nobody calls any more; agents stay, and are all there."""
        self.open = False
        self._all_work()

    def _all_work(self) -> None:
        for agent in self._agents.values():
            self._ask(agent, "login", "")
            self._ask(agent, "ready", "")
        self._scheduler.after(60.0, self._all_work)

    def everybody_hangs_up(self) -> None:
        """All callers give up, and those who were called back."""
        for channel in list(self._asterisk.channels.values()):
            if not channel.device or (is_customer_leg(channel.id) and channel.up):
                self._asterisk.end(channel.id)

    def _next_call(self) -> None:
        if not self.open:
            return
        self._scheduler.after(self._chance.expovariate(1 / self._habits.between_calls_s), self._next_call)
        if self._asterisk.up:
            self._call()

    def flood(self, calls: int) -> None:
        """Many more call at once than anybody planned for."""
        for _ in range(calls):
            self._scheduler.after(self._chance.random() * 2.0, self._call_if_up)

    def _call_if_up(self) -> None:
        if self._asterisk.up and self.open:
            self._call()

    def _call(self) -> None:
        code = self._codes[0] if self._chance.random() < 0.8 else self._chance.choice([*self._codes, "999"])  # noqa: PLR2004
        self.calls += 1
        channel = self._asterisk.call(self._chance.choice(self._trunks), code, self._chance.choice(self._numbers))
        self.called[channel.id] = self._scheduler.time
        patience = self._chance.expovariate(1 / self._habits.patience_s)
        if self._chance.random() < 0.05:  # noqa: PLR2004 - who changes their mind at once
            patience = self._chance.random() * 0.6
        elif self._chance.random() < STUBBORN:
            patience = 1_200.0
        self._scheduler.after(patience, self._loses_patience, channel)

    def _loses_patience(self, channel: Channel) -> None:
        if self._there(channel) and not self._talks(channel) and not channel.served:
            self._asterisk.end(channel.id, 16)

    def _somebody_wants_something(self) -> None:
        if not self.open:
            return
        self._scheduler.after(self._chance.expovariate(1 / 12.0), self._somebody_wants_something)
        device = self._chance.choice(list(self._agents))
        luck = self._chance.random()
        if luck < 0.25:  # noqa: PLR2004 - chances
            self._ask(self._agents[device], "pause", self._chance.choice(self._reasons))
            self._scheduler.after(self._chance.uniform(2, 40), self._ask, self._agents[device], "ready", "")
        elif luck < 0.35:  # noqa: PLR2004
            self._ask(self._agents[device], "logout", "")
            self._scheduler.after(self._chance.uniform(2, 40), self._ask, self._agents[device], "login", "")
        elif luck < 0.6 and not self._asterisk.busy(device) and self._asterisk.up:  # noqa: PLR2004
            channel = self._asterisk.dial_code(device, self._chance.choice(self._features))
            if channel is not None:
                self._scheduler.after(20.0, self._puts_down, channel)
        else:
            self._ask(self._agents[device], "ready", "")
        if not self._asterisk.reachable[device]:
            self._asterisk.set_reachable(device, reachable=True)

    def _puts_down(self, channel: Channel) -> None:
        if self._there(channel):
            self._asterisk.end(channel.id)

    def _there(self, channel: Channel) -> bool:
        return self._asterisk.channels.get(channel.id) is channel

    def _talks(self, channel: Channel) -> bool:
        members = self._asterisk.bridges.get(channel.bridge, ()) if channel.bridge is not None else ()
        return len(members) > 1

    # ------------------------------------------------------------ what they hear

    def played(self, channel: Channel, playback: PlaybackId) -> None:
        """Listen, press a key meanwhile or afterwards, or hang up."""
        if channel.context == FROM_AGENTS:
            self._scheduler.after(1.0, self._heard, playback)
            return
        self._scheduler.after(self._chance.uniform(0.2, 5.0), self._heard, playback)
        luck = self._chance.random()
        if luck < 0.6:  # noqa: PLR2004 - chances
            keys = self._chance.choice(KEYS)
            if self._chance.random() < 0.1:  # noqa: PLR2004 - a licence's number
                keys = "".join(self._chance.choice("0123456789") for _ in range(13))
            for number, key in enumerate(keys):
                delay = self._chance.uniform(0.1, 4.0) if number == 0 else 0.2
                self._scheduler.after(delay + number * 0.2, self._asterisk.press, channel.id, key)

    def _heard(self, playback: PlaybackId) -> None:
        if playback in self._asterisk.playbacks:
            self._asterisk.end_playback(playback)

    def joined(self, members: list[LegId]) -> None:
        """Talk for a while; one of the two hangs up."""
        if len(members) < 2:  # noqa: PLR2004 - who talks with nobody
            return
        for leg in members:
            if leg in self.called:
                talks = self.talked.setdefault(leg, [])
                if not talks or talks[-1].until <= self._scheduler.time:
                    talks.append(Talk(self._scheduler.time))
        talk = self._chance.expovariate(1 / self._habits.talk_s) + 0.1
        self._scheduler.after(talk, self._said_it_all, self._asterisk.channels[members[self._chance.randrange(2)]])

    def parted(self, members: list[LegId]) -> None:
        """Talk no more."""
        for leg in members:
            for talk in self.talked.get(leg, ()):
                talk.until = min(talk.until, self._scheduler.time)

    def _said_it_all(self, channel: Channel) -> None:
        if self._there(channel):
            self._asterisk.end(channel.id)

    # ------------------------------------------------------------ phones that ring

    def rung(self, channel: Channel) -> None:
        """A phone we dial: what becomes of it."""
        if is_customer_leg(channel.id):
            self._customer_rung(channel)
            return
        device, after = channel.device, self._scheduler.after
        others = [c for c in self._asterisk.channels.values() if c is not channel and c.name.startswith(device + "-")]
        if not self._asterisk.reachable[device]:
            after(0.02, self._fails, channel, 34)
        elif others:
            after(0.03, self._fails, channel, 17)
        else:
            luck, habits = self._chance.random(), self._habits
            if luck < habits.answers:
                after(self._chance.uniform(0.05, 6.0), self._picks_up, channel)
            elif luck < habits.answers + habits.rejects:
                after(self._chance.uniform(0.05, 4.0), self._fails, channel, 21)
            elif luck < habits.answers + habits.rejects + habits.dies:
                after(self._chance.uniform(0.05, 4.0), self._dies, channel)

    def _customer_rung(self, channel: Channel) -> None:
        luck = self._chance.random()
        if luck < 0.7:  # noqa: PLR2004 - chances
            self._scheduler.after(self._chance.uniform(0.5, 10), self._picks_up, channel)
        elif luck < 0.9:  # noqa: PLR2004
            self._scheduler.after(self._chance.uniform(0.5, 3), self._fails, channel, 17)

    def _picks_up(self, channel: Channel) -> None:
        if self._there(channel):
            self._asterisk.answer_phone(channel.id)
            self._scheduler.after(LEFT_ALONE_S, self._is_left_alone, channel)

    def _is_left_alone(self, channel: Channel) -> None:
        """Who picked up and hears nobody puts the phone down."""
        if self._there(channel):
            if not self._talks(channel) and not self._asterisk.hears_something(channel):
                self._asterisk.end(channel.id)
            else:
                self._scheduler.after(LEFT_ALONE_S, self._is_left_alone, channel)

    def _fails(self, channel: Channel, cause: int) -> None:
        if self._there(channel):
            self._asterisk.end(channel.id, cause)

    def _dies(self, channel: Channel) -> None:
        if self._there(channel):
            self._asterisk.set_reachable(channel.device, reachable=False)
            self._asterisk.end(channel.id, 38)
            self._scheduler.after(45.0, self._is_back, channel.device)

    def _is_back(self, device: str) -> None:
        if not self._asterisk.reachable[device]:
            self._asterisk.set_reachable(device, reachable=True)

    # ------------------------------------------------------------ Asterisk's own queue

    def in_fallback(self, channel: Channel) -> None:  # noqa: ARG002 - whoever is first is served
        """An agent's phone is rung by Asterisk itself."""
        self._scheduler.after(self._chance.uniform(2, 15), self._fallback_rings)

    def _fallback_rings(self) -> None:
        """One call for each who came: whoever is first by then is served."""
        line = self._asterisk.queue.line()
        if not line:
            return
        free = [d for d in self._agents if self._asterisk.reachable[d] and not self._asterisk.busy(d)]
        if not free:
            self._scheduler.after(5.0, self._fallback_rings)
            return
        channel = self._asterisk.channels[line[0]]
        member = self._asterisk.serve(channel.id, self._chance.choice(free))
        self.served[channel.id] = self._scheduler.time
        self._scheduler.after(self._chance.expovariate(1 / self._habits.talk_s), self._fallback_over, channel, member)

    def _fallback_over(self, *channels: Channel) -> None:
        for channel in channels:
            if self._there(channel):
                self._asterisk.end(channel.id)

    def gone(self, channel: Channel) -> None:
        """Note the end of a caller."""
        if channel.id in self.called:
            self.ended[channel.id] = self._scheduler.time
            self.parted([channel.id])
