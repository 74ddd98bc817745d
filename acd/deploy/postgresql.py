"""PostgreSQL's programs for the tests and for backups: installed ones, or unpacked packages in the user's cache.

Decides where they come from and how they start. PostgreSQL's programs start each other by their paths, so each program
of a tree becomes a script that starts it through the tree's own dynamic loader.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from subprocess import DEVNULL, SubprocessError, run
from typing import TYPE_CHECKING

from acd.deploy.apt_sources import this_distribution
from acd.deploy.cache import locked
from acd.deploy.progress import SilentProgress
from acd.deploy.toolchain import DROPPED, PRUNED
from acd.deploy.toolchain_apt import require_apt
from acd.deploy.toolchain_tree import STAMP, Recipe, loader_of, make_tree, tree_folder
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from acd.deploy.progress import Progress

MINIMUM = 15
PROGRAMS = ("initdb", "postgres", "psql", "pg_dump", "pg_restore")
# Nothing here is compiled at run time, and clusters are made by hand.
_NEEDLESS = (
    rf"{DROPPED.pattern}|libllvm.*|postgresql-\d+-jit.*|postgresql.*-common|ssl-cert|openssl|logrotate|sensible-.*"
)
RECIPE = Recipe("postgresql-", ("postgresql",), (), re.compile(_NEEDLESS), PRUNED)
_SCRIPT = """\
#!/bin/sh
here=${{0%/*}}
tree=$here/{up}
exec "$tree/{loader}" --argv0 "$0" --library-path "{libraries}" "$here/{program}.bin" "$@"
"""


def find_postgresql(environ: Mapping[str, str] | None = None) -> Path | None:
    """Find the folder of PostgreSQL's programs without any network; None where they have to be fetched first.

    ``PG_BIN`` names it; otherwise the newest of those installed where Debian or Red Hat put them, of PATH, or the tree.

    Raises:
        DeployError: ``PG_BIN`` names no folder with all the programs, or too old ones.
    """
    environ = os.environ if environ is None else environ
    if named := environ.get("PG_BIN"):
        try:
            major = _major(Path(named), environ)
        except DeployError as error:
            raise DeployError(f"PG_BIN={named}: {error}") from error
        if major < MINIMUM:
            raise DeployError(f"PG_BIN={named} is PostgreSQL {major}; {MINIMUM} or later is needed")
        return Path(named).absolute()
    best = max(((_major_or_none(folder, environ), folder) for folder in _installed(environ)), default=(0, None))
    if best[0] >= MINIMUM:
        return best[1]
    root = tree_folder(RECIPE, this_distribution(), environ)
    return _folder_in(root) if (root / STAMP).is_file() else None


def fetch_postgresql(progress: Progress | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Find the folder of PostgreSQL's programs, or download them into the cache first.

    Raises:
        DeployError: they cannot be fetched here; the message says what to do.
    """
    progress = progress or SilentProgress()
    found = find_postgresql(environ)
    if found is not None:
        return found
    require_apt()
    distribution = this_distribution()
    root = tree_folder(RECIPE, distribution, environ)
    with locked(root.parent / f".{root.name}.lock", lambda: progress.stage("Waiting for another download")):
        found = find_postgresql(environ)
        if found is None:
            make_tree(root, RECIPE, distribution, progress, _prepare)
            found = find_postgresql(environ)
    if found is None:
        raise DeployError(f"{root} is not complete after the download; remove it and run: acd tools fetch")
    return found


def _installed(environ: Mapping[str, str]) -> Iterator[Path]:
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin"):
        yield from Path("/").glob(pattern)
    if (program := shutil.which("initdb", path=environ.get("PATH"))) is not None:
        yield Path(program).resolve().parent


def _major_or_none(folder: Path, environ: Mapping[str, str]) -> int:
    try:
        return _major(folder, environ)
    except DeployError:
        return 0


def _major(folder: Path, environ: Mapping[str, str]) -> int:
    for program in PROGRAMS:
        if not os.access(folder / program, os.X_OK):
            raise DeployError(f"{folder} has no {program}")
    return int(_version(folder, environ).split(".")[0])


def _version(folder: Path, environ: Mapping[str, str]) -> str:
    """Ask each program for its version. Raises ``DeployError``."""
    said = ""
    for program in PROGRAMS:
        try:
            argv = [str(folder / program), "--version"]
            done = run(argv, env=environ, stdin=DEVNULL, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - found above
        except (OSError, SubprocessError) as error:
            raise DeployError(f"{program} does not start: {error}") from error
        match = re.search(r"\(PostgreSQL\) (\d+\S*)", done.stdout)
        if match is None:
            raise DeployError(f"{program} does not tell its version: {(done.stdout + done.stderr).strip()[-300:]}")
        said = match[1]
    return said


def _folder_in(tree: Path) -> Path:
    folders = sorted(tree.glob("usr/lib/postgresql/*/bin"), key=lambda path: int(path.parent.name))
    if not folders:
        raise DeployError(f"{tree} holds no PostgreSQL; remove it and run: acd tools fetch")
    return folders[-1]


def _prepare(tree: Path) -> Mapping[str, str]:
    """Put scripts in the places of the tree's programs, and try them."""
    folder = _folder_in(tree)
    loader, libraries = loader_of(tree)
    parts = {
        "up": "/".join(".." for _ in folder.relative_to(tree).parts),
        "loader": loader.relative_to(tree),
        "libraries": ":".join(f"$tree/{path.relative_to(tree)}" for path in libraries),
    }
    for program in PROGRAMS:
        path = folder / program
        if not path.is_file():
            raise DeployError(f"the archive's PostgreSQL has no {program}")
        path.rename(folder / f"{program}.bin")
        path.write_text(_SCRIPT.format(program=program, **parts))
        path.chmod(0o755)
    return {"postgresql": _version(folder, os.environ)}
