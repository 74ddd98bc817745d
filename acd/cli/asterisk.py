"""``acd asterisk``: write Asterisk's configuration, run an Asterisk of its own folder, or look over an existing one.

Decides what is printed and the exit codes; acd.deploy does the work.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from acd.deploy.asterisk import AsteriskInstance, console
from acd.deploy.check import check as find_missing
from acd.deploy.check_sounds import Sounds
from acd.deploy.install import install as install_files
from acd.deploy.live import LivePbx
from acd.deploy.progress import shown_progress
from acd.deploy.prompts import prompts_of
from acd.deploy.settings_plan import pbx_plan
from acd.deploy.toolchain import ToolSet, fetch_tools, find_tools
from acd.domain.errors import AcdError
from acd.settings.loader import load
from acd.settings.values import Settings

app = typer.Typer(no_args_is_help=True, help="Asterisk's configuration, and an Asterisk of its own folder.")

ConfigOption = Annotated[Path, typer.Option("--config", help="Folder of the configuration.")]
FlowsOption = Annotated[Path, typer.Option("--flows", help="Folder of the flows.")]
DirArgument = Annotated[Path, typer.Argument(help="The run folder; made if missing.")]
PbxOption = Annotated[str | None, typer.Option("--pbx", help="Which of several Asterisks.")]
CONFIG = Path("config")
FLOWS = Path("ivr_flows")


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn an error raised on purpose into its message and exit code 1."""
    try:
        yield
    except AcdError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _settings(config: Path, flows: Path) -> Settings:
    return load(config, flows, os.environ)


def _instance(run_dir: Path, *, fetch: bool = False) -> AsteriskInstance:
    if fetch:
        with shown_progress() as progress:
            return AsteriskInstance(fetch_tools(progress, ("asterisk",)), run_dir)
    return AsteriskInstance(_tools(), run_dir)


def _tools() -> ToolSet:
    return find_tools(("asterisk",)) or ToolSet(None, {}, {})


@app.command()
def render(
    directory: DirArgument, config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS, pbx: PbxOption = None
) -> None:
    """Write the whole configuration of an Asterisk of its own folder, readable by this user only."""
    with told_plainly():
        instance = _instance(directory, fetch=True)
        instance.render(pbx_plan(_settings(config, flows), pbx_id=pbx))
    print(f"Written: {instance.run_dir / 'etc'}")


@app.command()
def start(
    directory: DirArgument, config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS, pbx: PbxOption = None
) -> None:
    """Write the configuration, start Asterisk in its folder and leave it running."""
    with told_plainly():
        settings = _settings(config, flows)
        instance = _instance(directory, fetch=True)
        plan = pbx_plan(settings, pbx_id=pbx)
        instance.render(plan)
        instance.start(plan, detached=True)
    print(f"Asterisk runs with process number {instance.pid()}; its log: {instance.log_file}")


@app.command()
def stop(directory: DirArgument) -> None:
    """End the Asterisk of the folder."""
    with told_plainly():
        instance = _instance(directory)
        if not instance.running():
            typer.echo(f"No Asterisk runs in {instance.run_dir}", err=True)
            raise typer.Exit(1)
        instance.stop()
    print("Asterisk has ended.")


@app.command()
def install(
    etc: Annotated[Path, typer.Option(help="Asterisk's configuration folder.")] = Path("/etc/asterisk"),
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
    pbx: PbxOption = None,
) -> None:
    """Write our files (acd_*.conf) beside an existing Asterisk's own, and say which lines to add to those."""
    with told_plainly():
        settings = _settings(config, flows)
        moh = settings.prompts.dir / "moh"
        done = install_files(pbx_plan(settings, moh_dir=moh, pbx_id=pbx), etc, settings.recordings.dir, moh)
    for path in done.written:
        print(f"Written: {path}")
    if not done.lines_to_add:
        print("Every file is included already. Now: asterisk -rx 'core reload', then: acd asterisk check")
        return
    print("\nAdd one line at the end of each of your files:")
    for name, line in done.lines_to_add.items():
        print(f"  {etc / name}:  {line}")
    print("In ari.conf, http.conf and manager.conf, [general]: enabled=yes.")
    print("Then: asterisk -rx 'core reload', and: acd asterisk check")


@app.command()
def check(
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
    directory: Annotated[Path | None, typer.Option("--dir", help="Run folder of acd's own Asterisk.")] = None,
    pbx: PbxOption = None,
) -> None:
    """Look over a running Asterisk and say in plain words what the engine lacks there; then exit code 1."""
    with told_plainly():
        settings = _settings(config, flows)
        plan = pbx_plan(settings, pbx_id=pbx)
        if directory is not None:
            instance = _instance(directory)
            ask, recordings = instance.rx, instance.recordings_dir
        else:
            ask, recordings = _installed_console(), settings.recordings.dir
        made = settings.prompts
        names = tuple(f"{prompt.language}/{prompt.key}/{prompt.wording}" for prompt in prompts_of(made))
        sounds = Sounds(made.dir, made.sound_prefix, names, made.delivery == "http")
        findings = find_missing(LivePbx(ask, plan.ari, plan.ami), plan, recordings, sounds)
    for finding in findings:
        print(finding)
    serious = sum(finding.serious for finding in findings)
    if serious:
        print(f"{serious} thing{'s are' if serious > 1 else ' is'} missing.")
        raise typer.Exit(1)
    print("Asterisk has all the engine needs.")


def _installed_console() -> partial[str]:
    named = os.environ.get("ASTERISK", "asterisk")
    program = shutil.which(named) or shutil.which("/usr/sbin/asterisk") or named
    return partial(_ask, program)


def _ask(program: str, command: str) -> str:
    return console([program, "-rx", command], dict(os.environ), 10.0)
