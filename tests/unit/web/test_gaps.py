from __future__ import annotations

from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestClient

from acd.domain.gaps import Gap
from tests.unit.web.world import VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]
GAP = Gap("ami-100.000", "ami", 100.0, 200.0, "callers who were never with the engine may be missing")


async def get(client: Client, path: str) -> Any:
    response = await client.get(path, headers=bearer(VIEWER))
    assert response.status == 200, await response.text()
    return await response.json()


async def test_gaps_are_listed_and_mark_what_they_touch(client: Client, world: World) -> None:
    world.gaps = [GAP]
    listed = await get(client, "/api/v1/gaps")
    assert [gap["id"] for gap in listed["gaps"]] == [GAP.id]
    page = await get(client, "/api/v1/records?since=150&until=300")
    assert [gap["kind"] for gap in page["incomplete"]] == ["ami"]
    page = await get(client, "/api/v1/records?since=250&until=300")
    assert page["incomplete"] == []


async def test_figures_say_what_they_lack(client: Client, world: World) -> None:
    figures = await get(client, "/api/v1/figures")
    assert figures["incomplete"] == []
    world.gaps = [Gap("ari-1", "ari", figures["since"] + 1, None, "x")]
    figures = await get(client, "/api/v1/figures")
    assert [gap["id"] for gap in figures["incomplete"]] == ["ari-1"]
