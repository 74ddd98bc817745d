"""Sound files of what callers hear: the operator's recording where there is one, else spoken by a program.

Decides where they stand (``<folder>/<language>/<key>.<ending>``) and that a file is whole or not there. Must not know
how a sound is made, who plays it, or when.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.progress import SilentProgress
from acd.deploy.speech import ESPEAK, Said, Speech, made
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey

if TYPE_CHECKING:
    from acd.deploy.progress import Progress
    from acd.deploy.toolchain import ToolSet
    from acd.settings.values import PromptsSettings

_AT_ONCE = 2
_KEPT = 3
"""Wordings of a prompt that stay beside the current one: callers finish on the version they began."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_ENDINGS = ("wav", "alaw", "ulaw", "sln16")
"""What Asterisk might play in place of another; a form no longer asked for must not stay with an old text."""

Catalogue = Mapping[PromptKey, Mapping[Language, str]]
"""Prompt key -> language -> text."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt to have: its key, language and text, the program's voice, the operator's recording, its version."""

    key: PromptKey
    language: Language
    text: str
    voice: str
    recorded: Path | None
    version: int = 1
    wording: str = ""
    """Names the sound file that callers hear, see ``PromptsSettings``."""

    @property
    def said(self) -> Said:
        """What its sound depends on."""
        return Said(self.text, self.language, self.voice, self.version, self.recorded)

    def file(self, folder: Path) -> Path:
        """Where its latest sound stands in a folder: for people, who look for its name."""
        return folder / self.language / f"{self.key}.wav"

    def worded(self, folder: Path) -> Path:
        """Where the sound of its wording stands: for callers."""
        return folder / self.language / self.key / f"{self.wording}.wav" if self.wording else self.file(folder)


def prompts_of(settings: PromptsSettings) -> list[Prompt]:
    """List every prompt of a configuration, by key and language.

    Raises:
        DeployError: a key or language cannot be a file's name.
    """
    prompts = []
    for key, texts in sorted(settings.texts.items()):
        voices = {**settings.voices, **settings.own_voices.get(key, {})}
        listed = list_prompts({key: texts}, voices, settings.recorded_dir, settings.versions.get(key, 1))
        prompts += [replace(prompt, wording=settings.wording(key, prompt.language)) for prompt in listed]
    return prompts


def list_prompts(
    catalogue: Catalogue,
    voices: Mapping[Language, str] | None = None,
    recorded_dir: Path | None = None,
    version: int = 1,
) -> list[Prompt]:
    """List every prompt of the catalogue, by key and language.

    Args:
        catalogue: texts by key and language.
        voices: the program's voice of a language; the language's own code where none is named.
        recorded_dir: the operator's recordings, ``<language>/<key>.wav``.
        version: of all of them.

    Raises:
        DeployError: a key or language cannot be a file's name.
    """
    prompts = []
    for key, texts in sorted(catalogue.items()):
        for language, text in sorted(texts.items()):
            if not _NAME.fullmatch(key) or not _NAME.fullmatch(language):
                raise DeployError(f"the prompt {key!r} in {language!r} cannot be a file's name")
            path = recorded_dir / language / f"{key}.wav" if recorded_dir else None
            recorded = path if path is not None and path.is_file() else None
            prompts.append(Prompt(key, language, text, (voices or {}).get(language, language), recorded, version))
    return prompts


def programs(settings: PromptsSettings) -> tuple[str, ...]:
    """Name the programs of the tools it takes to make the prompts."""
    return ("sox",) if settings.command else ("espeak-ng", "sox")


def speech_of(settings: PromptsSettings, tools: ToolSet) -> Speech:
    """Tell who speaks, and in which forms."""
    return Speech(tools, settings.command or ESPEAK, settings.forms)


def build_prompts(
    prompts: list[Prompt], folder: Path, cache: Path, speech: Speech, progress: Progress | None = None
) -> dict[tuple[PromptKey, Language], Path]:
    """Make every prompt's files, two at a time; what the cache has is only copied.

    Args:
        prompts: what to make.
        folder: gets ``<language>/<key>.wav`` and the other forms.
        cache: keeps sounds by what they depend on.
        speech: who speaks, in which forms.
        progress: where to report.

    Returns:
        For each key and language the file's absolute path without its ending, as ``sound:`` takes it.

    Raises:
        DeployError: a sound could not be made; no half-made file is left.
    """
    progress = progress or SilentProgress()
    progress.stage(f"Speaking {len(prompts)} prompts")
    done: dict[tuple[PromptKey, Language], Path] = {}
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            paths = pool.map(lambda prompt: place(prompt, folder.absolute(), cache, speech), prompts)
            for index, (prompt, path) in enumerate(zip(prompts, paths, strict=True)):
                done[prompt.key, prompt.language] = path.with_suffix("")
                progress.advance((index + 1) / len(prompts), f"{prompt.language}/{prompt.key}")
    except OSError as error:
        raise DeployError(f"A prompt cannot be written: {error}") from error
    return done


def place(prompt: Prompt, folder: Path, cache: Path, speech: Speech) -> Path:
    """Put one prompt's files into the folder, out of the cache or newly made; give its WAV.

    Raises:
        DeployError: it could not be made.
        OSError: a folder cannot be written.
    """
    try:
        files = made(prompt.said, cache, speech)
    except DeployError as error:
        raise DeployError(f"The prompt {prompt.key} ({prompt.language}) cannot be made: {error}") from error
    path = prompt.file(folder)
    for place_ in dict.fromkeys((prompt.worded(folder), path)):  # callers' first
        for ending, file in files.items():
            publish(file.read_bytes(), place_.with_suffix(f".{ending}"))
        for ending in _ENDINGS:
            if ending not in files:
                place_.with_suffix(f".{ending}").unlink(missing_ok=True)
    if prompt.wording:
        _forget(prompt.worded(folder))
    return path


def _forget(current: Path) -> None:
    """Remove wordings that no caller can be hearing any more: all but the current and the latest before it."""
    others = {file.stem for file in current.parent.iterdir() if not file.name.startswith(".")} - {current.stem}

    def made_at(wording: str) -> float:
        return max(file.stat().st_mtime for file in current.parent.glob(f"{wording}.*"))

    for wording in sorted(others, key=made_at, reverse=True)[_KEPT:]:
        for file in current.parent.glob(f"{wording}.*"):
            file.unlink(missing_ok=True)


def unrecorded(prompts: list[Prompt]) -> list[Prompt]:
    """List the prompts nobody has recorded yet."""
    return [prompt for prompt in prompts if prompt.recorded is None]


def missing(prompts: list[Prompt], folder: Path) -> list[Prompt]:
    """List the prompts without a sound file in the folder."""
    return [prompt for prompt in prompts if not prompt.worded(folder).is_file()]


def publish(content: bytes, path: Path) -> None:
    """Write a sound whole or not at all; a file that is the same already stays untouched (it may be playing)."""
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        # Asterisk may run as another user than the one who made the prompts.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
