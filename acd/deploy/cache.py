"""Where downloaded and rendered things are kept for this user, and how two runs keep out of each other's way.

Decides the folder (``ACD_CACHE``, else the user's cache, else a private folder under ``TMPDIR``) and its lock.
Must not know what is kept there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def cache_root(environ: Mapping[str, str] | None = None) -> Path:
    """Choose and make the cache folder.

    ``ACD_CACHE`` is taken as it is. Otherwise ``$XDG_CACHE_HOME/acd`` or ``~/.cache/acd``; where neither can be
    written (service users often have the home ``/nonexistent``), ``$TMPDIR/acd-<uid>``, accepted only as a real folder
    that belongs to this user alone: anyone may create names in a shared temporary folder first.

    Raises:
        DeployError: the folder chosen cannot be used.
    """
    environ = os.environ if environ is None else environ
    chosen = environ.get("ACD_CACHE")
    if chosen:
        root = Path(chosen).absolute()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeployError(f"ACD_CACHE={chosen} cannot be made: {error.strerror}") from error
        return root
    root = _user_cache(environ)
    with contextlib.suppress(OSError):
        root.mkdir(parents=True, exist_ok=True)
        if os.access(root, os.W_OK | os.X_OK):
            return root
    return private_folder(temporary_root(environ) / f"acd-{os.getuid()}")


def _user_cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: relative values are to be ignored.
    if base.startswith("/"):
        return Path(base) / "acd"
    return Path(environ.get("HOME") or "/nonexistent") / ".cache" / "acd"


def temporary_root(environ: Mapping[str, str] | None = None) -> Path:
    """Say where temporary folders belong: ``$TMPDIR``, else the system's place."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("TMPDIR") or tempfile.gettempdir()).absolute()


def private_folder(root: Path) -> Path:
    """Make the folder, or take it if it is a real one that only this user can enter.

    Raises:
        DeployError: something else has that name.
    """
    with contextlib.suppress(FileExistsError):
        root.mkdir(mode=0o700)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise DeployError(
            f"{root} is not a private folder of this user; remove it, or set ACD_CACHE to a folder of yours"
        )
    return root


@contextmanager
def locked(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on the file (made if missing); the kernel drops it when the holder dies.

    ``on_wait`` is called once when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait:
                on_wait()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
