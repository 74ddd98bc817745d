"""The document is valid OpenAPI 3.1, complete, and what the server really answers fits it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from acd.web import app as app_module
from acd.web.routes import Route
from tests.unit.web.world import SUPERVISOR, bearer

Client: TypeAlias = TestClient[web.Request, web.Application]


async def document(client: Client) -> dict[str, Any]:
    return dict(await (await client.get("/api/v1/openapi.json")).json())


async def test_the_document_is_valid(client: Client) -> None:
    OpenAPIV31SpecValidator(await document(client)).validate()


async def test_the_document_has_every_route_the_server_has_and_no_other(client: Client) -> None:
    described = {
        (method.upper(), path) for path, methods in (await document(client))["paths"].items() for method in methods
    }
    assert client.app is not None
    served = {
        (route.method, route.resource.canonical)
        for route in client.app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert described == served


async def test_every_operation_says_who_may_and_what_can_go_wrong(client: Client) -> None:
    found = await document(client)
    operations = [op for methods in found["paths"].values() for op in methods.values()]
    assert len({op["operationId"] for op in operations}) == len(operations)
    for op in operations:
        assert op["summary"]
        assert "400" in op["responses"]
        if op["security"]:
            assert {"401", "403"} <= set(op["responses"])
        for status, response in op["responses"].items():
            if status not in {"200", "503"}:
                assert list(response["content"]) == ["application/problem+json"]
    limit = next(p for p in found["paths"]["/api/v1/records"]["get"]["parameters"] if p["name"] == "limit")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    exit_ = next(p for p in found["paths"]["/api/v1/records"]["get"]["parameters"] if p["name"] == "exit")
    assert "answered" in exit_["schema"]["enum"]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/api/v1/status", "/api/v1/status"),
        ("/api/v1/agents", "/api/v1/agents"),
        ("/api/v1/agents/agent101", "/api/v1/agents/{agent_id}"),
        ("/api/v1/queues", "/api/v1/queues"),
        ("/api/v1/trunks", "/api/v1/trunks"),
        ("/api/v1/contacts", "/api/v1/contacts"),
        ("/api/v1/records", "/api/v1/records"),
        ("/api/v1/records/1763826000.1", "/api/v1/records/{contact_id}"),
        ("/api/v1/records/none", "/api/v1/records/{contact_id}"),
        ("/api/v1/records?limit=x", "/api/v1/records"),
        ("/api/v1/figures", "/api/v1/figures"),
    ],
)
async def test_what_the_server_answers_fits_the_document(client: Client, path: str, template: str) -> None:
    found = await document(client)
    response = await client.get(path, headers=bearer(SUPERVISOR))
    described = found["paths"][template]["get"]["responses"][str(response.status)]["content"]
    schema = described[response.content_type]["schema"]
    text = json.dumps({**schema, "components": found["components"]})
    jsonschema.Draft202012Validator(json.loads(text)).validate(await response.json(content_type=None))


async def test_the_document_is_made_once_and_only_when_it_is_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(routes: Sequence[Route]) -> dict[str, Any]:
        made.append(routes)
        return {"openapi": "3.1.0"}

    monkeypatch.setattr(app_module, "make_document", make)
    assert [await document(client), await document(client)] == [{"openapi": "3.1.0"}] * 2
    assert len(made) == 1
