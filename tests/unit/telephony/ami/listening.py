"""What tests of the link share: a listener that keeps what it was told, and a configuration without long waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from acd.telephony.ami import AmiConfig, AmiEvent, AmiLink, AmiState
from tests.fakes.ami_server import FakeAmi

Connect = Callable[..., Awaitable[AmiLink]]


@dataclass
class Heard:
    """What a link told its user, in order; ``raises`` makes the handler of an event of that name fail."""

    log: list[AmiEvent | tuple[AmiState, str]] = field(default_factory=list)
    raises: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, event: AmiEvent) -> None:
        self.log.append(event)
        self.changed.set()
        if event.name == self.raises:
            raise RuntimeError("a handler failed")

    def state(self, state: AmiState, reason: str) -> None:
        self.log.append((state, reason))
        self.changed.set()

    @property
    def events(self) -> list[AmiEvent]:
        return [item for item in self.log if isinstance(item, AmiEvent)]

    @property
    def states(self) -> list[AmiState]:
        return [item[0] for item in self.log if not isinstance(item, AmiEvent)]

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not what():
                self.changed.clear()
                await self.changed.wait()


def quick(server: FakeAmi, **changes: Any) -> AmiConfig:
    """A configuration without long waits, for a fake server."""
    patience: dict[str, Any] = {
        "quiet_s": 0.05,
        "pong_limit_s": 5.0,
        "action_timeout_s": 5.0,
        "boot_grace_s": 5.0,
        "reconnect_min_s": 0.01,
        "reconnect_max_s": 0.02,
        "refused_retry_s": 0.02,
    }
    return AmiConfig(host="127.0.0.1", port=server.port, username="acd", secret="pw", **(patience | changes))
