"""Calendars over HTTP: what they say, and closing one in an emergency."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from acd.domain.ids import CalendarId, PromptKey
from acd.domain.orders import CloseCalendar, ReopenCalendar
from tests.unit.web.world import AGENT, SUPERVISOR, VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]
KANTOR = CalendarId("kantor")


async def test_everybody_may_see_what_the_calendars_say(client: Client) -> None:
    answer = await (await client.get("/api/v1/calendars", headers=bearer(VIEWER))).json()
    assert [(c["id"], c["state"]) for c in answer["calendars"]] == [("kantor", "open"), ("loket", "closed")]
    one = await (await client.get("/api/v1/calendars/loket", headers=bearer(VIEWER))).json()
    assert one == answer["calendars"][1]
    assert one["closure"]["reason"] == "banjir"


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ({"reason": "Evakuasi gedung"}, CloseCalendar(KANTOR, "Evakuasi gedung")),
        (
            {"reason": "banjir", "until": "2026-11-22T17:00:00+07:00", "message": "darurat"},
            CloseCalendar(KANTOR, "banjir", 1795341600.0, PromptKey("darurat")),
        ),
    ],
)
async def test_a_calendar_is_closed_by_one_call(
    client: Client, world: World, body: dict[str, Any], order: CloseCalendar
) -> None:
    response = await client.post(
        "/api/v1/calendars/kantor/close", json={**body, "request_id": "r-1"}, headers=bearer(SUPERVISOR)
    )
    assert response.status == 200, await response.text()
    assert world.orders == [(order, "supervisor/rudi", "r-1")]
    assert (await response.json())["id"] == "kantor"
    assert world.waited == 1, "told only when it outlives a crash"


async def test_a_calendar_is_reopened_without_a_body(client: Client, world: World) -> None:
    response = await client.post("/api/v1/calendars/loket/reopen", headers=bearer(SUPERVISOR))
    assert response.status == 200
    assert world.orders == [(ReopenCalendar(CalendarId("loket")), "supervisor/rudi", None)]


@pytest.mark.parametrize("token", [VIEWER, AGENT])
@pytest.mark.parametrize("what", ["close", "reopen"])
async def test_only_a_supervisor_may_close_or_reopen(client: Client, world: World, token: str, what: str) -> None:
    body = {"reason": "banjir"} if what == "close" else {}
    response = await client.post(f"/api/v1/calendars/kantor/{what}", json=body, headers=bearer(token))
    assert (response.status, world.orders) == (403, [])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "banjir", "until": "17:00"}, "until"),
        ({"reason": "banjir", "until": "2026-11-22T17:00:00"}, "until"),
        ({"reason": "banjir", "message": "unknown"}, "message"),
        ({"reason": "banjir", "for": "1h"}, "for"),
    ],
)
async def test_a_mistake_names_its_field_and_closes_nothing(
    client: Client, world: World, body: dict[str, Any], field: str
) -> None:
    response = await client.post("/api/v1/calendars/kantor/close", json=body, headers=bearer(SUPERVISOR))
    assert response.status == 400
    assert [e["field"] for e in (await response.json(content_type=None))["errors"]] == [field]
    assert world.orders == []


async def test_an_unknown_calendar_is_a_404_and_a_refusal_a_409(client: Client, world: World) -> None:
    asked = [
        await client.get("/api/v1/calendars/x", headers=bearer(VIEWER)),
        await client.post("/api/v1/calendars/x/reopen", headers=bearer(SUPERVISOR)),
    ]
    world.reply = (False, "no such calendar")
    asked.append(await client.post("/api/v1/calendars/kantor/reopen", headers=bearer(SUPERVISOR)))
    assert [response.status for response in asked] == [404, 404, 404]
    world.reply = (False, "no closure is in force")
    assert (await client.post("/api/v1/calendars/kantor/reopen", headers=bearer(SUPERVISOR))).status == 409


async def test_before_a_plan_is_loaded_there_are_no_calendars(client: Client, world: World) -> None:
    world.view = None
    assert (await client.get("/api/v1/calendars", headers=bearer(VIEWER))).status == 503
