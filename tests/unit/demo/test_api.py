"""The API's answers are read whole, and its refusals told with their reason."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from acd.demo.api import Api
from acd.domain.errors import DeployError

TOKEN = "t" * 32


async def records(request: web.Request) -> web.Response:
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    page = int(request.query.get("cursor", "0"))
    return web.json_response({"records": [{"n": page}], "next": str(page + 1) if page < 2 else None})


async def decisions(request: web.Request) -> web.Response:
    return web.json_response({"decisions": [{"contact": request.match_info["contact"]}], "steps": []})


async def ready(_request: web.Request) -> web.Response:
    return web.json_response({"status": "not_ready", "reasons": ["ARI is down"]}, status=503)


async def refuse(_request: web.Request) -> web.Response:
    return web.json_response({"title": "No such agent"}, status=404)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    app = web.Application()
    app.router.add_get("/api/v1/records", records)
    app.router.add_get("/api/v1/contacts/{contact}/decisions", decisions)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/api/v1/status", refuse)
    app.router.add_post("/api/v1/agents/nobody/login", refuse)
    server = TestServer(app)
    await server.start_server()
    async with Api(f"http://127.0.0.1:{server.port}", TOKEN) as made:
        yield made
    await server.close()


async def test_every_page_of_the_records_is_read(api: Api) -> None:
    assert await api.records() == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_the_decisions_of_a_contact_are_read(api: Api) -> None:
    assert await api.decisions("c1") == [{"contact": "c1"}]


async def test_not_being_ready_is_an_answer(api: Api) -> None:
    assert await api.ready() == {"status": "not_ready", "reasons": ["ARI is down"]}


async def test_a_refusal_is_told_with_its_reason(api: Api) -> None:
    with pytest.raises(DeployError, match=r"nobody cannot log in: 404 .*No such agent"):
        await api.log_in("nobody")
    with pytest.raises(DeployError, match="/api/v1/status: 404"):
        await api.status()


async def test_nobody_listening_is_not_ready_and_otherwise_told() -> None:
    async with Api("http://127.0.0.1:1", TOKEN) as api:
        assert await api.ready() is None
        with pytest.raises(DeployError, match="the engine does not answer"):
            await api.figures()
