"""``acd soak``: ordinary calls for a long time, to see what grows.

Decides what is printed and the exit codes; acd.demo does the work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from acd.cli.bench import show
from acd.cli.demo import ConfigOption, FlowsOption
from acd.demo import soak as calls
from acd.demo.bench_sides import WISHES
from acd.demo.bench_table import Row
from acd.demo.session import hold, set_up
from acd.demo.site import Site


def soak(
    minutes: Annotated[float, typer.Option(min=0.2, help="For how long callers come.")] = 60.0,
    rate: Annotated[float, typer.Option(min=1, help="Calls in a minute.")] = 600.0,
    into: Annotated[Path | None, typer.Option("--json", help="File for the figures.")] = None,
    config: ConfigOption = Path("config"),
    flows: FlowsOption = Path("ivr_flows"),
) -> None:
    """Let SIPp call thirty agents for a while; tell how memory and descriptors grow, and account for every call."""
    console = Console(highlight=False)

    async def use(site: Site) -> list[Row]:
        return await calls.measure(site, minutes, rate, console.print)

    rows = show(console, lambda: uvloop.run(hold(set_up(config, flows, WISHES, "soak"), calls.MANNER, use)), into)
    raise typer.Exit(0 if all(row.kept is not False for row in rows) else 1)
