"""``acd run`` as a service manager runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import make_app
from acd.store.journal import SqliteJournal
from tests.fakes import deployment


@contextmanager
def engine(folder: Path, *options: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own; ended with the test, whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "acd", "run", "--config", folder / "config", "--flows", folder / "ivr_flows", *options],
        cwd=deployment.ROOT,
        env={**os.environ, **deployment.ENV, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def listening(process: subprocess.Popen[str]) -> None:
    """Read its log until it serves."""
    said(process, "listening")


def said(process: subprocess.Popen[str], event: str) -> None:
    """Read its log until it says so."""
    assert process.stderr is not None
    for line in process.stderr:
        if f'"event":"{event}"' in line:
            return
    pytest.fail(f"it ended before it said {event}")


@contextmanager
def engine_and_spare(folder: Path) -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[str]]]:
    """One that serves, and one that waits for its end."""
    with engine(folder) as first:
        listening(first)
        with engine(folder, "--spare") as second:
            said(second, "spare")
            yield first, second


def refusal(folder: Path) -> list[str]:
    """What an engine prints that ends by itself with exit code 1, its log left out."""
    with engine(folder) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert out == ""
    return [line for line in err.splitlines() if not line.startswith("{")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(tmp_path: Path, number: signal.Signals) -> None:
    port = deployment.free_port()
    deployment.write(tmp_path, api=port)
    with engine(tmp_path) as process:
        listening(process)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == ""
    assert "Traceback" not in err
    asyncio.run(SqliteJournal(tmp_path / "var" / "journal.db").close())  # it let go of its files


def test_mistakes_in_the_configuration_are_printed_each_with_its_line(tmp_path: Path) -> None:
    deployment.write(tmp_path)
    trunks = tmp_path / "config" / "trunks.yaml"
    trunks.write_text(trunks.read_text(encoding="utf-8").replace("capacity: 30", "capacity: 0"), encoding="utf-8")
    queues = tmp_path / "config" / "queues.yaml"
    queues.write_text(queues.read_text(encoding="utf-8").replace("ring_timeout", "rnig_timeout"), encoding="utf-8")
    printed = refusal(tmp_path)
    assert any(line.startswith(f"{trunks}:") and "capacity" in line for line in printed)
    assert any(line.startswith(f"{queues}:") and "rnig_timeout" in line for line in printed)


def test_a_secret_that_is_missing_is_a_mistake(tmp_path: Path) -> None:
    deployment.write(tmp_path)
    result = CliRunner(env={"ACD_ARI_PASSWORD": None, "ACD_AMI_PASSWORD": None, "ACD_API_TOKENS": None}).invoke(
        make_app("run"), ["run", "--config", str(tmp_path / "config"), "--flows", str(tmp_path / "ivr_flows")]
    )
    assert result.exit_code == 1
    assert "ACD_ARI_PASSWORD" in result.stderr


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        deployment.write(tmp_path, api=port)
        printed = refusal(tmp_path)
    assert len(printed) == 1
    assert printed[0].startswith("acd: ")
    assert str(port) in printed[0]
    assert "in use" in printed[0]


def test_a_journal_in_use_is_one_clear_line(tmp_path: Path) -> None:
    deployment.write(tmp_path)
    with engine(tmp_path) as first:
        listening(first)
        printed = refusal(tmp_path)
        first.terminate()
        first.communicate(timeout=60)
    assert printed == [f"acd: the journal {tmp_path}/var/journal.db is in use by another engine"]


def test_a_spare_waits_for_the_end_of_the_engine_that_serves_and_takes_its_place(tmp_path: Path) -> None:
    """However it ends; what it does for one that is killed is shown with the unit of systemd."""
    port = deployment.free_port()
    deployment.write(tmp_path, api=port)
    with engine_and_spare(tmp_path) as (first, second):
        second.send_signal(signal.SIGHUP)  # means nothing yet
        first.terminate()
        listening(second)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        assert refusal(tmp_path) != []  # it has the journal now
        second.terminate()
        second.communicate(timeout=60)
        assert second.returncode == 0
        first.communicate(timeout=60)


def test_a_spare_takes_over_with_the_configuration_of_that_moment_unless_it_has_mistakes(tmp_path: Path) -> None:
    deployment.write(tmp_path)
    with engine_and_spare(tmp_path) as (first, second):
        trunks = tmp_path / "config" / "trunks.yaml"
        trunks.write_text(trunks.read_text(encoding="utf-8").replace("capacity: 30", "capacity: 0"), encoding="utf-8")
        first.kill()
        said(second, "configuration_refused")
        listening(second)
        second.terminate()
        second.communicate(timeout=60)
        first.communicate(timeout=60)


def test_a_spare_whose_turn_never_came_ends_when_it_is_told_to(tmp_path: Path) -> None:
    deployment.write(tmp_path)
    with engine_and_spare(tmp_path) as (first, second):
        second.terminate()
        second.communicate(timeout=60)
        assert second.returncode == 0
        first.terminate()
        first.communicate(timeout=60)


def test_a_postgresql_without_tables_is_one_clear_line(tmp_path: Path, postgresql_url: str) -> None:
    deployment.write(tmp_path)
    file = tmp_path / "config" / "acd.yaml"
    url = f"sqlite+aiosqlite:///{tmp_path}/var/acd.db"
    text = file.read_text(encoding="utf-8")
    assert url in text
    file.write_text(text.replace(f"url: {url}", "url_file: url"), encoding="utf-8")
    (tmp_path / "config/url").write_text(postgresql_url, encoding="utf-8")
    (printed,) = refusal(tmp_path)
    assert printed.startswith("acd: cannot use the database: it is at revision None, this program needs ")
    assert printed.endswith("; run: acd db upgrade")


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    deployment.write(tmp_path)
    (tmp_path / "var").rmdir()
    (tmp_path / "var").write_text("in the way", encoding="utf-8")
    printed = refusal(tmp_path)
    assert len(printed) == 1
    assert printed[0].startswith("acd: ")
    assert str(tmp_path / "var") in printed[0]


@pytest.mark.parametrize(("option", "value"), [("--log-style", "xml"), ("--log-level", "LOUD")])
def test_a_wrong_option_is_told_with_its_name(option: str, value: str) -> None:
    result = CliRunner().invoke(make_app("run"), ["run", option, value])
    assert result.exit_code == 2
    assert option in result.stderr


def test_a_service_manager_hears_ready_reloading_and_stopping(tmp_path: Path) -> None:
    deployment.write(tmp_path, api=deployment.free_port())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        with engine(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="500000") as process:
            assert manager.recv(100) == b"READY=1\nSTATUS=Runs."
            assert manager.recv(100) == b"WATCHDOG=1"
            process.send_signal(signal.SIGHUP)
            words = [manager.recv(100)]
            while words[-1] != b"READY=1":
                words.append(manager.recv(100))
            assert any(word.startswith(b"RELOADING=1\nMONOTONIC_USEC=") for word in words)
            process.send_signal(signal.SIGTERM)
            while words[-1] != b"STOPPING=1":
                words.append(manager.recv(100))
            assert process.wait(60) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    deployment.write(tmp_path, api=deployment.free_port())
    with engine(tmp_path) as process:
        listening(process)
        process.send_signal(signal.SIGSTOP)  # both arrive before it can do anything about the first
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        assert process.wait(60) in (-signal.SIGTERM, -signal.SIGINT)


def test_an_engine_that_starts_loads_nothing_that_only_other_commands_and_a_reload_need() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import acd.cli.run, sys; print(*sys.modules)"],
        cwd=deployment.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "acd.app" in loaded
    assert not {"acd.flows", "acd.demo", "acd.sim", "alembic", "asyncpg", "holidays"}.intersection(loaded)
