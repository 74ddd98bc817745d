"""The programs that the demo and the tests need beside Python: Asterisk, sipp, espeak-ng, sox and promtool.

Decides where they come from (a program named by its variable, else a tree of unpacked packages in the user's cache),
and how a program of that tree is started: through the tree's own dynamic loader and libraries, so that the machine's
libc does not matter. Must not know how trees are made (toolchain_tree) nor what the programs are used for.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.apt_sources import this_distribution
from acd.deploy.cache import locked
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain_apt import require_apt
from acd.deploy.toolchain_tree import STAMP, Recipe, library_folder, loader_of, make_tree, tree_folder
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acd.deploy.progress import Progress

MINIMUM_ASTERISK = 20

DROPPED = re.compile(
    r"(lib)?python3.*|perl.*|libperl.*|gnupg.*|gpg.*|dirmngr|pinentry-.*|passwd|login.*|adduser|debconf|base-passwd|libsnmp-base"
    r"|libcodec2.*|pci\.ids|libpam-modules.*|lsb-base|sysvinit-utils|init-system-helpers|systemd.*|dpkg|tar|debianutils|mawk|sed"
)
"""Dependencies of installing, of administering, or of modules nobody loads here: a third of the download."""
PRUNED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/X11",
    "usr/bin/prometheus",
)
"""What nothing reads at run time."""
# promtool is a Go program that needs nothing; older releases ship it inside the prometheus package.
RECIPE = Recipe("", ("asterisk", "sip-tester", "espeak-ng", "sox"), ("promtool|prometheus",), DROPPED, PRUNED)


@dataclass(frozen=True, slots=True)
class Program:
    """One program: the variable that names an installed one, its place in the tree, how it tells its version."""

    name: str
    variable: str
    path: str
    version_argument: str
    version_pattern: str


PROGRAMS = {
    program.name: program
    for program in (
        Program("asterisk", "ASTERISK", "usr/sbin/asterisk", "-V", r"Asterisk (?:certified-|certified/)?(\d+\S*)"),
        Program("sipp", "SIPP", "usr/bin/sipp", "-v", r"SIPp v(\d+\S*)"),
        Program("espeak-ng", "ESPEAK", "usr/bin/espeak-ng", "--version", r"text-to-speech: (\d+\S*)"),
        Program("sox", "SOX", "usr/bin/sox", "--version", r"SoX\S* v(\d+\S*)"),
        Program("promtool", "PROMTOOL", "usr/bin/promtool", "--version", r"promtool, version (\d+\S*)"),
    )
}


@dataclass(frozen=True, slots=True)
class ToolSet:
    """Programs ready to start: argv prefixes and what they need in their environment.

    ``root`` is the unpacked tree, None where every program is an installed one.
    """

    root: Path | None
    prefixes: Mapping[str, tuple[str, ...]]
    variables: Mapping[str, str]

    def argv(self, program: str) -> list[str]:
        """Return the argv prefix that starts the program, to which its arguments are appended.

        Raises:
            DeployError: the set does not have it.
        """
        prefix = self.prefixes.get(program)
        if prefix is None:
            raise DeployError(
                f"{program} is not here; run: acd tools fetch, or name one with {PROGRAMS[program].variable}="
            )
        return list(prefix)

    def asterisk_argv(self) -> list[str]:
        """Return the argv prefix of Asterisk."""
        return self.argv("asterisk")

    def env(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an environment for the programs: the base (this process's by default) and what the tree needs."""
        return {**(os.environ if base is None else base), **self.variables}

    def asterisk_modules(self) -> Path:
        """Return the folder of Asterisk's modules.

        Raises:
            DeployError: an installed Asterisk keeps them in no customary place.
        """
        if self.root is not None and str(self.root) in self.argv("asterisk")[-1]:
            return library_folder(self.root) / "asterisk/modules"
        prefix = Path(self.argv("asterisk")[-1]).resolve().parent.parent
        places = [*prefix.glob("lib*/asterisk/modules"), *prefix.glob("lib/*-linux-gnu/asterisk/modules")]
        for place in [Path(named) for named in [os.environ.get("ASTERISK_MODULES")] if named] + places:
            if (place / "res_ari.so").is_file():
                return place
        raise DeployError(f"No modules found for {self.argv('asterisk')[-1]}; name their folder with ASTERISK_MODULES=")

    def asterisk_data(self) -> Path:
        """Return the folder of Asterisk's data (documentation, rest-api, sounds)."""
        if self.root is not None and str(self.root) in self.argv("asterisk")[-1]:
            return self.root / "usr/share/asterisk"
        prefix = Path(self.argv("asterisk")[-1]).resolve().parent.parent
        places = (
            prefix / "share/asterisk",
            Path("/usr/share/asterisk"),
            Path("/var/lib/asterisk"),
            prefix / "var/lib/asterisk",
        )
        return next((place for place in places if (place / "documentation").is_dir()), places[0])


def find_tools(needed: Iterable[str] = tuple(PROGRAMS), environ: Mapping[str, str] | None = None) -> ToolSet | None:
    """Find the programs needed without any network; None where they have to be fetched first.

    Raises:
        DeployError: a variable names a program that is not there, or an Asterisk that is too old.
    """
    environ = os.environ if environ is None else environ
    named = {name: _named(program, environ) for name, program in PROGRAMS.items() if environ.get(program.variable)}
    if set(needed) <= set(named):
        return ToolSet(None, {name: (path,) for name, path in named.items()}, {})
    root = tree_folder(RECIPE, this_distribution(), environ)
    if not (root / STAMP).is_file():
        return None
    return _with_named(_from_tree(root), named)


def fetch_tools(
    progress: Progress | None = None, needed: Iterable[str] = tuple(PROGRAMS), environ: Mapping[str, str] | None = None
) -> ToolSet:
    """Find the programs, or download them into the cache first; several processes may ask at once.

    Raises:
        DeployError: they cannot be fetched here; the message says what to do.
    """
    progress = progress or SilentProgress()
    needed = tuple(needed)
    found = find_tools(needed, environ)
    if found is not None:
        return found
    require_apt()
    distribution = this_distribution()
    root = tree_folder(RECIPE, distribution, environ)
    with locked(root.parent / f".{root.name}.lock", lambda: progress.stage("Waiting for another download")):
        found = find_tools(needed, environ)
        if found is None:
            make_tree(root, RECIPE, distribution, progress, lambda tree: _versions(_from_tree(tree)))
            found = find_tools(needed, environ)
    if found is None:
        raise DeployError(f"{root} is not complete after the download; remove it and run: acd tools fetch")
    return found


def _versions(tools: ToolSet) -> dict[str, str]:
    versions = {name: version_of(tools.argv(name), program, tools.env()) for name, program in PROGRAMS.items()}
    _require_version(versions["asterisk"], "the archive's Asterisk")
    return versions


def version_of(prefix: list[str], program: Program, env: Mapping[str, str]) -> str:
    """Start the program for its version.

    Raises:
        DeployError: it does not start, or says something else.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a program of our tree, or one the user named
            [*prefix, program.version_argument],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployError(f"{program.name} does not start: {error}") from error
    output = done.stdout + done.stderr
    match = re.search(program.version_pattern, output)
    if match is None:  # sipp ends with 99 after telling its version, so the exit code says nothing
        raise DeployError(f"{program.name} does not tell its version ({prefix[-1]}): {output.strip()[-300:]}")
    return match[1]


def _named(program: Program, environ: Mapping[str, str]) -> str:
    value = environ[program.variable]
    path = shutil.which(value)
    if path is None:
        raise DeployError(f"{program.variable}={value} is not a program that can be started")
    if program.name == "asterisk":
        _require_version(version_of([path], program, environ), f"{program.variable}={value}")
    return path


def _require_version(version: str, what: str) -> None:
    if int(re.split(r"\D", version, maxsplit=1)[0]) < MINIMUM_ASTERISK:
        raise DeployError(f"{what} is version {version}; Asterisk {MINIMUM_ASTERISK} or later is needed")


def _from_tree(root: Path) -> ToolSet:
    """Describe a tree."""
    loader, libraries = loader_of(root)
    start = (str(loader), "--library-path", ":".join(map(str, libraries)))
    prefixes = {name: (*start, str(root / program.path)) for name, program in PROGRAMS.items()}
    data = next(
        iter(sorted(root.glob("usr/lib/*/espeak-ng-data")) + sorted(root.glob("usr/share/espeak-ng-data"))), None
    )
    return ToolSet(root, prefixes, {"ESPEAK_DATA_PATH": str(data.parent)} if data else {})


def _with_named(tools: ToolSet, named: Mapping[str, str]) -> ToolSet:
    prefixes = {**tools.prefixes, **{name: (path,) for name, path in named.items()}}
    # A tree's speech data must not be given to an installed espeak-ng of another version.
    variables = {} if "espeak-ng" in named else dict(tools.variables)
    return ToolSet(tools.root, prefixes, variables)
