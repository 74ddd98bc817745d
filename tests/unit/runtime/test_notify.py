"""systemd hears when the engine is ready, reloads and stops, and no longer hears from a loop that hangs."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.runtime.notify import ServiceManager


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Where a service manager listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def environment(manager: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": manager.getsockname(), **more}


def heard(manager: socket.socket) -> list[str]:
    """Everything said so far."""
    manager.settimeout(0)
    words = []
    try:
        while True:
            words.append(manager.recv(4096).decode())
    except BlockingIOError:
        return words


async def test_ready_reloading_and_stopping_are_told_in_order(manager: socket.socket) -> None:
    service = ServiceManager(environment(manager), os.getpid())
    service.ready()
    service.reloading()
    service.ready()
    service.ready("Runs.")
    service.stopping()
    first, reload, again, told, last = heard(manager)
    assert (first, again, told, last) == ("READY=1", "READY=1", "READY=1\nSTATUS=Runs.", "STOPPING=1")
    word, _, since = reload.partition("\nMONOTONIC_USEC=")
    assert (word, int(since) > 0) == ("RELOADING=1", True)


async def test_the_watchdog_hears_a_loop_that_turns_and_none_that_hangs(manager: socket.socket) -> None:
    service = ServiceManager(environment(manager, WATCHDOG_USEC="40000"), os.getpid())
    service.ready()
    while len(heard(manager)) < 1:  # noqa: ASYNC110 - told by another socket
        await asyncio.sleep(0.01)
    manager.settimeout(5)
    assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
    heard(manager)
    time.sleep(0.2)  # noqa: ASYNC251 - the loop hangs
    assert heard(manager) == []
    manager.settimeout(5)
    assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
    service.close()
    heard(manager)
    await asyncio.sleep(0.1)
    assert heard(manager) == []
    service.close()


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}])
async def test_a_watchdog_nobody_asked_us_for_is_not_fed(manager: socket.socket, more: dict[str, str]) -> None:
    service = ServiceManager(environment(manager, **more), os.getpid())
    service.ready()
    await asyncio.sleep(0.02)
    assert heard(manager) == ["READY=1"]


async def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0acd-test-{os.getpid()}")
        ServiceManager({"NOTIFY_SOCKET": f"@acd-test-{os.getpid()}"}, os.getpid()).ready()
        assert heard(listening) == ["READY=1"]


async def test_without_a_service_manager_nothing_happens(tmp_path: Path) -> None:
    ServiceManager({}, os.getpid()).ready()
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}, os.getpid()).stopping()
