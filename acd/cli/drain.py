"""``acd drain``: have a running engine take no more calls, and tell how many it still has until there is none.

Decides what is printed and the exit codes; the engine's API does the work. Needs no configuration but the address.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from acd.cli.asterisk import told_plainly
from acd.demo.api import Api, Json
from acd.domain.errors import DeployError

TOKEN = "ACD_TOKEN"  # noqa: S105 - the variable's name
LOOK_S = 1.0
PHASES: Mapping[str, str] = {
    "talking": "talking",
    "ivr": "in menus",
    "waiting": "waiting",
    "offered": "at a phone that rings",
    "leaving": "leaving",
    "calling_back": "being called back",
}
"""Phases in which the engine has the customer on the line, and how each is told."""


def drain(
    url: Annotated[str, typer.Option(help="Where the engine's API listens.")] = "http://127.0.0.1:8169",
    token_file: Annotated[Path | None, typer.Option(help=f"Holds a supervisor's token; by default {TOKEN}.")] = None,
    within: Annotated[float, typer.Option(min=0, help="Seconds to wait at most; 0 waits for as long as it takes.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Take calls again instead.")] = False,  # noqa: FBT002 - typer's
) -> None:
    """Have the engine take no more calls and hand over who waits; ends when it has nobody on the line.

    Exit code 2 when somebody still was after the seconds given. The engine goes on until it is stopped, and takes no
    calls until then or until --resume, also when this is interrupted.
    """
    with told_plainly():
        if not asyncio.run(_drain(url, _token(token_file), within, resume=resume)):
            raise typer.Exit(2)


def _token(file: Path | None) -> str:
    try:
        token = os.environ.get(TOKEN, "") if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise DeployError(f"{file} cannot be read: {error}") from error
    if not token.strip():
        raise DeployError(f"a supervisor's token is needed: --token-file, or the variable {TOKEN}")
    return token.strip()


async def _drain(url: str, token: str, within: float, *, resume: bool) -> bool:
    """Give the order; then look until nobody is on the line. False when time was up first."""
    async with Api(url, token) as api:
        await api.drain(on=not resume)
        if resume:
            typer.echo("The engine takes calls again.")
            return True
        loop, told = asyncio.get_running_loop(), ""
        began = loop.time()
        while True:
            status = await api.status()
            if (said := _said(status)) != told:
                told = said
                typer.echo(said)
            if not _on_the_line(status):
                typer.echo(
                    "Nobody is on the line: the engine can be stopped. `acd drain --resume` has it take calls again."
                )
                return True
            if within and loop.time() - began >= within:
                return False
            await asyncio.sleep(LOOK_S)


def _on_the_line(status: Json) -> Counter[str]:
    return Counter(contact["phase"] for contact in status["contacts"] if contact["phase"] in PHASES)


def _said(status: Json) -> str:
    there = _on_the_line(status)
    parts = [f"{there[phase]} {words}" for phase, words in PHASES.items() if there[phase]]
    handed_over = sum(contact["phase"] == "fallback" for contact in status["contacts"])
    return f"{', '.join(parts) or 'nobody on the line'}; {handed_over} in Asterisk's own queue"
