"""Puts values into the sentences of one language. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from acd.cli.telling.names import Names, duration
from acd.cli.telling.words import MONTHS, SENTENCES, UNITS, Tongue


@dataclass(frozen=True, slots=True)
class Teller:
    """Speaks one language about one deployment."""

    names: Names
    tongue: Tongue

    def say(self, sentence: str, **values: object) -> str:
        """Make a sentence."""
        return SENTENCES[self.tongue][sentence].format(**values)

    def knows(self, sentence: str) -> bool:
        """Whether there is such a sentence."""
        return sentence in SENTENCES[self.tongue]

    def lasting(self, seconds: float) -> str:
        """Make a duration."""
        return duration(seconds, UNITS[self.tongue])

    def month(self, number: int) -> str:
        """Name a month, 1 to 12."""
        return MONTHS[self.tongue][number - 1]
