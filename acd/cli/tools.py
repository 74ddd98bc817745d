"""``acd tools``: fetch the programs the demo and the tests need, and say where they are.

Decides only what is printed; acd.deploy.toolchain does the work.
"""

from __future__ import annotations

import shlex

import typer

from acd.deploy.progress import shown_progress
from acd.deploy.toolchain import PROGRAMS, ToolSet, fetch_tools, find_tools
from acd.domain.errors import DeployError

app = typer.Typer(no_args_is_help=True, help="Asterisk, sipp, espeak-ng, sox and promtool, fetched without root.")


def _print(tools: ToolSet) -> None:
    for name in PROGRAMS:
        if name in tools.prefixes:
            print(f"{name}: {shlex.join(tools.argv(name))}")
    for name, value in tools.variables.items():
        print(f"{name}={shlex.quote(value)}")


@app.command()
def fetch() -> None:
    """Download the programs into this user's cache; a second run needs no network."""
    try:
        with shown_progress() as progress:
            tools = fetch_tools(progress)
    except DeployError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    _print(tools)


@app.command()
def where() -> None:
    """Print how each program is started; exit code 1 where they are not here yet."""
    try:
        tools = find_tools()
    except DeployError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if tools is None:
        typer.echo("Nothing fetched yet; run: acd tools fetch", err=True)
        raise typer.Exit(1)
    _print(tools)
