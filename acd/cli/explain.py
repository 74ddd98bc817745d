"""``acd explain``: what happened to a contact and why, for a person or a program.

Decides only where it is read and how it is printed; needs no running engine.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TypeAlias

import typer
from rich.console import Console

from acd.cli.telling.names import Names
from acd.cli.telling.story import tell
from acd.cli.telling.teller import Teller
from acd.cli.telling.words import SENTENCES, Tongue
from acd.domain.errors import ConfigError, StoreError
from acd.domain.ids import ContactId
from acd.domain.record import CallRecord
from acd.ports import Explanation
from acd.settings import load
from acd.settings.values import Settings
from acd.store.codec import encode
from acd.store.records import open_records
from acd.web.answers import RecordAnswer

Known: TypeAlias = tuple[CallRecord | None, Explanation]


def explain(
    contact: str = typer.Argument(..., metavar="CONTACT_ID", help="The contact's id, as in its call record."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object, for a program."),
    language: str = typer.Option("en", help="en, or id for Bahasa Indonesia."),
    config: Path = typer.Option(Path("config"), help="The folder with acd.yaml and its companions."),
    flows: Path = typer.Option(Path("ivr_flows"), help="The folder with the flows and prompts.yaml."),
) -> None:
    """Tell what happened to a call: its way, whom it was offered to, and why them and not others.

    Reads the database of the configuration; the engine may be running or not.
    """
    tongue: Tongue | None = next((known for known in SENTENCES if known == language), None)
    if tongue is None:
        raise typer.BadParameter(" or ".join(SENTENCES), param_hint="--language")
    contact_id = ContactId(contact)
    try:
        settings = _settings(config, flows)
        record, known = asyncio.run(_read(settings.store.url.reveal(), contact_id))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except StoreError as error:
        typer.echo(f"acd explain: {error}", err=True)
        raise typer.Exit(1) from None
    if record is None and not known.decisions and not known.steps:
        typer.echo(f"acd explain: nothing is known of a contact {contact!r}", err=True)
        raise typer.Exit(1)
    if as_json:
        answer = RecordAnswer.of(record, full_numbers=False) if record is not None else None
        told = {"contact_id": contact_id, "record": answer, "steps": known.steps, "decisions": known.decisions}
        typer.echo(encode(told).decode())
        return
    console = Console(highlight=False, markup=False, emoji=False)
    for line in tell(Teller(Names(settings), tongue), contact_id, record, known):
        console.print(line, soft_wrap=not console.is_terminal)


def _settings(config: Path, flows: Path) -> Settings:
    """Load without secrets, unless the database's address is one."""
    settings = load(config, flows, os.environ, secrets=False)
    return settings if settings.store.url else load(config, flows, os.environ)


async def _read(url: str, contact_id: ContactId) -> Known:
    records = await open_records(url, make=False)
    try:
        return await records.get(contact_id), await records.explanation(contact_id)
    finally:
        await records.close()
