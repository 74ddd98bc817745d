"""Sound files of what callers hear: the operator's recording where there is one, else spoken by espeak-ng.

Decides the files' form (8 kHz, mono, 16 bit, one peak level), where they stand (``<folder>/<language>/<key>.wav``) and
when one has to be made again. Must not know who plays them, or when.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
import wave
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.progress import SilentProgress
from acd.domain.errors import DeployError
from acd.domain.ids import Language, PromptKey

if TYPE_CHECKING:
    from acd.deploy.progress import Progress
    from acd.deploy.toolchain import ToolSet

RATE = 8000
_VERSION = 1
_WORDS_PER_MINUTE = "150"
# A telephone carries nothing below 200 Hz; the peak is the same in every prompt, so that none is louder than others.
_EFFECTS = ("channels", "1", "rate", str(RATE), "highpass", "150", "gain", "-n", "-4", "pad", "0.05", "0.15")
_AT_ONCE = 2
_PAUSE_S = 0.2
"""What a text without words, such as a comma, is: a pause."""
_WORD = re.compile(r"\w")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

Catalogue = Mapping[PromptKey, Mapping[Language, str]]
"""Prompt key -> language -> text."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt to have: its key, language and text, espeak-ng's voice, and the operator's recording, if any."""

    key: PromptKey
    language: Language
    text: str
    voice: str
    recorded: Path | None

    def digest(self) -> str:
        """Name what the sound depends on; a change of any of it makes the sound again."""
        if self.recorded is not None:
            source = hashlib.sha256(self.recorded.read_bytes()).hexdigest()
        else:
            source = repr((self.text, self.voice, _WORDS_PER_MINUTE))
        return hashlib.sha256(repr((_VERSION, _EFFECTS, source)).encode()).hexdigest()[:24]


def list_prompts(
    catalogue: Catalogue, voices: Mapping[Language, str] | None = None, recorded_dir: Path | None = None
) -> list[Prompt]:
    """List every prompt of the catalogue, by key and language.

    Args:
        catalogue: texts by key and language.
        voices: espeak-ng's voice of a language; the language's own code where none is named.
        recorded_dir: the operator's recordings, ``<language>/<key>.wav``.

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
            prompts.append(Prompt(key, language, text, (voices or {}).get(language, language), recorded))
    return prompts


def build_prompts(
    prompts: list[Prompt], folder: Path, cache: Path, tools: ToolSet, progress: Progress | None = None
) -> dict[tuple[PromptKey, Language], Path]:
    """Make every prompt's file, two at a time; what the cache has is only copied.

    Args:
        prompts: what to make.
        folder: gets ``<language>/<key>.wav``.
        cache: keeps sounds by what they depend on.
        tools: where espeak-ng and sox are.
        progress: where to report.

    Returns:
        For each key and language the file's absolute path without its ending, as ``sound:`` takes it.

    Raises:
        DeployError: a sound could not be made; no half-made file is left.
    """
    progress = progress or SilentProgress()
    progress.stage(f"Speaking {len(prompts)} prompts")
    made: dict[tuple[PromptKey, Language], Path] = {}
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            paths = pool.map(lambda prompt: _make(prompt, folder.absolute(), cache, tools), prompts)
            for index, (prompt, path) in enumerate(zip(prompts, paths, strict=True)):
                made[prompt.key, prompt.language] = path.with_suffix("")
                progress.advance((index + 1) / len(prompts), f"{prompt.language}/{prompt.key}")
    except OSError as error:
        raise DeployError(f"A prompt cannot be written: {error}") from error
    return made


def unrecorded(prompts: list[Prompt]) -> list[Prompt]:
    """List the prompts nobody has recorded yet."""
    return [prompt for prompt in prompts if prompt.recorded is None]


def missing(prompts: list[Prompt], folder: Path) -> list[Prompt]:
    """List the prompts without a sound file in the folder."""
    return [prompt for prompt in prompts if not (folder / prompt.language / f"{prompt.key}.wav").is_file()]


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


def _make(prompt: Prompt, folder: Path, cache: Path, tools: ToolSet) -> Path:
    path = folder / prompt.language / f"{prompt.key}.wav"
    if prompt.recorded is not None and _suits(prompt.recorded):
        publish(prompt.recorded.read_bytes(), path)
        return path
    kept = cache / f"{prompt.digest()}.wav"
    if not kept.is_file():
        with tempfile.TemporaryDirectory(dir=cache, prefix=".work-") as work:
            source = prompt.recorded or _speak(prompt, Path(work), tools)
            made = Path(work) / "made.wav"
            form = ("-b", "16", "-e", "signed-integer")
            # No dither: the same text gives the same bytes.
            _run([*tools.argv("sox"), "-D", str(source), *form, str(made), *_EFFECTS], tools, prompt)
            made.replace(kept)
    publish(kept.read_bytes(), path)
    return path


def _speak(prompt: Prompt, work: Path, tools: ToolSet) -> Path:
    spoken = work / "spoken.wav"
    if not _WORD.search(prompt.text):
        with wave.open(str(spoken), "wb") as sound:
            sound.setparams((1, 2, RATE, 0, "NONE", ""))
            sound.writeframes(bytes(2 * int(_PAUSE_S * RATE)))
        return spoken
    argv = [*tools.argv("espeak-ng"), "-v", prompt.voice, "-s", _WORDS_PER_MINUTE, "--stdin", "-w", str(spoken)]
    _run(argv, tools, prompt, prompt.text)
    return spoken


def _run(argv: list[str], tools: ToolSet, prompt: Prompt, text: str = "") -> None:
    try:
        done = subprocess.run(  # noqa: S603 - a program of the tools
            argv,
            env=tools.env(),
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployError(f"The prompt {prompt.key} ({prompt.language}) cannot be made: {error}") from error
    if done.returncode:
        raise DeployError(f"The prompt {prompt.key} ({prompt.language}) cannot be made: {done.stderr.strip()[-300:]}")


def _suits(path: Path) -> bool:
    """Tell whether Asterisk can play a recording as it is."""
    try:
        with wave.open(str(path), "rb") as sound:
            return (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2)
    except (OSError, EOFError, wave.Error):
        return False
