"""What another system answers in a test: as variables by name, or as JSON that is read like a real answer.

Must not know what becomes of it.
"""

from __future__ import annotations

from acd.dips.mapping import read
from acd.domain.commands import FetchData
from acd.domain.data import DataOutcome, Scalar, Wanted
from acd.domain.events import DataFetched
from acd.flows.given import DataGiven

_OK = 200
_NOT_FOUND = 404


def answer(given: DataGiven, question: FetchData, at: float) -> DataFetched:
    """Make the answer to a question asked at ``at``; one that comes too late is a timeout."""
    if given.outcome == "timeout" or given.after_s > question.timeout_s:
        late = question.timeout_s
        return DataFetched(at + late, question.contact_id, question.request_id, "timeout", latency_s=late)
    outcome: DataOutcome = given.outcome
    values = _typed(given.values, question.wanted)
    if given.body is not None:
        found = read(given.body.encode(), question.wanted, _OK)
        outcome, values = found.outcome, dict(found.values)
    status = {"ok": _OK, "not_found": _NOT_FOUND}.get(outcome, 0)
    return DataFetched(
        at + given.after_s, question.contact_id, question.request_id, outcome, values, status, given.after_s
    )


def _typed(values: dict[str, str], wanted: tuple[Wanted, ...]) -> dict[str, Scalar]:
    types = {want.variable: want.type for want in wanted}
    return {name: _value(text, types.get(name, "text")) for name, text in values.items()}


def _value(text: str, type_: str) -> Scalar:
    if type_ == "boolean":
        return text == "true"
    return int(text) if type_ == "number" and text.removeprefix("-").isdecimal() else text
