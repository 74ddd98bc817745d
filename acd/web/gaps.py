"""The resource of the gap ledger: when the engine could not see everything."""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.gaps import Gap
from acd.web.inputs import GapsQuery
from acd.web.routes import Call, Route


@dataclass(frozen=True, slots=True)
class GapsAnswer:
    """Gaps, oldest first; what is counted in them may be incomplete."""

    gaps: tuple[Gap, ...]


async def _list(call: Call) -> GapsAnswer:
    query: GapsQuery = call.query
    return GapsAnswer(call.deps.gaps(query.since, query.until))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/v1/gaps", _list, "When the engine could not see everything", "records", GapsAnswer,
          query=GapsQuery),
)  # fmt: skip
