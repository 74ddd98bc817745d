"""The estimator against made-up traffic, beside the way ``app_queue`` estimates: an average of past waits.

Calls come to the real engine on a clock of the test's own; agents answer at once and talk for exponential times. Every
caller who has to wait is told both estimates when coming, and both are scored like announcements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from random import Random

import pytest

from acd.domain.commands import Command, HangUp, Originate
from acd.domain.events import CallArrived, Event, LegAnswered, LegEnded, LinkChanged, PlanLoaded
from acd.domain.ids import OUR_LEG_PREFIX, ContactId, LegId, QueueId
from acd.engine import estimate
from acd.engine.core import Engine
from acd.engine.score import NO_SCORE, EstimateScore
from acd.engine.state import Talking, Waiting
from tests.engine_kit import agent_plan, levels, make_plan, with_queue

TALK_S = 180.0
AGENTS = 10


@dataclass
class Traffic:
    """A queue with ten agents. ``load`` is what is offered at a time, as a share of what the agents can carry."""

    load: Callable[[float], float]
    seconds: float
    patience_s: float | None = None
    seed: int = 1
    ours: EstimateScore = NO_SCORE
    theirs: EstimateScore = NO_SCORE
    held_s: int = 0
    """app_queue's figure: 3/4 of the old one and 1/4 of the newest wait, in whole seconds."""
    told: dict[ContactId, tuple[float, float, float]] = field(default_factory=dict)
    """When a waiting caller came, and both estimates."""

    def __post_init__(self) -> None:
        plan = with_queue(make_plan(), "tech", max_wait_s=None, service_level_s=20.0, requires=levels(tech=1))
        team = [agent_plan(f"a{n}", login=True, tech=3, lang_id=5) for n in range(AGENTS)]
        trunks = {name: replace(trunk, capacity=10_000) for name, trunk in plan.trunks.items()}
        self.plan = replace(plan, agents={agent.id: agent for agent in team}, trunks=trunks)
        self.chance = Random(self.seed)
        self.engine = Engine()
        self.ahead: list[tuple[float, int, Event]] = []
        self.events = 0

    def at(self, event: Event) -> None:
        self.events += 1
        heappush(self.ahead, (event.at, self.events, event))

    def run(self) -> Traffic:
        self.at(PlanLoaded(0.0, self.plan))
        self.at(LinkChanged(0.0, "ari", up=True))
        self.come(0.0)
        while self.ahead:
            _, _, event = heappop(self.ahead)
            for command in self.engine.handle(event):
                self.obey(command, event.at)
            if isinstance(event, CallArrived):
                self.come(event.at)
                self.arrived(event)
            elif isinstance(event, LegAnswered):
                self.joined(ContactId(event.leg_id.removeprefix(OUR_LEG_PREFIX).rsplit("-", 1)[0]), event.at)
            elif isinstance(event, LegEnded):
                self.over(ContactId(event.leg_id), event.at, answered=False)
        return self

    def come(self, now: float) -> None:
        """The next caller: a Poisson stream whose rate changes with time, by thinning."""
        most = 2.0 * AGENTS / TALK_S
        while now < self.seconds:
            now += self.chance.expovariate(most)
            if self.chance.random() * 2.0 < self.load(now):
                self.at(CallArrived(now, LegId(f"c{self.events}"), "PJSIP/gw-1", "170", ""))
                return

    def obey(self, command: Command, now: float) -> None:
        if isinstance(command, Originate):
            self.at(LegAnswered(now, command.leg_id))
        elif isinstance(command, HangUp):
            self.at(LegEnded(now, command.leg_id, 16))

    def arrived(self, event: CallArrived) -> None:
        contact = self.engine.state.contacts[ContactId(event.leg_id)]
        if not isinstance(contact.phase, Waiting) or contact.phase.offers:
            return
        if self.patience_s is not None:
            self.at(LegEnded(event.at + self.chance.expovariate(1 / self.patience_s), contact.leg, 16))
        line = estimate.line(contact.phase)
        before = estimate.ahead(self.engine.state, contact, contact.phase)
        known = estimate.at_place(self.engine.state, line, before, event.at)
        if known is not None and self.held_s:
            self.told[contact.id] = (event.at, known.wait_s, float(self.held_s))

    def joined(self, contact_id: ContactId, now: float) -> None:
        contact = self.engine.state.contacts.get(contact_id)
        if contact is None or not isinstance(contact.phase, Talking) or contact.phase.since != now:
            return
        self.at(LegEnded(now + self.chance.expovariate(1 / TALK_S), contact.leg, 16))
        waited = int(now - (contact.queued_at or now))
        self.held_s = (self.held_s * 3 + waited) >> 2 if self.held_s else waited
        self.over(contact_id, now, answered=True)

    def over(self, contact_id: ContactId, now: float, *, answered: bool) -> None:
        if contact_id in self.told:
            then, ours, theirs = self.told.pop(contact_id)
            self.ours = self.ours.add(now - then - ours, answered=answered)
            self.theirs = self.theirs.add(now - then - theirs, answered=answered)


def figures(score: EstimateScore) -> tuple[float, float, float]:
    """Mean error, mean size of it, share within 30 s."""
    assert score.mean_error_s is not None
    assert score.mean_absolute_error_s is not None
    assert score.within_ratio is not None
    return score.mean_error_s, score.mean_absolute_error_s, score.within_ratio


def surge(at: float) -> float:
    """Twenty quiet minutes, then twenty of far too many calls, over and over."""
    return 0.7 if at % 2400 < 1200 else 1.4


SCENES = {
    "M/M/10, load 0.95": (lambda _: 0.95, None),
    "M/M/10, load 0.70 and 1.40 in turn": (surge, None),
    "M/M/10+M, load 1.20, patience 300 s": (lambda _: 1.2, 300.0),
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_estimate_is_better_than_an_average_of_past_waits(scene: str) -> None:
    load, patience = SCENES[scene]
    run = Traffic(load, 36_000.0, patience).run()
    ours, theirs = figures(run.ours), figures(run.theirs)
    print(f"{scene}: {run.ours.answered_total} answered, {run.ours.censored_total} left; "
          f"ours {ours}, app_queue's {theirs}")  # fmt: skip
    assert run.ours.answered_total > 500
    assert ours[1] < 0.8 * theirs[1]
    assert ours[2] > theirs[2]
    assert QueueId("tech") in run.engine.state.figures.queues
