"""``acd check``: say whether a configuration can be used, and each mistake with its line.

Decides only what is printed; acd.settings does the work.
"""

from __future__ import annotations

import os
from collections.abc import Sized
from pathlib import Path

import typer

from acd.domain.errors import ConfigError
from acd.settings import load


def check(
    folder: Path = typer.Argument(Path(), metavar="DIR", help="The folder that holds config/ and ivr_flows/."),
    secrets: bool = typer.Option(False, "--secrets", help="Also see whether passwords and tokens are there."),
) -> None:
    """Look through config/ and ivr_flows/ and print every mistake as file:line:column: path: message.

    Needs neither Asterisk nor network nor, without --secrets, any password. Exit code 1 when there is a mistake.
    """
    try:
        settings = load(folder / "config", folder / "ivr_flows", os.environ, secrets=secrets)
    except ConfigError as error:
        typer.echo(str(error))
        count = len(error.mistakes)
        typer.echo(f"{count} mistake{'s' if count > 1 else ''}", err=True)
        raise typer.Exit(1) from None
    plan = settings.plan
    trunks = ", ".join(f"{trunk.id} ({trunk.capacity} SST)" for trunk in plan.trunks.values())
    typer.echo(
        f"No mistakes. {_count(plan.agents, 'agent')}, {_count(plan.queues, 'queue')}, flows {', '.join(plan.flows)}, "
        f"numbers {', '.join(plan.access_codes)}, trunks {trunks}. Version {plan.version}."
    )


def _count(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"
