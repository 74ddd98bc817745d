"""The unit of systemd in the sample configuration: its two services are one engine and its spare."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.fakes import deployment
from tests.unit.cli.test_run import engine, said

UNIT = deployment.ROOT / "config" / "systemd" / "acd@.service"


def values(key: str) -> list[str]:
    """What the unit says for a key, in order."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    return [value for name, _, value in (line.partition("=") for line in lines) if name == key]


def options() -> list[str]:
    """What it gives the program, but for the folders."""
    (command,) = values("ExecStart")
    program, run, *given = command.split()
    assert (program, run) == ("/opt/acd/.venv/bin/acd", "run")
    for folder in ("--config", "--flows"):
        at = given.index(folder)
        del given[at : at + 2]
    return given


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is missing")
    text = UNIT.read_text(encoding="utf-8").replace("/opt/acd/.venv/bin/acd", "/bin/true")
    for instance in ("acd@1.service", "acd@2.service"):
        (tmp_path / instance).write_text(text, encoding="utf-8")
        argv = [analyze, "verify", "--man=no", str(tmp_path / instance)]
        found = subprocess.run(argv, capture_output=True, text=True, check=False)
        mine = [line for line in (found.stdout + found.stderr).splitlines() if "acd@" in line]
        assert mine == []


def test_it_weighs_the_services_beside_asterisks() -> None:
    """A template's services are weighed among themselves only, unless the unit names a slice."""
    assert (values("Slice"), values("CPUWeight")) == (["system.slice"], ["1000"])


def test_of_its_two_services_one_serves_and_when_it_is_killed_the_other_does_and_it_becomes_the_spare(
    tmp_path: Path,
) -> None:
    deployment.write(tmp_path)
    config = tmp_path / "config" / "acd.yaml"
    text = config.read_text(encoding="utf-8")
    for name in ("ari", "ami"):
        text = text.replace(
            f"password_env: ACD_{name.upper()}_PASSWORD", f"password_file: $CREDENTIALS_DIRECTORY/{name}-password"
        )
    config.write_text(text, encoding="utf-8")

    def given(service: str) -> dict[str, str]:
        """What systemd tells a service: a folder of its own for credentials, and where to say that it is ready."""
        folder = tmp_path / service
        folder.mkdir(exist_ok=True)
        for credential in values("LoadCredential"):
            name = credential.partition(":")[0]
            (folder / name).write_text(f"secret of {name}\n", encoding="utf-8")
        return {"CREDENTIALS_DIRECTORY": str(folder), "NOTIFY_SOCKET": str(tmp_path / "notify")}

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(120)
        with engine(tmp_path, *options(), **given("acd@1")) as first:
            said(first, "listening")
            assert b"STATUS=Runs." in manager.recv(1000)
            with engine(tmp_path, *options(), **given("acd@2")) as second:
                said(second, "spare")
                assert b"STATUS=Spare" in manager.recv(1000)
                first.send_signal(signal.SIGKILL)
                first.communicate(timeout=60)
                with engine(tmp_path, *options(), **given("acd@1")) as again:
                    said(second, "listening")
                    said(again, "spare")
                    for service in (again, second):
                        service.terminate()
                        service.communicate(timeout=60)
                        assert service.returncode == 0
