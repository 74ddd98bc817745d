"""``acd tools``: fetch the programs the demo and the tests need, and say where they are.

Decides only what is printed; acd.deploy.toolchain and acd.deploy.postgresql do the work.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import typer

from acd.deploy.postgresql import fetch_postgresql, find_postgresql
from acd.deploy.progress import shown_progress
from acd.deploy.toolchain import PROGRAMS, ToolSet, fetch_tools, find_tools
from acd.domain.errors import DeployError

app = typer.Typer(
    no_args_is_help=True, help="Asterisk, sipp, espeak-ng, sox, promtool and PostgreSQL, fetched without root."
)


def _print(tools: ToolSet | None, postgresql: Path | None) -> None:
    if tools is not None:
        for name in PROGRAMS:
            if name in tools.prefixes:
                print(f"{name}: {shlex.join(tools.argv(name))}")
        for name, value in tools.variables.items():
            print(f"{name}={shlex.quote(value)}")
    if postgresql is not None:
        print(f"PG_BIN={shlex.quote(str(postgresql))}")


@app.command()
def fetch(
    only_postgresql: bool = typer.Option(False, "--only-postgresql", help="Not the others."),
) -> None:
    """Download the programs into this user's cache; a second run needs no network."""
    try:
        with shown_progress() as progress:
            tools = None if only_postgresql else fetch_tools(progress)
            postgresql = fetch_postgresql(progress)
    except DeployError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    _print(tools, postgresql)


@app.command()
def where() -> None:
    """Print how each program is started; exit code 1 where they are not here yet."""
    try:
        tools, postgresql = find_tools(), find_postgresql()
    except DeployError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    _print(tools, postgresql)
    if tools is None or postgresql is None:
        typer.echo("Not everything was fetched yet; run: acd tools fetch", err=True)
        raise typer.Exit(1)
