"""``acd run``: the engine itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

import structlog
import typer
import uvloop

from acd.app import App, FlowTests, LoadSettings
from acd.deploy.cache import cache_root
from acd.deploy.speaking import PromptMaker
from acd.domain.errors import ConfigError, StoreError, StoreInUseError
from acd.observability.logs import configure_logging
from acd.observability.start import StartSteps
from acd.runtime.clock import AnchoredClock
from acd.runtime.notify import ServiceManager
from acd.runtime.tuning import favour_calls
from acd.settings import load
from acd.settings.values import Settings
from acd.store.codec import warm
from acd.store.journal import in_use

log = structlog.get_logger(__name__)

LOOK_S = 0.05
"""How often a spare looks whether the other engine is gone."""
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def run(
    config: Path = typer.Option(Path("config"), help="The folder with acd.yaml and its companions."),
    flows: Path = typer.Option(Path("ivr_flows"), help="The folder with the flows and prompts.yaml."),
    log_style: str = typer.Option("json", help="json for machines, console for people."),
    log_level: str = typer.Option("INFO", help="DEBUG, INFO, WARNING or ERROR."),
    spare: bool = typer.Option(False, "--spare", help="While another engine here has the journal, wait for its end."),
) -> None:
    """Run the engine until SIGTERM or SIGINT; a second one ends it at once. Conversations go on when it stops."""
    if log_style not in {"json", "console"}:
        raise typer.BadParameter("json or console", param_hint="--log-style")
    if log_level.upper() not in LEVELS:
        raise typer.BadParameter(", ".join(LEVELS), param_hint="--log-level")
    steps = StartSteps()
    steps.did("loaded")
    configure_logging("json" if log_style == "json" else "console", log_level)
    try:
        settings = load(config, flows, os.environ)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    try:
        steps.did("configured")
        again = partial(load, config, flows, os.environ)
        uvloop.run(_serve(settings, again, lambda new: _failed_tests(new, flows), steps, spare=spare))
    except (StoreError, OSError) as error:
        typer.echo(f"acd: {error}", err=True)
        raise typer.Exit(1) from None


def _failed_tests(settings: Settings, flows: Path) -> tuple[str, ...]:
    """What tests of flows say of a configuration that is about to be put into force."""
    from acd.flows.suite import failed_tests  # noqa: PLC0415 - of use for a reload only, and callers wait for the start

    return failed_tests(settings, flows)


async def _serve(settings: Settings, again: LoadSettings, test: FlowTests, steps: StartSteps, *, spare: bool) -> None:
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
        if spare and in_use(settings.journal.file):
            service.ready("Spare: waits for the end of the engine that serves.")
            settings = await _turn(settings, again, stop, steps)
            continue
        try:
            app = await App.open(settings, again, test, maker=maker, steps=steps)
        except StoreInUseError:  # an engine that ends in order lets go of one file after the other
            if not spare:
                raise
            await asyncio.sleep(LOOK_S)
            continue

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
            service.ready("Runs.")
            await _first(stop, app.lost)
            log.info("stopping" if stop.is_set() else "deposed")
            if stop.is_set():
                await app.retire()
        finally:
            await app.close()
        settings = app.settings  # who lost its turn begins anew, as the standby


async def _turn(settings: Settings, again: LoadSettings, stop: asyncio.Event, steps: StartSteps) -> Settings:
    """Wait, with everything loaded, until no other engine has the journal. Gives the configuration of that moment."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # it is read anew below
    warm()
    log.info("spare")
    while in_use(settings.journal.file):
        if stop.is_set():
            return settings
        await asyncio.sleep(LOOK_S)
    log.info("taking_over")
    steps.begin_anew()
    try:
        settings = again()
    except ConfigError as error:
        log.error("configuration_refused", mistakes=str(error))  # noqa: TRY400 - the mistakes say it all
    steps.did("configured")
    return settings


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
