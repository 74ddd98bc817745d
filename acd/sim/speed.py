"""How fast the simulator is: contacts lived through per second of one core, in a model of two groups with two skills.

Decides what is measured. The processor's time is taken, not the clock's, so that other work on the machine does not
count.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time

from acd.domain.ids import QueueId, SkillId
from acd.domain.plan import Plan, QueuePlan
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement
from acd.sim.chance import Exponential
from acd.sim.model import Crew, Kind, Model
from acd.sim.parts import group
from acd.sim.study import study

AGENTS = 20
"""In each group."""
SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured."""

    contacts: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Simulated contacts per second of one core."""
        return self.contacts / self.seconds


def two_groups() -> Model:
    """Two kinds of contact at a load of 0.95; one group knows both skills, the other one. Callers give up."""
    skills = {"G": (SkillLevel(SkillId("a"), 5), SkillLevel(SkillId("b"), 3)), "H": (SkillLevel(SkillId("b"), 5),)}
    groups = {name: group(name, AGENTS, known) for name, known in skills.items()}
    queues = {
        QueueId(name): QueuePlan(QueueId(name), name, (SkillLevel(SkillId(name.lower()), 1),)) for name in ("A", "B")
    }
    plan = Plan("", {agent.id: agent for agents in groups.values() for agent in agents}, queues, {}, {}, {}, {})
    return Model(
        plan=plan,
        kinds=tuple(
            Kind(
                name=queue.name,
                need=Requirement(queue.id, queue.requires),
                priority=0,
                rates=(0.95 * AGENTS / 180.0,),
                service=Exponential((180.0,)),
                patience=Exponential((240.0,)),
            )
            for queue in queues.values()
        ),
        crews=tuple(Crew(name, tuple(a.id for a in agents), ((0.0, AGENTS),)) for name, agents in groups.items()),
        capacity=60,
        start_s=0.0,
        periods_s=(36000.0,),
        warm_up_s=0.0,
        day_factor=None,
        target_s=20.0,
    )


def measure(seconds: float = SECONDS) -> Speed:
    """Simulate for so many seconds of processor time, arrivals and statistics included."""
    model, contacts, number = two_groups(), 0, 0
    begin = process_time()
    while (took := process_time() - begin) < seconds or not contacts:
        contacts += sum(outcome.total.offered for outcome in study(model, number, 1).outcomes)
        number += 1
    return Speed(contacts, took)
