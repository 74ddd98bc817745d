"""``acd prompts``: the sound files of what callers hear.

Decides what is printed and the exit codes; acd.deploy.prompts does the work.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from acd.cli.asterisk import CONFIG, FLOWS, ConfigOption, FlowsOption, told_plainly
from acd.deploy.cache import cache_root
from acd.deploy.melody import melody
from acd.deploy.progress import shown_progress
from acd.deploy.prompts import Prompt, build_prompts, list_prompts, publish, unrecorded
from acd.deploy.prompts import missing as without_file
from acd.deploy.toolchain import fetch_tools
from acd.settings.loader import load
from acd.settings.values import PromptsSettings

app = typer.Typer(no_args_is_help=True, help="Sound files of what callers hear.")

IntoOption = Annotated[Path | None, typer.Option("--into", help="Folder of the sounds.")]


def _prompts(config: Path, flows: Path) -> tuple[PromptsSettings, list[Prompt]]:
    settings = load(config, flows, os.environ, secrets=False).prompts
    return settings, list_prompts(settings.texts, settings.voices, settings.recorded_dir)


@app.command()
def build(into: IntoOption = None, config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Make every sound file: recorded voices first, espeak-ng for the rest, and music for waiting callers."""
    with told_plainly():
        settings, prompts = _prompts(config, flows)
        folder = into or settings.dir
        with shown_progress() as progress:
            tools = fetch_tools(progress, ("espeak-ng", "sox"))
            made = build_prompts(prompts, folder, cache_root() / "prompts", tools, progress)
        publish(melody(), folder / "moh" / "melody.wav")
    print(f"{len(made)} prompts in {folder}, {len(unrecorded(prompts))} of them spoken by espeak-ng")


@app.command("list")
def list_all(config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Print every prompt: language, key, where it comes from, text."""
    with told_plainly():
        _, prompts = _prompts(config, flows)
    for prompt in prompts:
        source = str(prompt.recorded) if prompt.recorded else f"espeak-ng {prompt.voice}"
        print(f"{prompt.language}\t{prompt.key}\t{source}\t{prompt.text}")


@app.command()
def missing(into: IntoOption = None, config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Print prompts nobody has recorded, and those without any sound file; exit code 1 for the latter."""
    with told_plainly():
        settings, prompts = _prompts(config, flows)
    for prompt in unrecorded(prompts):
        print(f"not recorded: {prompt.language}/{prompt.key}")
    silent = without_file(prompts, into or settings.dir)
    for prompt in silent:
        print(f"no sound file: {prompt.language}/{prompt.key}")
    if silent:
        raise typer.Exit(1)
