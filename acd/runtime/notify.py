"""What systemd is told (sd_notify(3)): ready, reloading, stopping, and again and again that the event loop still turns.

Decides nothing about the engine. Without a service manager all of it is silence.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic_ns


class ServiceManager:
    """The other end of ``NOTIFY_SOCKET``.

    Args:
        environment: as systemd made it: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC``, ``WATCHDOG_PID``.
        pid: of this process; a watchdog meant for another one is not ours.
    """

    def __init__(self, environment: Mapping[str, str], pid: int) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        given = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
        self._interval_s = int(given) / 2e6 if given.isdigit() and ours else 0.0
        """Half of the time after which silence counts as death."""
        self._next: asyncio.TimerHandle | None = None

    def ready(self, status: str = "") -> None:
        """Calls can be served, or this engine stands by; also said when a reload is over. The watchdog begins.

        ``status`` is for people, who see it in ``systemctl status``.
        """
        self._tell(f"READY=1\nSTATUS={status}" if status else "READY=1")
        if self._next is None and self._interval_s:
            self._live()

    def reloading(self) -> None:
        """The configuration is being read anew."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def close(self) -> None:
        """Say nothing more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _live(self) -> None:
        # From the loop itself: if it hangs, nobody says this, and systemd ends what no longer serves.
        self._tell("WATCHDOG=1")
        self._next = asyncio.get_running_loop().call_later(self._interval_s, self._live)

    def _tell(self, words: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
            out.sendto(words.encode(), self._address)
