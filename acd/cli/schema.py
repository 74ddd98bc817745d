"""``acd schema``: print the JSON Schema of a configuration file, for editors.

Decides only what is printed; acd.settings.schema does the work.
"""

from __future__ import annotations

import json

import typer

from acd.settings.schema import KINDS
from acd.settings.schema import schema as schema_of


def schema(
    name: str = typer.Argument("", metavar="NAME", help=f"One of {', '.join(KINDS)}; all, in one object, by default."),
) -> None:
    """Print JSON Schema (draft 2020-12) of a file of config/ or ivr_flows/."""
    if name and name not in KINDS:
        typer.echo(f"There is no schema '{name}'; there are {', '.join(KINDS)}.", err=True)
        raise typer.Exit(2)
    made = schema_of(name) if name else {kind: schema_of(kind) for kind in KINDS}
    typer.echo(json.dumps(made, indent=2, ensure_ascii=False))
