"""The programs that the demo and the tests need beside Python: Asterisk, sipp, espeak-ng, sox and promtool.

Decides where they come from (a program named by its variable, else a tree of unpacked packages in the user's cache),
and how a program of that tree is started: through the tree's own dynamic loader and libraries, so that the machine's
libc does not matter. A tree counts only under its final name, which it gets in one rename after everything in it was
verified and tried. Must not know how packages are found (toolchain_apt) nor what the programs are used for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.apt_sources import Distribution, this_distribution
from acd.deploy.cache import cache_root, locked
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain_apt import Package, PrivateApt, require_apt
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acd.deploy.progress import Progress

MINIMUM_ASTERISK = 20
STAMP = "complete.json"

_WANTED = ("asterisk", "sip-tester", "espeak-ng", "sox")
# promtool is a Go program that needs nothing; older releases ship it inside the prometheus package.
_ALONE = ("promtool|prometheus",)
# Dependencies of installing, of administering, or of modules nobody loads here: a third of the download.
_DROPPED = re.compile(
    r"(lib)?python3.*|perl.*|libperl.*|gnupg.*|gpg.*|dirmngr|pinentry-.*|passwd|login.*|adduser|debconf|base-passwd|libsnmp-base"
    r"|libcodec2.*|pci\.ids|libpam-modules.*|lsb-base|sysvinit-utils|init-system-helpers|systemd.*|dpkg|tar|debianutils|mawk|sed"
)
# What nothing reads at run time.
_PRUNED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/lintian",
    "usr/share/X11",
    "usr/bin/prometheus",
)
_FORMAT = 1
_UNPACKED_AT_ONCE = 2


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
            return _library_folder(self.root) / "asterisk/modules"
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
    root = tree_folder(this_distribution(), environ)
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
    root = tree_folder(distribution, environ)
    with locked(root.parent / f".{root.name}.lock", lambda: progress.stage("Waiting for another download")):
        found = find_tools(needed, environ)
        if found is None:
            _fetch(root, distribution, progress)
            found = find_tools(needed, environ)
    if found is None:
        raise DeployError(f"{root} is not complete after the download; remove it and run: acd tools fetch")
    return found


def tree_folder(distribution: Distribution, environ: Mapping[str, str] | None = None) -> Path:
    """Say where the tree stands; its name changes with the distribution and with the list of packages."""
    release = f"{distribution.codename} and Debian" if distribution.name == "ubuntu" else ""
    recipe = repr((_FORMAT, _WANTED, _ALONE, _DROPPED.pattern, _PRUNED, release))
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:8]
    return cache_root(environ) / "tools" / f"{distribution.name}-{distribution.arch}-{digest}"


def _fetch(root: Path, distribution: Distribution, progress: Progress) -> None:
    work = root.with_name(f"{root.name}.partial")
    work.mkdir(parents=True, exist_ok=True)
    progress.stage("Reading the package lists")
    apt, packages = _resolve(work, distribution, progress)
    progress.stage(f"Downloading {len(packages)} packages")
    apt.download(packages, progress)
    progress.stage("Unpacking")
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    with ThreadPoolExecutor(_UNPACKED_AT_ONCE) as pool:
        for index, _ in enumerate(pool.map(lambda package: unpack(apt.debs / package.file, tree), packages)):
            progress.advance((index + 1) / len(packages))
    for folder in _PRUNED:
        path = tree / folder
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    progress.stage("Trying the programs")
    versions = _versions(_from_tree(tree))
    stamp = {
        "archive": apt.suite,
        "programs": versions,
        "packages": {p.file: f"{p.algorithm}:{p.digest}" for p in packages},
    }
    _complete(tree, root, stamp)
    shutil.rmtree(work, ignore_errors=True)


def _resolve(work: Path, distribution: Distribution, progress: Progress) -> tuple[PrivateApt, tuple[Package, ...]]:
    """Find the packages; on Ubuntu in Debian's archive too, which has a newer Asterisk and sipp.

    Debian's keyring then comes from Ubuntu's archive, whose signature vouches for it.
    """
    apt = PrivateApt(work, distribution)
    if distribution.name != "ubuntu":
        return apt, apt.resolve(_WANTED, _ALONE, _DROPPED)
    borrowed = PrivateApt(work / "keyring", distribution)
    try:
        keyrings = borrowed.resolve((), ("debian-archive-keyring",), _DROPPED)
        borrowed.download(keyrings, progress)
        for package in keyrings:
            unpack(borrowed.debs / package.file, work / "keyring" / "tree")
        keyring = work / "keyring/tree/usr/share/keyrings/debian-archive-keyring.gpg"
        debian = PrivateApt(work, Distribution("debian", distribution.arch, "", distribution.root, keyring))
        return debian, debian.resolve(_WANTED, _ALONE, _DROPPED)
    except DeployError:
        return apt, apt.resolve(_WANTED, _ALONE, _DROPPED)


def unpack(package: Path, tree: Path) -> None:
    """Unpack one .deb into the tree.

    Raises:
        DeployError: dpkg-deb cannot read it; the file is removed, for a second run would meet it again.
    """
    argv = [shutil.which("dpkg-deb") or "dpkg-deb", "-x", str(package), str(tree)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603 - argv is ours
    if done.returncode:
        package.unlink(missing_ok=True)
        raise DeployError(
            f"{package.name} cannot be unpacked and was removed; run the command again.\n{done.stderr.strip()}"
        )


def _complete(tree: Path, root: Path, stamp: Mapping[str, object]) -> None:
    """Give the finished tree its name; what a crash of the machine leaves under that name is whole or has no stamp."""
    os.sync()
    (tree / STAMP).write_text(json.dumps(stamp, indent=1) + "\n")
    if root.exists():  # left without a stamp by a crash
        shutil.rmtree(root)
    tree.rename(root)


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


def _library_folder(root: Path) -> Path:
    found = sorted(root.glob("usr/lib/*-linux-gnu"))
    if not found:
        raise DeployError(f"{root} holds no libraries; remove it and run: acd tools fetch")
    return found[0]


def _from_tree(root: Path) -> ToolSet:
    """Describe a tree. Library folders: the merged /usr and, where packages are older than the merge, /lib."""
    libraries = _library_folder(root)
    loaders = [
        path for folder in ("usr/lib64", "usr/lib", "lib64", "lib") for path in root.glob(f"{folder}/ld-linux-*.so.*")
    ]
    loaders += sorted(libraries.glob("ld-linux-*.so.*"))
    if not loaders:
        raise DeployError(f"{root} holds no dynamic loader; remove it and run: acd tools fetch")
    # pulseaudio's private library is found by a run path that names the real root.
    folders = (libraries, libraries / "pulseaudio", root / "lib" / libraries.name)
    path = ":".join(str(folder) for folder in folders if folder.is_dir())
    start = (str(loaders[0]), "--library-path", path)
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
