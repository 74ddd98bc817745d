"""What an engine asks besides Asterisk: recordings' files, and other systems.

Decides, by chance, how long an answer takes and what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from acd.domain.commands import FetchData, SendHook
from acd.domain.data import EMPTY, DataOutcome, DataType, Scalar
from acd.domain.events import DataFetched, RecordingChecked
from acd.domain.ids import RecordingName
from acd.sim.faults.asterisk import Asterisk

CODE_OF_TAHAP = ("received", "verified", "approved", "issued", "returned")


class Files:
    """Files, as long as what was recorded."""

    def __init__(self, asterisk: Asterisk, chance: Random) -> None:
        self._asterisk = asterisk
        self._chance = chance

    async def check(self, name: RecordingName, talk_s: float, now: Callable[[], float]) -> RecordingChecked:
        """Look at a file."""
        await asyncio.sleep(0.005 + self._chance.random() * 0.2)
        there = name in self._asterisk.files
        size, problem = (int(talk_s * 16_000) + 44, "") if there else (0, "no file")
        return RecordingChecked(now(), name, size, talk_s if there else 0.0, ok=there, problem=problem)


class OtherSystems:
    """Other systems: mostly they answer."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    async def fetch(self, question: FetchData, now: Callable[[], float]) -> DataFetched:
        """Answer a question."""
        await asyncio.sleep(self._chance.random() * question.timeout_s)
        luck = self._chance.random()
        outcome: DataOutcome = "ok" if luck < 0.8 else "not_found" if luck < 0.9 else "timeout"  # noqa: PLR2004 - chances
        values: dict[str, Scalar] = {}
        if outcome == "ok":
            values = {one.variable: self._value(one.type) for one in question.wanted}
        status = {"ok": 200, "not_found": 404}.get(outcome, 0)
        return DataFetched(now(), question.contact_id, question.request_id, outcome, values, status)

    def _value(self, type_: DataType) -> Scalar:
        match type_:
            case "date":
                return "2024-06-01"
            case "time":
                return "10:00"
            case "text":
                return self._chance.choice(CODE_OF_TAHAP)
            case _:
                return EMPTY[type_]

    def send(self, hook: SendHook) -> None:
        """Taken at once."""
