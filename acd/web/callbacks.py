"""The resources of callbacks: list what is promised, promise one, take one back."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from acd.domain.ids import ContactId, Language, QueueId
from acd.engine.view_shapes import CallbackView, EngineView
from acd.web.inputs import CallbackBody, NoBody
from acd.web.problems import Problem, bad_field
from acd.web.routes import Call, Route


@dataclass(frozen=True, slots=True)
class Callbacks:
    """All callbacks promised and not yet made."""

    callbacks: tuple[CallbackView, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A callback that was taken back."""

    contact_id: ContactId


def _view(call: Call) -> EngineView:
    view = call.deps.view()
    if view is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "No configuration is loaded yet.", kind="not-ready")
    return view


def _one(call: Call, contact_id: str) -> CallbackView:
    for callback in _view(call).callbacks:
        if callback.contact_id == contact_id:
            return callback
    raise Problem(HTTPStatus.NOT_FOUND, "There is no such callback.", kind="unknown-callback")


async def _list(call: Call) -> Callbacks:
    return Callbacks(_view(call).callbacks)


async def _show(call: Call) -> CallbackView:
    return _one(call, call.path["contact_id"])


async def _ask(call: Call) -> CallbackView:
    body: CallbackBody = call.body
    view = _view(call)
    if body.queue not in {queue.id for queue in view.queues}:
        raise bad_field("queue", f"must be one of {', '.join(queue.id for queue in view.queues)}")
    known = call.deps.words().languages
    if body.language is not None and body.language not in known:
        raise bad_field("language", f"must be one of {', '.join(known)}")
    language = Language(body.language) if body.language is not None else next(iter(known), None)
    contact_id, message = await call.deps.request_callback(
        body.number, QueueId(body.queue), language, body.not_before, body.not_after
    )
    if contact_id is None:
        raise Problem(HTTPStatus.CONFLICT, message, kind="refused")
    return _one(call, contact_id)


async def _cancel(call: Call) -> Taken:
    wanted = _one(call, call.path["contact_id"])
    done, message = await call.deps.cancel_callback(wanted.contact_id)
    if not done:
        raise Problem(HTTPStatus.CONFLICT, message, kind="refused")
    return Taken(wanted.contact_id)


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/callbacks", _list, "All callbacks promised and not yet made", "callbacks", Callbacks,
          errors=(503,)),
    Route("POST", "/api/v1/callbacks", _ask, "Have a customer called, now or within a window", "callbacks",
          CallbackView, role="supervisor", body=CallbackBody, errors=(409, 503)),
    Route("GET", "/api/v1/callbacks/{contact_id}", _show, "One callback", "callbacks", CallbackView, errors=(404, 503)),
    Route("POST", "/api/v1/callbacks/{contact_id}/cancel", _cancel, "Take a callback back", "callbacks", Taken,
          role="supervisor", body=NoBody, errors=(404, 409, 503)),
)  # fmt: skip
