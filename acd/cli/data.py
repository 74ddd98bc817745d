"""``acd data``: a small system for flows to ask, in place of the one that knows licences.

Decides what is printed; acd.demo does the work.
"""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated, cast, get_args

import typer
import uvloop

from acd.demo.data_server import DataServer, Manner

ManyManners = Annotated[str, typer.Option(help=f"How it answers: {', '.join(get_args(Manner))}.")]


def data(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")] = 8170,
    manner: ManyManners = "well",
) -> None:
    """Serve invented licences at /licences/NIB and take events at /events, until Ctrl-C.

    NIBs have 13 digits; those that begin with 9 are unknown. Other manners show how flows cope with a bad system.
    """
    if manner not in get_args(Manner):
        raise typer.BadParameter(f"is none of {', '.join(get_args(Manner))}", param_hint="--manner")
    try:
        uvloop.run(_serve(port, manner))
    except OSError as error:
        typer.echo(f"Port {port} cannot be had: {error.strerror}", err=True)
        raise typer.Exit(1) from None


async def _serve(port: int, manner: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # also where a shell that put us behind has SIGINT ignored
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = DataServer(port=port)
    server.manner = cast("Manner", manner)
    await server.start()
    try:
        typer.echo(f"Licences at {server.url}/licences/NIB, events at {server.url}/events; Ctrl-C ends it.")
        await stop.wait()
    finally:
        await server.close()
