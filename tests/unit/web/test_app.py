"""Whatever a client sends, it gets an answer or a problem that says what to change; never a traceback."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypeAlias
from urllib.parse import quote

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.web.app import make_app
from acd.web.deps import Words
from acd.web.inputs import MAX_BODY_BYTES
from tests.unit.web.world import AGENT, SUPERVISOR, VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]
PAUSE = "/api/v1/agents/agent101/pause"


async def problem(response: ClientResponse, status: int) -> dict[str, Any]:
    """Check that it is a whole problem document and give it."""
    assert response.status == status
    assert response.content_type == "application/problem+json"
    document = await response.json(content_type=None)
    assert set(document) == {"type", "title", "status", "detail", "instance", "errors"}
    assert document["status"] == status
    assert document["instance"] == response.url.path
    return dict(document)


def fields(document: dict[str, Any]) -> list[str]:
    return [error["field"] for error in document["errors"]]


# ── who may ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, bearer("wrong"),
     {"Authorization": f"Basic {VIEWER}"}, bearer(VIEWER[:-1]), bearer(VIEWER + "x")],
)  # fmt: skip
async def test_without_a_known_token_nothing_is_told(client: Client, headers: dict[str, str]) -> None:
    response = await client.get("/api/v1/status", headers=headers)
    await problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_without_configured_tokens_nobody_gets_in() -> None:
    async with TestClient(TestServer(make_app(World(words=Words()).deps()))) as client:
        for token in (VIEWER, "", "admin"):
            await problem(await client.get("/api/v1/status", headers=bearer(token)), 401)


async def test_a_viewer_looks_an_agent_acts_for_itself_a_supervisor_for_all(client: Client, world: World) -> None:
    assert (await client.get("/api/v1/agents", headers=bearer(VIEWER))).status == 200
    await problem(await client.post("/api/v1/agents/agent101/login", headers=bearer(VIEWER)), 403)
    await problem(await client.post("/api/v1/agents/agent101/login", headers=bearer(AGENT)), 403)
    assert (await client.get("/api/v1/agents", headers=bearer(AGENT))).status == 200
    assert (await client.post("/api/v1/agents/agent102/login", headers=bearer(AGENT))).status == 200
    assert (await client.post("/api/v1/agents/agent101/login", headers=bearer(SUPERVISOR))).status == 200
    assert world.requests == [("agent102", "login", ""), ("agent101", "login", "")]


async def test_health_readiness_metrics_and_the_document_need_no_token(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/api/v1/openapi.json"):
        response = await client.get(path)
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"


# ── bad input names its field ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.0", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("since=yesterday", "since"),
        ("since=2026-11-22T10:00:00", "since"),
        ("since=2026-13-22T10:00:00Z", "since"),
        ("since=nan", "since"),
        ("since=-1", "since"),
        ("since=999999999999", "since"),
        ("until=0001-01-01T00:00:00Z", "until"),
        ("since=2000&until=1000", "until"),
        ("exit=vanished", "exit"),
        ("exit=ANSWERED", "exit"),
        ("queue=", "queue"),
        ("queue=%00", "queue"),
        ("queue=" + "x" * 201, "queue"),
        ("cursor=bad", "cursor"),
        ("colour=blue", "colour"),
        ("Limit=5", "Limit"),
    ],
)
async def test_a_bad_query_is_a_400_that_names_the_parameter(client: Client, query: str, field: str) -> None:
    document = await problem(await client.get(f"/api/v1/records?{query}", headers=bearer(VIEWER)), 400)
    assert fields(document) == [field]
    assert document["detail"].startswith(f"{field}: ")


async def test_all_mistakes_of_a_query_are_told_at_once(client: Client) -> None:
    document = await problem(await client.get("/api/v1/records?limit=x&exit=y&since=z", headers=bearer(VIEWER)), 400)
    assert sorted(fields(document)) == ["exit", "limit", "since"]


@pytest.mark.parametrize("path", ["/api/v1/status", "/healthz", "/metrics", "/api/v1/agents/agent101"])
async def test_unknown_parameters_are_refused_everywhere(client: Client, path: str) -> None:
    document = await problem(await client.get(f"{path}?verbose=1", headers=bearer(VIEWER)), 400)
    assert fields(document) == ["verbose"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"lunch"', "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 5000, "body"),
        (b"{}", "reason"),
        (b'{"reason": 5}', "reason"),
        (b'{"reason": null}', "reason"),
        (b'{"reason": ""}', "reason"),
        (b'{"reason": ["lunch"]}', "reason"),
        (b'{"reason": "a\\u0000b"}', "reason"),
        (b'{"reason": "lunch", "until": 5}', "until"),
        (json.dumps({"reason": "x" * 201}).encode(), "reason"),
    ],
)
async def test_a_bad_body_is_a_400_that_names_the_member(client: Client, world: World, body: bytes, field: str) -> None:
    headers = {**bearer(SUPERVISOR), "Content-Type": "application/json"}
    document = await problem(await client.post(PAUSE, data=body, headers=headers), 400)
    assert fields(document) == [field]
    assert world.requests == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "x"])
async def test_another_content_type_is_a_415(client: Client, content_type: str) -> None:
    headers = {**bearer(SUPERVISOR), "Content-Type": content_type}
    document = await problem(await client.post(PAUSE, data=b'{"reason": "lunch"}', headers=headers), 415)
    assert fields(document) == ["Content-Type"]


async def test_too_large_a_body_is_a_413(client: Client, world: World) -> None:
    headers = {**bearer(SUPERVISOR), "Content-Type": "application/json"}
    body = json.dumps({"reason": "x" * MAX_BODY_BYTES}).encode()
    assert fields(await problem(await client.post(PAUSE, data=body, headers=headers), 413)) == ["body"]
    assert world.requests == []


async def test_an_action_without_a_body_takes_none_or_an_empty_object_only(client: Client, world: World) -> None:
    path = "/api/v1/agents/agent101/logout"
    assert (await client.post(path, headers=bearer(SUPERVISOR))).status == 200
    assert (await client.post(path, json={}, headers=bearer(SUPERVISOR))).status == 200
    document = await problem(await client.post(path, json={"reason": "x"}, headers=bearer(SUPERVISOR)), 400)
    assert fields(document) == ["reason"]
    assert world.requests == [("agent101", "logout", "")] * 2


async def test_unknown_paths_and_wrong_methods_are_problems(client: Client) -> None:
    await problem(await client.get("/api/v1/nothing"), 404)
    await problem(await client.get("/"), 404)
    response = await client.delete("/api/v1/agents")
    await problem(response, 405)
    assert "GET" in response.headers["Allow"]
    await problem(await client.get(PAUSE, headers=bearer(VIEWER)), 405)


async def test_what_breaks_inside_is_a_500_without_its_reason(client: Client, world: World) -> None:
    world.failure = RuntimeError("secret reason")
    response = await client.post("/api/v1/agents/agent101/login", headers=bearer(SUPERVISOR))
    document = await problem(response, 500)
    assert "secret reason" not in json.dumps(document)


PATHS = st.sampled_from(["/api/v1/records", "/api/v1/status", "/api/v1/agents/{}", "/api/v1/records/{}", PAUSE,
                         "/api/v1/agents/{}/login", "/metrics", "/healthz", "/readyz", "/{}"])  # fmt: skip
NAMES = st.sampled_from(["since", "until", "exit", "queue", "limit", "cursor"]) | st.text(max_size=5)
VALUES = st.text(max_size=12) | st.integers().map(str) | st.floats().map(str) | st.datetimes().map(str)
BODIES = st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["reason", "x"]), inner, max_size=2),
    max_leaves=5,
).map(lambda value: json.dumps(value).encode())


def test_no_input_makes_it_a_500() -> None:
    loop = asyncio.new_event_loop()
    world = World()
    client = TestClient(TestServer(make_app(world.deps()), host="127.0.0.1", loop=loop), loop=loop)
    loop.run_until_complete(client.start_server())

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        method=st.sampled_from(["GET", "POST"]),
        path=PATHS,
        part=st.text(min_size=1, max_size=8),
        query=st.lists(st.tuples(NAMES, VALUES), max_size=3),
        body=BODIES,
        content_type=st.sampled_from(["application/json", "text/plain", ""]),
    )
    def send(method: str, path: str, part: str, query: list[tuple[str, str]], body: bytes, content_type: str) -> None:
        async def one() -> int:
            url = path.format(quote(part, safe=""))
            headers = {**bearer(SUPERVISOR), **({"Content-Type": content_type} if content_type else {})}
            data = body if method == "POST" else None
            async with client.request(method, url, params=query, data=data, headers=headers) as response:
                await response.read()
                if response.status >= 400:
                    assert response.content_type == "application/problem+json"
                return response.status

        assert loop.run_until_complete(one()) < 500

    try:
        send()
    finally:
        loop.run_until_complete(client.close())
        loop.close()


# ── what is told outlives a crash ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("method", "path", "token"), [
    ("POST", "/api/v1/agents/agent101/login", SUPERVISOR), ("GET", "/api/v1/status", VIEWER),
])  # fmt: skip
async def test_an_answer_waits_until_what_it_tells_is_durable(
    client: Client, world: World, method: str, path: str, token: str
) -> None:
    world.disk.clear()
    answer = asyncio.ensure_future(client.request(method, path, headers=bearer(token)))
    async with asyncio.timeout(10):
        while not world.waited:  # noqa: ASYNC110 - seen only by asking
            await asyncio.sleep(0)
    assert not answer.done()
    world.disk.set()
    assert (await answer).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
async def test_who_watches_the_engine_is_answered_also_while_the_disk_hangs(
    client: Client, world: World, path: str
) -> None:
    world.disk.clear()
    assert (await client.get(path)).status == 200
