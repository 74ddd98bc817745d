"""What overload is: how the process did when a call came, and what may be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OverloadReason = Literal["rate", "delay", "commands"]
"""Why a call attempt is refused: too many of them, a late event loop, or too many commands without an answer."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured when a call came; it is journaled with the call, so that a replay decides alike."""

    delay_s: float
    """How late the event loop was of late, in the mean."""
    commands: int
    """Commands Asterisk had not answered."""


@dataclass(frozen=True, slots=True)
class OverloadPlan:
    """What new calls may cost; beyond it they are refused, and those in progress go on."""

    calls_per_second: float
    burst: int
    """So many may come at once; then ``calls_per_second``."""
    delay_s: float
    commands: int
