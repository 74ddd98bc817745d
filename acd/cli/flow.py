"""``acd flow``: what those who write flows work with.

Decides what is printed and the exit codes; acd.flows does the work.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from acd.cli.asterisk import CONFIG, FLOWS, ConfigOption, FlowsOption, told_plainly
from acd.flows.suite import FlowReport, read_suite, run_suite
from acd.settings.loader import load
from acd.settings.values import Settings

app = typer.Typer(no_args_is_help=True, help="Check, test, try, draw and compare flows.")

NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Flows; all by default.")]
_MOST_SHOWN = 40


def _settings(config: Path, flows: Path) -> Settings:
    return load(config, flows, os.environ, secrets=False)


@app.command()
def check(config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Print every mistake of flows, their tests and the configuration as file:line:column; then exit code 1."""
    with told_plainly():
        settings = _settings(config, flows)
        suite = read_suite(settings, flows)
    nodes = sum(len(flow.nodes) for flow in settings.plan.flows.values())
    cases = sum(len(one.cases) for one in suite)
    print(f"No mistakes. Flows {', '.join(settings.plan.flows)}: {nodes} nodes, {cases} test cases.")


@app.command("test")
def run_tests(
    names: NamesArgument = None,
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print failures only."),
) -> None:
    """Run the cases of NAME.test.yaml on the engine that takes calls, under a virtual clock.

    Prints what failed and what of each flow was walked. Exit code 1 when a case fails or too little was walked; without
    names a flow without cases counts as not walked.
    """
    with told_plainly():
        settings = _settings(config, flows)
        suite = read_suite(settings, flows, names or ())
        began = perf_counter()
        reports = run_suite(settings.plan, suite, others=not names)
        took = perf_counter() - began
    for report in reports:
        for result in report.results:
            if result.failure is not None:
                print(result.failure)
    for report in reports:
        if not quiet or not report.enough:
            _print(report)
    cases, failed = sum(len(r.results) for r in reports), sum(r.failures for r in reports)
    short = [report.flow for report in reports if not report.enough]
    if not quiet or failed:
        print(f"{cases} cases, {failed} failed; {took:.1f} s")
    if failed or short:
        raise typer.Exit(1)


def _print(report: FlowReport) -> None:
    found = report.coverage
    wanted = "" if report.enough else f"; {1.0 if report.wanted is None else report.wanted:.0%} must be"
    none = " (it has no test file)" if report.wanted is None else ""
    print(
        f"{report.flow}{none}: {len(report.results)} cases walked "
        f"{_share(found.nodes, len(found.missing_nodes))} nodes, "
        f"{_share(found.branches, len(found.missing_branches))} branches{wanted}"
    )
    missing = [f"node {node}" for node in found.missing_nodes]
    missing += [f"branch {node} [{way}]" for node, way in found.missing_branches if node not in found.missing_nodes]
    for one in missing[:_MOST_SHOWN]:
        print(f"    not walked: {one}")
    if len(missing) > _MOST_SHOWN:
        print(f"    and {len(missing) - _MOST_SHOWN} more")


def _share(all_: int, missing: int) -> str:
    return f"{all_ - missing} of {all_}"
