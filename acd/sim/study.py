"""Many replications of a model, on one core or several; the answer is the same either way.

Decides who works on which replication. Every replication has streams of its own, so the order they are done in does not
matter, and outcomes come back in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from acd.sim.loop import Replication
from acd.sim.model import Model
from acd.sim.tally import Outcome

_PER_JOB = 20_000
"""Contacts worth a process of their own: starting one costs as much as so many."""


@dataclass(frozen=True, slots=True)
class Study:
    """A model's outcomes, one of each replication."""

    model: Model
    outcomes: tuple[Outcome, ...]


def study(
    model: Model, seed: int, replications: int, *, jobs: int = 1, done: Callable[[int], None] = lambda _number: None
) -> Study:
    """Run a model's replications.

    Args:
        model: what to run.
        seed: the same seed gives the same outcomes.
        replications: how many.
        jobs: processes that may share the work.
        done: told after each replication how many are finished.
    """
    jobs = min(jobs, replications, 1 + int(expected(model) * replications / _PER_JOB))
    outcomes = []
    for number, outcome in enumerate(_outcomes(model, seed, replications, jobs), 1):
        outcomes.append(outcome)
        done(number)
    return Study(model, tuple(outcomes))


def expected(model: Model) -> float:
    """Contacts of one replication, on average, without the day's factor."""
    total = 0.0
    for kind in model.kinds:
        total += len(kind.given)
        for period, length in enumerate(model.periods_s):
            total += length * (kind.rates[min(period, len(kind.rates) - 1)] if kind.rates else 0.0)
    return total


def _outcomes(model: Model, seed: int, replications: int, jobs: int) -> Iterator[Outcome]:
    one = partial(_one, model, seed)
    if jobs <= 1:
        yield from map(one, range(replications))
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        yield from pool.map(one, range(replications), chunksize=max(1, replications // (jobs * 8)))


def _one(model: Model, seed: int, number: int) -> Outcome:
    return Replication(model, seed, number).run().outcome()
