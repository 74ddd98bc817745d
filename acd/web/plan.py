"""The resource of the configuration: which version is in force, and loading a new one."""

from __future__ import annotations

from http import HTTPStatus

from acd.runtime.reloading import Loading
from acd.web.inputs import NoBody
from acd.web.problems import FieldError, Problem
from acd.web.routes import Call, Route


async def _show(call: Call) -> Loading:
    return call.deps.loading()


async def _reload(call: Call) -> Loading:
    loading = await call.deps.reload()
    if loading.outcome == "refused":
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f"The new configuration is refused; version {loading.version} stays in force.",
            kind="refused-configuration",
            errors=[FieldError("configuration", mistake) for mistake in loading.mistakes],
        )
    return loading


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/plan", _show, "The configuration in force and the latest attempt to change it", "deployment",
          Loading),
    Route("POST", "/api/v1/plan/reload", _reload, "Check the configuration, run its flows' tests, put it into force",
          "deployment", Loading, role="supervisor", body=NoBody, errors=(422,)),
)  # fmt: skip
