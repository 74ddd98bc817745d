"""A PostgreSQL cluster of a run's or a test's own, on loopback, never run as root.

Decides how it is made, started and ended. Must not know what is kept in it.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from acd.deploy.postgresql import fetch_postgresql
from acd.domain.errors import DeployError

READY_S = 60.0
_STATUS_LINE = 8
"""Of ``postmaster.pid``."""
_CONF = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = {fsync}
shared_buffers = 16MB
max_connections = 60
jit = off
timezone = 'GMT'
log_timezone = 'GMT'
lc_messages = 'C'
"""


class Cluster:
    """One cluster; root runs it as ``nobody``. ``start`` and ``stop`` or ``kill`` may follow each other often.

    Unless it is ``durable`` nothing is forced to the disk: tests kill processes, never the machine.
    """

    def __init__(self, programs: Path | None = None, *, durable: bool = False) -> None:
        self._durable = durable
        self._user = _other_user() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="acd-postgresql-"))
        self._bin = programs or fetch_postgresql()
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
            self._bin = _reachable(self._bin, self._folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.password = secrets.token_hex(16)
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's programs."""
        return self._bin

    @property
    def pid(self) -> int:
        """The postmaster's."""
        if self._process is None:
            raise DeployError("PostgreSQL does not run")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped or killed."""
        return self._process is not None

    def _make(self) -> None:
        password = self._folder / "password"
        password.write_text(self.password)
        password.chmod(0o644 if self._user else 0o600)
        self._run(
            "initdb", "-D", str(self._folder / "data"), "-U", "acd", "-E", "UTF8", "--no-locale", "-A", "scram-sha-256",
            "--pwfile", str(password), "--no-sync", "--no-instructions",
        )  # fmt: skip
        password.unlink()
        with (self._folder / "data/postgresql.conf").open("a") as conf:
            conf.write(_CONF.format(port=self.port, fsync="on" if self._durable else "off"))

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        ready = self._folder / "data/postmaster.pid"
        with (self._folder / "log").open("ab") as log:
            self._process = self._popen([str(self._bin / "postgres"), "-D", str(self._folder / "data")], log.fileno())
        end = time.monotonic() + READY_S
        while not _says_ready(ready, self._process.pid):  # told by a file only
            if self._process.poll() is not None or time.monotonic() > end:
                raise DeployError(f"PostgreSQL did not start:\n{self.log()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it regularly; connections are cut."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(READY_S)
        self._process = None

    def kill(self) -> None:
        """Kill every process of it at once, as a lost machine would."""
        if self._process is None:
            return
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._process.wait(READY_S)
        end = time.monotonic() + READY_S
        while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < end:
            time.sleep(0.01)  # not our children: only seen in /proc
        self._process = None

    def close(self) -> None:
        """End it and remove it with all it holds."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """What the server logged."""
        return (self._folder / "log").read_text(errors="replace")

    def new_database(self, template: str = "template0") -> str:
        """Make an empty database, or a copy of one to which nobody is connected; gives its name."""
        name = f"acd{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop one, whoever is connected to it."""
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement with psql; gives its unadorned output."""
        argv = [str(self._bin / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]
        done = subprocess.run(argv, env=self.environ(database), capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if done.returncode != 0:
            raise DeployError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def environ(self, database: str) -> dict[str, str]:
        """Environment with which PostgreSQL's own programs find a database."""
        names = {"HOST": "127.0.0.1", "PORT": str(self.port), "USER": "acd", "PASSWORD": self.password}
        return {**os.environ, **{f"PG{key}": value for key, value in names.items()}, "PGDATABASE": database}

    def url(self, database: str, port: int | None = None) -> str:
        """Give a database's address for SQLAlchemy, perhaps by another port: a proxy's."""
        return f"postgresql+asyncpg://acd:{self.password}@127.0.0.1:{port or self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        with (self._folder / "log").open("ab") as log:
            process = self._popen([str(self._bin / program), *arguments], log.fileno())
        if process.wait(READY_S) != 0:
            raise DeployError(f"{program} failed:\n{self.log()[-2000:]}")

    def _popen(self, argv: list[str], log: int) -> subprocess.Popen[bytes]:
        user: dict[str, Any] = {}
        if self._user is not None:
            user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "GMT"}
        nothing = subprocess.DEVNULL
        return subprocess.Popen(argv, cwd=self._folder, env=environ, stdin=nothing, stdout=log, stderr=log, **user)  # noqa: S603 - ours


def _other_user() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _says_ready(file: Path, pid: int) -> bool:
    with suppress(OSError):
        lines = file.read_text().splitlines()
        return len(lines) >= _STATUS_LINE and int(lines[0]) == pid and lines[_STATUS_LINE - 1].strip() == "ready"
    return False


def _reachable(programs: Path, folder: Path) -> Path:
    """Give programs that the other user can start: root's own cache is closed to it, so its tree is copied."""
    closed = [parent for parent in programs.parents if not parent.stat().st_mode & 0o001]
    if not closed:
        return programs
    tree = programs.parents[4]
    shutil.copytree(tree, folder / "tree", symlinks=True)
    return folder / "tree" / programs.relative_to(tree)
