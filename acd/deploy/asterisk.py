"""An Asterisk in a folder of its own: written, started, asked and stopped, as any user.

Decides the folder's layout and what counts as started. Must not know about calls, queues or who uses the instance.
All functions block; from asyncio call them through ``asyncio.to_thread``.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from acd.deploy.cache import private_folder, temporary_root
from acd.deploy.melody import melody
from acd.deploy.modules import modules_to_load
from acd.deploy.prompts import publish
from acd.deploy.templates import TEMPLATES, instance_files
from acd.domain.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from acd.deploy.plan import PbxPlan, UserPlan
    from acd.deploy.toolchain import ToolSet

# sockaddr_un holds 108 bytes (unix(7)); the console's own socket beside it has a longer name.
_LONGEST_SOCKET = 90
_MOST_FILES = 65536
_LOG_LINES = 12


@dataclass(slots=True)
class AsteriskInstance:
    """One Asterisk and its run folder (``etc``, ``run``, ``log``, ``spool``, ``db``)."""

    tools: ToolSet
    run_dir: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Take the folder by its full name: Asterisk changes its own."""
        self.run_dir = self.run_dir.absolute()

    @property
    def recordings_dir(self) -> Path:
        """Where ARI's recordings are written."""
        return self.run_dir / "spool" / "recording"

    @property
    def log_file(self) -> Path:
        """Asterisk's notices, warnings and errors."""
        return self.run_dir / "log" / "messages"

    @property
    def control_dir(self) -> Path:
        """Where the control socket and the pid file are: the run folder, or a short one where its name is too long."""
        inside = self.run_dir / "run"
        if len(os.fsencode(inside / "asterisk.ctl")) <= _LONGEST_SOCKET:
            return inside
        digest = hashlib.sha256(os.fsencode(self.run_dir)).hexdigest()[:12]
        return temporary_root() / f"acd-{os.getuid()}-{digest}"

    def render(self, plan: PbxPlan, templates: Path = TEMPLATES) -> None:
        """Write the whole configuration; files and folders are readable by this user only, for they hold secrets.

        Without the plan's own folder of music a melody is made.

        Raises:
            DeployError: a template or the folder cannot be used.
        """
        if self.running():
            raise DeployError(f"An Asterisk is running in {self.run_dir}; stop it first")
        modules_dir = self.tools.asterisk_modules()
        moh_dir = plan.moh_dir or self.run_dir / "moh"
        places = {
            "run_dir": self.run_dir,
            "control_dir": self.control_dir,
            "modules_dir": modules_dir,
            "data_dir": self.tools.asterisk_data(),
            "recordings": self.recordings_dir,
            "moh_dir": moh_dir,
        }
        files = instance_files(plan, places, modules_to_load(modules_dir, plan.extra_modules), templates)
        self._make_folders()
        if plan.moh_dir is None:
            publish(melody(), moh_dir / "melody.wav")
        write_private(self.run_dir / "etc", files)

    def start(self, plan: PbxPlan, timeout_s: float = 30.0, *, detached: bool = False) -> None:
        """Start Asterisk and wait until it is fully booted and ARI answers.

        Args:
            plan: the plan it was rendered from: says where ARI is.
            timeout_s: how long to wait.
            detached: leave it running when this process ends; otherwise it is this process's child.

        Raises:
            DeployError: it did not start; the message carries the last lines of its log.
        """
        if self.running():
            raise DeployError(f"An Asterisk is running in {self.run_dir} already")
        require_free(plan)
        for name in ("asterisk.ctl", "asterisk.pid"):
            (self.control_dir / name).unlink(missing_ok=True)
        self.log_file.unlink(missing_ok=True)
        self._spawn(detached=detached)
        deadline = time.monotonic() + timeout_s
        try:
            self._wait(deadline, (self.control_dir / "asterisk.ctl").exists, "its control socket")
            self._wait(deadline, lambda: "fully booted" in self.rx("core waitfullybooted"), "the end of its start")
            self._wait(deadline, lambda: ari_answers(plan.ari), f"ARI at {plan.ari.bind}:{plan.ari.port}")
        except BaseException:
            self.stop(patience_s=1.0)
            raise

    def stop(self, patience_s: float = 8.0) -> None:
        """End Asterisk by its pid: politely, then, after ``patience_s``, by force. Nothing running is fine."""
        pid = self.pid()
        if pid is not None:
            for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
                if self._gone(pid, wait_s):
                    break
        if self._process is not None:
            self._process.wait(5.0)
            self._process = None
        if self.control_dir.parent != self.run_dir:
            shutil.rmtree(self.control_dir, ignore_errors=True)

    def rx(self, command: str, timeout_s: float = 10.0) -> str:
        """Give a command to the running Asterisk's console; its output.

        Raises:
            DeployError: there is no running Asterisk, or it does not answer.
        """
        argv = [*self.tools.asterisk_argv(), "-C", str(self.run_dir / "etc/asterisk.conf"), "-rx", command]
        return console(argv, self.tools.env(), timeout_s)

    def running(self) -> bool:
        """Tell whether this folder's Asterisk runs."""
        return self.pid() is not None

    def pid(self) -> int | None:
        """Find the process of this folder's Asterisk; a number left in a file is believed only if the process is it."""
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        try:
            pid = int((self.control_dir / "asterisk.pid").read_text())
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.run_dir / "etc/asterisk.conf") in arguments.split(b"\0") else None

    def log_tail(self) -> str:
        """Give the last lines Asterisk wrote, on its output and in its log."""
        lines: list[str] = []
        for path in (self.run_dir / "log" / "output", self.log_file):
            with contextlib.suppress(OSError):
                lines += path.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join(lines)

    def _make_folders(self) -> None:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.run_dir.chmod(0o700)
        for name in ("etc", "run", "log", "spool", "spool/recording", "spool/tmp", "db"):
            (self.run_dir / name).mkdir(exist_ok=True)
        if self.control_dir.parent != self.run_dir:
            private_folder(self.control_dir)

    def _spawn(self, *, detached: bool) -> None:
        if self.control_dir.parent != self.run_dir:
            private_folder(self.control_dir)
        argv = [*self.tools.asterisk_argv(), "-C", str(self.run_dir / "etc/asterisk.conf"), "-F" if detached else "-f"]
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        files = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        limited = ["/bin/sh", "-c", f'ulimit -S -n {files}; exec "$@"', "asterisk", *argv]
        with (self.run_dir / "log" / "output").open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - Asterisk as the tools name it
                limited,
                env=self.tools.env(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.run_dir,
                # Ctrl-C in a terminal is for the one who started us, who then ends Asterisk in order.
                start_new_session=True,
            )
        if detached:
            process.wait()
        else:
            self._process = process

    def _wait(self, deadline: float, ready: Callable[[], bool], what: str) -> None:
        while True:
            with contextlib.suppress(DeployError):
                if ready():
                    return
            ended = self._process.poll() if self._process is not None else None
            if ended is not None:
                raise DeployError(f"Asterisk ended with code {ended} while starting.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise DeployError(f"Asterisk did not start in time: still waiting for {what}.\n{self.log_tail()}")
            time.sleep(0.02)

    def _gone(self, pid: int, wait_s: float) -> bool:
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if self._process is not None and self._process.pid == pid:
                if self._process.poll() is not None:
                    return True
            elif _ended(pid):
                return True
            time.sleep(0.02)
        return False


def require_free(plan: PbxPlan) -> None:
    """Refuse ports that another program holds: Asterisk would start without them.

    Raises:
        DeployError: names each such port.
    """
    wanted = (
        (socket.SOCK_STREAM, "ARI", plan.ari.bind, plan.ari.port),
        (socket.SOCK_STREAM, "AMI", plan.ami.bind, plan.ami.port),
        (socket.SOCK_DGRAM, "SIP", plan.sip_bind, plan.sip_port),
    )
    taken = []
    for kind, what, address, port in wanted:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:  # an address whose last user just ended is free, as for Asterisk
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address.strip("[]"), port))
            except OSError as error:
                taken.append(f"{what} at {address}:{port} ({error.strerror})")
    if taken:
        raise DeployError("Asterisk cannot listen for " + ", ".join(taken))


def console(argv: list[str], env: dict[str, str], timeout_s: float) -> str:
    """Run ``asterisk -rx``; its output without colours.

    Raises:
        DeployError: no Asterisk listens there, or it does not answer.
    """
    try:
        done = subprocess.run(  # noqa: S603 - Asterisk as the tools name it
            argv,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeployError(f"Asterisk's console does not answer: {error}") from error
    if done.returncode:
        raise DeployError(f"Asterisk's console does not answer: {(done.stdout + done.stderr).strip()[-300:]}")
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout)


def ari_answers(user: UserPlan, timeout_s: float = 2.0) -> bool:
    """Ask ARI who it is, as the engine's user."""
    credentials = base64.b64encode(f"{user.user}:{user.password}".encode()).decode()
    connection = http.client.HTTPConnection(user.bind, user.port, timeout=timeout_s)
    try:
        connection.request("GET", "/ari/asterisk/info?only=system", headers={"Authorization": f"Basic {credentials}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def write_private(folder: Path, files: dict[str, str]) -> None:
    """Write files that nobody but this user may read, each whole or not at all.

    Raises:
        DeployError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            new = folder / f".{name}.new"
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
                handle.write(text)
            new.replace(folder / name)
    except OSError as error:
        raise DeployError(f"{folder} cannot be written: {error.strerror}") from error


def _ended(pid: int) -> bool:
    """Tell whether a process is over; one that nobody has collected yet (state Z of proc(5)) is."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"
