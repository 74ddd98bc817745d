"""A tiny archive with stand-ins for apt's programs: real .deb files, real hashes, no network, no signatures."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.deploy import toolchain, toolchain_apt
from acd.deploy.apt_sources import Distribution

VERSIONS = {
    "usr/sbin/asterisk": "Asterisk 22.10.1",
    "usr/bin/sipp": " SIPp v3.8.0-TLS",
    "usr/bin/espeak-ng": "eSpeak NG text-to-speech: 1.52.0  Data at: /x",
    "usr/bin/sox": "sox:      SoX_ng v14.7.1.2",
    "usr/bin/promtool": "promtool, version 3.5.3 (branch: debian/sid)",
}
PACKAGES = {
    "asterisk": ("usr/sbin/asterisk",),
    "libc6": (),
    "sip-tester": ("usr/bin/sipp",),
    "espeak-ng": ("usr/bin/espeak-ng",),
    "sox": ("usr/bin/sox",),
    "promtool": ("usr/bin/promtool",),
}
KEYRING = "debian-archive-keyring"
DROPPED = "python3"
# Copies each file; "cut" leaves one half-done and fails, "spoil" changes a byte of one and says nothing.
HELPER = """#!/bin/sh
echo run >> {log}
shift 3
while [ $# -gt 2 ]; do
  case $1 in -o) shift 2; continue;; -q) shift; continue;; esac
  from=${{1#file://}}; to=$2; shift 3
  echo "$(basename $to)" >> {log}
  if [ -e {folder}/cut ] && [ "$(basename $to)" = sox.deb ]; then
    rm {folder}/cut; head -c 100 $from > $to; echo 'E: Connection failed'; exit 100
  fi
  cp $from $to
  if [ -e {folder}/spoil ] && [ "$(basename $to)" = sox.deb ]; then
    rm {folder}/spoil; printf X | dd of=$to bs=1 seek=90 conv=notrunc 2>/dev/null
  fi
done
"""


@dataclass
class Archive:
    """The folder of the archive and a cache of the test's own."""

    folder: Path
    cache: Path
    versions: dict[str, str] = field(default_factory=lambda: dict(VERSIONS))

    @property
    def environ(self) -> Mapping[str, str]:
        """What a run is given."""
        return {"ACD_CACHE": str(self.cache)}

    @property
    def downloads(self) -> list[str]:
        """Files fetched so far, with ``run`` for each start of the downloader."""
        log = self.folder / "log"
        return log.read_text().split() if log.exists() else []

    def next_download(self, fault: str) -> None:
        """Make the next download go wrong: ``cut`` or ``spoil``."""
        (self.folder / fault).touch()

    def build(self) -> None:
        """Make the packages and the programs."""
        lines = []
        for name, programs in PACKAGES.items():
            deb = self._package(name, programs)
            digest = hashlib.sha256(deb.read_bytes()).hexdigest()
            lines.append(f"'file://{deb}' {deb.name} {deb.stat().st_size} SHA256:{digest}")
        (self.folder / "uris").write_text("\n".join(lines) + "\n")
        keyring = self._package(KEYRING, ())
        digest = hashlib.sha256(keyring.read_bytes()).hexdigest()
        (self.folder / "keyring").write_text(f"'file://{keyring}' x.deb {keyring.stat().st_size} SHA256:{digest}\n")
        installed = "".join(f"Inst {name} (1 sid [all])\n" for name in (*PACKAGES, DROPPED) if name != "promtool")
        (self.folder / "installed").write_text(installed)
        programs_folder = self.folder / "bin"
        programs_folder.mkdir(exist_ok=True)
        self._script(
            programs_folder / "apt-get",
            f'#!/bin/sh\ncase "$3 $4" in update*) ;; install*) cat {self.folder}/installed;; '
            f'*) case "$*" in *{DROPPED}*) echo "E: {DROPPED} was not to come" >&2; exit 100;; esac; '
            f'case "$*" in *{KEYRING}*) cat {self.folder}/keyring;; *) cat {self.folder}/uris;; esac;; esac\n',
        )
        self.know("promtool", KEYRING)
        self._script(self.folder / "apt-helper", HELPER.format(log=self.folder / "log", folder=self.folder))

    def know(self, *names: str) -> None:
        """Let the archive have these packages."""
        lines = "".join(f"echo '  {name} | 1 | x'\n" for name in names)
        self._script(self.folder / "bin/apt-cache", f"#!/bin/sh\n{lines}")

    def _package(self, name: str, programs: tuple[str, ...]) -> Path:
        tree = self.folder / "trees" / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: x\n"
        )
        for program in programs:
            (tree / program).parent.mkdir(parents=True, exist_ok=True)
            self._script(tree / program, f"#!/bin/sh\necho '{self.versions[program]}'\n")
        if name == "libc6":  # the loader of the tree: takes the library path away and starts the program
            (tree / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
            loader = tree / "usr/lib64/ld-linux-x86-64.so.2"
            loader.parent.mkdir()
            self._script(loader, '#!/bin/sh\nshift 2\nexec "$@"\n')
            (tree / "usr/share/doc").mkdir(parents=True)
        if name == KEYRING:
            (tree / "usr/share/keyrings").mkdir(parents=True)
            (tree / f"usr/share/keyrings/{KEYRING}.gpg").touch()
        deb = self.folder / f"{name}.deb"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Zgzip", "-b", str(tree), str(deb)], check=True, capture_output=True
        )
        shutil.rmtree(tree)
        return deb

    @staticmethod
    def _script(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, versions: dict[str, str] | None = None, name: str = "debian"
) -> Archive:
    """Build an archive and put its programs in apt's place."""
    archive = Archive(tmp_path / "archive", tmp_path / "cache", {**VERSIONS, **(versions or {})})
    archive.folder.mkdir()
    archive.build()
    keyring = tmp_path / f"root/usr/share/keyrings/{name}-archive-keyring.gpg"
    keyring.parent.mkdir(parents=True)
    keyring.touch()
    here = Distribution(name, "amd64", "noble", tmp_path / "root")
    monkeypatch.setattr(toolchain, "this_distribution", lambda: here)
    monkeypatch.setattr(toolchain_apt, "_HELPER", archive.folder / "apt-helper")
    monkeypatch.setenv("PATH", f"{archive.folder / 'bin'}:{os.environ['PATH']}")
    return archive
