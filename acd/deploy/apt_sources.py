"""Which archives to ask, read from the machine's own apt sources.

Decides the mirrors and suites: for Debian the machine's mirror with sid, then testing; for Ubuntu the machine's own
release with universe.
Must not run anything or touch the network.
"""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from acd.domain.errors import DeployError

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_KEYRINGS = {
    "debian": ("/usr/share/keyrings/debian-archive-keyring.pgp", "/usr/share/keyrings/debian-archive-keyring.gpg"),
    "ubuntu": ("/usr/share/keyrings/ubuntu-archive-keyring.gpg",),
}
_DEBIAN_DEFAULT = "http://deb.debian.org/debian"
_UBUNTU_DEFAULT = {"amd64": "http://archive.ubuntu.com/ubuntu", "arm64": "http://ports.ubuntu.com/ubuntu-ports"}
_DEBIAN_SUITES = ("sid", "testing")
_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$")

# One archive of sources.list(5): address, suite, components.
_Entry = tuple[str, str, list[str]]


@dataclass(frozen=True, slots=True)
class Distribution:
    """Whose packages are asked for.

    ``debian`` or ``ubuntu``, Debian's name of the architecture, the code name, the machine's root, and the archive's
    keyring where it is not the machine's own.
    """

    name: str
    arch: str
    codename: str
    root: Path = Path("/")
    keyring: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One archive to ask. ``signed_by`` is a keyring's path; ``mirror`` and suites are as in sources.list(5)."""

    mirror: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str

    def deb822(self) -> str:
        """Render as a .sources stanza."""
        return (
            f"Types: deb\nURIs: {self.mirror}\nSuites: {' '.join(self.suites)}\n"
            f"Components: {' '.join(self.components)}\nSigned-By: {self.signed_by}\n"
        )

    def __str__(self) -> str:
        """Name it in a message, without credentials that a mirror's address may carry."""
        return f"{re.sub('//[^/@]*@', '//', self.mirror)} {self.suites[0]}"


def this_distribution(root: Path = Path("/"), machine: str | None = None) -> Distribution:
    """Read what the machine runs.

    Raises:
        DeployError: neither amd64 nor arm64.
    """
    machine = machine or platform.machine()
    arch = _MACHINES.get(machine)
    if arch is None:
        raise DeployError(
            f"Nothing can be fetched for a {machine} machine; name installed programs with "
            "ASTERISK=, SIPP=, ESPEAK=, SOX=, PROMTOOL="
        )
    release: dict[str, str] = {}
    path = root / "etc/os-release"
    if path.is_file():
        pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
        release = {key: value.strip("\"'") for key, value in pairs}
    family = {release.get("ID", ""), *release.get("ID_LIKE", "").split()}
    if "ubuntu" in family:
        return Distribution("ubuntu", arch, release.get("UBUNTU_CODENAME") or release.get("VERSION_CODENAME", ""), root)
    return Distribution("debian", arch, release.get("VERSION_CODENAME", ""), root)


def candidates(distribution: Distribution) -> list[Source]:
    """List the archives to try, best first: the machine's own mirrors, then the distribution's public one.

    Raises:
        DeployError: the distribution's keyring is not installed, so nothing could be verified.
    """
    keyring = _keyring(distribution)
    mirrors = [*machine_mirrors(distribution)]
    if distribution.name == "ubuntu":
        mirrors.append(_UBUNTU_DEFAULT[distribution.arch])
        code = distribution.codename
        suites = (code, f"{code}-updates", f"{code}-security")
        return [Source(mirror, suites, ("main", "universe"), keyring) for mirror in dict.fromkeys(mirrors)]
    mirrors.append(_DEBIAN_DEFAULT)
    return [
        Source(mirror, (suite,), ("main",), keyring) for mirror in dict.fromkeys(mirrors) for suite in _DEBIAN_SUITES
    ]


def machine_mirrors(distribution: Distribution) -> list[str]:
    """Read the addresses of the distribution's main archive from the machine's apt sources, in either format."""
    apt = distribution.root / "etc/apt"
    entries: list[_Entry] = []
    if (apt / "sources.list").is_file():
        entries += _one_line_entries((apt / "sources.list").read_text())
    for path in sorted((apt / "sources.list.d").glob("*")):
        if path.suffix == ".list":
            entries += _one_line_entries(path.read_text())
        elif path.suffix == ".sources":
            entries += _deb822_entries(path.read_text())
    release = {distribution.codename, "stable", "testing", "unstable", "sid"} - {""}
    return list(
        dict.fromkeys(
            uri
            for uri, suite, components in entries
            if suite in release and "main" in components and _is_main_archive(uri, distribution.name)
        )
    )


def _is_main_archive(uri: str, name: str) -> bool:
    """Tell the distribution's archive from others' with the same suites; a wrong guess costs one failed try."""
    return name in uri.rsplit("@", 1)[-1] and "security" not in uri


def _one_line_entries(text: str) -> list[_Entry]:
    matches = (_ONE_LINE.match(line.split("#", 1)[0].strip()) for line in text.splitlines())
    return [(match["uri"], match["suite"], match["components"].split()) for match in matches if match]


def _deb822_entries(text: str) -> list[_Entry]:
    entries: list[_Entry] = []
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", body):
        fields = {
            key.lower(): value.split()
            for key, value in re.findall(r"^([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", stanza, re.MULTILINE)
        }
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"])[0].lower() not in {"no", "false", "0"}:
            components = fields.get("components", [])
            entries += [
                (uri, suite, components) for uri in fields.get("uris", []) for suite in fields.get("suites", [])
            ]
    return entries


def _keyring(distribution: Distribution) -> str:
    if distribution.keyring is not None:
        return str(distribution.keyring)
    for path in _KEYRINGS[distribution.name]:
        if (distribution.root / path.lstrip("/")).is_file():
            return path
    raise DeployError(
        f"No {distribution.name} archive keyring is installed, so packages could not be verified: "
        f"apt-get install {distribution.name}-{'archive-keyring' if distribution.name == 'debian' else 'keyring'}"
    )
