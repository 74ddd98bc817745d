"""``acd bench``: INVITE to 200 OK through app_queue and through the engine, side by side.

Decides what is printed and the exit codes; acd.demo.bench does the work.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from acd.cli.demo import STOPPED_CODE, ConfigOption, FlowsOption
from acd.demo.bench import MANNER, WISHES, Load, Result, measure, with_app_queue
from acd.demo.session import Stopped, hold, set_up
from acd.demo.site import Site
from acd.domain.errors import AcdError

LOAD = Load()


def bench(
    calls: Annotated[int, typer.Option(min=1, help="Calls to each side.")] = LOAD.calls,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks of each side, in turn.")] = LOAD.blocks,
    rate: Annotated[float, typer.Option(min=0.1, help="Calls in a second.")] = LOAD.rate,
    hold_ms: Annotated[int, typer.Option(min=1, help="How long each call lasts, in milliseconds.")] = LOAD.hold_ms,
    into: Annotated[Path | None, typer.Option("--json", help="File for the figures.")] = None,
    config: ConfigOption = Path("config"),
    flows: FlowsOption = Path("ivr_flows"),
) -> None:
    """Measure on a real Asterisk of its own, with the same SIPp callers and phones on both sides."""
    console = Console(highlight=False)
    load = Load(calls, blocks, rate, hold_ms)
    try:
        prepared = set_up(config, flows, WISHES, "bench")
        prepared = replace(prepared, deployment=with_app_queue(prepared.deployment))

        async def use(site: Site) -> Result:
            return await measure(site, load, console.print)

        result = uvloop.run(hold(prepared, MANNER, use))
    except Stopped:
        console.print("Stopped; nothing was left running.")
        raise typer.Exit(STOPPED_CODE) from None
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    console.print(_table(result))
    if into is not None:
        into.write_text(json.dumps(result.as_json(), indent=2) + "\n", encoding="utf-8")


def _table(result: Result) -> Table:
    table = Table(title="INVITE to 200 OK, milliseconds")
    for name in ("", "calls", "p50", "p99"):
        table.add_column(name, justify="right" if name else "left")
    for name, times in (("app_queue", result.app_queue), ("engine", result.engine)):
        table.add_row(name, str(times.count), f"{times.p50_ms:.2f}", f"{times.p99_ms:.2f}")
    table.add_row("engine / app_queue", "", f"{result.p50_ratio:.2f}", f"{result.p99_ratio:.2f}")
    return table
