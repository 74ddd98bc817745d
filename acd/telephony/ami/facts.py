"""What AMI tells the engine's world: phones, trunks, callers who were not with the engine, and whether it tells at all.

Plain values; devices and trunks are named as channels begin (``PJSIP/agent101``, ``PJSIP/gw1``, ``DAHDI/i1``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DeviceState(StrEnum):
    """Asterisk's device states, by their AMI names."""

    UNKNOWN = "UNKNOWN"
    NOT_INUSE = "NOT_INUSE"
    INUSE = "INUSE"
    BUSY = "BUSY"
    INVALID = "INVALID"
    UNAVAILABLE = "UNAVAILABLE"
    RINGING = "RINGING"
    RINGINUSE = "RINGINUSE"
    ONHOLD = "ONHOLD"


_BUSY = frozenset({DeviceState.INUSE, DeviceState.BUSY, DeviceState.RINGING, DeviceState.RINGINUSE, DeviceState.ONHOLD})


@dataclass(frozen=True, slots=True)
class PhoneState:
    """An agent's phone. ``reachable``: it is registered (or has a fixed address) and does not fail to answer."""

    device: str
    state: DeviceState
    reachable: bool

    @property
    def busy(self) -> bool:
        """In use, ringing or on hold."""
        return self.state in _BUSY


@dataclass(frozen=True, slots=True)
class TrunkState:
    """A trunk, in AMI's own words; empty where it has no such thing."""

    trunk: str
    registration: str = ""
    """``Registered``, ``Unregistered``, ``Rejected``, ``Failed``."""
    reachable: bool | None = None
    """Whether an address of the other side answers; ``None``: it has none, or nobody asks it."""
    alarm: str = ""
    """``Red Alarm`` and the like, DAHDI only."""

    @property
    def up(self) -> bool:
        """Nothing speaks against calls over it."""
        return self.registration in ("", "Registered") and self.reachable is not False and not self.alarm

    @property
    def detail(self) -> str:
        """What is wrong, or how it is registered."""
        if self.alarm:
            return self.alarm
        return (
            "Unreachable" if self.reachable is False and self.registration in ("", "Registered") else self.registration
        )


@dataclass(frozen=True, slots=True)
class UnroutedCall:
    """A call that ended without the engine: it never came to it, or had left it. Times: seconds since the epoch."""

    uniqueid: str
    linkedid: str
    channel: str
    exten: str
    """The number dialled; empty when the call was first seen in the fallback."""
    caller: str = field(repr=False)
    """The caller's number, empty when withheld."""
    started_at: float
    ended_at: float
    cause: int
    """Q.850; 0 when unknown."""
    cause_text: str
    sip_code: int | None
    """The SIP status the call failed with, where Asterisk tells it (newer versions, failures only)."""
    fallback_at: float | None
    """When it came to the fallback; ``None``: it never did."""
    queue: str
    """Asterisk's queue it waited in, empty if none."""
    answered_at: float | None
    """When a fallback agent answered."""
    agent: str
    """The interface of that agent."""
    left_engine: bool
    """It had been with the engine before."""


@dataclass(frozen=True, slots=True)
class FallbackCaller:
    """A caller who is in the fallback now. Times: seconds since the epoch."""

    uniqueid: str
    channel: str
    exten: str
    caller: str = field(repr=False)
    started_at: float
    answered_at: float | None
    """When a fallback agent answered."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """Whether what was told is current. ``synced`` after every state was read anew; not so from a loss on."""

    synced: bool
    reason: str
    generation: int


Fact = PhoneState | TrunkState | UnroutedCall | FallbackCaller | WatchState
