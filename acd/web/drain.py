"""The resource of draining: taking no calls, and handing over who waits, before an engine is stopped for long."""

from __future__ import annotations

from dataclasses import dataclass

from acd.web.inputs import NoBody
from acd.web.routes import Call, Route


@dataclass(frozen=True, slots=True)
class Draining:
    """Whether calls are taken."""

    draining: bool


async def _drain(call: Call) -> Draining:
    return _order(call, on=True)


async def _resume(call: Call) -> Draining:
    return _order(call, on=False)


def _order(call: Call, *, on: bool) -> Draining:
    call.deps.drain(on, call.token.name if call.token is not None else "")
    return Draining(draining=on)


ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/v1/drain", _drain, "Take no calls, hand over who waits to Asterisk's own queue", "deployment",
          Draining, role="supervisor", body=NoBody),
    Route("POST", "/api/v1/resume", _resume, "Take calls again, and have back who waits in Asterisk's own queue",
          "deployment", Draining, role="supervisor", body=NoBody),
)  # fmt: skip
