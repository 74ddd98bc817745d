"""The end of a run: figures counted by hand from the records, sound in the recordings, nothing left over.

Decides whether a run was in order, line by line. Must not know how the run was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acd.demo.accounting import TALKED, UNHEARD_S
from acd.demo.audio import AGENT_HZ, CALLER_HZ, read_wav, seconds_of_tone
from acd.domain.exits import Exit

Record = Mapping[str, Any]
_SHARE_HEARD = 0.5
_DECIMALS = 9
_SERVED = (Exit.ANSWERED, Exit.CALLBACK_SERVED)
_LEFT_OUT = (Exit.SHORT_ABANDONED, Exit.CALLBACK_CANCELLED)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so."""

    name: str
    found: str
    ok: bool


def by_exit(records: Iterable[Record]) -> Counter[Exit]:
    """Count records by exit."""
    return Counter(Exit(record["exit"]) for record in records)


def success_call_ratio(records: Iterable[Record]) -> float | None:
    """Count it by hand: served, by all who wanted something of us while we were open."""
    count = by_exit(records)
    base = (
        count.total()
        - count[Exit.SHORT_ABANDONED]
        - count[Exit.CLOSED]
        - count[Exit.UNKNOWN_NUMBER]
        - count[Exit.REFUSED]
    )
    base -= count[Exit.CALLBACK_CANCELLED]
    served = count[Exit.ANSWERED] + count[Exit.CALLBACK_SERVED] + count[Exit.SELF_SERVICE]
    return served / base if base else None


def service_level(records: Iterable[Record]) -> float | None:
    """Count it by hand: answered in time, by all who waited longer than a moment."""
    waited = [r for r in records if r["queue"] is not None and r["exit"] not in _LEFT_OUT]
    in_time = [r for r in waited if r["exit"] in _SERVED and r["within_target"]]
    return len(in_time) / len(waited) if waited else None


def same(one: float | None, other: float | None) -> bool:
    """Whether two ratios are the same figure."""
    return one == other if one is None or other is None else round(one - other, _DECIMALS) == 0


def silent_recordings(records: Iterable[Record], folder: Path) -> list[str]:
    """Name the recordings of conversations in which one of the two tones is missing for half of the time or more."""
    wrong: list[str] = []
    for record in records:
        if Exit(record["exit"]) not in TALKED or record["talk_s"] is None or record["talk_s"] < UNHEARD_S:
            continue
        if record["recording"] is None:
            wrong.append(f"{record['contact_id']}: none")
            continue
        try:
            samples = read_wav(folder / f"{record['recording']}.wav")
        except (OSError, EOFError, ValueError) as error:
            wrong.append(f"{record['recording']}: {error}")
            continue
        for who, hertz in (("caller", CALLER_HZ), ("agent", AGENT_HZ)):
            found = seconds_of_tone(samples, hertz)
            if found < record["talk_s"] * _SHARE_HEARD:
                wrong.append(f"{record['recording']}: the {who} is heard for {found:.1f} of {record['talk_s']:.1f} s")
    return wrong


def figures_agree(records: Sequence[Record], figures: Mapping[str, Any]) -> list[Check]:
    """Compare the engine's ratios with those counted by hand."""
    pairs = (
        ("success call ratio", "success_call_ratio", success_call_ratio(records)),
        ("service level", "service_level", service_level(records)),
    )
    checks = []
    for name, key, counted in pairs:
        told = figures[key]["value"]
        text = f"{_ratio(told)}, by hand from the records {_ratio(counted)}"
        checks.append(Check(name, text, same(told, counted)))
    return checks


def worth_explaining(records: Iterable[Record]) -> str | None:
    """Choose the contact with most to tell: rung at most agents, of those who waited longest; None if none was."""
    rung = [record for record in records if record["offers"]]
    chosen = max(rung, key=lambda record: (record["offers"], record["wait_s"] or 0.0), default=None)
    return None if chosen is None else str(chosen["contact_id"])


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
