"""``acd simulate``: what would the figures be?

Decides what is printed and the exit codes; acd.sim does the work.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from acd.cli.simulate_faults import Asked, Deployment
from acd.cli.simulate_faults import faults as live_through
from acd.deploy.progress import shown_progress
from acd.domain.errors import AcdError
from acd.sim.answer import Answer, Compared, answer
from acd.sim.asked import what_if
from acd.sim.figures import Figures, Report
from acd.sim.scenario import Scenario, load, of_records
from acd.sim.scenario_file import WhatIfSection
from acd.sim.statistics import Estimate
from acd.store.history import read_history

_COLUMNS = {
    "offered": "offered",
    "served": "served",
    "abandoned": "abandoned",
    "blocked": "blocked",
    "overflowed": "overflowed",
    "service_level": "service level",
    "wait_all_mean": "mean wait",
    "wait_p90": "90 % wait",
}
_COUNTS = {"offered", "served", "abandoned", "blocked", "overflowed"}
_ASKED = ("service_level", "abandoned", "wait_all_mean")
_SHARES = {"service_level"}
_WAITS = {"wait_all_mean", "wait_p90"}
_FEW_CREWS = 8
_ANY_WIDTH = 1000

AddOption = Annotated[
    list[str] | None,
    typer.Option("--add", metavar="COUNT:LIKE", help="What if there were more agents: 2:lkpm, 1:agent120."),
]
AbsentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--absent",
        metavar="WHO:FROM-TO",
        help="What if agents were away: 50%:11:00-13:00, waves=3:11:00-13:00, agent101,agent102:11:00-13:00.",
    ),
]

SeedOption = Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's.")]
ReplicationsOption = Annotated[int | None, typer.Option(min=1, help="Instead of the scenario's.")]
SinceOption = Annotated[datetime | None, typer.Option(help="With --from: calls from this time on (local time).")]
UntilOption = Annotated[datetime | None, typer.Option(help="With --from: calls before this time.")]
OtherOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--other-config", help="What if this folder of configuration were in force, with the flows beside it."
    ),
]
KillAtOption = Annotated[
    str | None, typer.Option(metavar="'NTH PLACE'", help="With --faults: kill it there, as a failure printed it.")
]
FlowsOption = Annotated[Path | None, typer.Option(help="The flows of --config; by default ivr_flows beside it.")]


def simulate(
    scenario: Annotated[
        Path | None, typer.Argument(metavar="[SCENARIO]", help="A file such as config/scenarios/hari_kerja.yaml.")
    ] = None,
    seed: SeedOption = None,
    replications: ReplicationsOption = None,
    as_json: bool = typer.Option(False, "--json", help="Print everything, for a program."),
    add: AddOption = None,
    absent: AbsentOption = None,
    arrivals: Annotated[float, typer.Option(min=0.01, help="What if so many times as many came.")] = 1.0,
    other: OtherOption = None,
    records: Annotated[
        Path | None, typer.Option("--from", metavar="RECORDS", help="Take the callers from a database of call records.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    config: Annotated[Path, typer.Option(help="With --from and no scenario: the folder with acd.yaml.")] = Path(
        "config"
    ),
    flows: FlowsOption = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0: one per core. The answer is the same.")] = 0,
    faults: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--faults", help="Break everything, by chance, and look whether anything gets lost.")
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="With --faults: how long people call, on the virtual clock.")
    ] = 600.0,
    kill_points: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--kill-points", help="With --faults: kill the engine at each place where it can be.")
    ] = False,
    kill_at: KillAtOption = None,
    standby: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--standby", help="With --faults: two engines take turns, by one database.")
    ] = False,
) -> None:
    """Run a scenario on a virtual clock, with the matching, queues and trunks of the live engine.

    Prints each figure with the half-width of its 95 % interval over the replications, and for every what-if by how much
    it differs. The same seed gives the same answer. Exit code 1 when the scenario has a mistake.

    With --faults it is the real runtime that lives through histories full of faults, --replications of them from --seed
    on, beside a simulated Asterisk. Exit code 1 when anything happened that must not.
    """
    try:
        if faults:
            many = Asked(
                _or(seed, 0),
                _or(replications, 1),
                seconds,
                jobs or os.cpu_count() or 1,
                kill_points,
                kill_at,
                standby,
            )
            live_through(Deployment(config, flows), many, as_json=as_json)
            return
        asked = [what_if(add or [], absent or [], arrivals)]
        asked += [WhatIfSection(name=f"configuration {one}", config=str(one.absolute())) for one in other or []]
        wanted = _scenario(
            scenario, records, (since, until), (config, flows), [one for one in asked if one is not None]
        )
        wanted = replace(wanted, seed=_or(seed, wanted.seed), replications=_or(replications, wanted.replications))
        with _progress(wanted) as done:
            found = answer(wanted, jobs=jobs or os.cpu_count() or 1, done=done)
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        _print(found)


def _scenario(
    path: Path | None,
    records: Path | None,
    span: tuple[datetime | None, datetime | None],
    deployment: tuple[Path, Path | None],
    asked: list[WhatIfSection],
) -> Scenario:
    if path is None and records is None:
        raise typer.BadParameter("name a scenario, or records with --from")
    if records is None:
        assert path is not None  # noqa: S101 - one of them was named
        return load(path, asked)
    since, until = (at.astimezone().timestamp() if at is not None else None for at in span)
    calls = read_history(records, since, until)
    if path is not None:
        return load(path, asked, calls)
    return of_records(calls, *deployment, asked)


def _or(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given


@contextmanager
def _progress(wanted: Scenario) -> Iterator[Callable[[str, int], None]]:
    """Show a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _name, _number: None
        return
    with shown_progress() as bars:
        shown: list[str] = []

        def done(name: str, number: int) -> None:
            if shown[-1:] != [name]:
                shown.append(name)
                bars.stage(name or wanted.name)
            bars.advance(number / wanted.replications)

        yield done


def _print(found: Answer) -> None:
    console = Console(highlight=False)
    wanted = found.scenario
    console.print(f"{wanted.name}: {wanted.replications} replications, seed {wanted.seed}", markup=False)
    if found.recorded is not None:
        _stands(console, "As recorded", found.recorded)
    named = "As simulated" if found.recorded is not None else "As it stands" if found.what_if else ""
    _stands(console, named, found.report)
    console.print(_occupancy(found.report), markup=False)
    for one in found.what_if:
        _differs(console, wanted, one)
    changes = " Changes are against the scenario as it stands; pp are percentage points." if found.what_if else ""
    console.print(f"\n± is the half-width of the 95 % interval.{changes}")


@dataclass(slots=True)
class _Lines:
    """A table: what stands above its columns, each tuple for columns that belong together, and cells like that."""

    title: str
    heads: Sequence[tuple[str, ...]]
    rows: list[tuple[str, Sequence[tuple[str, ...]]] | None] = field(default_factory=list)
    """Each begins with a name; None begins another section."""

    def show(self, console: Console) -> None:
        """Print it; several below each other where the terminal is too narrow for one: nothing is cut off."""
        table = self._table()
        half = len(self.heads) // 2
        needed = Measurement.get(console, console.options.update(width=_ANY_WIDTH), table).maximum
        if not half or needed <= console.width:
            console.print(table)
            return
        for title, part in ((self.title, slice(half)), ("", slice(half, None))):
            rows = [None if row is None else (row[0], row[1][part]) for row in self.rows]
            _Lines(title, self.heads[part], rows).show(console)

    def _table(self) -> Table:
        table = Table(title=self.title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
        table.add_column("", no_wrap=True)
        for name in chain.from_iterable(self.heads):
            table.add_column(name, justify="right", no_wrap=True)
        for row in self.rows:
            if row is None:
                table.add_section()
            else:
                table.add_row(row[0], *chain.from_iterable(row[1]))
        return table


def _stands(console: Console, title: str, report: Report) -> None:
    """The scenario itself: counts and waits of every kind of contact."""
    names = [name for name in _COLUMNS if name in report.total.named]

    def cells(figures: Figures) -> list[tuple[str, ...]]:
        return [(_shown(n, figures.named[n], spread=n not in _COUNTS),) for n in names]

    lines = _Lines(title, [(_COLUMNS[name],) for name in names])
    lines.rows += [(name, cells(figures)) for name, (figures, _) in report.contacts.items()]
    lines.rows += [None, ("all", cells(report.total))]
    lines.show(console)


def _differs(console: Console, wanted: Scenario, one: Compared) -> None:
    """A what-if: what it makes of the figures people ask for, and the change, by kind and by time."""
    lines = _Lines(f"What if: {one.name}", [(_COLUMNS[name], "change") for name in _ASKED])
    for name, (figures, _) in one.report.contacts.items():
        if name in one.difference.contacts:
            lines.rows.append((name, _pairs(figures, one.difference.contacts[name][0])))
    if len(one.report.periods) > 1:
        lines.rows.append(None)
        at = wanted.model.start_s
        for length, found, change in zip(
            wanted.model.periods_s, one.report.periods, one.difference.periods, strict=True
        ):
            lines.rows.append((_span(at, at + length), _pairs(found, change)))
            at += length
    lines.rows += [None, ("all", _pairs(one.report.total, one.difference.total))]
    lines.show(console)
    console.print(_occupancy(one.report), markup=False)


def _pairs(figures: Figures, difference: Figures) -> list[tuple[str, ...]]:
    return [
        (_shown(name, figures.named[name], spread=False), _shown(name, difference.named[name], sign="+"))
        for name in _ASKED
    ]


def _span(start: float, end: float) -> str:
    return "-".join(f"{int(at // 3600):02d}:{int(at % 3600 // 60):02d}" for at in (start, end))


def _shown(name: str, estimate: Estimate, *, sign: str = "", spread: bool = True) -> str:
    if estimate.mean is None:
        return "-"
    factor, unit = (100, " pp" if sign else " %") if name in _SHARES else (1, " s") if name in _WAITS else (1, "")
    text = f"{estimate.mean * factor:{sign}.1f}"
    if spread and estimate.ci95 is not None:
        text += f" ±{estimate.ci95 * factor:.1f}"
    return text + unit


def _occupancy(report: Report) -> str:
    known = {name: e.mean for name, e in report.agents.items() if e.mean is not None}
    if not known:
        return "Nobody was at work."
    if len(known) <= _FEW_CREWS:
        return "Occupancy: " + ", ".join(f"{name} {share:.1%}" for name, share in known.items())
    return f"Occupancy of {len(known)} agents or groups: {min(known.values()):.1%} to {max(known.values()):.1%}"
