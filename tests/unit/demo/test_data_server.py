"""The small system that flows ask in the demonstration."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from acd.demo.data_server import STAGES, DataServer, licence


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DataServer]:
    running = DataServer()
    await running.start()
    yield running
    await running.close()


@pytest.mark.parametrize(
    ("nib", "status"),
    [("8120001234567", 200), ("9120001234567", 404), ("812", 400), ("81200012345678", 400), ("812000123456x", 400)],
)
async def test_a_nib_has_a_licence_or_none_or_is_none(server: DataServer, nib: str, status: int) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}/licences/{nib}") as answer:
        assert answer.status == status
        if status == 200:
            assert await answer.json() == licence(nib)


def test_every_stage_is_some_licences() -> None:
    seen = {licence(f"81200012345{number:02}")["stage"]["name"] for number in range(20)}
    assert seen == set(STAGES)


async def test_events_are_taken_and_kept_to_be_looked_at(server: DataServer) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{server.url}/events", json={"id": "e1"}) as answer:
        assert (answer.status, list(server.told)) == (200, [{"id": "e1"}])


async def test_it_listens_again_at_its_port_after_it_was_down(server: DataServer) -> None:
    port = server.port
    await server.close()
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(server.url)
        await server.start()
        assert server.port == port
        async with http.get(f"{server.url}/licences/8120001234567") as answer:
            assert answer.status == 200
