"""Runs all test cases of some flows, and says what of the flows they walked.

Decides what counts as covered: nodes a caller came to, and ways out of them, those of a further try included. Must not
know how results are printed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from acd.domain.errors import ConfigError, Mistake
from acd.domain.flow import FlowPlan
from acd.domain.ids import FlowId, NodeId
from acd.domain.plan import Plan
from acd.engine import ivr
from acd.flows.cases import Cases, case_files, read_cases
from acd.flows.running import Result, run
from acd.flows.ways import Step, marked, ways
from acd.settings.expressions import evaluate_in_flow
from acd.settings.values import Settings


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a flow was walked."""

    nodes: int
    branches: int
    missing_nodes: tuple[NodeId, ...]
    missing_branches: tuple[tuple[NodeId, str], ...]

    @property
    def node_share(self) -> float:
        """Share of nodes a caller came to."""
        return 1 - len(self.missing_nodes) / self.nodes if self.nodes else 1.0

    @property
    def branch_share(self) -> float:
        """Share of branches a caller took."""
        return 1 - len(self.missing_branches) / self.branches if self.branches else 1.0


@dataclass(frozen=True, slots=True)
class FlowReport:
    """A flow's cases and their coverage; ``wanted`` is None for a flow without cases of its own."""

    flow: FlowId
    wanted: float | None
    results: tuple[Result, ...]
    coverage: Coverage

    @property
    def enough(self) -> bool:
        """Whether as much was walked as shall be."""
        wanted = 1.0 if self.wanted is None else self.wanted
        return min(self.coverage.node_share, self.coverage.branch_share) >= wanted

    @property
    def failures(self) -> int:
        """Cases that failed."""
        return sum(result.failure is not None for result in self.results)


def read_suite(settings: Settings, folder: Path, names: Iterable[str] = ()) -> tuple[Cases, ...]:
    """Read the cases of some flows, by default of all that have any.

    Raises:
        ConfigError: with every mistake of their files.
    """
    files = case_files(folder)
    found: list[Cases] = []
    mistakes: list[Mistake] = []
    for name in list(names) or files:
        cases, wrong = read_cases(files.get(name, folder / f"{name}.test.yaml"), name, settings)
        mistakes += wrong
        if cases is not None:
            found.append(cases)
    if mistakes:
        raise ConfigError(tuple(mistakes))
    return tuple(found)


def run_suite(
    plan: Plan, suite: Iterable[Cases], evaluate: ivr.Evaluator = evaluate_in_flow, *, others: bool = False
) -> tuple[FlowReport, ...]:
    """Run cases; give a report for each flow, with ``others`` for those without cases of their own too."""
    plan = marked(plan)
    own = {cases.flow: cases for cases in suite}
    results = {flow: tuple(run(case, plan, evaluate) for case in cases.cases) for flow, cases in own.items()}
    walked = {step for found in results.values() for result in found for step in result.walked}
    flows = plan.flows if others else own
    return tuple(
        FlowReport(
            name,
            own[name].coverage if name in own else None,
            results.get(name, ()),
            _coverage(plan.flows[name], walked),
        )
        for name in flows
    )


def failed_tests(settings: Settings, folder: Path) -> tuple[str, ...]:
    """Run every test there is of a configuration's flows; give what is wrong with them and what failed."""
    try:
        reports = run_suite(settings.plan, read_suite(settings, folder))
    except ConfigError as error:
        return tuple(str(mistake) for mistake in error.mistakes)
    failed = [str(result.failure) for report in reports for result in report.results if result.failure is not None]
    short = [
        f"{folder / report.flow}.test.yaml: its cases walk {report.coverage.node_share:.0%} of the nodes and "
        f"{report.coverage.branch_share:.0%} of the branches; {report.wanted or 0.0:.0%} must be"
        for report in reports
        if not report.enough
    ]
    return (*failed, *short)


def _coverage(flow: FlowPlan, walked: set[Step]) -> Coverage:
    nodes = {str(step.target) for step in walked if step.flow == flow.id}
    taken = {(str(step.origin), step.name) for step in walked if step.flow == flow.id}
    branches = [(name, way.name) for name, node in flow.nodes.items() for way in ways(node)]
    return Coverage(
        nodes=len(flow.nodes),
        branches=len(branches),
        missing_nodes=tuple(name for name in flow.nodes if name not in nodes),
        missing_branches=tuple(way for way in branches if way not in taken),
    )
