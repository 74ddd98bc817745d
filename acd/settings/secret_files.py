"""Fetches secrets from where the configuration says: an environment variable or a file.

Decides how a secret's text is read and what makes it unusable. Must not know what it is for; no message shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acd.settings.values import NO_SECRET, Secret
from acd.settings.yaml_marks import Document, Path_, printable

_MAX_BYTES = 100_000
_GIVEN = "CREDENTIALS_DIRECTORY"
"""The variable by which systemd tells a service where its credentials are: each service has a folder of its own."""


def fetch(
    document: Document,
    path: Path_,
    key: str,
    variable: str | None,
    file: str | None,
    env: Mapping[str, str],
    base: Path,
) -> Secret:
    """The secret named by ``<key>_env`` or ``<key>_file`` below ``path``; without one, a mistake and ``NO_SECRET``."""
    if variable is not None:
        text = env.get(variable, "").strip()
        if not text:
            document.add((*path, f"{key}_env"), f"the environment variable {variable} is not set")
        return Secret(text)
    if file is None:
        return NO_SECRET
    where = (*path, f"{key}_file")
    if file.startswith(f"${_GIVEN}/"):
        if not (folder := env.get(_GIVEN)):
            document.add(where, f"{_GIVEN} is not set, as it is in a service of systemd's that has LoadCredential=")
            return NO_SECRET
        file = folder + file.removeprefix(f"${_GIVEN}")
    try:
        with (base / file).open("rb") as stream:
            text = stream.read(_MAX_BYTES).decode("utf-8").strip()
    except UnicodeDecodeError:
        document.add(where, "the file is not UTF-8 text")
        return NO_SECRET
    except (OSError, ValueError) as error:
        document.add(where, f"the file cannot be read: {getattr(error, 'strerror', None) or 'no usable path'}")
        return NO_SECRET
    if not text:
        document.add(where, "the file is empty")
    return Secret(text)


def pairs(document: Document, where: Path_, text: str, what: str) -> dict[str, Secret]:
    """Read lines of ``NAME SECRET``; ``#`` begins a comment. Any other line is a mistake, shown without its text."""
    found: dict[str, Secret] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2:  # noqa: PLR2004 - a pair
            document.add(where, f"line {number} of it is not NAME {what}")
        elif words[0] in found:
            document.add(where, f"line {number} of it names {printable(words[0])} again")
        else:
            found[words[0]] = Secret(words[1])
    return found
