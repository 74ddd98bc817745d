"""Supervisors' orders over HTTP: who may, what reaches the engine, what comes back."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acd.domain.orders import AssignToAgent, MoveToQueue, Order, ResetSkills, SetPriority, SetSkills
from acd.web import orders
from acd.web.app import make_app
from tests.engine_kit import levels
from tests.unit.web.world import AGENT, SUPERVISOR, VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]
CONTACT = "1763826000.1"
ORDERS: list[tuple[str, dict[str, Any], Order]] = [
    ("contacts/c1/priority", {"priority": 999}, SetPriority("c1", 999)),  # type: ignore[arg-type]
    ("contacts/c1/queue", {"queue": "q2"}, MoveToQueue("c1", "q2")),  # type: ignore[arg-type]
    ("contacts/c1/agent", {"agent": "agent101"}, AssignToAgent("c1", "agent101")),  # type: ignore[arg-type]
    ("agents/agent101/skills", {"skills": {"tech": 3}}, SetSkills("agent101", levels(tech=3))),  # type: ignore[arg-type]
    (
        "agents/agent101/skills",
        {"skills": {"tech": 3}, "queues": ["q1", "q1"]},
        SetSkills("agent101", levels(tech=3), ("q1",)),  # type: ignore[arg-type]
    ),
    ("agents/agent101/skills/reset", {}, ResetSkills("agent101")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("path", "body", "expected"), ORDERS)
async def test_an_order_reaches_the_engine_with_its_supervisor_and_its_id(
    client: Client, world: World, path: str, body: dict[str, Any], expected: Order
) -> None:
    sent = {**body, "request_id": "r-1"}
    response = await client.post(f"/api/v1/{path}", json=sent, headers=bearer(SUPERVISOR))
    assert response.status == 200, await response.text()
    assert world.orders == [(expected, "supervisor/rudi", "r-1")]
    answer = await response.json()
    assert answer["contact"] is None
    assert (answer["agent"] or {}).get("id") == ("agent101" if path.startswith("agents") else None)


@pytest.mark.parametrize("token", [VIEWER, AGENT])
@pytest.mark.parametrize(("path", "body"), [(path, body) for path, body, _ in ORDERS])
async def test_only_a_supervisor_may_order(
    client: Client, world: World, token: str, path: str, body: dict[str, Any]
) -> None:
    response = await client.post(f"/api/v1/{path.replace('agent101', 'agent102')}", json=body, headers=bearer(token))
    assert response.status == 403
    assert world.orders == []


async def test_the_contact_is_given_as_it_is_then(client: Client, world: World) -> None:
    assert world.view is not None
    known = world.view.contacts[0].id
    path = f"/api/v1/contacts/{known}/priority"
    response = await client.post(path, json={"priority": 1}, headers=bearer(SUPERVISOR))
    assert (await response.json())["contact"]["id"] == known
    assert world.orders[0][2] is None


async def test_orders_before_a_view_exists_still_answer(client: Client, world: World) -> None:
    world.view = None
    for path in ("contacts/c/priority", "agents/a/skills"):
        body = {"priority": 1} if "priority" in path else {"skills": {"a": 1}}
        response = await client.post(f"/api/v1/{path}", json=body, headers=bearer(SUPERVISOR))
        assert await response.json() == {"contact": None, "agent": None}


@pytest.mark.parametrize(
    ("message", "status", "kind"),
    [
        ("no such contact", 404, "unknown-contact"),
        ("no such agent", 404, "unknown-agent"),
        ("no such queue", 404, "unknown-queue"),
        ("the contact is not waiting", 409, "refused"),
    ],
)
async def test_a_refusal_is_told_in_the_engines_words(
    client: Client, world: World, message: str, status: int, kind: str
) -> None:
    world.reply = (False, message)
    response = await client.post("/api/v1/contacts/c/queue", json={"queue": "q"}, headers=bearer(SUPERVISOR))
    problem = await response.json(content_type=None)
    assert (response.status, problem["type"]) == (status, f"urn:acd:problem:{kind}")
    assert message in problem["detail"].lower()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("contacts/c/priority", {"priority": 1000}, "priority"),
        ("contacts/c/priority", {"priority": -1}, "priority"),
        ("contacts/c/priority", {}, "priority"),
        ("contacts/c/agent", {"agent": ""}, "agent"),
        ("agents/agent101/skills", {"skills": {}}, "skills"),
        ("agents/agent101/skills", {"skills": {"a": 6}}, "skills.a"),
        ("contacts/c/queue", {"queue": "q", "at": 1}, "at"),
    ],
)
async def test_a_body_with_a_mistake_names_its_field(
    client: Client, world: World, path: str, body: dict[str, Any], field: str
) -> None:
    response = await client.post(f"/api/v1/{path}", json=body, headers=bearer(SUPERVISOR))
    assert response.status == 400
    assert [e["field"] for e in (await response.json(content_type=None))["errors"]] == [field]
    assert world.orders == []


async def test_an_engine_that_does_not_answer_an_order_is_a_504(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "ORDER_ANSWER_S", 0.01)

    async def never(*_args: object) -> tuple[bool, str]:
        await asyncio.Event().wait()
        return True, ""

    async with TestClient(TestServer(make_app(world.deps(order=never)))) as client:
        response = await client.post("/api/v1/agents/a/skills/reset", headers=bearer(SUPERVISOR))
        assert response.status == 504
