"""The application over a fake world, with a client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from acd.web.app import make_app
from tests.unit.web.world import World


@pytest.fixture
def world() -> World:
    """What stands behind the API."""
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[TestClient[Request, Application]]:
    """A client of a running server."""
    async with TestClient(TestServer(make_app(world.deps()), host="127.0.0.1")) as made:
        yield made
