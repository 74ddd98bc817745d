"""Packages out of the distribution's archive, without root: resolve, download, verify.

Runs apt against a private state (own lists, own cache, an empty status file, the signature check on) and decides which
of the archives offered is used. Must not know what the packages are for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.apt_sources import Distribution, Source, candidates
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from acd.deploy.progress import Progress

_URI_LINE = re.compile(
    r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) (?P<algorithm>SHA256|SHA512):(?P<digest>[0-9a-f]+)$"
)
_ALTERNATIVE = "|"
_HELPER = Path("/usr/lib/apt/apt-helper")

# The machine's own configuration is read first (proxies, credentials); what reaches outside our folder is taken back.
_APT_CONF = """\
#clear APT::Update;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Architectures;
APT::Architecture "{arch}";
APT::Architectures {{ "{arch}"; }};
APT::Sandbox::User "";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Dir::State "{state}";
Dir::State::lists "{state}/lists";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "{state}/acd.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Log "{state}";
"""


@dataclass(frozen=True, slots=True)
class Package:
    """One .deb to have: its file name (apt's spelling), size in bytes, hash and where it comes from."""

    uri: str
    file: str
    size: int
    algorithm: str
    digest: str

    def intact(self, folder: Path) -> bool:
        """Tell whether the folder holds this package whole, by its size and hash."""
        path = folder / self.file
        if not path.is_file() or path.stat().st_size != self.size:
            return False
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, self.algorithm).hexdigest() == self.digest

    def present(self, folder: Path) -> int:
        """Count the bytes that are here already."""
        try:
            return (folder / self.file).stat().st_size
        except FileNotFoundError:
            return 0

    def drop_unless_partial(self, folder: Path) -> None:
        """Remove a file that no more bytes can make whole."""
        if self.present(folder) >= self.size:
            (folder / self.file).unlink(missing_ok=True)


def require_apt() -> None:
    """Refuse early, in one message, where the distribution's package tools are missing."""
    missing = [name for name in ("apt-get", "apt-cache", str(_HELPER), "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise DeployError(
            f"This machine has no {', '.join(missing)}, so nothing can be fetched here (Debian and Ubuntu have them).\n"
            "Install Asterisk 20 or later, sipp, espeak-ng, sox and promtool with your system's package manager "
            "and name the programs:\n  ASTERISK=/usr/sbin/asterisk SIPP=/usr/bin/sipp ESPEAK=/usr/bin/espeak-ng "
            "SOX=/usr/bin/sox PROMTOOL=/usr/bin/promtool"
        )


class PrivateApt:
    """apt with all its state in one folder; a folder used before resumes what was left half-done."""

    def __init__(self, folder: Path, distribution: Distribution) -> None:
        self._state = folder / "apt"
        self._debs = folder / "debs"
        self._distribution = distribution
        self.suite = ""

    @property
    def debs(self) -> Path:
        """Where the packages are downloaded to."""
        return self._debs

    def resolve(self, wanted: Iterable[str], alone: Iterable[str], dropped: re.Pattern[str]) -> tuple[Package, ...]:
        """Find the packages wanted with all they depend on, from the first archive that has them.

        Args:
            wanted: package names; their dependencies come too, down to libc.
            alone: packages taken without their dependencies; ``a|b`` takes the first that exists.
            dropped: names of dependencies that are not wanted.

        Raises:
            DeployError: no archive has them all; the message carries apt's own words for each.
        """
        failures: list[str] = []
        for source in candidates(self._distribution):
            try:
                self._update(source)
                names = self._closure(tuple(wanted), dropped)
                names += [self._first_known(choice) for choice in alone]
                packages = self._locate(names)
            except DeployError as error:
                failures.append(f"{source}: {error}")
            else:
                self.suite = str(source)
                return packages
        raise DeployError("No archive has what is needed.\n" + "\n".join(failures))

    def download(self, packages: tuple[Package, ...], progress: Progress) -> None:
        """Bring every package into ``debs``, whole and verified; what is there already is not fetched again.

        Raises:
            DeployError: a download failed, or a file does not have the hash the signed list gives.
        """
        self._debs.mkdir(parents=True, exist_ok=True)
        missing = [package for package in packages if not package.intact(self._debs)]
        for package in missing:
            package.drop_unless_partial(self._debs)
        if missing:
            self._download(missing, progress)
        broken = [package for package in missing if not package.intact(self._debs)]
        for package in broken:
            (self._debs / package.file).unlink(missing_ok=True)
        if broken:
            raise DeployError(
                f"{broken[0].file} does not have the hash of the signed package list and was removed "
                f"({len(broken)} such files). Run the command again."
            )

    def _update(self, source: Source) -> None:
        for folder in ("lists/partial", "cache/archives/partial"):
            (self._state / folder).mkdir(parents=True, exist_ok=True)
        (self._state / "status").write_text("")
        (self._state / "acd.sources").write_text(source.deb822())
        (self._state / "apt.conf").write_text(_APT_CONF.format(arch=self._distribution.arch, state=self._state))
        self._apt("apt-get", "update", "--error-on=any")

    def _closure(self, wanted: tuple[str, ...], dropped: re.Pattern[str]) -> list[str]:
        if not wanted:
            return []
        simulated = self._apt("apt-get", "install", "-qq", "--simulate", *wanted)
        names = [line.split()[1] for line in simulated.splitlines() if line.startswith("Inst ")]
        return [name for name in names if not dropped.fullmatch(name)]

    def _first_known(self, choice: str) -> str:
        alternatives = choice.split(_ALTERNATIVE)
        known = self._apt("apt-cache", "madison", *alternatives)
        for name in alternatives:
            if re.search(rf"^\s*{re.escape(name)} \|", known, re.MULTILINE):
                return name
        raise DeployError(f"no package {choice}")

    def _locate(self, names: list[str]) -> tuple[Package, ...]:
        printed = self._apt("apt-get", "download", "--print-uris", *names)
        packages = []
        for line in printed.splitlines():
            if line.startswith("'"):
                match = _URI_LINE.match(line)
                if match is None:
                    raise DeployError(f"apt gave no SHA-256 for {line}")
                size, algorithm = int(match["size"]), match["algorithm"].lower()
                packages.append(Package(match["uri"], match["file"], size, algorithm, match["digest"]))
        if len(packages) != len(names):
            raise DeployError(f"apt located {len(packages)} of {len(names)} packages")
        return tuple(packages)

    def _download(self, packages: list[Package], progress: Progress) -> None:
        """Let apt's own downloader fetch files by address and hash: unlike ``apt-get download`` it resumes."""
        wanted = [(p.uri, str(self._debs / p.file), f"{p.algorithm.upper()}:{p.digest}") for p in packages]
        total = sum(package.size for package in packages)
        read_end, write_end = os.pipe()
        options = ("-o", f"APT::Status-Fd={write_end}", "-q")
        argv = self._argv(str(_HELPER), "download-file", *options, *(word for triple in wanted for word in triple))
        log_path = self._state / "download.log"
        with (
            log_path.open("w") as log,
            subprocess.Popen(  # noqa: S603 - apt's helper, with arguments of ours
                argv, env=_apt_env(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=[write_end]
            ) as process,
        ):
            os.close(write_end)
            try:
                with os.fdopen(read_end, errors="replace") as status:
                    for _ in status:  # apt reports twice a second, but its percentage does not know the sizes
                        here = sum(package.present(self._debs) for package in packages)
                        progress.advance(here / total, f"{here / 1e6:.0f} of {total / 1e6:.0f} MB")
            except BaseException:
                process.terminate()  # a second run must not meet the first one's downloader
                raise
        if process.returncode:
            raise DeployError("The download failed; what is here already is kept.\n" + _errors(log_path.read_text()))

    def _argv(self, program: str, *arguments: str) -> list[str]:
        return [shutil.which(program) or program, "-c", str(self._state / "apt.conf"), *arguments]

    def _apt(self, program: str, *arguments: str) -> str:
        """Run apt; its output, or what it complained about as an error."""
        done = subprocess.run(  # noqa: S603 - apt, found on PATH, with arguments of ours
            self._argv(program, *arguments),
            env=_apt_env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DeployError(_errors(done.stdout + done.stderr))
        return done.stdout


def _apt_env() -> dict[str, str]:
    """The user's environment (proxies) with messages in one known language."""
    return {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}


def _errors(output: str) -> str:
    """Keep apt's complaints, or its last lines where it named none."""
    lines = output.splitlines()
    complaints = [line for line in lines if line.startswith(("E:", "Err:"))]
    return "\n".join((complaints or lines)[-8:])
