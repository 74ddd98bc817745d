"""The OpenAPI 3.1 document, made from the route registry and from the types themselves."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter

from acd.web.problems import CONTENT_TYPE, ProblemDocument
from acd.web.routes import Route

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"


def make_document(routes: Sequence[Route]) -> dict[str, Any]:
    """Describe all routes. Every reference resolves within the document."""
    adapters = {route.operation_id: TypeAdapter(route.answer) for route in routes}
    wanted: list[Any] = [(name, "serialization", adapter) for name, adapter in adapters.items()]
    wanted += [
        (f"{route.operation_id}.body", "validation", TypeAdapter(route.body))
        for route in routes
        if route.body is not None
    ]
    wanted.append(("problem", "serialization", TypeAdapter(ProblemDocument)))
    by_key, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF)
    schemas = {key: schema for (key, _mode), schema in by_key.items()}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "acd",
            "version": VERSION,
            "description": "Call centre engine: what is now, what was, and what agents do. Times are seconds since the "
            "epoch, UTC, unless a parameter says otherwise. Errors are problem documents (RFC 9457).",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    answer = {route.media_type: {"schema": schemas[route.operation_id]}}
    responses: dict[str, Any] = {
        str(status): {"description": HTTPStatus(status).phrase, "content": answer} for status in (200, *route.also)
    }
    problem = {"content": {CONTENT_TYPE: {"schema": schemas["problem"]}}}
    for status in _problem_statuses(route):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, **problem}
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": responses,
        "security": [{"bearer": []}] if route.role else [],
    }
    if route.role:
        operation["description"] = f"Needs the role {route.role}."
    if route.body is not None:
        operation["requestBody"] = {
            "required": any(field.is_required() for field in route.body.model_fields.values()),
            "content": {"application/json": {"schema": schemas[f"{route.operation_id}.body"]}},
        }
    return operation


def _problem_statuses(route: Route) -> list[int]:
    statuses = {400, 500, *route.errors}
    if route.role:
        statuses |= {401, 403}
    if route.body is not None:
        statuses |= {413, 415}
    return sorted(statuses - {200, *route.also})


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in route.parameters]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    schema = route.query.model_json_schema(ref_template=_REF)
    definitions = schema.get("$defs", {})
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": field.pop("description", ""),
            "schema": _parameter_schema(field, definitions),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter_schema(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not, so null is no value of it; enums stand in place instead of by reference."""
    branches = [branch for branch in field.get("anyOf", [field]) if branch.get("type") != "null"]
    schema = dict(branches[0])
    if "$ref" in schema:
        schema = dict(definitions[schema["$ref"].rsplit("/", 1)[-1]])
    if field.get("default") is not None:
        schema["default"] = field["default"]
    schema.pop("title", None)
    return schema
