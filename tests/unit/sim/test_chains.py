"""The simulator against multi-skill centres solved exactly as Markov chains, and against a published product form.

The chains (``chain``) know nothing of the engine. Skills, routing, patience, priorities and a full trunk all take part.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import pytest

from tests.unit.sim.chain import alis, mean, n_design, priorities
from tests.unit.sim.simulated import agree, run

COUNTED_S = 22 * 3600.0
"""Of each replication: 23 hours without the first."""

N_DESIGN = """
name: N-design with patience and a trunk
seed: 11
replications: 40
warm_up: 1h
periods: 23h
trunks: {capacity: 9}
policy: {agent: best_proficiency, contact: longest_wait}
contacts:
  - name: A
    requires: {a: 1}
    arrivals_per_minute: 1.2
    service: {distribution: exponential, mean: 120s}
    patience: {distribution: exponential, mean: 180s}
  - name: B
    requires: {b: 1}
    arrivals_per_minute: 0.9
    service: {distribution: exponential, mean: 90s}
    patience: {distribution: exponential, mean: 100s}
agents:
  - {name: first, count: 2, skills: {a: 5}}
  - {name: second, count: 2, skills: {b: 5, a: 3}}
"""


def test_the_n_design_is_that_of_its_markov_chain(tmp_path: Path) -> None:
    arrivals, leaving = (1.2 / 60, 0.9 / 60), (1 / 180, 1 / 100)
    chances = n_design(arrivals, (1 / 120, 1 / 90), leaving, (2, 2), 9)
    full = mean(chances, lambda s: float(s[0] + s[1] + s[2] + len(s[3]) == 9))
    found = run(tmp_path, N_DESIGN)
    cells = {
        "first": (found.agents["first"], mean(chances, lambda s: s[0]) / 2),
        "second": (found.agents["second"], mean(chances, lambda s: s[1] + s[2]) / 2),
    }
    for number, (name, key) in enumerate((("A", "a"), ("B", "b"))):
        waiting = mean(chances, lambda s, key=key: s[3].count(key))  # type: ignore[misc] # binds the letter
        come = arrivals[number] * COUNTED_S
        figures = found.contacts[name][0].named
        cells[f"{name} offered"] = (figures["offered"], come)
        cells[f"{name} blocked"] = (figures["blocked"], come * full)
        cells[f"{name} abandoned"] = (figures["abandoned"], COUNTED_S * waiting * leaving[number])
        cells[f"{name} served"] = (figures["served"], come * (1 - full) - COUNTED_S * waiting * leaving[number])
        cells[f"{name} wait"] = (figures["wait_all_mean"], waiting / arrivals[number] / (1 - full))
    agree(cells)


PRIORITIES = """
name: two priorities
seed: 12
replications: 40
warm_up: 1h
periods: 23h
trunks: {capacity: 12}
contacts:
  - name: urgent
    requires: {a: 1}
    priority: 500
    arrivals_per_minute: 0.8
    service: {distribution: exponential, mean: 100s}
    patience: {distribution: exponential, mean: 300s}
  - name: other
    requires: {a: 1}
    arrivals_per_minute: 1.0
    service: {distribution: exponential, mean: 120s}
    patience: {distribution: exponential, mean: 150s}
agents:
  - {name: all, count: 3, skills: {a: 3}}
"""


def test_priorities_are_those_of_their_markov_chain(tmp_path: Path) -> None:
    arrivals, leaving = (0.8 / 60, 1.0 / 60), (1 / 300, 1 / 150)
    chances = priorities(arrivals, (1 / 100, 1 / 120), leaving, 3, 12)
    full = mean(chances, lambda s: float(sum(s) == 12))
    found = run(tmp_path, PRIORITIES)
    cells = {"occupancy": (found.agents["all"], mean(chances, lambda s: s[0] + s[1]) / 3)}
    for number, name in enumerate(("urgent", "other")):
        waiting = mean(chances, lambda s, place=2 + number: s[place])  # type: ignore[misc] # binds the place
        figures = found.contacts[name][0].named
        cells[f"{name} blocked"] = (figures["blocked"], arrivals[number] * COUNTED_S * full)
        cells[f"{name} abandoned"] = (figures["abandoned"], COUNTED_S * waiting * leaving[number])
        cells[f"{name} wait"] = (figures["wait_all_mean"], waiting / arrivals[number] / (1 - full))
    agree(cells)


Kinds = dict[str, float]


def product_form(
    arrivals: Kinds, can: dict[str, frozenset[int]], service: tuple[float, ...]
) -> tuple[Kinds, Kinds, list[float]]:
    """Solve a centre under FCFS-ALIS by its published product form.

    I. Adan, G. Weiss, A skill based parallel service system under FCFS-ALIS: steady state, overloads and abandonments,
    Stochastic Systems 4(1), 2014, pages 250-299: with the agents in the order M1 ... MJ, the first i of them busy and
    n1 ... ni callers between them, the probability is in proportion to

        product over j <= i of lambda(U(M1..Mj))^nj / mu(M1..Mj)^(nj + 1), times
        product over j > i of 1 / lambda(C(Mj..MJ))

    where C(S) are the kinds somebody in S takes, U(S) those that nobody outside S takes.

    Returns the chance that a caller of each kind waits, how many of it wait on average, how busy each agent is.
    """

    def rate(kinds: Iterable[str]) -> float:
        return sum(arrivals[kind] for kind in kinds)

    total, waits, queue = 0.0, dict.fromkeys(arrivals, 0.0), dict.fromkeys(arrivals, 0.0)
    busy = [0.0] * len(service)
    for order in permutations(range(len(service))):
        for i in range(len(order) + 1):
            weight = 1.0
            lengths = []
            for j in range(1, i + 1):
                only = [kind for kind in arrivals if can[kind] <= set(order[:j])]
                mu = sum(service[agent] for agent in order[:j])
                weight /= mu - rate(only)
                lengths.append((only, 1.0 / (mu - rate(only))))
            for j in range(i, len(order)):
                weight /= rate(kind for kind in arrivals if can[kind] & set(order[j:]))
            total += weight
            for agent in order[:i]:
                busy[agent] += weight
            for kind in arrivals:
                waits[kind] += weight if can[kind] <= set(order[:i]) else 0.0
                queue[kind] += weight * sum(arrivals[kind] * each for only, each in lengths if kind in only)
    return (
        {kind: value / total for kind, value in waits.items()},
        {kind: value / total for kind, value in queue.items()},
        [value / total for value in busy],
    )


CAN = {"a": frozenset({0, 1}), "b": frozenset({1, 2}), "c": frozenset({2})}


def test_the_product_form_is_that_of_its_markov_chain() -> None:
    """At a light load, where leaving out more than five waiting callers changes nothing."""
    arrivals, service = {"a": 0.22, "b": 0.15, "c": 0.12}, (0.8, 0.9, 1.1)
    chances = alis(arrivals, CAN, service, 5)
    waits, queue, busy = product_form(arrivals, CAN, service)
    for kind, agents in CAN.items():
        exact = mean(chances, lambda s, agents=agents: float(not agents & set(s[0])))  # type: ignore[misc] # binds
        assert waits[kind] == pytest.approx(exact, rel=2e-4)
        exact = mean(chances, lambda s, kind=kind: s[1].count(kind))  # type: ignore[misc] # binds the kind
        assert queue[kind] == pytest.approx(exact, rel=2e-3)
    for agent in range(3):
        assert busy[agent] == pytest.approx(mean(chances, lambda s, one=agent: float(one not in s[0])), rel=1e-4)  # type: ignore[misc] # binds


SCENARIO = Path(__file__).parents[3] / "config/scenarios/published_fcfs_alis.yaml"


def test_longest_idle_and_longest_wait_give_the_published_product_form(tmp_path: Path) -> None:
    found = run(tmp_path, SCENARIO.read_text(encoding="utf-8"))
    arrivals = {"a": 0.7 / 60, "b": 0.5 / 60, "c": 0.4 / 60}
    waits, queue, busy = product_form(arrivals, CAN, (1 / 60, 1 / 60, 1 / 60))
    cells = {f"agent {n}": (found.agents[f"M{n}"], share) for n, share in enumerate(busy)}
    for kind, rate in arrivals.items():
        figures = found.contacts[kind][0].named
        cells[f"{kind} at once"] = (figures["service_level"], 1 - waits[kind])
        cells[f"{kind} wait"] = (figures["wait_all_mean"], queue[kind] / rate)
    agree(cells)
