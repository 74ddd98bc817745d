"""The rows the records' tables hold: which table a value belongs to, its row, and the value again from the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

from sqlalchemy import RowMapping, Table

from acd.domain.decision import Decision, Step, Story
from acd.domain.errors import StoreError
from acd.domain.exits import Exit
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.gaps import Gap, GapEnd
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    DispositionRow,
    HookDone,
    HookRow,
    RecordCorrection,
    RecordingRow,
)
from acd.domain.voicemail import VoicemailMark, VoicemailRow
from acd.ports import Row
from acd.store import tables
from acd.store.codec import decode, encode

TABLES: tuple[tuple[Table, type[Row]], ...] = (
    (tables.call_records, CallRecord),
    (tables.recordings, RecordingRow),
    (tables.callback_attempts, CallbackAttempt),
    (tables.voicemails, VoicemailRow),
    (tables.decisions, Decision),
    (tables.stories, Story),
    (tables.webhook_events, HookRow),
    (tables.gaps, Gap),
)
_NAMES: dict[type[Row], str] = {
    CallRecord: "call record",
    RecordCorrection: "correction of the record",
    RecordingRow: "recording",
    DispositionRow: "disposition",
    CallbackAttempt: "callback attempt",
    VoicemailRow: "voicemail",
    VoicemailMark: "state of a voicemail",
    Decision: "decision",
    Story: "story",
    HookRow: "webhook event",
    HookDone: "end of a webhook event",
    Gap: "gap",
    GapEnd: "end of a gap",
}


_KINDS: dict[str, type[Row]] = {type_.__name__: type_ for type_ in _NAMES}

_JSON: dict[str, Any] = {
    "path": tuple[PathStep, ...],
    "consents": tuple[Consent, ...],
    "answers": tuple[SurveyAnswer, ...],
}
"""Columns of call records that are JSON."""


def name_of(item: Row) -> str:
    """What it is and whose, in words."""
    match item:
        case HookRow() | HookDone():
            whose = item.event_id
        case Gap() | GapEnd():
            whose = item.id
        case _:
            whose = f"contact {item.contact_id!r}"
    return f"{_NAMES[type(item)]} of {whose}"


def row_of(item: Row) -> dict[str, Any]:
    """Make the row. Raises ``StoreError`` for what JSON or some database cannot hold."""
    row = _row_of(item)
    for name, value in row.items():
        if isinstance(value, float) and not isfinite(value):
            raise StoreError(f"{name} is {value}")
    return row


def _row_of(item: Row) -> dict[str, Any]:
    match item:
        case Decision():
            plain = {name: getattr(item, name) for name in tables.decisions.c.keys() if name != "account"}  # noqa: SIM118
            return {**plain, "account": encode(item).decode()}
        case Story():
            at = item.steps[-1].at if item.steps else 0.0
            return {"contact_id": item.contact_id, "steps": encode(item.steps).decode(), "at": at}
        case CallRecord():
            plain = {field.name: getattr(item, field.name) for field in fields(item)}
            return {**plain, **{name: encode(plain[name]).decode() for name in _JSON}}
        case RecordCorrection(record=record):
            return _row_of(record)
        case _:
            return asdict(item)


def to_bytes(item: Row) -> bytes:
    """Make a row of the spool. Raises ``StoreError`` for what could not be read again or written to the database."""
    row_of(item)
    data = encode(item)
    if decode(type(item), data) != item:
        raise StoreError("it would not come back as it was")
    return type(item).__name__.encode() + b" " + data


def from_bytes(data: bytes) -> Row:
    """Read a row of the spool. Raises ``StoreError``."""
    kind, _, rest = data.partition(b" ")
    type_ = _KINDS.get(kind.decode(errors="replace"))
    if type_ is None:
        raise StoreError("a row of a kind this version does not know")
    return decode(type_, rest)


def record_of(row: RowMapping) -> CallRecord:
    """Read a call record. Raises ``StoreError``."""
    try:
        closed = Exit(row["closed_as"]) if row["closed_as"] is not None else None
        return CallRecord(**{**row, "exit": Exit(row["exit"]), "closed_as": closed, **parts_of({**row})})
    except ValueError as error:
        raise StoreError(f"a call record has an exit this version does not know: {row['exit']!r}") from error


def parts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read what of a call record is JSON; what an older version did not have is empty. Raises ``StoreError``."""
    return {name: decode(type_, str(row.get(name, "[]")).encode()) for name, type_ in _JSON.items()}


def decision_of(row: RowMapping) -> Decision:
    """Read a decision. Raises ``StoreError``."""
    return decode(Decision, row["account"].encode())


def steps_of(row: RowMapping) -> tuple[Step, ...]:
    """Read a contact's way. Raises ``StoreError``."""
    return decode(tuple[Step, ...], row["steps"].encode())
