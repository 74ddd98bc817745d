"""The simulator held against queueing theory: M/M/c, M/M/c/c and M/M/c+M over a grid of sizes and loads.

Each cell is one figure of one system: what theory says, and the interval the simulator gives. About one cell in twenty
should lie outside. ``python -m tests.theory_grid`` runs a larger grid than the tests do and prints every cell.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from acd.domain.ids import AgentId, QueueId, SkillId
from acd.domain.plan import Plan, QueuePlan
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement
from acd.sim import erlang
from acd.sim.chance import Exponential
from acd.sim.figures import report
from acd.sim.model import Crew, Kind, Model
from acd.sim.parts import group
from acd.sim.service_level import service_level
from acd.sim.statistics import Estimate
from acd.sim.study import study

AHT_S = 60.0
TARGET_S = 20.0
NEEDS = (SkillLevel(SkillId("a"), 1),)


@dataclass(frozen=True)
class Cell:
    """One figure of one system."""

    name: str
    theory: float
    found: Estimate

    @property
    def inside(self) -> bool:
        """Whether theory lies inside the interval."""
        return self.found.holds(self.theory)


@dataclass(frozen=True)
class Effort:
    """How long a replication runs, how much of it is not counted, and how many there are."""

    contacts: int
    warm_up_s: float
    replications: int
    seed: int


def model(name: str, system: erlang.System, effort: Effort) -> Model:
    """The system as the simulator takes it: one skill, one kind of contact, one group.

    The kind's name is part of its streams' seed, so every system has chance of its own.
    """
    rate = system.calls_per_hour / 3600
    agents = group("G", system.agents, NEEDS)
    queue = QueuePlan(QueueId("A"), "A", NEEDS)
    return Model(
        plan=Plan("", {a.id: a for a in agents}, {queue.id: queue}, {}, {}, {}, {}),
        kinds=(
            Kind(
                name=name,
                need=Requirement(queue.id, NEEDS),
                priority=0,
                rates=(rate,),
                service=Exponential((system.aht,)),
                patience=Exponential((system.patience,)) if system.patience is not None else None,
            ),
        ),
        crews=(Crew("G", tuple(AgentId(a.id) for a in agents), ((0.0, system.agents),)),),
        capacity=system.lines,
        start_s=0.0,
        periods_s=(effort.warm_up_s + effort.contacts / rate,),
        warm_up_s=effort.warm_up_s,
        day_factor=None,
        target_s=TARGET_S,
    )


def cells(name: str, system: erlang.System, effort: Effort) -> Iterator[Cell]:
    """Every figure of a system that theory knows; not the occupancy, which counts the drain, no steady state."""
    theory, shares = erlang.figures(system), erlang.counts(system, TARGET_S)
    found = report(study(model(name, system, effort), effort.seed, effort.replications))
    named = found.total.named
    if system.lines is not None:
        yield Cell(f"{name} blocked", theory.blocked * effort.contacts, named["blocked"])
        yield Cell(f"{name} served", theory.answered * effort.contacts, named["served"])
        return
    level = service_level(shares)
    assert level is not None
    assert theory.wait_all_mean is not None
    assert theory.wait_served_mean is not None
    yield Cell(f"{name} service_level", level, named["service_level"])
    yield Cell(f"{name} answered_within_target", shares.answered_in * effort.contacts, named["answered_within_target"])
    yield Cell(f"{name} wait_all_mean", theory.wait_all_mean, named["wait_all_mean"])
    if system.patience is not None:
        yield Cell(f"{name} wait_served_mean", theory.wait_served_mean, named["wait_served_mean"])
        yield Cell(f"{name} abandoned", theory.abandoned * effort.contacts, named["abandoned"])


LOADS = {1: (0.3, 0.5), 2: (0.4, 0.6), 5: (0.6, 0.75), 10: (0.7, 0.8), 20: (0.8, 0.88), 50: (0.88, 0.93)}
"""By number of agents: where callers wait now and then, and where they often do."""


def grid(sizes: Iterable[int], effort: Effort) -> Iterator[Cell]:
    """All cells: each size under light and heavy load, beyond what its agents can carry where callers give up."""

    def system(agents: int, load: float, patience: float | None = None, lines: int | None = None) -> erlang.System:
        return erlang.System(agents * load * 3600 / AHT_S, AHT_S, agents, patience, lines)

    for agents in sizes:
        for load in LOADS[agents]:
            yield from cells(f"M/M/{agents} {load}", system(agents, load), effort)
        for load in (0.8, 1.2):
            yield from cells(f"M/M/{agents}/{agents} {load}", system(agents, load, lines=agents), effort)
        for load in (0.9, 1.3):
            yield from cells(f"M/M/{agents}+M {load}", system(agents, load, patience=90.0), effort)


def main() -> None:
    """Run the large grid."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replications", type=int, default=40)
    parser.add_argument("--contacts", type=int, default=2000)
    asked = parser.parse_args()
    effort = Effort(asked.contacts, 3600.0, asked.replications, asked.seed)
    found = []
    for cell in grid(LOADS, effort):
        found.append(cell)
        print(f"{cell.name:32} {cell.theory:12.5f} {cell.found.mean:12.5f} ±{cell.found.ci95:9.5f} {cell.inside}")
    print(f"{sum(cell.inside for cell in found)} of {len(found)} cells")


if __name__ == "__main__":
    main()
