"""Makes sounds while calls go on: prompts whose file is missing, and texts that flows make.

Decides where they are put and how long texts are kept. Must not know who waits for them. Everything here blocks, so
it runs in threads.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from acd.deploy.prompts import list_prompts, place, programs, speech_of
from acd.deploy.speech import ESPEAK, Said, Speech, made
from acd.deploy.toolchain import ToolSet, find_tools
from acd.domain.commands import Spoken
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey
from acd.settings.values import PromptsSettings

FOLDER = "spoken"
"""Below the prompts' folder: texts, by hash."""
KEPT_S = 24 * 3600.0
"""A text may tell of somebody, so its sound does not stay."""
_PROGRAM_S = 4.0
_SWEEP_S = 600.0


class PromptMaker:
    """Puts sounds where they are looked for.

    Args:
        cache: keeps prompts by what they depend on, as ``acd prompts build`` leaves them.
        now: seconds since the epoch.
        find: finds programs without any network.
    """

    def __init__(
        self,
        cache: Path,
        now: Callable[[], float],
        find: Callable[[tuple[str, ...]], ToolSet | None] = find_tools,
    ) -> None:
        self._cache = cache
        self._find = find
        self._now = now
        self._swept = 0.0

    def spoken_file(self, settings: PromptsSettings, spoken: Spoken) -> Path:
        """Name the WAV file of a text, whether it is there or not."""
        return settings.dir / FOLDER / f"{_said(settings, spoken).digest(settings.command or ESPEAK)}.wav"

    def make(
        self, settings: PromptsSettings, said: PromptKey | Spoken, language: Language
    ) -> Literal["cache", "synthesised"]:
        """Make a sound's files.

        Raises:
            DeployError: it could not be made.
            OSError: a folder cannot be written.
        """
        speech = replace(speech_of(settings, self._tools(settings)), timeout_s=_PROGRAM_S)
        if isinstance(said, Spoken):
            return self._text(settings, said, speech)
        text = settings.texts.get(said, {}).get(language)
        if text is None:
            raise DeployError(f"the prompt {said} has no text in {language}")
        voices = {**settings.voices, **settings.own_voices.get(said, {})}
        catalogue = {said: {language: text}}
        (listed,) = list_prompts(catalogue, voices, settings.recorded_dir, settings.versions.get(said, 1))
        prompt = replace(listed, wording=settings.wording(said, language))
        self._cache.mkdir(parents=True, exist_ok=True)
        kept = (self._cache / f"{prompt.said.digest(speech.command)}.wav").is_file()
        place(prompt, settings.dir.absolute(), self._cache, speech)
        return "cache" if kept else "synthesised"

    def _text(self, settings: PromptsSettings, spoken: Spoken, speech: Speech) -> Literal["synthesised"]:
        folder = settings.dir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        self._sweep(folder)
        for file in made(_said(settings, spoken), folder, speech).values():
            # Asterisk may run as another user.
            file.chmod(0o644)
        return "synthesised"

    def _sweep(self, folder: Path) -> None:
        """Remove what nobody has asked for lately."""
        now = self._now()
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        for file in folder.iterdir():
            with suppress(OSError):
                if file.is_file() and now - file.stat().st_mtime > KEPT_S:
                    file.unlink()

    def _tools(self, settings: PromptsSettings) -> ToolSet:
        needed = programs(settings)
        found = self._find(needed)
        if found is not None:
            return found
        installed = {name: (path,) for name in needed if (path := shutil.which(name)) is not None}
        return ToolSet(None, installed, {})


def _said(settings: PromptsSettings, spoken: Spoken) -> Said:
    return Said(spoken.text, spoken.language, settings.voices.get(spoken.language, spoken.language))
