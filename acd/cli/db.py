"""``acd db``: the store's tables, and backups of what an engine keeps.

Decides where things are, by the configuration, and what is printed; acd.store does the work.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import typer
from sqlalchemy import make_url

from acd.domain.errors import ConfigError, StoreError
from acd.runtime.clock import AnchoredClock
from acd.settings import load
from acd.settings.values import Settings
from acd.store import database
from acd.store.backup import Files, back_up, restore
from acd.store.database import Revision, make_engine
from acd.store.upkeep import Keeping, keep_up

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, help="The store's tables; backups of records, journal and spool.")
CONFIG = typer.Option(Path("config"), help="The folder with acd.yaml and its companions.")
FLOWS = typer.Option(Path("ivr_flows"), help="The folder with the flows and prompts.yaml.")


@app.command()
def upgrade(config: Path = CONFIG, flows: Path = FLOWS) -> None:
    """Bring the tables to what this program needs. A running engine may go on: tables only ever get more."""
    before, after = _run(_upgrade(_settings(config, flows)))
    typer.echo(
        f"The tables are at revision {after.found}" + (" already." if before == after else f", from {before.found}.")
    )


@app.command()
def current(config: Path = CONFIG, flows: Path = FLOWS) -> None:
    """Tell at which revision the tables are; exit code 1 when this program needs another one."""
    found = _run(_current(_settings(config, flows)))
    typer.echo(f"The tables are at revision {found.found}; this program needs {found.wanted}.")
    if found.newer:
        typer.echo("They were made by a newer version: install that, or restore a backup.", err=True)
    elif found.found != found.wanted:
        typer.echo("Run: acd db upgrade", err=True)
    if found.found != found.wanted:
        raise typer.Exit(1)


@app.command()
def backup(
    folder: Path = typer.Argument(..., help="A folder that is not there yet."),
    config: Path = CONFIG,
    flows: Path = FLOWS,
) -> None:
    """Copy records, journal and spool as of one moment, and check the copies. The engine may be running or not."""
    files = _files(_settings(config, flows))
    names = _told(lambda: back_up(files, folder, _now().isoformat(timespec="seconds")))
    typer.echo(f"In {folder}: {', '.join(names) or 'nothing, for everything is elsewhere'}.")
    if files.records is None:
        what = "Call records are" if files.journal is not None else "Call records and journal are"
        typer.echo(f"{what} in another database; copy that now, after this: PostgreSQL by pg_dump.")


@app.command("restore")
def restore_(
    folder: Path = typer.Argument(..., help="What acd db backup made."), config: Path = CONFIG, flows: Path = FLOWS
) -> None:
    """Put a backup in the place of what is there, which is kept beside it. No engine may be running."""
    files = _files(_settings(config, flows))
    suffix = f".before-{_now():%Y%m%dT%H%M%S}"
    names = _told(lambda: restore(files, folder, suffix))
    typer.echo(f"Restored {', '.join(names)}; what was there ends with {suffix} now.")
    if files.records is None:
        typer.echo("Call records are in another database; restore that too.")


def _settings(config: Path, flows: Path) -> Settings:
    """Load without secrets, unless the database's address is one."""

    def work() -> Settings:
        settings = load(config, flows, os.environ, secrets=False)
        return settings if settings.store.url else load(config, flows, os.environ)

    return _told(work)


def _files(settings: Settings) -> Files:
    url = make_url(settings.store.url.reveal())
    records = Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
    return Files(records, settings.journal.file if settings.journal.url is None else None, settings.store.spool)


async def _upgrade(settings: Settings) -> tuple[Revision, Revision]:
    engine = make_engine(settings.store.url.reveal())
    try:
        before = await database.current(engine)
        if before.newer:
            raise StoreError(f"the tables are at revision {before.found}, which is newer than this program")
        await database.upgrade(engine)
        await keep_up(engine, Keeping(), _now().timestamp())
        return before, await database.current(engine)
    finally:
        await engine.dispose()


async def _current(settings: Settings) -> Revision:
    engine = make_engine(settings.store.url.reveal())
    try:
        return await database.current(engine)
    finally:
        await engine.dispose()


def _now() -> datetime:
    return datetime.fromtimestamp(AnchoredClock().now(), UTC)


def _run(work: Coroutine[Any, Any, T]) -> T:
    return _told(lambda: asyncio.run(work))


def _told(work: Callable[[], T]) -> T:
    """Do work; what goes wrong is one line."""
    try:
        return work()
    except (ConfigError, StoreError) as error:
        typer.echo(str(error) if isinstance(error, ConfigError) else f"acd db: {error}", err=True)
        raise typer.Exit(1) from None
