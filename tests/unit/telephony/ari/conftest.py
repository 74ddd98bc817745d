"""A fake Asterisk and a link to it, both gone when the test ends."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from acd.telephony.ari import AriConfig, AriLink, AriResult, AriState
from tests.fakes.ari_server import FakeAri

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Client:
    """A link and everything it told."""

    server: FakeAri
    config: AriConfig
    events: list[dict[str, Any]] = field(default_factory=list)
    states: list[tuple[AriState, str]] = field(default_factory=list)
    results: list[tuple[str, AriResult]] = field(default_factory=list)
    permitted: bool = True
    may_connect: bool = True
    link: AriLink = field(init=False)

    def __post_init__(self) -> None:
        self.link = AriLink(
            self.config,
            on_event=self.events.append,
            on_state=lambda state, reason: self.states.append((state, reason)),
            permitted=lambda: self.permitted,
            may_connect=lambda: self.may_connect,
        )

    def send(self, path: str, key: str = "call", method: str = "POST", **more: Any) -> None:
        self.link.send(method, path, key=key, on_result=lambda result: self.results.append((path, result)), **more)

    def errors(self) -> list[type[BaseException] | None]:
        return [None if result.error is None else type(result.error) for _, result in self.results]

    async def until_up(self, generation: int = 1) -> None:
        await self.server.until(lambda: self.link.state is AriState.UP and self.link.generation >= generation)


@pytest.fixture
async def server() -> AsyncIterator[FakeAri]:
    fake = FakeAri()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def connected(server: FakeAri) -> Any:
    """Return a context manager giving a connected client; its keyword arguments are AriConfig's."""

    @asynccontextmanager
    async def run(*, wait: bool = True, **settings: Any) -> AsyncIterator[Client]:
        config = AriConfig(server.base_url, server.username, settings.pop("password", server.password), **settings)
        client = Client(server, config)
        await client.link.start()
        try:
            if wait:
                await client.until_up()
            yield client
        finally:
            await client.link.close()

    return run
