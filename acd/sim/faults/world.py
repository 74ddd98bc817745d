"""A history: a deployment, its people, one engine after the other, everything that goes wrong, and what was found.

Decides the order of a history: it opens, goes on for so many seconds, calms down, comes to rest, is looked through.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random

from acd.domain.commands import TelephonyCommand
from acd.domain.plan import AgentAction, Plan
from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.clock import Scheduler
from acd.sim.faults.disk import Database, Disk
from acd.sim.faults.engine import Codecs, Life, Outside
from acd.sim.faults.pair import Seat
from acd.sim.faults.people import Crowd, Habits
from acd.sim.faults.points import Points
from acd.sim.faults.replaying import once_decoded
from acd.sim.faults.trouble import Rates, Trouble
from acd.sim.faults.verdicts import LOOK_EVERY_S, Violation
from acd.sim.faults.watch import Watch

REST_S = 7_200.0
"""Longest time until all promises to call back were kept or given up."""
CALM_S = 100.0
TAKEOVER_S = 3.0
DOWN_S = (0.1, 15.0)
"""How long a killed engine is away, mostly."""
LONG_DOWN_S = (15.0, 45.0)
LONG_DOWN = 0.2
NEVER_S = 1e9


@dataclass(frozen=True, slots=True)
class Wanted:
    """One history."""

    seed: int
    seconds: float = 600.0
    habits: Habits = field(default_factory=Habits)
    rates: Rates = field(default_factory=Rates)
    place: str = ""
    """Where to kill the engine, see ``points``; empty: only by chance."""
    nth: int = 0
    dead_man_s: float = 10.0
    """How long callers stay with an engine that says nothing."""
    pair: bool = False
    """Whether there are two engines, one of which stands by."""


@dataclass(slots=True)
class History:
    """What was found."""

    seed: int
    trace: str
    """A hash over all that was decided: the same for the same seed."""
    calls: int
    records: int
    unseen: int
    """Callers who came and went while no engine could know of them."""
    lives: int
    faults: Counter[str]
    checked: Counter[str]
    violations: list[Violation]
    points: Points
    virtual_s: float
    events: int
    defects: list[str] = field(default_factory=list)


class World:
    """One history while it goes on."""

    def __init__(self, plan: Plan, codecs: Codecs, wanted: Wanted) -> None:
        self.wanted = wanted
        codecs = replace(codecs, event=once_decoded(codecs.event))
        self.scheduler = Scheduler()
        parts = ("people", "asterisk", "trouble", "engine", "world", "clock")
        chances = [Random(f"{wanted.seed} {part}") for part in parts]  # noqa: S311 - not for secrets
        people, in_asterisk, in_trouble, in_engine, self._chance, of_clock = chances
        self.database, self.disk = Database(), Disk()
        self.points = Points(wanted.place, wanted.nth)
        # Of two engines each has a machine of its own; here there is one clock.
        rates = replace(wanted.rates, clock_between_s=NEVER_S) if wanted.pair else wanted.rates
        self.trouble = Trouble(self.scheduler, in_trouble, of_clock, rates, self.disk, self.database, self.points)
        devices = tuple(agent.device for agent in plan.agents.values())
        codes = tuple(map(str, plan.access_codes))
        self.asterisk = Asterisk(self.scheduler, in_asterisk, codes, devices, dead_man_s=wanted.dead_man_s)
        self.trouble.asterisk = self.asterisk
        self.trouble.noticed_s = codecs.ari.unseen_s
        self.trouble.life = lambda: self.life
        self.crowd = Crowd(self.scheduler, self.asterisk, people, plan, wanted.habits, self._ask)
        self.watch = Watch(
            self.scheduler, self.asterisk, self.crowd, self.database, codecs, plan, lambda: self.trouble.troubled
        )
        self.trouble.stalled = self.watch.unsynced
        self.trouble.flood = self.crowd.flood
        self.asterisk.onlooker = self.watch
        self._trace = blake2b(digest_size=8)
        self._events = 0
        self.lives = 0
        self.life: Life | None = None
        """The active one."""
        self._alive: list[Life] = []
        self._orphaned_at: float | None = None
        """When the active one died though another stood by and could have taken over."""
        self.defects: list[str] = []
        self._ending = False
        self.outside = Outside(
            self.scheduler,
            self.asterisk,
            self.trouble,
            self.disk,
            self.database,
            codecs,
            plan,
            Seat(self.scheduler, self.disk, self.database, codecs.succession) if wanted.pair else None,
            self.points,
            in_engine,
            self._heard,
            self._ordered,
            self.watch.synced,
            self._died,
            self.watch.accounts.told,
            lambda life: self.watch.accounts.recovered(life.state.contacts),
            self.watch.unsynced,
            self.watch.kept,
            self.watch.arrived,
            self.watch.draining,
            self._activated,
            self.watch.clock_told,
        )

    # ------------------------------------------------------------ a history

    def run(self) -> History:
        """Live through it."""
        self._begin_life()
        if self.wanted.pair:
            self.scheduler.after(0.5, self._begin_life)
        self.crowd.begin()
        self.trouble.begin()
        self.scheduler.after(LOOK_EVERY_S, self._look)
        self.scheduler.run(self.wanted.seconds)
        self.trouble.end()
        self.crowd.close()
        self.scheduler.run(self.scheduler.time + CALM_S)
        self.rest()
        return self._told()

    def rest(self) -> None:
        """Everybody hangs up; then time passes until nothing is left to be done."""
        until = self.scheduler.time + REST_S
        while self.scheduler.time < until:
            self.crowd.everybody_hangs_up()
            self.scheduler.run(self.scheduler.time + CALM_S)
            if self.life is not None and self.life.serving and self._at_rest(self.life):
                break
        self._ending = True
        for other in [life for life in self._alive if life is not self.life]:
            other.kill()
        if self.life is None or not self.life.serving:
            self.watch.verdicts.violated("no engine serves at the end")
            return
        self.watch.rested(self.life)
        self.watch.replayed(self.life)
        self.life.spawn(self.life.stop())
        self.scheduler.run(self.scheduler.time + 5.0)

    def _at_rest(self, life: Life) -> bool:
        state = life.state
        return not (state.contacts or state.leases or state.timers or state.recordings or self.asterisk.channels)

    def _told(self) -> History:
        found = self.watch.accounts.settled()
        return History(
            seed=self.wanted.seed,
            trace=self._trace.hexdigest(),
            calls=self.crowd.calls,
            records=found["records"],
            unseen=found["unseen"],
            lives=self.lives,
            faults=self.trouble.happened,
            checked=self.watch.verdicts.checked,
            violations=self.watch.verdicts.violations,
            points=self.points,
            virtual_s=self.scheduler.time,
            events=self._events,
            defects=self.defects,
        )

    def _look(self) -> None:
        if not self._ending:
            self.watch.look(self.life)
            self.scheduler.after(LOOK_EVERY_S, self._look)

    # ------------------------------------------------------------ engines

    def _begin_life(self) -> None:
        self.lives += 1
        life = Life(self.outside)
        self._alive.append(life)
        if not self.wanted.pair:
            self.life = life
        life.start()

    def _activated(self, life: Life) -> None:
        """One of two engines has taken its turn."""
        self.life = life
        seat = self.outside.seat
        if self._orphaned_at is not None and seat is not None and seat.unanswered_at < self._orphaned_at:
            took_s = self.scheduler.time - self._orphaned_at
            self.watch.verdicts.holds(
                "a standby takes over in time", f"after {took_s:.2f} s", true=took_s <= TAKEOVER_S
            )
        self._orphaned_at = None

    def _died(self, life: Life) -> None:
        self._alive.remove(life)
        # One that is stopped, or was the active one before, can take no place.
        could = [one for one in self._alive if not one.loop.stopped and not one.token]
        standing_by = [one for one in could if one.began < self.scheduler.time - 1.0]
        seat = self.outside.seat
        if seat is not None and (life is self.life or self._orphaned_at is not None):  # or it had just taken the seat
            self._orphaned_at = self.scheduler.time if standing_by and not seat.away else None
        inside = life.loop.running
        self.watch.died(life, inside=inside)
        self.defects += life.loop.defects
        if life is self.life:
            self.life = None
        if not self._ending:
            down_s = LONG_DOWN_S if self._chance.random() < LONG_DOWN else DOWN_S
            self.scheduler.after(self._chance.uniform(*down_s), self._begin_life)

    def _ask(self, agent: str, action: AgentAction, reason: str) -> None:
        life = self.life
        if life is not None and life.recovered and not life.loop.dead:
            life.ask(agent, action, reason)

    def _heard(self, payload: bytes) -> None:
        self._events += 1
        self._trace.update(payload)

    def _ordered(self, life: Life, command: TelephonyCommand) -> None:
        self._trace.update(f"{command.kind} {command.contact_id}".encode())
        self.watch.ordered(life, command)
