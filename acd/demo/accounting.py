"""Whether every call attempt, as the caller lived through it, has exactly one record that tells the same story.

Decides which exits are plausible after what a caller saw. Pure: takes attempts and records, gives complaints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from acd.demo.callers import Attempt
from acd.domain.exits import Exit

Record = Mapping[str, Any]

TALKED = frozenset({Exit.ANSWERED, Exit.CALLBACK_SERVED, Exit.FALLBACK_ANSWERED})
_REFUSED = {"refused_503": frozenset({Exit.BLOCKED, Exit.OVERLOADED}), "refused_404": frozenset({Exit.UNKNOWN_NUMBER})}
_GAVE_UP = frozenset({Exit.IVR_EXIT, Exit.ABANDONED, Exit.SHORT_ABANDONED, Exit.FALLBACK_ABANDONED})
"""The caller hung up without having heard an agent."""
_SENT_AWAY = frozenset({Exit.SELF_SERVICE, Exit.IVR_EXIT, Exit.OVERFLOWED, Exit.CLOSED})
"""We hung up without the caller having heard an agent."""
UNHEARD_S = 1.0
"""A conversation as short as this may go unnoticed by the caller."""


@dataclass(frozen=True, slots=True)
class Account:
    """The comparison: attempts, records, and what does not fit, one line each."""

    attempts: int
    records: int
    complaints: tuple[str, ...]


def compare(attempts: Iterable[Attempt], records: Iterable[Record]) -> Account:
    """Compare. Records are found by the caller's number, which no two attempts share."""
    tried, kept = list(attempts), list(records)
    by_caller: dict[str, list[Record]] = {}
    for record in kept:
        by_caller.setdefault(str(record["caller"]), []).append(record)
    complaints: list[str] = []
    for attempt in tried:
        complaints += _judge(attempt, by_caller.pop(attempt.script.number, []))
    complaints += [f"a record ({one['exit']}) of a call nobody placed" for rest in by_caller.values() for one in rest]
    return Account(len(tried), len(kept), tuple(complaints))


def _judge(attempt: Attempt, records: list[Record]) -> list[str]:
    who = f"call {attempt.script.number[-4:]} ({attempt.script.kind}): {_story(attempt)}"
    if not records:
        return [f"{who}, but has no record"]
    if len(records) > 1:
        return [f"{who}, but has {len(records)} records: {', '.join(str(one['exit']) for one in records)}"]
    if attempt.end is None:
        return [f"{who}; its record says {records[0]['exit']}"]
    return [] if plausible(attempt, records[0]) else [f"{who}, but its record says {records[0]['exit']}"]


def _story(attempt: Attempt) -> str:
    match attempt.end:
        case None:
            return "failed at the caller's side"
        case "hung_up":
            ending = "hung up"
        case "released":
            ending = "was hung up on"
        case _:
            return f"was refused with {attempt.end.removeprefix('refused_')}"
    return f"{'talked with an agent and ' if attempt.heard.talked else ''}{ending}"


def plausible(attempt: Attempt, record: Record) -> bool:
    """Whether the record's exit can follow what the caller saw."""
    exit_ = Exit(record["exit"])
    if attempt.end is None:
        return False
    if attempt.end in _REFUSED:
        return exit_ in _REFUSED[attempt.end]
    if attempt.heard.talked:
        return exit_ in TALKED
    if exit_ in TALKED:
        return record["talk_s"] is not None and record["talk_s"] < UNHEARD_S
    return exit_ in (_GAVE_UP if attempt.end == "hung_up" else _SENT_AWAY)
