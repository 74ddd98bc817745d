from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acd.telephony.ami import AmiLink
from tests.fakes.ami_server import FakeAmi
from tests.unit.telephony.ami.listening import Connect, Heard, quick


@pytest.fixture
async def server() -> AsyncIterator[FakeAmi]:
    async with FakeAmi() as running:
        yield running


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def connect(server: FakeAmi, heard: Heard) -> AsyncIterator[Connect]:
    """A function that starts a link to the fake server; its links are closed at the end."""
    links: list[AmiLink] = []

    async def start(events: dict[str, bytes] | None = None, **changes: Any) -> AmiLink:
        wanted = {"Ours": b"", "OriginateResponse": b""} if events is None else events
        config = quick(server, **changes)
        link = AmiLink(config, on_event=heard.event, on_state=heard.state, events=wanted, chance=lambda: 0.5)
        links.append(link)
        await link.start()
        return link

    yield start
    for link in links:
        await link.close()
