"""``acd check``: say whether a configuration and its scenarios can be used, and each mistake with its line.

Decides only what is printed; acd.settings and acd.sim do the work.
"""

from __future__ import annotations

import os
from collections.abc import Sized
from pathlib import Path

import typer

from acd.domain.errors import ConfigError, Mistake
from acd.settings import load
from acd.sim.scenario import load as load_scenario


def check(
    folder: Path = typer.Argument(Path(), metavar="DIR", help="The folder that holds config/ and ivr_flows/."),
    secrets: bool = typer.Option(False, "--secrets", help="Also see whether passwords and tokens are there."),
) -> None:
    """Look through config/ and ivr_flows/ and print every mistake as file:line:column: path: message.

    Scenarios of config/scenarios/ are looked through when nothing else is wrong.

    Warnings are about what can be used, but not for long, such as a calendar that knows no holidays of next year.

    Needs neither Asterisk nor network nor, without --secrets, any password. Exit code 1 when there is a mistake.
    """
    try:
        settings = load(folder / "config", folder / "ivr_flows", os.environ, secrets=secrets)
        scenarios = _scenarios(folder / "config" / "scenarios")
    except ConfigError as error:
        typer.echo(str(error))
        count = len(error.mistakes)
        typer.echo(f"{count} mistake{'s' if count > 1 else ''}", err=True)
        raise typer.Exit(1) from None
    for warning in settings.warnings:
        typer.echo(f"{warning} (warning)")
    plan = settings.plan
    trunks = ", ".join(f"{trunk.id} ({trunk.capacity} SST)" for trunk in plan.trunks.values())
    typer.echo(
        f"No mistakes. {_count(plan.agents, 'agent')}, {_count(plan.queues, 'queue')}, flows {', '.join(plan.flows)}, "
        f"numbers {', '.join(plan.access_codes)}, trunks {trunks}. "
        f"{_count(scenarios, 'scenario')}. Version {plan.version}."
    )


def _scenarios(folder: Path) -> list[str]:
    """Read every scenario, once the configuration they may name is right; ConfigError with all their mistakes."""
    names: list[str] = []
    mistakes: list[Mistake] = []
    for path in sorted(folder.glob("*.yaml")):
        names.append(path.stem)
        try:
            load_scenario(path)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(tuple(mistakes))
    return names


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
