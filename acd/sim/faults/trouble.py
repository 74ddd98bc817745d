"""What goes wrong, by chance: the engine, Asterisk, the ways between them, the disk and the database.

Decides when something breaks, for how long, and how the wire behaves meanwhile. Must not know what anybody makes of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

from acd.sim.faults.asterisk import Asterisk
from acd.sim.faults.clock import Scheduler
from acd.sim.faults.disk import Database, Disk
from acd.sim.faults.engine import Life
from acd.sim.faults.points import Points

Mishap = tuple[Literal["refused", "timeout"], bool]
KINDS = {
    "engine killed": 3,
    "engine killed in the middle of something": 3,
    "engine stopped and started": 1,
    "engine stopped, callers handed over": 1,
    "engine drained": 1,
    "engine stalled": 2,
    "ARI closed": 2,
    "ARI black-holed": 2,
    "AMI closed": 1,
    "AMI black-holed": 1,
    "Asterisk restarted": 1,
    "answers slow": 2,
    "requests refused": 3,
    "requests unanswered": 3,
    "database refuses": 2,
    "disk refuses": 1,
    "phone lost": 2,
    "flood of calls": 1,
}
FAILING = 0.35
"""Share of requests that fail while requests fail."""
CLOCK_SET_BY_S = (3600.0, -3600.0)
STAYS_CLOSED_S = (0.0, 3.0)
"""How long no new connection can be made after a black hole was noticed, at the latest."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How much goes wrong: mean seconds between two faults, and their weights."""

    between_s: float = 60.0
    kinds: tuple[tuple[str, int], ...] = tuple(KINDS.items())
    clock_between_s: float = 600.0
    """Mean seconds between two times that the machine's clock is set."""


class Trouble:
    """Breaks things, and is the network that may be broken."""

    def __init__(
        self,
        scheduler: Scheduler,
        chance: Random,
        clock_chance: Random,
        rates: Rates,
        disk: Disk,
        database: Database,
        points: Points,
    ) -> None:
        self._clock_chance = clock_chance
        self._scheduler = scheduler
        self._chance = chance
        self._rates = rates
        self._disk = disk
        self._database = database
        self._points = points
        self._mishaps: tuple[Mishap, ...] = ()
        self._slow_until = self._closed_until = self._failing_until = 0.0
        self._slow_s = 0.0
        self._over = False
        self.asterisk: Asterisk
        self.life: Callable[[], Life | None] = lambda: None
        self.stalled: Callable[[Life], None] = lambda _life: None
        self.noticed_s = 0.0
        """How long ARI is dead before an engine finds out, at the longest."""
        self.flood: Callable[[int], None] = lambda _calls: None
        self.happened: Counter[str] = Counter()
        self._do: dict[str, Callable[[Life], None]] = {
            "engine killed": Life.kill,
            "engine killed in the middle of something": self._kill_inside,
            "engine stopped and started": lambda life: life.spawn(life.stop()),
            "engine stopped, callers handed over": lambda life: life.spawn(life.stop(hand_over=True)),
            "engine drained": self._drain,
            "engine stalled": self._stall,
            "ARI closed": self._close_ari,
            "ARI black-holed": self._swallow_ari,
            "AMI closed": self._close_ami,
            "AMI black-holed": self._swallow_ami,
            "Asterisk restarted": self._restart_asterisk,
            "answers slow": self._slow,
            "requests refused": self._refuse,
            "requests unanswered": self._ignore,
            "database refuses": self._refuse_rows,
            "disk refuses": self._refuse_events,
            "phone lost": self._lose_phone,
            "flood of calls": lambda _life: self.flood(self._chance.randrange(40, 160)),
        }

    # ------------------------------------------------------------ the network

    def delay(self) -> float:
        """How long a message takes now."""
        if self._scheduler.time < self._slow_until:
            return self._chance.random() * self._slow_s
        return 0.0003 + self._chance.random() * 0.003

    def mishap(self) -> Mishap | None:
        """Whether the next request fails."""
        if self._scheduler.time < self._failing_until and self._chance.random() < FAILING:
            return self._chance.choice(self._mishaps)
        return None

    def open(self) -> bool:
        """Whether a connection can be made now."""
        return self._scheduler.time >= self._closed_until

    @property
    def troubled(self) -> bool:
        """Whether anything stands between the engine and Asterisk now."""
        life = self.life()
        session, connection = (life.wire.session, life.manager.connection) if life is not None else (None, None)
        cut = session is None or session.cut or connection is None or connection.cut
        return cut or self._scheduler.time < max(self._slow_until, self._failing_until, self._closed_until)

    # ------------------------------------------------------------ chance

    def begin(self) -> None:
        """Let things go wrong from now on."""
        self._scheduler.after(self._chance.expovariate(1 / self._rates.between_s), self._next)
        self._set_clock_later()

    def _set_clock_later(self) -> None:
        self._scheduler.after(self._clock_chance.expovariate(1 / self._rates.clock_between_s), self._set_clock)

    def _set_clock(self) -> None:
        """Somebody, or a wrong time server, sets the clock of the machine."""
        if not self._over:
            self.happened["clock set"] += 1
            self._scheduler.set_at = self._scheduler.time
            self._scheduler.set_by += self._clock_chance.choice(CLOCK_SET_BY_S)
            self._set_clock_later()

    def end(self) -> None:
        """Mend everything."""
        self._over = True
        self._slow_until = self._closed_until = self._failing_until = 0.0
        self._disk.refusing = self._database.refusing = False
        self._points.countdown = 0
        life = self.life()
        if life is not None:
            self._resume(life)
        for device in self.asterisk.devices:
            if not self.asterisk.reachable[device]:
                self.asterisk.set_reachable(device, reachable=True)

    def _next(self) -> None:
        if self._over:
            return
        self._scheduler.after(self._chance.expovariate(1 / self._rates.between_s), self._next)
        names = [name for name, _ in self._rates.kinds]
        kind = self._chance.choices(names, [weight for _, weight in self._rates.kinds])[0]
        self.happen(kind)

    def happen(self, kind: str) -> None:
        """Let one thing go wrong now, if there is an engine it could happen to."""
        life = self.life()
        if life is not None and not life.loop.dead and not life.loop.stopped:
            self.happened[kind] += 1
            self._do[kind](life)

    def _later(self, least: float, most: float, call: Callable[..., object], *args: object) -> None:
        self._scheduler.after(self._chance.uniform(least, most), call, *args)

    # ------------------------------------------------------------ the engine

    def _kill_inside(self, _life: Life) -> None:
        self._points.countdown = self._chance.randrange(1, 60)

    def _stall(self, life: Life) -> None:
        """SIGSTOP; after a while Asterisk may have given the connection up without letting go of it (1011)."""
        session, seconds = life.wire.session, self._chance.uniform(0.2, 12.0)
        self.stalled(life)
        life.loop.stop_all()
        self._scheduler.after(seconds, life.loop.go_on)
        if session is not None and seconds > 2.0 and self._chance.random() < 0.5:  # noqa: PLR2004 - it wrote too much
            self._scheduler.after(seconds / 2, setattr, session, "cut", True)  # noqa: FBT003 - cut
            life.loop.call_later(seconds, life.wire.lose, session)

    def _drain(self, life: Life) -> None:
        """By order, until the next one; the end of trouble ends it too."""
        if life.recovered and not life.dispatcher.draining:
            life.loop.perform(lambda: life.drain(on=True))
            self._later(3.0, 90.0, self._resume, life)

    def _resume(self, life: Life) -> None:
        if not life.loop.dead and life.dispatcher.draining:
            life.loop.perform(lambda: life.drain(on=False))

    # ------------------------------------------------------------ the links

    def _close_ari(self, life: Life) -> None:
        session = life.wire.session
        if session is not None:
            session.cut = True
            if self.asterisk.client is session:
                self.asterisk.client = None
            self._closed_until = self._scheduler.time + self._chance.choice([0.0, 0.5, 5.0])
            life.loop.call_later(0.01, life.wire.lose, session)

    def _swallow_ari(self, life: Life) -> None:
        """Nothing passes; Asterisk still believes in its client, the engine finds out by itself."""
        session = life.wire.session
        if session is not None:
            session.cut = True
            self._closed_until = self._scheduler.time + self.noticed_s + self._chance.choice(STAYS_CLOSED_S)

    def _close_ami(self, life: Life) -> None:
        connection = life.manager.connection
        if connection is not None:
            connection.cut = True
            life.loop.call_later(0.01, life.manager.lose, connection)

    def _swallow_ami(self, life: Life) -> None:
        connection = life.manager.connection
        if connection is not None:
            connection.cut = True

    def _slow(self, _life: Life) -> None:
        self._slow_s = self._chance.uniform(0.2, 7.0)
        self._slow_until = self._scheduler.time + self._chance.uniform(2, 12)

    def _refuse(self, _life: Life) -> None:
        self._fail(("refused", False))

    def _ignore(self, _life: Life) -> None:
        self._fail(("timeout", False), ("timeout", True))

    def _fail(self, *how: Mishap) -> None:
        self._mishaps = how
        self._failing_until = self._scheduler.time + self._chance.uniform(0.5, 8.0)

    # ------------------------------------------------------------ the rest

    def _restart_asterisk(self, life: Life) -> None:
        asterisk, session, connection = self.asterisk, life.wire.session, life.manager.connection
        asterisk.up = False
        asterisk.restart()
        if session is not None:
            session.cut = True
            life.loop.call_later(0.01, life.wire.lose, session)
        if connection is not None:
            connection.cut = True
            life.loop.call_later(0.01, life.manager.lose, connection)
        for device in asterisk.devices:
            asterisk.reachable[device] = False
        self._later(0.5, 6.0, self._asterisk_is_back)

    def _asterisk_is_back(self) -> None:
        self.asterisk.up = True
        for device in self.asterisk.devices:
            self._later(0.0, 8.0, self._phone_is_back, device)

    def _phone_is_back(self, device: str) -> None:
        self.asterisk.set_reachable(device, reachable=True)

    def _lose_phone(self, _life: Life) -> None:
        device = self._chance.choice(self.asterisk.devices)
        self.asterisk.set_reachable(device, reachable=False)
        self._later(3.0, 40.0, self._phone_is_back, device)

    def _refuse_rows(self, _life: Life) -> None:
        self._database.refusing = True
        self._later(2.0, 40.0, setattr, self._database, "refusing", False)  # noqa: FBT003 - refusing

    def _refuse_events(self, _life: Life) -> None:
        self._disk.refusing = True
        self._later(0.5, 15.0, setattr, self._disk, "refusing", False)  # noqa: FBT003 - refusing
