"""Rehearsal: keeps the way from a caller to a ringing phone warm while calls come.

Between two calls others use the processor, and the next decision then begins with cold caches and takes three to four
times as long as its work. So while calls come, the decision is made every few milliseconds on a scratch engine whose
commands go nowhere. Nothing of it is journaled, counted or seen; without calls there is no rehearsal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from acd.domain.commands import Command
from acd.domain.events import CallArrived, Event, LegAnswered, LegEnded, LinkChanged, PlanLoaded
from acd.domain.flow import FlowPlan, QueueNode
from acd.domain.ids import OUR_LEG_PREFIX, FlowId, Language, LegId, NodeId
from acd.domain.plan import AccessCodePlan, Plan
from acd.engine.core import Engine

EVERY_S = 0.005
BUSY_S = 1.0
"""How long after a call the rehearsals go on."""
HUSH_S = 0.02
"""How long after a call they pause: a call on its way must not wait for one, and keeps the way warm itself."""


class Stage:
    """A scratch engine with the plan's agents, all ready, and one queue that a caller comes to at once."""

    def __init__(self, plan: Plan, write: Callable[[Event], object], say: Callable[[Command], object]) -> None:
        queue = next(iter(plan.queues.values()))
        flow, node = FlowId("rehearsal"), NodeId("queue")
        self._write = write
        self._say = say
        self._engine = Engine()
        self._calls = 0
        self._engine.handle(
            PlanLoaded(
                0.0,
                replace(
                    plan,
                    agents={agent.id: replace(agent, login_at_start=True) for agent in plan.agents.values()},
                    queues={queue.id: replace(queue, wrap_up_s=0.0, record=False)},
                    reservations=(),
                    access_codes={"rehearsal": AccessCodePlan("rehearsal", flow)},
                    flows={flow: FlowPlan(flow, node, (Language(""),), {node: QueueNode(node, queue.id)})},
                ),
            )
        )
        self._engine.handle(LinkChanged(0.0, "ari", up=True))

    def play(self) -> None:
        """One call from its arrival to its end."""
        self._calls += 1
        caller = LegId(f"rehearsal.{self._calls}")
        agent = LegId(f"{OUR_LEG_PREFIX}{caller}-1")
        at = float(self._calls) * 10_000  # so late that what is kept of the call before is forgotten
        for event in (
            CallArrived(at, caller, "", "rehearsal", ""),
            LegAnswered(at, agent),
            LegEnded(at, caller, 16),
            LegEnded(at, agent, 16),
        ):
            self._write(event)
            for command in self._engine.handle(event):
                self._say(command)
            self._engine.settle()


class Rehearsal:
    """Plays while calls come. ``called`` tells of each; ``close`` ends it.

    Args:
        write: makes the bytes of an event, as for the journal, and forgets them.
        say: makes the request of a command, as for Asterisk, and forgets it.
    """

    def __init__(self, write: Callable[[Event], object], say: Callable[[Command], object]) -> None:
        self._write = write
        self._say = say
        self._stage: Stage | None = None
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def use(self, plan: Plan) -> None:
        """Rehearse with this plan from now on; one without queues is not rehearsed."""
        self._stage = Stage(plan, self._write, self._say) if plan.queues else None

    def called(self) -> None:
        """A caller arrived."""
        loop = asyncio.get_running_loop()
        self._last = loop.time()
        if self._timer is None and self._stage is not None:
            self._timer = loop.call_later(HUSH_S, self._tick)

    def close(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        since = loop.time() - self._last
        self._timer = None
        if since < BUSY_S and self._stage is not None:
            if since >= HUSH_S:
                self._stage.play()
            self._timer = loop.call_later(EVERY_S, self._tick)
