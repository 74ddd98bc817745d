"""What is remembered of a callback: the promise, the dialogue that led to it, and a place somebody may come back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acd.domain.callback_plan import AttemptOutcome
from acd.domain.ids import ContactId, QueueId
from acd.domain.skills import SkillLevel


def key_of(queue: QueueId, number: str) -> str:
    """What there may be one promise, or one place, for."""
    return f"{queue}|{number}"


@dataclass(frozen=True, slots=True)
class Callback:
    """A promise to call a customer back; times in seconds since the epoch."""

    number: str
    """In the written form of ``acd.engine.numbers``."""
    queue: QueueId
    """Where it was asked for; the contact may be moved to another one."""
    asked_at: float
    expires_at: float
    due_at: float
    """Not called before: when it was asked for, or the time it was scheduled for."""
    attempts: int = 0
    """Outbound calls that count."""
    legs: int = 0
    """Outbound legs so far; numbers their ids."""
    called_at: float = 0.0
    """When the latest of them was made."""
    last: AttemptOutcome | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """A caller in a queue is asked where to be called back."""

    stage: Literal["confirm", "enter"]
    number: str = ""
    """To be confirmed."""
    digits: str = ""
    """Keyed in so far."""
    tries: int = 0
    must: bool = False
    """There is no waiting on: who does not want to be called back is sent away."""


@dataclass(frozen=True, slots=True)
class LeftPlace:
    """The place of a caller who abandoned the queue, until ``until``."""

    since: float
    requires: tuple[SkillLevel, ...]
    contact: ContactId
    until: float
