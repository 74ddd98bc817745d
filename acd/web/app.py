"""The aiohttp application: routes from the registry, every error a problem document, no request ever a traceback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web

from acd.web import calendars, callbacks, drain, gaps, media, orders, plan, voicemails
from acd.web.auth import authenticate, authorize
from acd.web.bodies import json_of
from acd.web.deps import WebDeps
from acd.web.handlers import ROUTES, openapi_route
from acd.web.inputs import MAX_BODY_BYTES, read_body, read_query
from acd.web.openapi import make_document
from acd.web.problems import FieldError, Problem
from acd.web.routes import Answer, Call, Raw, Route

log = structlog.get_logger(__name__)

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_KINDS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def make_app(deps: WebDeps) -> web.Application:
    """Make the application; who runs it chooses address and port."""
    app = web.Application(middlewares=[_problems], client_max_size=MAX_BODY_BYTES)
    routes: tuple[Route, ...] = (
        *ROUTES,
        *callbacks.ROUTES,
        *calendars.ROUTES,
        *gaps.ROUTES,
        *orders.ROUTES,
        *plan.ROUTES,
        *drain.ROUTES,
        *voicemails.ROUTES,
        openapi_route(lambda: make_document(routes)),
    )
    for route in routes:
        app.router.add_route(route.method, route.path, _serve(route, deps))
    if deps.media is not None:
        app.router.add_get(media.PATH, deps.media.serve)
    return app


def _serve(route: Route, deps: WebDeps) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        token = None
        if route.role is not None:
            token = authenticate(request.headers.get("Authorization"), deps.words().tokens)
            authorize(token, route.role, request.match_info.get("agent_id"))
            if not deps.active():
                raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Another engine is the active one.", kind="standby")
        call = Call(
            deps=deps,
            token=token,
            path=dict(request.match_info),
            query=read_query(request, route.query),
            body=await read_body(request, route.body) if route.body is not None else None,
            accept=request.headers.get("Accept", ""),
        )
        answer = await route.handler(call)
        if route.role is not None:
            # What a client was told must outlive a crash: an agent who was logged in stays so.
            await deps.durable()
        return await _respond(answer)

    return handle


async def _respond(answer: object) -> web.Response:
    if isinstance(answer, Raw):
        return web.Response(body=answer.body, headers={"Content-Type": answer.content_type, **_HEADERS})
    status, value = (answer.status, answer.value) if isinstance(answer, Answer) else (200, answer)
    return web.Response(body=await json_of(value), status=status, content_type="application/json", headers=_HEADERS)


@web.middleware
async def _problems(request: web.Request, handler: Callable[[web.Request], Awaitable[Any]]) -> web.StreamResponse:
    """Turn whatever is raised into a problem document."""
    try:
        response: web.StreamResponse = await handler(request)
    except Problem as problem:
        return problem.response(request.path)
    except web.HTTPException as error:
        return _from_http(error).response(request.path)
    except Exception:
        resource = request.match_info.route.resource
        log.exception("request_failed", method=request.method, resource=resource.canonical if resource else "")
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke here; it has been logged.").response(
            request.path
        )
    return response


def _from_http(error: web.HTTPException) -> Problem:
    status = HTTPStatus(error.status)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    errors = []
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        errors = [FieldError("body", f"must not be larger than {MAX_BODY_BYTES} bytes")]
    detail = errors[0].message if errors else status.description or status.phrase
    return Problem(status, detail, kind=_KINDS.get(error.status, ""), errors=errors, headers=headers)
