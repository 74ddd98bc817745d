"""The resources: each a short function from a checked request to a frozen value, and the registry of them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from acd.domain.errors import StoreError
from acd.domain.ids import AgentId, ContactId, QueueId
from acd.domain.plan import AgentAction
from acd.engine.view_shapes import AgentView, EngineView
from acd.ports import RecordFilter
from acd.web.answers import (
    Agents,
    AttemptAnswer,
    Contacts,
    ExplanationAnswer,
    FiguresAnswer,
    Health,
    Queues,
    RecordAnswer,
    RecordsAnswer,
    RecordWithRecordings,
    Trunks,
)
from acd.web.inputs import DispositionBody, ExtendBody, NoBody, PauseBody, RecordsQuery
from acd.web.problems import Problem, bad_field
from acd.web.readiness import SERVING, ReadinessAnswer
from acd.web.routes import Answer, Call, Raw, Route

AGENT_ANSWER_S = 10.0


def _view(call: Call) -> EngineView:
    view = call.deps.view()
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No configuration is loaded yet.", kind="not-ready")
    return view


async def _health(_call: Call) -> Health:
    return Health()


async def _ready(call: Call) -> object:
    answer = ReadinessAnswer.of(call.deps.ready())
    return answer if answer.status in SERVING else Answer(answer, HTTPStatus.SERVICE_UNAVAILABLE)


async def _metrics(call: Call) -> Raw:
    body, content_type = call.deps.metrics(call.accept)
    return Raw(body, content_type)


async def _status(call: Call) -> EngineView:
    return _view(call)


async def _agents(call: Call) -> Agents:
    return Agents(_view(call).agents)


async def _queues(call: Call) -> Queues:
    return Queues(_view(call).queues)


async def _trunks(call: Call) -> Trunks:
    return Trunks(_view(call).trunks)


async def _contacts(call: Call) -> Contacts:
    return Contacts(_view(call).contacts)


async def _figures(call: Call) -> FiguresAnswer:
    figures = _view(call).figures
    return FiguresAnswer.of(figures, call.deps.gaps(figures.since, None))


async def _agent(call: Call) -> AgentView:
    wanted = call.path["agent_id"]
    for agent in _view(call).agents:
        if agent.id == wanted:
            return agent
    raise Problem(HTTPStatus.NOT_FOUND, "There is no such agent.", kind="unknown-agent")


async def _act(action: AgentAction, call: Call) -> AgentView:
    agent_id = AgentId(call.path["agent_id"])
    await _agent(call)
    reason = ""
    if isinstance(call.body, PauseBody):
        reason, known = call.body.reason, call.deps.words().pause_reasons
        if reason not in known:
            raise bad_field("reason", f"must be one of {', '.join(known)}" if known else "no reason is configured")
    seconds = call.body.seconds if isinstance(call.body, ExtendBody) else 0
    disposition = call.body.disposition if isinstance(call.body, DispositionBody) else ""
    try:
        async with asyncio.timeout(AGENT_ANSWER_S):
            done, message = await call.deps.request_agent(
                agent_id, action, reason, seconds=seconds, disposition=disposition
            )
    except TimeoutError as error:
        raise Problem(HTTPStatus.GATEWAY_TIMEOUT, "The engine did not answer.", kind="no-answer") from error
    if not done:
        raise Problem(HTTPStatus.CONFLICT, message or "Refused.", kind="refused")
    return await _agent(call)


def _unreadable(error: StoreError) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), kind="store-unavailable")


def _full_numbers(call: Call) -> bool:
    return call.token is not None and call.token.role == "supervisor"


async def _records(call: Call) -> RecordsAnswer:
    query: RecordsQuery = call.query
    if query.since is not None and query.until is not None and query.since > query.until:
        raise bad_field("until", "is before since")
    wanted = RecordFilter(
        since=query.since,
        until=query.until,
        exit=query.exit,
        queue=QueueId(query.queue) if query.queue is not None else None,
        limit=query.limit,
        after=query.cursor,
    )
    try:
        page = await call.deps.records.page(wanted)
    except StoreError as error:
        raise _unreadable(error) from error
    except ValueError as error:
        raise bad_field("cursor", "is no cursor of ours") from error
    full = _full_numbers(call)
    return RecordsAnswer(
        tuple(RecordAnswer.of(record, full_numbers=full) for record in page.records),
        page.next,
        call.deps.gaps(query.since, query.until),
    )


async def _record(call: Call) -> RecordWithRecordings:
    contact_id = ContactId(call.path["contact_id"])
    try:
        record = await call.deps.records.get(contact_id)
        recordings = await call.deps.records.recordings(contact_id)
        attempts = await call.deps.records.attempts(contact_id)
    except StoreError as error:
        raise _unreadable(error) from error
    if record is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no record of this contact.", kind="unknown-contact")
    full = _full_numbers(call)
    return RecordWithRecordings(
        RecordAnswer.of(record, full_numbers=full),
        record.path,
        record.consents,
        record.answers,
        recordings,
        tuple(AttemptAnswer.of(attempt, full_numbers=full) for attempt in attempts),
    )


async def _decisions(call: Call) -> ExplanationAnswer:
    contact_id = ContactId(call.path["contact_id"])
    try:
        known = await call.deps.records.explanation(contact_id)
        if not known.decisions and not known.steps and await call.deps.records.get(contact_id) is None:
            raise Problem(HTTPStatus.NOT_FOUND, "Nothing is known of this contact.", kind="unknown-contact")
    except StoreError as error:
        raise _unreadable(error) from error
    return ExplanationAnswer(contact_id, known.decisions, known.steps)


def _action(name: str, action: AgentAction, summary: str, body: type[BaseModel] = NoBody) -> Route:
    return Route(
        "POST",
        f"/api/v1/agents/{{agent_id}}/{name}",
        partial(_act, action),
        summary,
        "agents",
        AgentView,
        role="agent",
        body=body,
        errors=(404, 409, 503, 504),
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/healthz", _health, "Whether the process is alive", "health", Health, role=None),
    Route("GET", "/readyz", _ready, "Whether calls are served", "health", ReadinessAnswer, role=None, also=(503,)),
    Route("GET", "/metrics", _metrics, "Figures for Prometheus", "health", str, role=None, media_type="text/plain"),
    Route("GET", "/api/v1/status", _status, "Everything at this moment", "now", EngineView, errors=(503,)),
    Route("GET", "/api/v1/agents", _agents, "All agents", "agents", Agents, errors=(503,)),
    Route("GET", "/api/v1/agents/{agent_id}", _agent, "One agent", "agents", AgentView, errors=(404, 503)),
    _action("login", "login", "Log an agent in, ready for contacts"),
    _action("logout", "logout", "Log an agent out"),
    _action("ready", "ready", "End a pause"),
    _action("pause", "pause", "Pause an agent, with a reason", PauseBody),
    _action("reject", "reject", "Turn down the call that rings"),
    _action("extend-wrap-up", "extend_wrap_up", "Lengthen an agent's wrap-up, up to the queue's longest", ExtendBody),
    _action("disposition", "disposition", "Say how the contact went, while talking or in wrap-up", DispositionBody),
    _action("end-wrap-up", "end_wrap_up", "End an agent's wrap-up before its time"),
    Route("GET", "/api/v1/queues", _queues, "All queues", "now", Queues, errors=(503,)),
    Route("GET", "/api/v1/trunks", _trunks, "All trunks", "now", Trunks, errors=(503,)),
    Route("GET", "/api/v1/contacts", _contacts, "All contacts in the system", "now", Contacts, errors=(503,)),
    Route("GET", "/api/v1/contacts/{contact_id}/decisions", _decisions, "Why a contact got the agent it got", "records",
          ExplanationAnswer, errors=(404, 503)),
    Route("GET", "/api/v1/records", _records, "Call records", "records", RecordsAnswer,
          query=RecordsQuery, errors=(503,)),
    Route("GET", "/api/v1/records/{contact_id}", _record, "One call record and its recordings", "records",
          RecordWithRecordings, errors=(404, 503)),
    Route("GET", "/api/v1/figures", _figures, "Success call ratio, service level and what they are made of", "records",
          FiguresAnswer, errors=(503,)),
)  # fmt: skip


def openapi_route(describe: Callable[[], dict[str, Any]]) -> Route:
    """Make the route of the OpenAPI document itself, which is made when it is asked for, beside the event loop."""
    made: dict[str, Any] = {}

    async def give(_call: Call) -> object:
        made.update(made or await asyncio.to_thread(describe))
        return made

    return Route("GET", "/api/v1/openapi.json", give, "This document", "health", dict[str, Any], role=None)
