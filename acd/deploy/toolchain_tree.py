"""Trees of unpacked packages: made whole or not at all, and started through their own dynamic loader.

Decides how a recipe becomes a folder: resolved, downloaded, unpacked, tried, then renamed to its final name, under
which alone it counts. Must not know what the programs are used for.
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

from acd.deploy.apt_sources import Distribution
from acd.deploy.cache import cache_root
from acd.deploy.toolchain_apt import Package, PrivateApt
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from acd.deploy.progress import Progress

STAMP = "complete.json"
_FORMAT = 1
_UNPACKED_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a tree is made of.

    Packages ``wanted`` with all they depend on, packages ``alone`` (``a|b``: the first there is), without dependencies
    whose names are ``dropped``, and without files that nothing reads at run time.
    """

    prefix: str
    """Begins the folder's name."""
    wanted: tuple[str, ...]
    alone: tuple[str, ...]
    dropped: re.Pattern[str]
    pruned: tuple[str, ...]


def tree_folder(recipe: Recipe, distribution: Distribution, environ: Mapping[str, str] | None = None) -> Path:
    """Say where the tree stands; its name changes with the distribution and with the list of packages."""
    release = f"{distribution.codename} and Debian" if distribution.name == "ubuntu" else ""
    text = repr((_FORMAT, recipe.wanted, recipe.alone, recipe.dropped.pattern, recipe.pruned, release))
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return cache_root(environ) / "tools" / f"{recipe.prefix}{distribution.name}-{distribution.arch}-{digest}"


def make_tree(
    root: Path,
    recipe: Recipe,
    distribution: Distribution,
    progress: Progress,
    try_programs: Callable[[Path], Mapping[str, str]],
) -> None:
    """Download and unpack a tree, and give it its name once ``try_programs`` was content; that tells the versions.

    Raises:
        DeployError: it cannot be had; what was downloaded is kept for the next run.
    """
    work = root.with_name(f"{root.name}.partial")
    work.mkdir(parents=True, exist_ok=True)
    progress.stage("Reading the package lists")
    apt, packages = _resolve(work, recipe, distribution, progress)
    progress.stage(f"Downloading {len(packages)} packages")
    apt.download(packages, progress)
    progress.stage("Unpacking")
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir()
    with ThreadPoolExecutor(_UNPACKED_AT_ONCE) as pool:
        for index, _ in enumerate(pool.map(lambda package: unpack(apt.debs / package.file, tree), packages)):
            progress.advance((index + 1) / len(packages))
    for folder in recipe.pruned:
        path = tree / folder
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    progress.stage("Trying the programs")
    stamp = {
        "archive": apt.suite,
        "programs": dict(try_programs(tree)),
        "packages": {p.file: f"{p.algorithm}:{p.digest}" for p in packages},
    }
    _complete(tree, root, stamp)
    shutil.rmtree(work, ignore_errors=True)


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


def library_folder(root: Path) -> Path:
    """Find the folder of the tree's libraries.

    Raises:
        DeployError: there is none.
    """
    found = sorted(root.glob("usr/lib/*-linux-gnu"))
    if not found:
        raise DeployError(f"{root} holds no libraries; remove it and run: acd tools fetch")
    return found[0]


def loader_of(root: Path) -> tuple[Path, tuple[Path, ...]]:
    """Find the tree's dynamic loader and library folders: the merged /usr and, where packages are older, /lib.

    Raises:
        DeployError: there is none.
    """
    libraries = library_folder(root)
    loaders = [
        path for folder in ("usr/lib64", "usr/lib", "lib64", "lib") for path in root.glob(f"{folder}/ld-linux-*.so.*")
    ]
    loaders += sorted(libraries.glob("ld-linux-*.so.*"))
    if not loaders:
        raise DeployError(f"{root} holds no dynamic loader; remove it and run: acd tools fetch")
    # pulseaudio's private library is found by a run path that names the real root.
    folders = (libraries, libraries / "pulseaudio", root / "lib" / libraries.name)
    return loaders[0], tuple(folder for folder in folders if folder.is_dir())


def _resolve(
    work: Path, recipe: Recipe, distribution: Distribution, progress: Progress
) -> tuple[PrivateApt, tuple[Package, ...]]:
    """Find the packages; on Ubuntu in Debian's archive too, which has newer ones.

    Debian's keyring then comes from Ubuntu's archive, whose signature vouches for it.
    """
    wanted = (recipe.wanted, recipe.alone, recipe.dropped)
    apt = PrivateApt(work, distribution)
    if distribution.name != "ubuntu":
        return apt, apt.resolve(*wanted)
    borrowed = PrivateApt(work / "keyring", distribution)
    try:
        keyrings = borrowed.resolve((), ("debian-archive-keyring",), recipe.dropped)
        borrowed.download(keyrings, progress)
        for package in keyrings:
            unpack(borrowed.debs / package.file, work / "keyring" / "tree")
        keyring = work / "keyring/tree/usr/share/keyrings/debian-archive-keyring.gpg"
        debian = PrivateApt(work, Distribution("debian", distribution.arch, "", distribution.root, keyring))
        return debian, debian.resolve(*wanted)
    except DeployError:
        return apt, apt.resolve(*wanted)


def _complete(tree: Path, root: Path, stamp: Mapping[str, object]) -> None:
    """Give the finished tree its name; what a crash of the machine leaves under that name is whole or has no stamp."""
    os.sync()
    (tree / STAMP).write_text(json.dumps(stamp, indent=1) + "\n")
    if root.exists():  # left without a stamp by a crash
        shutil.rmtree(root)
    tree.rename(root)
