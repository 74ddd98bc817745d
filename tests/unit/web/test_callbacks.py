"""Callbacks by the API: listed, asked for, taken back; refused in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acd.domain.ids import ContactId, LegId, QueueId, TrunkId
from acd.domain.record import CallbackAttempt
from acd.engine.view_shapes import CallbackView
from acd.web.app import make_app
from tests.unit.web.world import AGENT, SUPERVISOR, VIEWER, World, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]
PROMISED = CallbackView(
    contact_id=ContactId("callback-1"),
    queue=QueueId("sales"),
    number="•••••••333",
    state="held",
    held_by="retry",
    waiting_since=1000.0,
    asked_at=1000.0,
    due_at=1000.0,
    next_at=1300.0,
    expires_at=5000.0,
    attempts=1,
    last_outcome="busy",
    position=None,
)


@pytest.fixture
def promising(world: World) -> World:
    """A world with one callback promised."""
    assert world.view is not None
    world.view = replace(world.view, callbacks=(PROMISED,))
    return world


async def get(client: Client, path: str, token: str = VIEWER, status: int = 200) -> Any:
    response = await client.get(path, headers=bearer(token))
    assert response.status == status, await response.text()
    return await response.json(content_type=None)


async def post(client: Client, path: str, body: object, token: str = SUPERVISOR, status: int = 200) -> Any:
    response = await client.post(path, headers=bearer(token), json=body)
    assert response.status == status, await response.text()
    return await response.json(content_type=None)


async def test_callbacks_are_listed_and_shown_with_masked_numbers(client: Client, promising: World) -> None:
    assert promising.view is not None
    listed = await get(client, "/api/v1/callbacks")
    assert [(c["contact_id"], c["number"], c["held_by"]) for c in listed["callbacks"]] == [
        ("callback-1", "•••••••333", "retry")
    ]
    assert await get(client, "/api/v1/callbacks/callback-1") == listed["callbacks"][0]
    assert (await get(client, "/api/v1/callbacks/nobody", status=404))["type"] == "urn:acd:problem:unknown-callback"


async def test_a_supervisor_has_a_customer_called_within_a_window(client: Client, promising: World) -> None:
    body = {"number": "+62 811-222-333", "queue": "sales", "language": "en", "not_before": "2026-11-22T10:00:00+07:00"}
    assert (await post(client, "/api/v1/callbacks", body))["contact_id"] == "callback-1"
    await post(client, "/api/v1/callbacks", {"number": "0811222333", "queue": "sales"})
    assert promising.callback_requests == [
        ("+62 811-222-333", "sales", "en", 1795316400.0, None),
        ("0811222333", "sales", "id", None, None),
    ]


async def test_what_the_engine_refuses_is_a_conflict_in_its_words(client: Client, promising: World) -> None:
    promising.reply = (False, "this number may not be called back")
    problem = await post(client, "/api/v1/callbacks", {"number": "112", "queue": "sales"}, status=409)
    assert problem["detail"] == "this number may not be called back"
    promising.reply = (False, "the customer is on the line already")
    problem = await post(client, "/api/v1/callbacks/callback-1/cancel", {}, status=409)
    assert problem["detail"] == "the customer is on the line already"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"number": "0811222333", "queue": "nowhere"}, "queue"),
        ({"number": "0811222333", "queue": "sales", "language": "fr"}, "language"),
        ({"number": "drop table", "queue": "sales"}, "number"),
        ({"number": "0811222333", "queue": "sales", "not_before": "soon"}, "not_before"),
    ],
)
async def test_a_wrong_request_names_its_field(
    client: Client, promising: World, body: dict[str, str], field: str
) -> None:
    problem = await post(client, "/api/v1/callbacks", body, status=400)
    assert [error["field"].split(".")[-1] for error in problem["errors"]] == [field]
    assert promising.callback_requests == []


async def test_a_supervisor_takes_a_callback_back_and_nobody_else_may(client: Client, promising: World) -> None:
    assert await post(client, "/api/v1/callbacks/callback-1/cancel", {}) == {"contact_id": "callback-1"}
    assert promising.callback_requests == [("callback-1",)]
    for token in (VIEWER, AGENT):
        await post(client, "/api/v1/callbacks/callback-1/cancel", {}, token, status=403)
        await post(client, "/api/v1/callbacks", {"number": "0811222333", "queue": "sales"}, token, status=403)


async def test_before_a_plan_is_loaded_there_are_no_callbacks_to_speak_of() -> None:
    world = World(view=None)
    async with TestClient(TestServer(make_app(world.deps()))) as client:
        await get(client, "/api/v1/callbacks", status=503)


async def test_a_record_shows_its_outbound_calls_with_the_whole_number_to_supervisors_only(
    client: Client, promising: World
) -> None:
    contact = ContactId("1763826000.1")
    promising.records.calls = [
        CallbackAttempt(
            LegId("acd-l-x-c1"), contact, "0811222333", TrunkId("e1"), 1000.0, None, 1012.0, "busy", 17, 486
        )
    ]
    for token, number in ((VIEWER, "•••••••333"), (SUPERVISOR, "0811222333")):
        (attempt,) = (await get(client, f"/api/v1/records/{contact}", token))["callback_attempts"]
        assert (attempt["number"], attempt["outcome"], attempt["sip_code"]) == (number, "busy", 486)
