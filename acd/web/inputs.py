"""What requests may contain: strict models, and reading them so that every mistake names its field."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, WithJsonSchema

from acd.domain.exits import Exit
from acd.domain.voicemail import VoicemailState
from acd.web.problems import FieldError, Problem, bad_fields, from_validation

M = TypeVar("M", bound=BaseModel)

MAX_BODY_BYTES = 16 * 1024
MAX_LIMIT = 1000
_LATEST = 253_402_300_799.0
"""End of the year 9999, the last moment ISO 8601 can write."""
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_EPOCH = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _integer(text: Any) -> Any:
    if isinstance(text, str) and _INTEGER.fullmatch(text):
        return int(text)
    raise ValueError("must be a whole number")


def _moment(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("must be a time")  # noqa: TRY004 - pydantic translates ValueError
    if _EPOCH.fullmatch(text):
        moment = float(text)
    else:
        try:
            read = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError("must be ISO 8601, such as 2026-11-22T10:00:00Z, or seconds since the epoch") from error
        if read.tzinfo is None:
            raise ValueError("needs a time zone, such as Z or %2B07:00")
        moment = read.timestamp()
    if not 0 <= moment <= _LATEST:
        raise ValueError("is out of range")
    return moment


def _exit(text: Any) -> Any:
    try:
        return Exit(text)
    except ValueError as error:
        raise ValueError(f"must be one of {', '.join(Exit)}") from error


Moment = Annotated[
    float,
    BeforeValidator(_moment),
    WithJsonSchema({
        "type": "string",
        "description": "ISO 8601 with a time zone, or seconds since the epoch.",
        "examples": ["2026-11-22T10:00:00+07:00", "1763780400"],
    }),
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class NoQuery(_Strict):
    """No query parameters."""


class RecordsQuery(_Strict):
    """Which call records to give."""

    since: Moment | None = Field(default=None, description="Ended at this time or later.")
    until: Moment | None = Field(default=None, description="Ended before this time.")
    exit: Annotated[Exit, BeforeValidator(_exit)] | None = Field(default=None, description="Why the contact ended.")
    queue: Word | None = Field(default=None, description="The last queue waited in.")
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_integer)] = Field(
        default=100, description="Records per page."
    )
    cursor: Word | None = Field(default=None, description="`next` of the page before.")


class GapsQuery(_Strict):
    """Which gaps to give."""

    since: Moment | None = Field(default=None, description="Not over before this time.")
    until: Moment | None = Field(default=None, description="Begun before this time.")


class VoicemailsQuery(_Strict):
    """Which messages to give."""

    queue: Word | None = Field(default=None, description="The queue they were left for.")
    state: VoicemailState | None = Field(default=None, description="How far they have come.")
    since: Moment | None = Field(default=None, description="Left at this time or later.")
    until: Moment | None = Field(default=None, description="Left before this time.")
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), BeforeValidator(_integer)] = Field(
        default=100, description="Messages per page."
    )
    cursor: Word | None = Field(default=None, description="`next` of the page before.")


class NoBody(_Strict):
    """No body, or an empty object."""


class PauseBody(_Strict):
    """Why the agent pauses: one of the reasons the deployment knows."""

    reason: Word


class ExtendBody(_Strict):
    """How much longer wrap-up shall be."""

    seconds: Annotated[int, Field(ge=1, le=3600)]


class DispositionBody(_Strict):
    """How the contact went: one of the dispositions of its queue."""

    disposition: Word


class CallbackBody(_Strict):
    """Whom to call back, for which queue, and when."""

    number: Annotated[str, StringConstraints(min_length=3, max_length=20, pattern=r"^[+0-9 ().-]+$")] = Field(
        description="The customer's number.", examples=["0811222333"]
    )
    queue: Word = Field(description="The queue whose agents call.")
    language: Word | None = Field(default=None, description="The customer's; the deployment's first without it.")
    not_before: Moment | None = Field(default=None, description="Not called before this time; now without it.")
    not_after: Moment | None = Field(default=None, description="Given up at this time.")


class OrderBody(_Strict):
    """What every order may carry."""

    request_id: Word | None = Field(default=None, description="Sent again with the same id, an order is done once.")


class PriorityBody(OrderBody):
    """Higher is served first."""

    priority: Annotated[int, Field(ge=0, le=999)]


class QueueBody(OrderBody):
    """The queue to wait in, whatever its limits."""

    queue: Word


class AgentBody(OrderBody):
    """The one agent to be asked, whatever the skills."""

    agent: Word


class SkillsBody(OrderBody):
    """All the skills an agent has until the next logout, and the queues served; without queues, those so far."""

    skills: dict[Word, Annotated[int, Field(ge=1, le=5)]] = Field(min_length=1)
    queues: list[Word] | None = None


class CloseBody(OrderBody):
    """Why a calendar is closed, until when, and what callers are told."""

    reason: Word = Field(description="Shown to people; flows may speak it.", examples=["Evakuasi gedung"])
    until: Moment | None = Field(default=None, description="Opens by its hours again then; without it, by `reopen`.")
    message: Word | None = Field(default=None, description="A prompt of the deployment about it, for the flows.")


def read_query(request: web.Request, model: type[M]) -> M:
    """Read the query string strictly. Raises ``Problem`` 400 naming the parameter."""
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise bad_fields([FieldError(name, "is given more than once")])
        values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _without_branches(from_validation(error, "query"), model) from error


async def read_body(request: web.Request, model: type[M]) -> M:
    """Read a JSON body strictly; a model that needs no field also takes no body. Raises ``Problem`` 400, 413, 415."""
    raw = await request.read()
    if not raw and not any(field.is_required() for field in model.model_fields.values()):
        return model()
    if request.content_type != "application/json":
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The body must be application/json.",
            kind="unsupported-media-type",
            errors=[FieldError("Content-Type", "must be application/json")],
        )
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise from_validation(error, "body") from error


def _without_branches(problem: Problem, model: type[BaseModel]) -> Problem:
    """Keep one complaint per parameter, under the parameter's own name rather than that of a union's member."""
    first: dict[str, FieldError] = {}
    for error in problem.errors:
        name = error.field.split(".")[0]
        first.setdefault(name, FieldError(name if name in model.model_fields else error.field, error.message))
    return bad_fields(list(first.values()))
