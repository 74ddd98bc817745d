"""``acd schema``: print the JSON Schema of a configuration file, for editors.

Decides only what is printed; acd.settings.schema does the work.
"""

from __future__ import annotations

import json

import typer
from pydantic import BaseModel

from acd.flows.case_file import CaseFile
from acd.settings.schema import KINDS, describe
from acd.settings.schema import schema as schema_of
from acd.sim.scenario_file import ScenarioFile

_FURTHER: dict[str, type[BaseModel]] = {"flow_test": CaseFile, "scenario": ScenarioFile}
NAMES = (*KINDS, *_FURTHER)


def schema(
    name: str = typer.Argument("", metavar="NAME", help=f"One of {', '.join(NAMES)}; all, in one object, by default."),
) -> None:
    """Print JSON Schema (draft 2020-12) of a file of config/ or ivr_flows/, of a flow's tests, or of a scenario."""
    if name and name not in NAMES:
        typer.echo(f"There is no schema '{name}'; there are {', '.join(NAMES)}.", err=True)
        raise typer.Exit(2)
    made = _made(name) if name else {kind: _made(kind) for kind in NAMES}
    typer.echo(json.dumps(made, indent=2, ensure_ascii=False))


def _made(name: str) -> dict[str, object]:
    return describe(name, _FURTHER[name]) if name in _FURTHER else schema_of(name)
