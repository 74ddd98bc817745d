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
from acd.deploy.loudspeaker import play_here
from acd.deploy.melody import melody
from acd.deploy.progress import shown_progress
from acd.deploy.prompts import Prompt, build_prompts, programs, prompts_of, publish, speech_of, unrecorded
from acd.deploy.prompts import missing as without_file
from acd.deploy.sound_check import faults
from acd.deploy.speech import ESPEAK, made
from acd.deploy.toolchain import ToolSet, fetch_tools
from acd.domain.errors import DeployError
from acd.settings.fields import quoted
from acd.settings.loader import load
from acd.settings.structure import did_you_mean
from acd.settings.values import PromptsSettings

app = typer.Typer(no_args_is_help=True, help="Sound files of what callers hear.")

IntoOption = Annotated[Path | None, typer.Option("--into", help="Folder of the sounds.")]


def _prompts(config: Path, flows: Path) -> tuple[PromptsSettings, list[Prompt]]:
    settings = load(config, flows, os.environ, secrets=False).prompts
    return settings, prompts_of(settings)


def _tools(settings: PromptsSettings) -> ToolSet:
    with shown_progress() as progress:
        return fetch_tools(progress, programs(settings))


def _speaker(settings: PromptsSettings) -> str:
    return Path((settings.command or ESPEAK)[0]).name


@app.command()
def build(into: IntoOption = None, config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Make every sound file: recorded voices first, synthesis for the rest, and music for waiting callers."""
    with told_plainly():
        settings, prompts = _prompts(config, flows)
        folder = into or settings.dir
        tools = _tools(settings)
        with shown_progress() as progress:
            done = build_prompts(prompts, folder, cache_root() / "prompts", speech_of(settings, tools), progress)
        publish(melody(), folder / "moh" / "melody.wav")
    spoken, forms = len(unrecorded(prompts)), ", ".join(("wav", *settings.forms))
    print(f"{len(done)} prompts in {folder} ({forms}), {spoken} of them spoken by {_speaker(settings)}")


@app.command("list")
def list_all(config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Print every prompt: language, key, version, where it comes from, text; faults of recordings after their file."""
    with told_plainly():
        settings, prompts = _prompts(config, flows)
    for prompt in prompts:
        source = f"{_speaker(settings)} {prompt.voice}"
        if prompt.recorded is not None:
            source = "; ".join([str(prompt.recorded), *faults(prompt.recorded)])
        print(f"{prompt.language}\t{prompt.key}\t{prompt.version}\t{source}\t{prompt.text}")


@app.command()
def missing(into: IntoOption = None, config: ConfigOption = CONFIG, flows: FlowsOption = FLOWS) -> None:
    """Print prompts nobody has recorded, faulty recordings, and prompts without any sound file: then exit code 1.

    Prompts that come with the program are counted, not named.
    """
    with told_plainly():
        settings, prompts = _prompts(config, flows)
    lacking = unrecorded(prompts)
    for prompt in lacking:
        if not prompt.key.startswith("say_"):
            print(f"not recorded: {prompt.language}/{prompt.key}")
    if own := sum(prompt.key.startswith("say_") for prompt in lacking):
        print(f"not recorded: {own} prompts of numbers, dates and times (say_...)")
    for prompt in prompts:
        for fault in faults(prompt.recorded) if prompt.recorded else ():
            print(f"recording: {prompt.language}/{prompt.key}: {fault}")
    silent = without_file(prompts, into or settings.dir)
    for prompt in silent:
        print(f"no sound file: {prompt.language}/{prompt.key}")
    if silent:
        raise typer.Exit(1)


@app.command()
def play(
    key: Annotated[str, typer.Argument(help="The prompt's name.")],
    language: Annotated[str | None, typer.Option(help="Its language; the first it has by default.")] = None,
    to: Annotated[Path | None, typer.Option(help="A WAV file to write instead of playing.")] = None,
    config: ConfigOption = CONFIG,
    flows: FlowsOption = FLOWS,
) -> None:
    """Play one prompt as callers hear it, by this machine's sound device or into a file."""
    with told_plainly():
        settings, prompts = _prompts(config, flows)
        prompt = _chosen(prompts, key, language)
        speech, cache = speech_of(settings, _tools(settings)), cache_root() / "prompts"
        cache.mkdir(parents=True, exist_ok=True)
        wav = made(prompt.said, cache, speech)["wav"]
        if to is not None:
            publish(wav.read_bytes(), to)
        else:
            play_here(wav)
    print(f"{prompt.language}/{prompt.key}: {prompt.text}")


def _chosen(prompts: list[Prompt], key: str, language: str | None) -> Prompt:
    named = [prompt for prompt in prompts if prompt.key == key]
    if not named:
        known = sorted({str(prompt.key) for prompt in prompts})
        raise DeployError(f"there is no prompt {quoted(key)}{did_you_mean(key, known)}")
    for prompt in named:
        if language in {None, prompt.language}:
            return prompt
    spoken = ", ".join(prompt.language for prompt in named)
    raise DeployError(f"the prompt {quoted(key)} has no text in {quoted(str(language))}; it has one in {spoken}")
