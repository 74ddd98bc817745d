"""How callers stood in line when no engine served them any more: so Asterisk's own queue has to serve them.

Decides whose place Asterisk surely knew. Changes nothing.
"""

from __future__ import annotations

from acd.domain.ids import LegId
from acd.engine import dead_man
from acd.engine.state import EngineState
from acd.sim.faults.clock import Scheduler
from acd.sim.faults.own_queue import OwnQueue
from acd.sim.faults.verdicts import Verdicts

SETTLED_S = 4.5
"""Who was seen waiting for so long while an engine served has a place that Asterisk knows, too."""


class Standing:
    """Remembers places."""

    def __init__(self, scheduler: Scheduler, verdicts: Verdicts) -> None:
        self._scheduler = scheduler
        self._verdicts = verdicts
        self._seen: dict[LegId, tuple[float, int]] = {}
        """When callers were first seen in line, and where they stood at the last look."""
        self._order: dict[LegId, tuple[int, int]] = {}
        """How callers stood who were left to Asterisk's own queue, at the end and at the last look before."""

    def look(self, state: EngineState) -> None:
        """See who stands where while an engine serves."""
        now = self._scheduler.time
        line = [caller.leg for caller in dead_man.callers(state) if caller.place is not None]
        self._seen = {leg: (self._seen.get(leg, (now, place))[0], place) for place, leg in enumerate(line)}

    def leave(self, state: EngineState, since: float | None) -> None:
        """Remember how callers stood whom Asterisk's own queue may get now; ``since``: how long they were served."""
        now = self._scheduler.time
        line = [c for c in dead_man.callers(state) if now - self._seen.get(c.leg, (now, 0))[0] > SETTLED_S]
        settled = since is not None and now - since > SETTLED_S
        # What changed since the last look may not be known in Asterisk yet.
        order = {caller.leg: (place, self._seen[caller.leg][1]) for place, caller in enumerate(line)}
        self._order = order if settled else {}

    def served(self, leg: LegId, queue: OwnQueue) -> None:
        """An agent of Asterisk's own queue takes a caller: nobody may wait there who stood before."""
        mine = self._order.get(leg)
        if mine is not None:
            others = [(other, self._order[other]) for other in queue.line() if other in self._order]
            before = [other for other, place in others if place[0] < mine[0] and place[1] < mine[1]]
            self._verdicts.holds("order in Asterisk's own queue", f"{leg} before {before}", true=not before)
