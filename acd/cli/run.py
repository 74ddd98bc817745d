"""``acd run``: the engine itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path

import structlog
import typer
import uvloop

from acd.app import App, FlowTests, LoadSettings
from acd.deploy.cache import cache_root
from acd.deploy.speaking import PromptMaker
from acd.domain.errors import ConfigError, StoreError
from acd.observability.logs import configure_logging
from acd.runtime.clock import AnchoredClock
from acd.runtime.notify import ServiceManager
from acd.runtime.tuning import favour_calls
from acd.settings import load
from acd.settings.values import Settings

log = structlog.get_logger(__name__)

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def run(
    config: Path = typer.Option(Path("config"), help="The folder with acd.yaml and its companions."),
    flows: Path = typer.Option(Path("ivr_flows"), help="The folder with the flows and prompts.yaml."),
    log_style: str = typer.Option("json", help="json for machines, console for people."),
    log_level: str = typer.Option("INFO", help="DEBUG, INFO, WARNING or ERROR."),
) -> None:
    """Run the engine until SIGTERM or SIGINT; a second one ends it at once. Conversations go on when it stops."""
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
        uvloop.run(_serve(settings, lambda: load(config, flows, os.environ), lambda new: _failed_tests(new, flows)))
    except (StoreError, OSError) as error:
        typer.echo(f"acd: {error}", err=True)
        raise typer.Exit(1) from None


def _failed_tests(settings: Settings, flows: Path) -> tuple[str, ...]:
    """What tests of flows say of a configuration that is about to be put into force."""
    from acd.flows.suite import failed_tests  # noqa: PLC0415 - of use for a reload only, and callers wait for the start

    return failed_tests(settings, flows)


async def _serve(settings: Settings, again: LoadSettings, test: FlowTests) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    service = ServiceManager(os.environ, os.getpid())

    def end(number: signal.Signals) -> None:
        if stop.is_set():  # asked a second time: at once
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        service.stopping()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    maker = PromptMaker(cache_root() / "prompts", AnchoredClock().now)
    reloads: set[asyncio.Task[object]] = set()
    while not stop.is_set():
        app = await App.open(settings, again, test, maker=maker)

        async def load_again(app: App = app) -> None:
            service.reloading()
            try:
                await app.reload()
            finally:
                service.ready()

        def reload(again: Callable[[], Coroutine[None, None, None]] = load_again) -> None:
            task = loop.create_task(again(), name="reload")
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        try:
            await app.start()
            favour_calls()
            service.ready()
            await _first(stop, app.lost)
            log.info("stopping" if stop.is_set() else "deposed")
            if stop.is_set():
                await app.retire()
        finally:
            await app.close()
        settings = app.settings  # who lost its turn begins anew, as the standby


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
