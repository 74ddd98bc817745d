"""``acd replay``: the decisions of a journal, made again."""

from __future__ import annotations

from pathlib import Path

import typer

from acd.domain.commands import Ignored
from acd.domain.errors import StoreError
from acd.engine.state import EngineState
from acd.runtime.replay import replay as run_again
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.store.codec import decode, encode
from acd.store.journal_file import open_journal


def replay(
    journal: Path = typer.Argument(..., help="The journal file; the engine may be running."),
    events: bool = typer.Option(False, "--events", help="Print each event before its commands."),
    ignored: bool = typer.Option(False, "--ignored", help="Print also why an event changed nothing."),
) -> None:
    """Run a journal through the engine and print the commands, one JSON object a line, with the event's number."""
    try:
        with open_journal(journal) as stretch:
            state = decode(EngineState, stretch.state) if stretch.state is not None else None
            for step in run_again(state, stretch.events, policies_for, evaluate_in_flow):
                if events:
                    typer.echo(f"{step.seq}\t< {encode(step.event).decode()}")
                for command in step.commands:
                    if ignored or not isinstance(command, Ignored):
                        typer.echo(f"{step.seq}\t> {encode(command).decode()}")
                if step.defect:
                    typer.echo(f"{step.seq}\t! {step.defect}")
    except StoreError as error:
        typer.echo(f"acd replay: {error}", err=True)
        raise typer.Exit(1) from None
