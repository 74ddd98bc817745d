"""Questions to a running Asterisk: its console, ARI and AMI, and its configuration files.

Decides how a question is put and what a missing answer is; ``acd.deploy.check`` decides what the answers mean.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.deploy.plan import UserPlan

_TIMEOUT_S = 5.0
_INCLUDE = re.compile(r"#(?:try)?include\s+[<\"]?([^\s>\"]+)")
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class LivePbx:
    """A running Asterisk as the check sees it; ``console`` runs a console command or raises ``DeployError``."""

    console: Callable[[str], str]
    ari: UserPlan
    ami: UserPlan

    def ari_get(self, path: str) -> tuple[int, Any]:
        """Ask ARI; its status (0 where nobody listens) and its JSON, None where it gave none."""
        credentials = base64.b64encode(f"{self.ari.user}:{self.ari.password}".encode()).decode()
        connection = http.client.HTTPConnection(self.ari.bind, self.ari.port, timeout=_TIMEOUT_S)
        try:
            connection.request("GET", f"/ari{path}", headers={"Authorization": f"Basic {credentials}"})
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if answer.status == http.client.OK else None
        except (OSError, ValueError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()

    def ami_login(self) -> str:
        """Log in to AMI; what was wrong, in AMI's words, or an empty text."""
        lines = ["Action: Login", f"Username: {self.ami.user}", f"Secret: {self.ami.password}", "Events: off"]
        try:
            with (
                socket.create_connection((self.ami.bind, self.ami.port), _TIMEOUT_S) as link,
                link.makefile("rb") as answer,
            ):
                banner = answer.readline()
                if not banner.startswith(b"Asterisk Call Manager/"):
                    return "what listens there is no AMI"
                link.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                fields = dict(self._fields(answer.readline) or [("Message", "it hung up")])
                link.sendall(b"Action: Logoff\r\n\r\n")
        except OSError as error:
            return error.strerror or str(error)
        return "" if fields.get("Response") == "Success" else fields.get("Message", "it refused")

    @staticmethod
    def _fields(readline: Callable[[], bytes]) -> list[tuple[str, str]]:
        found = []
        while line := readline().decode(errors="replace").strip():
            name, _, value = line.partition(":")
            found.append((name, value.strip()))
        return found


def read_config(path: Path, depth: int = 0) -> dict[str, dict[str, str]]:
    """Read one of Asterisk's files with what it includes: section -> option -> the last value.

    Raises:
        DeployError: it cannot be read.
    """
    sections: dict[str, dict[str, str]] = {}
    section = ""
    for raw in _lines(path, depth):
        line = re.split(r"(?<!\\);", raw, maxsplit=1)[0].strip()
        if match := re.match(r"\[([^\]]+)\]", line):
            section = match[1]
            sections.setdefault(section, {})
        elif "=" in line:
            key, _, value = line.partition("=")
            sections.setdefault(section, {})[key.strip()] = value.lstrip(">").strip()
    return sections


def _lines(path: Path, depth: int) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DeployError(f"{path} cannot be read: {error.strerror}") from error
    lines: list[str] = []
    for line in text.splitlines():
        match = _INCLUDE.match(line.strip())
        if match is None:
            lines.append(line)
        elif depth < _DEEPEST:
            for included in sorted(path.parent.glob(match[1])) if not match[1].startswith("/") else [Path(match[1])]:
                if included.is_file():
                    lines += _lines(included, depth + 1)
    return lines
