"""``acd flow``: what those who write flows work with.

Decides what is printed and the exit codes; acd.flows does the work.
"""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from acd.cli.asterisk import CONFIG, FLOWS, ConfigOption, FlowsOption, told_plainly
from acd.deploy.cache import cache_root
from acd.deploy.loudspeaker import play_here
from acd.deploy.progress import shown_progress
from acd.deploy.prompts import programs, prompts_of, speech_of
from acd.deploy.speech import made
from acd.deploy.toolchain import fetch_tools
from acd.domain.errors import DeployError
from acd.domain.ids import AgentId, FlowId, Language, PromptKey
from acd.flows.cases import case_files
from acd.flows.difference import differences, outcomes
from acd.flows.drawing.graph import boxes
from acd.flows.drawing.page import page
from acd.flows.drawing.svg import draw as svg
from acd.flows.drawing.traffic import traffic_of
from acd.flows.given import Given
from acd.flows.suite import FlowReport, read_suite, run_suite
from acd.flows.walking import HELP, Play, Walking
from acd.runtime.clock import AnchoredClock
from acd.settings.loader import load
from acd.settings.structure import did_you_mean
from acd.settings.values import Settings
from acd.store.history import read_history

app = typer.Typer(no_args_is_help=True, help="Check, test, try, draw and compare flows.")

NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Flows; all by default.")]
_MOST_SHOWN = 40


def _settings(config: Path, flows: Path) -> Settings:
    return load(config, flows, os.environ, secrets=False)


@app.command()
def check(config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Print every mistake of flows, their tests and the configuration as file:line:column; then exit code 1."""
    with told_plainly():
        settings = _settings(config, flows)
        suite = read_suite(settings, flows)
    nodes = sum(len(flow.nodes) for flow in settings.plan.flows.values())
    cases = sum(len(one.cases) for one in suite)
    for warning in settings.warnings:
        print(f"{warning} (warning)")
    print(f"No mistakes. Flows {', '.join(settings.plan.flows)}: {nodes} nodes, {cases} test cases.")


@app.command("test")
def run_tests(
    names: NamesArgument = None,
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Print failures only."),
) -> None:
    """Run the cases of NAME.test.yaml on the engine that takes calls, under a virtual clock.

    Prints what failed and what of each flow was walked. Exit code 1 when a case fails or too little was walked; without
    names a flow without cases counts as not walked.
    """
    with told_plainly():
        settings = _settings(config, flows)
        suite = read_suite(settings, flows, names or ())
        began = perf_counter()
        reports = run_suite(settings.plan, suite, others=not names)
        took = perf_counter() - began
    for report in reports:
        for result in report.results:
            if result.failure is not None:
                print(result.failure)
    for report in reports:
        if not quiet or not report.enough:
            _print(report)
    cases, failed = sum(len(r.results) for r in reports), sum(r.failures for r in reports)
    short = [report.flow for report in reports if not report.enough]
    if not quiet or failed:
        print(f"{cases} cases, {failed} failed; {took:.1f} s")
    if failed or short:
        raise typer.Exit(1)


def _print(report: FlowReport) -> None:
    found = report.coverage
    wanted = "" if report.enough else f"; {1.0 if report.wanted is None else report.wanted:.0%} must be"
    none = " (it has no test file)" if report.wanted is None else ""
    print(
        f"{report.flow}{none}: {len(report.results)} cases walked "
        f"{_share(found.nodes, len(found.missing_nodes))} nodes, "
        f"{_share(found.branches, len(found.missing_branches))} branches{wanted}"
    )
    missing = [f"node {node}" for node in found.missing_nodes]
    missing += [f"branch {node} [{way}]" for node, way in found.missing_branches if node not in found.missing_nodes]
    for one in missing[:_MOST_SHOWN]:
        print(f"    not walked: {one}")
    if len(missing) > _MOST_SHOWN:
        print(f"    and {len(missing) - _MOST_SHOWN} more")


@app.command("try")
def try_out(
    name: Annotated[str, typer.Argument(help="The flow.")],
    at: Annotated[datetime | None, typer.Option(help="When the call comes, local time; now by default.")] = None,
    caller: Annotated[str, typer.Option(help="Calling number; empty: withheld.")] = "+628110000001",
    agents: Annotated[list[str] | None, typer.Option("--agent", help="An agent who is ready.")] = None,
    play: bool = typer.Option(False, "--play", help="Also let the prompts be heard."),
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
) -> None:
    """Walk through a flow: see what is said, type keys; Enter alone is silence until something happens."""
    with told_plainly():
        settings = _settings(config, flows)
        _known(settings, [name])
        when = AnchoredClock().now() if at is None else at.replace(tzinfo=ZoneInfo(settings.time_zone)).timestamp()
        given = Given(when, FlowId(name), caller, agents=tuple(AgentId(agent) for agent in agents or ()))
        for agent in given.agents:
            if agent not in settings.plan.agents:
                raise DeployError(f"unknown agent '{agent}'{did_you_mean(agent, list(settings.plan.agents))}")
        speaker = _speaker(settings) if play else None
        walking = Walking(settings.plan, given, settings.prompts.texts, read=_typed, show=print, play=speaker)
        print(HELP)
        walking.go()


def _typed(question: str) -> str | None:
    try:
        return input(question)
    except EOFError:
        return None


def _speaker(settings: Settings) -> Play:
    """Play prompts on this machine; what cannot be played is said once, and the walk goes on in silence."""
    with shown_progress() as progress:
        tools = fetch_tools(progress, programs(settings.prompts))
    speech, cache = speech_of(settings.prompts, tools), cache_root() / "prompts"
    cache.mkdir(parents=True, exist_ok=True)
    prompts = {(prompt.key, prompt.language): prompt for prompt in prompts_of(settings.prompts)}
    silent: list[str] = []

    def play(key: PromptKey, language: Language) -> None:
        prompt = prompts.get((key, language))
        if prompt is None or silent:
            return
        try:
            play_here(made(prompt.said, cache, speech)["wav"])
        except DeployError as error:
            silent.append(str(error))
            print(f"  cannot be heard: {error}")

    return play


@app.command()
def draw(
    name: Annotated[str, typer.Argument(help="The flow.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for NAME.svg and NAME.html; made if missing.")] = Path(),
    records: Annotated[
        Path | None,
        typer.Option("--from", metavar="RECORDS", help="Show what callers did: a database of call records."),
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="With --from: calls from this time on (local time).")] = None,
    until: Annotated[datetime | None, typer.Option(help="With --from: calls before this time.")] = None,
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
) -> None:
    """Draw a flow as SVG and as an HTML page: nodes, ways, prompts; with --from how many took each way and left."""
    with told_plainly():
        settings = _settings(config, flows)
        _known(settings, [name])
        flow = settings.plan.flows[FlowId(name)]
        traffic = None
        if records is not None:
            span = (moment.astimezone().timestamp() if moment is not None else None for moment in (since, until))
            traffic = traffic_of(read_history(records, *span), flow.id)
        found, texts = boxes(flow), settings.prompts.texts
        picture = svg(flow, found, texts, traffic)
        written = {"svg": picture, "html": page(flow.id, found, picture, texts, traffic)}
        try:
            to.mkdir(parents=True, exist_ok=True)
            for suffix, text in written.items():
                (to / f"{name}.{suffix}").write_text(text, encoding="utf-8")
        except OSError as error:
            raise DeployError(f"{to} cannot be written: {error.strerror}") from error
    print(f"{to / name}.svg and {to / name}.html: {len(found)} nodes" + (f", {traffic.calls} calls" if traffic else ""))


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="A flow's file, or a folder with config/ and ivr_flows/.")],
    new: Annotated[Path, typer.Argument(help="The same for the newer version.")],
    config: ConfigOption = CONFIG,
) -> None:
    """Tell what differs: nodes, ways, keys of nodes, texts, and test cases that come out otherwise.

    Folders may also be folders of flows alone, which then belong to --config. Of two files the tests are those beside
    the newer one. Exit code 1 when something differs.
    """
    with told_plainly(), TemporaryDirectory() as spare:
        names: tuple[str, ...] = ()
        if new.is_file():
            names = (new.stem,)
            beside = Path(spare) / "ivr_flows"
            shutil.copytree(new.parent, beside)
            try:
                shutil.copyfile(old, beside / new.name)
            except OSError as error:
                raise DeployError(f"{old} cannot be read: {error.strerror}") from error
            before, after, folder = _settings(config, beside), _settings(config, new.parent), new.parent
        else:
            before, _ = _version(old, config)
            after, folder = _version(new, config)
        found = differences(before, after, names)
        tested = [name for name in names or case_files(folder) if name in case_files(folder)]
        found += outcomes(before, after, read_suite(after, folder, tested) if tested else ())
    print("\n".join(found) if found else "No differences.")
    if found:
        raise typer.Exit(1)


def _version(folder: Path, config: Path) -> tuple[Settings, Path]:
    """Load a version, and tell where its flows are."""
    if (folder / "ivr_flows").is_dir():
        return _settings(folder / "config", folder / "ivr_flows"), folder / "ivr_flows"
    if not folder.is_dir():
        raise DeployError(f"{folder} is no folder; two files or two folders can be compared")
    return _settings(config, folder), folder


def _known(settings: Settings, names: list[str]) -> None:
    for name in names:
        if name not in settings.plan.flows:
            known = [str(flow) for flow in settings.plan.flows]
            raise DeployError(
                f"there is no flow '{name}'{did_you_mean(name, known) or '; there are ' + ', '.join(known)}"
            )


def _share(all_: int, missing: int) -> str:
    return f"{all_ - missing} of {all_}"
