"""``acd demo``: a whole call centre on this machine, to look at and to check.

Decides what is printed around the run and the exit codes; acd.demo does the work.
"""

from __future__ import annotations

from pathlib import Path
from random import SystemRandom
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from acd.demo.deployment import CHANGES, Wishes
from acd.demo.phones import Manner
from acd.demo.run import Run, Wanted, addresses
from acd.demo.session import Prepared, Stopped, hold, set_up
from acd.demo.site import Site
from acd.domain.errors import AcdError

ConfigOption = Annotated[Path, typer.Option(help="The folder with acd.yaml and its companions.")]
FlowsOption = Annotated[Path, typer.Option(help="The folder with the flows and prompts.yaml.")]
STOPPED_CODE = 130


def demo(
    calls: Annotated[int | None, typer.Option(min=1, max=10000, help="Place so many calls, then end.")] = None,
    seconds: Annotated[float | None, typer.Option(min=10, help="Place calls for at most so long, then end.")] = None,
    config: ConfigOption = Path("config"),
    flows: FlowsOption = Path("ivr_flows"),
) -> None:
    """Run Asterisk, the engine, agents' phones and callers; without --calls and --seconds until Ctrl-C.

    Ends with a summary, and with exit code 0 only if every call was accounted for.
    """
    console = Console(highlight=False)
    wanted, wishes = Wanted(calls, seconds), Wishes()
    try:
        prepared = set_up(config, flows, wishes, "demo")
        _say(console, prepared, config, flows, wishes)

        async def use(site: Site) -> bool:
            return await Run(site, wanted, console, SystemRandom())()

        good = uvloop.run(hold(prepared, Manner(), use))
    except Stopped:
        console.print("Stopped; nothing was left running.")
        raise typer.Exit(0 if calls is None and seconds is None else STOPPED_CODE) from None
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    raise typer.Exit(0 if good else 1)


def _say(console: Console, prepared: Prepared, config: Path, flows: Path, wishes: Wishes) -> None:
    console.print(f"The deployment is that of {config}/ and {flows}/, with these changes for the demonstration:")
    for change in CHANGES:
        console.print(f"  {change.format(wrap_up=wishes.wrap_up_s)}", soft_wrap=True)
    console.print(addresses(prepared.deployment), soft_wrap=True, markup=False)
