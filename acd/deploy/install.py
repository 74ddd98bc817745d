"""Our files beside an operator's own in an existing Asterisk.

Decides which files are ours to write (``acd_*.conf`` that begin as we begin them) and which lines the operator has to
add. Never changes a file of the operator's.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acd.deploy.asterisk import write_private
from acd.deploy.melody import melody
from acd.deploy.prompts import publish
from acd.deploy.templates import TEMPLATES, included_files
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from pathlib import Path

    from acd.deploy.plan import PbxPlan

MARK = '; acd: written by the command "acd asterisk install"; changes here are lost.\n'
_NOBODY_ELSE = 0o640


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written and what is left to do: for each of the operator's files the line to add."""

    written: tuple[Path, ...]
    lines_to_add: dict[str, str]


def install(plan: PbxPlan, etc: Path, recordings: Path, moh_dir: Path, templates: Path = TEMPLATES) -> Installed:
    """Write our files into Asterisk's configuration folder.

    They get the owner of the folder's ``asterisk.conf``, so that Asterisk can read them and nobody else.

    Raises:
        DeployError: the folder is not Asterisk's, cannot be written, or holds somebody else's file of our name.
    """
    if not (etc / "asterisk.conf").is_file():
        raise DeployError(f"{etc} holds no asterisk.conf; name Asterisk's configuration folder with --etc")
    files = {name: MARK + text for name, text in included_files(plan, recordings, moh_dir, templates).items()}
    for name in files:
        with suppress(FileNotFoundError):
            if not (etc / name).read_text(encoding="utf-8").startswith(MARK):
                raise DeployError(f"{etc / name} was not written by this command; move it away first")
    write_private(etc, files)
    owner = (etc / "asterisk.conf").stat()
    for name in files:
        (etc / name).chmod(_NOBODY_ELSE)
        if os.geteuid() == 0:
            os.chown(etc / name, owner.st_uid, owner.st_gid)
    publish(melody(), moh_dir / "melody.wav")
    wanted = {name.removeprefix("acd_"): f"#include {name}" for name in files}
    lines = {name: line for name, line in wanted.items() if not includes(etc / name, line.split()[1])}
    return Installed(tuple(etc / name for name in files), lines)


def includes(path: Path, name: str) -> bool:
    """Tell whether a configuration file includes another by its name."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DeployError(f"{path} cannot be read: {error.strerror}") from error
    return (
        re.search(rf'^\s*#(try)?include\s+[<"]?(\S*/)?{re.escape(name)}[>"]?\s*(;.*)?$', text, re.MULTILINE) is not None
    )
