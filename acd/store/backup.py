"""Backups of the files an engine keeps: call records and journal in SQLite, and the spool, as of one moment.

The engine goes on meanwhile: both databases are held still for some milliseconds, in which a read of each begins and
the spool is copied; the copies are then made of what those reads see. A backup has its name only when all of it was
checked. Restoring wants no engine to run, and puts what was there aside.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from acd.domain.errors import StoreError
from acd.store.journal import take
from acd.store.spool import FIRST

MANIFEST = "backup.json"
BUSY_S = 10.0
"""How long the engine may keep us from holding a database still."""
_PAGES = 2000
"""Copied at once; other programs get their turn in between."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where things are. What is in no SQLite file is None."""

    records: Path | None
    journal: Path | None
    spool: Path

    def databases(self) -> dict[str, Path]:
        """By their names in a backup."""
        files = {"journal.db": self.journal, "records.db": self.records}
        return {name: path for name, path in files.items() if path is not None}


def back_up(files: Files, folder: Path, made_at: str) -> list[str]:
    """Make a backup in a folder that is not there yet; gives the names of the files in it.

    Raises:
        StoreError: a database is not there, cannot be read or is damaged; nothing stays under the folder's name.
    """
    databases = files.databases()
    for path in databases.values():
        if not path.is_file():
            raise StoreError(f"there is no database {path}")
    if folder.exists():
        raise StoreError(f"{folder} exists already")
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True, mode=0o700)
        _copy(databases, files.spool, partial)
        names = sorted(path.name for path in partial.iterdir())
        for name in databases:
            check(partial / name)
        (partial / MANIFEST).write_text(json.dumps({"made_at": made_at, "files": names}) + "\n", encoding="utf-8")
        for name in (*names, MANIFEST):
            _sync(partial / name)
        partial.rename(folder)
        _sync(folder.parent)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"the backup failed: {error}") from error
    return names


def restore(files: Files, folder: Path, suffix: str) -> list[str]:
    """Put a backup in the place of what is there; that stays under its name with ``suffix``. Gives what was restored.

    Raises:
        StoreError: an engine is running, or the backup is not whole; then nothing has changed.
    """
    manifest = folder / MANIFEST
    try:
        names = json.loads(manifest.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise StoreError(f"{folder} is no backup of this program: {MANIFEST} cannot be read") from error
    targets = {**files.databases(), "records.spool": files.spool}
    if missing := set(files.databases()) - set(names):
        raise StoreError(f"{folder} has no {' and no '.join(sorted(missing))}")
    with _nobody_else(files):
        staged = []
        try:
            for name in sorted(set(names) & set(targets)):
                target = targets[name]
                target.parent.mkdir(parents=True, exist_ok=True)
                new = target.with_name(f"{target.name}.restoring")
                shutil.copyfile(folder / name, new)
                new.chmod(0o640 if name.endswith(".db") else 0o600)
                if target.parent.stat().st_uid != os.geteuid() and os.geteuid() == 0:
                    os.chown(new, target.parent.stat().st_uid, target.parent.stat().st_gid)
                if name.endswith(".db"):
                    check(new)
                _sync(new)
                staged.append((new, target))
            for target in targets.values():
                _put_aside(target, suffix)
            for new, target in staged:
                new.rename(target)
                _sync(target.parent)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the backup cannot be restored: {error}") from error
    return [target.name for _new, target in staged]


def check(path: Path) -> None:
    """Let SQLite look through a whole file.

    Raises:
        StoreError: it found damage, or it is no database.
    """
    try:
        with closing(_open(path, "ro")) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    if found != ["ok"]:
        raise StoreError(f"{path} is damaged: {found[0]}")


def _copy(databases: Mapping[str, Path], spool: Path, to: Path) -> None:
    with ExitStack() as stack:
        readers = {name: stack.enter_context(closing(_open(path, "ro"))) for name, path in databases.items()}
        with _held_still(databases.values()):
            for reader in readers.values():
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it sees this moment
            if spool.is_file() and spool.stat().st_size > FIRST:
                shutil.copyfile(spool, to / "records.spool")
        for name, reader in readers.items():
            with closing(sqlite3.connect(to / name)) as copy:
                reader.backup(copy, pages=_PAGES)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself


@contextmanager
def _held_still(paths: Iterable[Path]) -> Iterator[None]:
    """Keep everybody from writing to the databases."""
    with ExitStack() as stack:
        for path in paths:
            writer = stack.enter_context(closing(_open(path, "rw")))
            writer.execute("BEGIN IMMEDIATE")
            stack.callback(writer.rollback)
        yield


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)


@contextmanager
def _nobody_else(files: Files) -> Iterator[None]:
    """Hold what a running engine holds. Raises ``StoreError`` when one runs."""
    with ExitStack() as stack:
        if files.journal is not None:
            files.journal.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(os.close, take(files.journal))
        if files.spool.exists():
            spool = stack.enter_context(files.spool.open("rb"))
            try:
                fcntl.flock(spool, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(f"the spool {files.spool} is in use by an engine") from error
        yield


def _put_aside(path: Path, suffix: str) -> None:
    """Rename a file; what belongs to a database goes with it, for it would spoil another one."""
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(path.with_name(f"{path.name}{suffix}{ending}"))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
