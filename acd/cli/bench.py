"""``acd bench``: the product's speed, beside app_queue's where it has the same to do, in one table.

Decides which parts there are, what is printed and the exit codes; the bench modules of acd.demo do the work.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from acd.cli.demo import STOPPED_CODE, ConfigOption, FlowsOption
from acd.demo import bench as calls_bench
from acd.demo import bench_ivr, bench_journal, bench_members, bench_menus, bench_overload, bench_sides, bench_waiting
from acd.demo.bench_table import Row
from acd.demo.deployment import Deployment, Wishes
from acd.demo.phones import Manner
from acd.demo.session import Stopped, hold, set_up, stoppable
from acd.demo.site import Site
from acd.deploy.postgresql import fetch_postgresql
from acd.deploy.progress import shown_progress
from acd.domain.errors import AcdError
from acd.sim import matching_speed, speed

LOAD = calls_bench.Load()
FEW_AGENTS, MANY_AGENTS = 100, 10_000
MATCHED = matching_speed.Times(p50=10.0, p99=50.0)
"""Microseconds one decision may take, its arrival included."""
SIMULATED = 20_000
"""Contacts the simulator should live through in a second of one core."""


class Part(StrEnum):
    """What can be measured."""

    CALLS = "calls"
    WAITING = "waiting"
    MEMBERS = "members"
    MATCHING = "matching"
    SIMULATOR = "simulator"
    JOURNAL = "journal"
    IVR = "ivr"
    OVERLOAD = "overload"


@dataclass(frozen=True, slots=True)
class Bench:
    """What every part gets: the deployment, how much to do, where to say how far it is."""

    config: Path
    flows: Path
    load: calls_bench.Load
    say: Callable[[str], None]

    def calls(self) -> list[Row]:
        """Time INVITE to 200 OK with thirty agents."""
        bars = calls_bench.Bars(p50=1.0, p99=1.0)

        async def use(site: Site) -> list[Row]:
            return await calls_bench.measure(site, self.load, bars, "30 agents", self.say)

        return self._on_site(bench_sides.WISHES, bench_sides.with_app_queue, calls_bench.MANNER, use)

    def waiting(self) -> list[Row]:
        """Time how long agents are idle while callers wait."""
        crowd = bench_waiting.Crowd()

        def with_ringing(deployment: Deployment) -> Deployment:
            return bench_sides.with_app_queue(deployment, "r")

        async def use(site: Site) -> list[Row]:
            return await bench_waiting.measure(site, crowd, self.say)

        return self._on_site(bench_waiting.WAITING_WISHES, with_ringing, crowd.manner, use)

    def members(self) -> list[Row]:
        """Time INVITE to 200 OK with many agents."""
        rows = []
        for members, bars in bench_members.BARS.items():
            rows += self._with_members(members, bars)
        return rows

    def matching(self) -> list[Row]:
        """Time decisions among few agents and many, with 100,000 waiting."""
        self.say("matching: 256 groups of agents, 512 requirements ...")
        few, many = matching_speed.measure(FEW_AGENTS), matching_speed.measure(MANY_AGENTS)
        rows = []
        for what, small, large in (
            ("an agent comes free, 100,000 wait", few.freed, many.freed),
            ("a caller comes, agents are idle", few.arrived, many.arrived),
        ):
            rows.append(Row(f"{what}: {MANY_AGENTS:,} agents, p50", "µs", large.p50, at_most=MATCHED.p50))
            rows.append(Row(f"{what}: {MANY_AGENTS:,} agents, p99", "µs", large.p99, at_most=MATCHED.p99))
            rows.append(Row(f"{what}: growth from {FEW_AGENTS} agents, p50", "x", large.p50 / small.p50, at_most=2.0))
        return rows

    def simulator(self) -> list[Row]:
        """Count the contacts the simulator lives through in a second of one core."""
        self.say("simulator: two groups, two skills ...")
        return [Row("simulated contacts", "a second", speed.measure().per_second, at_least=SIMULATED)]

    def journal(self) -> list[Row]:
        """Time how long events are not durable yet."""
        with stoppable(), shown_progress(sys.stdout) as progress:
            programs = fetch_postgresql(progress)
        with stoppable():
            return uvloop.run(bench_journal.measure(programs, self.say))

    def ivr(self) -> list[Row]:
        """Time what callers hear after a key, a step of the interpreter, and the loop with many callers in menus."""

        async def use(site: Site) -> list[Row]:
            rows = await bench_ivr.measure(site, bench_ivr.Presses(), self.say)
            return rows + await bench_menus.measure(site.deployment.settings.plan, self.say)

        return self._on_site(bench_ivr.WISHES, bench_ivr.with_background, None, use)

    def overload(self) -> list[Row]:
        """Place ten times the planned call attempts, and more, beside conversations."""

        async def use(site: Site) -> list[Row]:
            return await bench_overload.measure(site, self.say)

        return self._on_site(bench_overload.OVERLOAD_WISHES, lambda given: given, bench_overload.MANNER, use)

    def _with_members(self, members: int, bars: calls_bench.Bars) -> list[Row]:
        async def use(site: Site) -> list[Row]:
            return await calls_bench.measure(site, bench_members.LOAD, bars, f"{members:,} agents", self.say)

        def built(deployment: Deployment) -> Deployment:
            return bench_members.with_phones(bench_sides.with_app_queue(deployment))

        return self._on_site(bench_members.wishes(members), built, bench_members.MANNER, use)

    def _on_site(
        self,
        wishes: Wishes,
        built: Callable[[Deployment], Deployment],
        manner: Manner | None,
        use: Callable[[Site], Awaitable[list[Row]]],
    ) -> list[Row]:
        """Measure on a real Asterisk of its own."""
        prepared = set_up(self.config, self.flows, wishes, "bench")
        return uvloop.run(hold(replace(prepared, deployment=built(prepared.deployment)), manner, use))


PARTS: dict[Part, Callable[[Bench], list[Row]]] = {
    Part.CALLS: Bench.calls,
    Part.WAITING: Bench.waiting,
    Part.MEMBERS: Bench.members,
    Part.MATCHING: Bench.matching,
    Part.SIMULATOR: Bench.simulator,
    Part.JOURNAL: Bench.journal,
    Part.IVR: Bench.ivr,
    Part.OVERLOAD: Bench.overload,
}


def bench(
    only: Annotated[list[Part] | None, typer.Option(help="Only this part; may be given several times.")] = None,
    calls: Annotated[int, typer.Option(min=1, help="Calls to each side with thirty agents.")] = LOAD.calls,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of each side, in turn.")] = LOAD.blocks,
    rate: Annotated[float, typer.Option(min=0.1, help="Calls in a second.")] = LOAD.rate,
    hold_ms: Annotated[int, typer.Option(min=1, help="How long each call lasts, in milliseconds.")] = LOAD.hold_ms,
    into: Annotated[Path | None, typer.Option("--json", help="File for the figures.")] = None,
    config: ConfigOption = Path("config"),
    flows: FlowsOption = Path("ivr_flows"),
) -> None:
    """Measure on this machine: calls, waiting and members beside app_queue, with the same SIPp callers and phones."""
    console = Console(highlight=False)
    work = Bench(config, flows, calls_bench.Load(calls, blocks, rate, hold_ms), console.print)
    parts = [part for part in PARTS if not only or part in only]
    show(console, lambda: [row for part in parts for row in PARTS[part](work)], into)


def show(console: Console, measure: Callable[[], list[Row]], into: Path | None) -> list[Row]:
    """Measure, draw what was found and keep it in a file where one is named; stopped or failed, end the program."""
    try:
        rows = measure()
    except Stopped:
        console.print("Stopped; nothing was left running.")
        raise typer.Exit(STOPPED_CODE) from None
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    console.print(table(rows))
    if into is not None:
        into.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n", encoding="utf-8")
    return rows


def table(rows: Sequence[Row]) -> Table:
    """Draw what was found."""
    drawn = Table()
    for name in ("", "Asterisk alone", "engine", "ratio", "bar", ""):
        drawn.add_column(name, justify="left" if name == "" else "right")
    for row in rows:
        against = "" if row.against is None else f"{row.against:,.2f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        verdict = {None: "", True: "kept", False: "missed"}[row.kept]
        drawn.add_row(row.what, against, f"{row.value:,.2f} {row.unit}", ratio, row.bar, verdict)
    return drawn
