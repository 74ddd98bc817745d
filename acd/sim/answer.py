"""Runs a scenario and what it is compared with, and gives the figures as JSON.

Decides the form of the answer. Numbers are rounded to six decimals and keys have a fixed order, so the same seed gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from acd.sim.figures import Figures, Report, report
from acd.sim.scenario import Scenario
from acd.sim.study import Study, study


@dataclass(frozen=True, slots=True)
class Compared:
    """A what-if: its figures, and by how much each differs from the scenario's."""

    name: str
    report: Report
    difference: Report


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything ``acd simulate`` found out."""

    scenario: Scenario
    report: Report
    what_if: tuple[Compared, ...]
    recorded: Report | None = None
    """With recorded traffic: the figures of what really happened."""

    def as_json(self) -> dict[str, Any]:
        """The form of ``acd simulate --json``."""
        made: dict[str, Any] = {
            "scenario": self.scenario.name,
            "seed": self.scenario.seed,
            "replications": self.scenario.replications,
            **_report(self.report),
        }
        if self.recorded is not None:
            made["recorded"] = _report(self.recorded)
            del made["recorded"]["agents"]
        if self.what_if:
            made["what_if"] = [
                {"name": one.name, **_report(one.report), "difference": _report(one.difference)} for one in self.what_if
            ]
        return made


def answer(
    scenario: Scenario, *, jobs: int = 1, done: Callable[[str, int], None] = lambda _name, _number: None
) -> Answer:
    """Run a scenario and its what-ifs on the same arrivals.

    Args:
        scenario: what to run.
        jobs: processes that may share the work; the answer is the same for any number.
        done: told after each replication of which model it was (``""`` for the scenario as it stands) and how many of
            its replications are finished.
    """
    seed, replications = scenario.seed, scenario.replications
    base = study(scenario.model, seed, replications, jobs=jobs, done=lambda number: done("", number))
    compared = []
    for variant in scenario.what_if:
        name = variant.name
        other = study(variant.model, seed, replications, jobs=jobs, done=lambda number, name=name: done(name, number))  # type: ignore[misc] # binds name
        compared.append(Compared(name, report(other), report(other, base)))
    lived = report(Study(scenario.model, (scenario.lived,))) if scenario.lived is not None else None
    return Answer(scenario, report(base), tuple(compared), lived)


def _report(made: Report) -> dict[str, Any]:
    return {
        "total": _figures(made.total),
        "contacts": {
            name: {**_figures(whole), "periods": [_figures(part) for part in parts]}
            for name, (whole, parts) in made.contacts.items()
        },
        "agents": {name: {"occupancy": occupancy.as_json()} for name, occupancy in made.agents.items()},
    }


def _figures(figures: Figures) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, estimate in figures.named.items():
        made[name] = estimate.as_json()
        if name == "service_level":
            made["service_level_forms"] = {form: value.as_json() for form, value in figures.forms.items()}
    return made
