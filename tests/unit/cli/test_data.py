"""``acd data`` as a process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request

import pytest
from typer.testing import CliRunner

from acd.__main__ import make_app
from acd.demo.data_server import DataServer, licence


def test_it_serves_until_it_is_stopped() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "acd", "data", "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            said = child.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:[0-9]+", said)
            assert url is not None, said
            with urllib.request.urlopen(f"{url[0]}/licences/8120001234567", timeout=30) as answer:  # noqa: S310 - loopback
                assert json.load(answer) == licence("8120001234567")
        finally:
            child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0


def test_an_unknown_manner_is_refused_with_those_there_are() -> None:
    done = CliRunner().invoke(make_app("data"), ["data", "--manner", "odd"])
    assert done.exit_code == 2
    assert "redirect" in done.output


def test_a_port_that_is_taken_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken(_self: DataServer) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(DataServer, "start", taken)
    done = CliRunner().invoke(make_app("data"), ["data"])
    assert (done.exit_code, done.stderr) == (1, "Port 8170 cannot be had: Address already in use\n")
