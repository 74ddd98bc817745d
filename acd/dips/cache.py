"""Answers kept for a while, so that the same question is asked once.

Decides what is the same question and what to forget first. Keeps no question, only its hash; must not know hosts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import orjson

from acd.domain.commands import FetchData
from acd.domain.data import DataOutcome, Scalar

MOST = 10_000
"""Answers kept; each is at most some kilobytes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question came to. ``status`` is HTTP's, 0 when there was none; ``values`` only with ``ok``."""

    outcome: DataOutcome
    status: int = 0
    values: Mapping[str, Scalar] = field(default_factory=dict)


def key_of(question: FetchData) -> bytes:
    """The same for the same request and the same wanted values, whoever asks."""
    return blake2b(orjson.dumps([question.request, question.wanted]), digest_size=16).digest()


class AnswerCache:
    """Answers by question, each with its time; the one used longest ago goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()

    def get(self, key: bytes, now: float) -> Answer | None:
        """An answer that still holds."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= now:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: bytes, answer: Answer, until: float) -> None:
        """Keep an answer until then."""
        self._kept[key] = (until, answer)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
