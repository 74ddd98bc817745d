"""A text becomes sounds: spoken by a program, brought to one loudness, in the forms Asterisk plays without transcoding.

Decides how the program is called, the forms (8 kHz WAV always; A-law, mu-law, 16 kHz linear as the trunks' codecs ask)
and the silence around what is said. Must not know which prompts there are, nor where their files stand.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.levels import PEAK_DB, RATE, SILENT, TARGET_LUFS, TOLERANCE_LU, measure
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from acd.deploy.toolchain import ToolSet

ESPEAK: tuple[str, ...] = ("espeak-ng", "-v", "{voice}", "-s", "150", "--stdin", "-w", "{file}")
"""The program that speaks where none is configured."""
MAKE_S = 60.0
"""How long a program may take for one prompt."""

_VERSION = 2
_PAUSE_S = 0.2
"""What a text without words, such as a comma, is: a pause."""
_WORD = re.compile(r"\w")
_WIDE = 16000
_PCM = ("-b", "16", "-e", "signed-integer")
# Silence around words adds up where a number is put together of several prompts.
_TRIMMED = ("silence", "1", "0.005", "-55d", "reverse") * 2
_AROUND = ("pad", "0.02", "0.08")


@dataclass(frozen=True, slots=True)
class Speech:
    """Who speaks and in which forms.

    ``command`` is a program and its arguments with ``{voice}``, ``{language}``, ``{file}`` (the WAV to write, else its
    standard output is one) and ``{text}`` (else the text comes by standard input). ``forms`` are file endings: alaw,
    ulaw, sln16; wav is always made.
    """

    tools: ToolSet
    command: tuple[str, ...] = ESPEAK
    forms: tuple[str, ...] = ()
    timeout_s: float = MAKE_S

    @property
    def endings(self) -> tuple[str, ...]:
        """The file endings of a sound."""
        return (*(form for form in self.forms if form != "wav"), "wav")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said: the text, its language, the voice, the version the operator gave it, a recording instead."""

    text: str
    language: str
    voice: str
    version: int = 1
    recorded: Path | None = None

    def digest(self, command: tuple[str, ...]) -> str:
        """Name what the sound depends on; a change of any of it makes the sound again."""
        if self.recorded is not None:
            source = hashlib.sha256(self.recorded.read_bytes()).hexdigest()
        else:
            source = repr((self.text, self.language, self.voice, self.version, command))
        return hashlib.sha256(repr((_VERSION, TARGET_LUFS, PEAK_DB, source)).encode()).hexdigest()[:32]


def made(said: Said, cache: Path, speech: Speech) -> dict[str, Path]:
    """Give the sound's files in the cache by ending; make them if they are not there.

    Raises:
        DeployError: a program failed or made no sound; no half-made file is left.
        OSError: the cache cannot be written.
    """
    digest = said.digest(speech.command)
    files = {ending: cache / f"{digest}.{ending}" for ending in speech.endings}
    if all(file.is_file() for file in files.values()):
        return files
    with tempfile.TemporaryDirectory(dir=cache, prefix=".work-") as folder:
        work = Path(folder)
        for ending, file in _forms(said, work, speech).items():
            file.replace(files[ending])
    return files


def _forms(said: Said, work: Path, speech: Speech) -> dict[str, Path]:
    """Make every form in the work folder."""
    if said.recorded is None and not _WORD.search(said.text):
        source, effects = _pause(work), []
    else:
        source = said.recorded or _spoken(said, work, speech)
        level = measure(source, speech.tools)
        if said.recorded is None and level.lufs < SILENT:
            raise DeployError("the program that speaks made no sound")
        effects = _effects(said, level.gain())
    wav = work / "made.wav"
    _sox(source, [*_PCM, str(wav)], ["channels", "1", "rate", str(RATE), *effects], speech)
    forms = {"wav": wav}
    for ending, kind in (("alaw", "al"), ("ulaw", "ul")):
        if ending in speech.forms:
            forms[ending] = work / f"made.{ending}"
            _sox(wav, ["-t", kind, str(forms[ending])], [], speech)
    if "sln16" in speech.forms:
        forms["sln16"] = work / "made.sln16"
        _sox(source, ["-t", "raw", *_PCM, str(forms["sln16"])], ["channels", "1", "rate", str(_WIDE), *effects], speech)
    return forms


def _effects(said: Said, gain: float) -> list[str]:
    if said.recorded is not None:
        return [] if abs(gain) <= TOLERANCE_LU else ["gain", f"{gain:.2f}"]
    # A telephone carries nothing below 200 Hz.
    return ["highpass", "150", "gain", f"{gain:.2f}", *_TRIMMED, *_AROUND]


def _pause(work: Path) -> Path:
    path = work / "spoken.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(bytes(2 * int(_PAUSE_S * RATE)))
    return path


def _spoken(said: Said, work: Path, speech: Speech) -> Path:
    path = work / "spoken.wav"
    named = {"{voice}": said.voice, "{language}": said.language, "{file}": str(path), "{text}": said.text}
    filled = [_filled(part, named) for part in speech.command]
    program = speech.tools.argv(filled[0]) if filled[0] in speech.tools.prefixes else [filled[0]]
    by_input = not any("{text}" in part for part in speech.command)
    output = _run([*program, *filled[1:]], said.text if by_input else "", speech)
    if not any("{file}" in part for part in speech.command):
        path.write_bytes(output)
    if not path.is_file() or not path.stat().st_size:
        raise DeployError(f"{filled[0]} wrote no sound")
    return path


def _filled(part: str, named: dict[str, str]) -> str:
    """Fill in placeholders in one pass, so that a text that holds one stays as it is."""
    return re.sub(r"\{(?:voice|language|file|text)\}", lambda found: named[found[0]], part)


def _sox(source: Path, output: list[str], effects: list[str], speech: Speech) -> None:
    # No dither: the same text gives the same bytes.
    _run([*speech.tools.argv("sox"), "-D", str(source), *output, *effects], "", speech)


def _run(argv: list[str], text: str, speech: Speech) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - a program of the tools or the operator's
            argv,
            env=speech.tools.env(),
            input=text.encode(),
            capture_output=True,
            timeout=speech.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeployError(f"{Path(argv[0]).name} took longer than {speech.timeout_s:g} s") from None
    except OSError as error:
        raise DeployError(str(error)) from error
    if done.returncode:
        raise DeployError(done.stderr.decode(errors="replace").strip()[-300:] or f"{argv[0]} failed")
    return done.stdout
