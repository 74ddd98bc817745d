"""``acd run``: the engine itself."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from pathlib import Path

import structlog
import typer
import uvloop

from acd.app import App, FlowTests, Load
from acd.deploy.cache import cache_root
from acd.deploy.speaking import PromptMaker
from acd.domain.errors import ConfigError, StoreError
from acd.flows.suite import failed_tests
from acd.observability.logs import configure_logging
from acd.runtime.clock import AnchoredClock
from acd.settings import load
from acd.settings.values import Settings

log = structlog.get_logger(__name__)
SWITCH_S = 0.0005
"""Longest wait of the event loop for a thread that computes; the default is 5 ms, a call's whole way."""

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def run(
    config: Path = typer.Option(Path("config"), help="The folder with acd.yaml and its companions."),
    flows: Path = typer.Option(Path("ivr_flows"), help="The folder with the flows and prompts.yaml."),
    log_style: str = typer.Option("json", help="json for machines, console for people."),
    log_level: str = typer.Option("INFO", help="DEBUG, INFO, WARNING or ERROR."),
) -> None:
    """Run the engine until SIGTERM or SIGINT. Conversations go on when it stops."""
    if log_style not in {"json", "console"}:
        raise typer.BadParameter("json or console", param_hint="--log-style")
    if log_level.upper() not in LEVELS:
        raise typer.BadParameter(", ".join(LEVELS), param_hint="--log-level")
    configure_logging("json" if log_style == "json" else "console", log_level)
    try:
        settings = load(config, flows, os.environ)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    try:
        uvloop.run(_serve(settings, lambda: load(config, flows, os.environ), lambda new: failed_tests(new, flows)))
    except (StoreError, OSError) as error:
        typer.echo(f"acd: {error}", err=True)
        raise typer.Exit(1) from None


def _favour_calls() -> None:
    """Let the event loop have the interpreter soon when writers hold it, and keep the collector off what stays."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _serve(settings: Settings, again: Load, test: FlowTests) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    maker = PromptMaker(cache_root() / "prompts", AnchoredClock().now)
    app = await App.open(settings, again, test, maker=maker)
    reloads: set[asyncio.Task[object]] = set()

    def reload() -> None:
        task = loop.create_task(app.reload(), name="reload")
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        await app.start()
        _favour_calls()
        await stop.wait()
        log.info("stopping")
    finally:
        await app.close()
