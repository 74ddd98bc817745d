"""Channels of the simulated Asterisk, and who stands at their ends, listens to it or looks on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from acd.domain.commands import TelephonyCommand
from acd.domain.ids import BridgeId, LegId, PlaybackId
from acd.sim.faults.clock import Entry

EventName: TypeAlias = Literal[
    "replaced", "broadcast", "start", "ended", "left", "dialled", "digit", "play_ended", "recording_ended", "talking"
]
CONTEXT, FALLBACK, FROM_AGENTS = "acd-from-trunk", "acd-fallback", "acd-from-agents"
REFUSALS = (34, 42)
"""Causes with which the engine refuses callers; its dialplan writes nothing down of those."""
CLAIM_S = 0.5
"""How long the dialplan waits for somebody to claim a caller."""


class Client(Protocol):
    """Who is registered as our application, as far as Asterisk knows."""

    def tell(self, what: EventName, *about: Any) -> None:
        """Send an event."""


class Manager(Protocol):
    """A connection to AMI."""

    def tell(self, what: str, *about: Any) -> None:
        """Send an event."""


class People(Protocol):
    """Those at the other ends of the channels."""

    def rung(self, channel: Channel) -> None:
        """A phone that we dial begins to ring."""

    def played(self, channel: Channel, playback: PlaybackId) -> None:
        """A caller begins to hear something."""

    def joined(self, members: list[LegId]) -> None:
        """Somebody came into a bridge."""

    def parted(self, members: list[LegId]) -> None:
        """Somebody left a bridge, or it is gone: these are not together any more."""

    def in_fallback(self, channel: Channel) -> None:
        """A caller waits in Asterisk's own queue."""

    def gone(self, channel: Channel) -> None:
        """A channel has ended."""


class Onlooker(Protocol):
    """Who looks whether all goes well."""

    def requested(self, command: TelephonyCommand) -> None:
        """A request is about to be carried out."""

    def timed_out(self, channel: Channel) -> None:
        """A caller's timeout has run out."""

    def served(self, channel: Channel) -> None:
        """An agent of Asterisk's own queue takes a caller."""


@dataclass(slots=True)
class Channel:
    """One channel."""

    id: LegId
    name: str
    created_at: float
    extension: str = ""
    caller: str = ""
    context: str = CONTEXT
    device: str = ""
    """What we dialled; empty for who called us."""
    up: bool = False
    in_app: bool = False
    followed: bool = False
    """Our application hears of its end even outside."""
    bridge: BridgeId | None = None
    music: bool = False
    ringing: bool = False
    claim: Entry | None = None
    """Waits to be claimed."""
    timeout: Entry | None = None
    """When it leaves, whoever has it: TIMEOUT(absolute)."""
    rank: int = 0
    """What Asterisk's own queue sorts by, the highest first: QUEUE_PRIO."""
    served: bool = False
    """Talks with an agent of that queue."""
    deferred: list[Callable[[], object]] = field(default_factory=list)
    """Writes by ARI, which its thread takes when it has played what it plays."""
    quiet_since: float = 0.0
    """Since when it hears nothing, if so."""
    known: bool = False
    """An engine has said that it makes the record."""
    parted_at: float = float("-inf")
    """When it left a bridge, or the bridge it, last."""


@dataclass(slots=True)
class LeftCall:
    """What its dialplan wrote down of a call that no engine had."""

    channel: Channel
    ended_at: float | None = None
    """None: it did not live to see the end."""
    cause: int = 0
    answered_at: float | None = None
    fell: bool = False
