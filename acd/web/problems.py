"""Errors as RFC 9457 problem documents: what went wrong, and which field of the request is to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from aiohttp import web
from pydantic import ValidationError

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of the request and what is wrong with it; a query parameter, a path part or a member of the body."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ProblemDocument:
    """What a client gets with every status of 400 and above (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: tuple[FieldError, ...]


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request that cannot be served, with the status and the words the client gets."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        kind: str = "",
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.errors = tuple(errors)
        self.headers = headers or {}

    def response(self, instance: str) -> web.Response:
        """Make the answer to a request for the path ``instance``."""
        document = ProblemDocument(
            type=f"urn:acd:problem:{self.kind}" if self.kind else "about:blank",
            title=self.status.phrase,
            status=self.status.value,
            detail=self.detail,
            instance=instance,
            errors=self.errors,
        )
        return web.Response(
            body=orjson.dumps(document), status=self.status, content_type=CONTENT_TYPE, headers=self.headers
        )


def bad_field(field: str, message: str) -> Problem:
    """Make the problem of one wrong field."""
    return bad_fields([FieldError(field, message)])


def bad_fields(errors: Sequence[FieldError]) -> Problem:
    """Make the problem of wrong fields; the detail repeats the first for people who read only that."""
    first = errors[0]
    return Problem(HTTPStatus.BAD_REQUEST, f"{first.field}: {first.message}", kind="invalid-input", errors=errors)


def from_validation(error: ValidationError, whole: str) -> Problem:
    """Translate pydantic's complaints; ``whole`` names the thing when no single field is to blame."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return bad_fields([FieldError(".".join(map(str, e["loc"])) or whole, _words(e["msg"])) for e in found])


def _words(message: str) -> str:
    return message.removeprefix("Value error, ")
