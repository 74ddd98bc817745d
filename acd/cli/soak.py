"""``acd soak``: ordinary calls for a long time, to see what grows.

Decides what is printed and the exit codes; acd.demo does the work.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from acd.cli.bench import table
from acd.cli.demo import STOPPED_CODE, ConfigOption, FlowsOption
from acd.demo import soak as calls
from acd.demo.bench_sides import WISHES
from acd.demo.bench_table import Row
from acd.demo.session import Stopped, hold, set_up
from acd.demo.site import Site
from acd.domain.errors import AcdError


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

    try:
        rows = uvloop.run(hold(set_up(config, flows, WISHES, "soak"), calls.MANNER, use))
    except Stopped:
        console.print("Stopped; nothing was left running.")
        raise typer.Exit(STOPPED_CODE) from None
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    console.print(table(rows))
    if into is not None:
        into.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n", encoding="utf-8")
    raise typer.Exit(0 if all(row.kept is not False for row in rows) else 1)
