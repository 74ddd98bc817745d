"""Plays a sound where somebody sits at this machine.

Decides which program plays it. Must not know what it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from acd.domain.errors import DeployError

_PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",), ("ffplay", "-autoexit", "-nodisp", "-v", "error"))
_DEVICES = Path("/dev/snd")
_TIMEOUT_S = 300


def play_here(path: Path, environ: Mapping[str, str] | None = None, devices: Path = _DEVICES) -> None:
    """Play a sound to its end.

    Args:
        path: the WAV file.
        environ: where ``PATH`` and ``PULSE_SERVER`` stand; this process's by default.
        devices: ALSA's folder of sound devices.

    Raises:
        DeployError: this machine has no sound device, no program that plays, or the program failed.
    """
    environ = os.environ if environ is None else environ
    where = environ.get("PATH")
    if not (environ.get("PULSE_SERVER") or list(devices.glob("pcm*p")) or shutil.which("afplay", path=where)):
        raise DeployError("this machine has no sound device; write the sound with --to FILE.wav")
    for program, *arguments in _PLAYERS:
        found = shutil.which(program, path=where)
        if found is None:
            continue
        try:
            done = subprocess.run(  # noqa: S603 - a program of the machine
                [found, *arguments, str(path)], env=dict(environ), capture_output=True, timeout=_TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DeployError(f"{program} cannot play the sound: {error}; --to FILE.wav writes it") from error
        if done.returncode:
            why = done.stderr.decode(errors="replace").strip()[-200:]
            raise DeployError(f"{program} cannot play the sound: {why}; --to FILE.wav writes it")
        return
    names = ", ".join(player[0] for player in _PLAYERS)
    raise DeployError(f"none of {names} is here to play the sound; --to FILE.wav writes it")
