"""What an operator configured about calling customers back, as frozen values; part of ``acd.domain.plan.Plan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from acd.domain.ids import CalendarId, PromptKey, TrunkId

_OFFER = PromptKey("callback_offer")
First = Literal["agent", "caller"]
"""Whose phone rings first when a customer is called back."""
AttemptOutcome = Literal[
    "connected", "busy", "no_answer", "rejected", "unconfirmed", "invalid", "failed", "agent_gone", "cancelled"
]
"""How an outbound call ended. ``unconfirmed``: answered, but the key was not pressed. The last two are not the
customer's doing and do not count as attempts."""


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """Which numbers may be called back. Patterns are those of ``acd.engine.numbers``; ``deny`` wins over ``allow``."""

    country_code: str = "62"
    area_code: str = ""
    """Of numbers given without one, without the leading 0 (``21``); empty: such numbers are refused."""
    allow: tuple[str, ...] = ("0.",)
    deny: tuple[str, ...] = ("0800.", "0809.")
    """Free and premium numbers; numbers abroad match no pattern that begins with 0."""


@dataclass(frozen=True, slots=True)
class CallbackLine:
    """A way out: ``dial`` is an endpoint with ``{number}`` (``0811...``) or ``{e164}`` (``+62811...``) in it."""

    trunk: TrunkId
    dial: str
    reserve: int = 0
    """SST left for callers: a callback goes out only while more than so many are free."""


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """How customers are called back; times in seconds. ``lines`` are tried in order."""

    lines: tuple[CallbackLine, ...] = ()
    numbers: NumberPlan = NumberPlan()
    first: First = "agent"
    caller_id: str = ""
    """Our number as the customer sees it; empty: the number the customer had dialled."""
    calendar: CalendarId | None = None
    """Nobody is called outside these hours; None: at any time."""
    ring_s: float = 30.0
    confirm_key: str = "1"
    """What the customer presses to be connected, so that no answering machine is; empty: nothing is asked."""
    confirm_s: float = 8.0
    """How long to wait for that key after each time the question was asked."""
    confirm_tries: int = 2
    attempts: int = 3
    busy_s: float = 300.0
    """Pause after a busy line."""
    no_answer_s: float = 900.0
    """Pause after nobody answered, refused the call or pressed the key."""
    failed_s: float = 120.0
    """Pause after the network failed."""
    expires_s: float = 86_400.0
    """A callback that came to nothing by then is given up."""


@dataclass(frozen=True, slots=True)
class CallbackOffer:
    """How a queue offers to call back: the key, from which position on, and when it is said."""

    key: str = "1"
    from_position: int = 1
    """1 offers it to everybody, 3 to those with two or more before them."""
    announce_after_s: float | None = 30.0
    """None: never announced, the key works all the same."""
    announce_every_s: float | None = None
    prompt: PromptKey = _OFFER
