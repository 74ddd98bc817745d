"""What the control of calls over ARI is made with: what is configured, and whom it tells and asks.

Values and callables alone; must not know what is done with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from acd.domain.ids import ONLY_PBX, ContactId, LegId, PbxId
from acd.domain.overload import Load


@dataclass(frozen=True, slots=True)
class Manner:
    """How calls are dealt with at one Asterisk."""

    agents_context: str
    """The dialplan context in which agents' phones dial; any other context is callers'."""
    fallback_context: str = "acd-fallback"
    """Where in the dialplan Asterisk's own queue is."""
    talk_s: float = 0.0
    """For how long a conversation may go on with no engine; 0: callers' channels have no timeout to raise."""
    dead_man_s: float = 0.0
    """For how long any other caller stays with no engine; 0: for ever."""
    ahead_s: float = 0.0
    """How long a channel to the phone that rings next is kept ready, see ``ahead``; 0: none is."""
    pbx: PbxId = ONLY_PBX
    """Which of several Asterisks this is."""


@dataclass(frozen=True, slots=True)
class Partners:
    """Whom the control tells what it learns, and asks what it cannot know."""

    taken: Callable[[LegId], None] = lambda _: None
    """Told of each caller who came in and whom the engine accounts for from then on."""
    offered: Callable[[float], None] = lambda _: None
    """Told how many seconds an offer took from the bytes that made it possible until it was written."""
    unwritten: Callable[[Iterable[ContactId]], None] = lambda _: None
    """Told of callers of whom something was to be written on their channels, and was not."""
    permitted: Callable[[], bool] = lambda: True
    """Whether this engine may command in this instant; asked before each command."""
    may_connect: Callable[[], bool] = lambda: True
    """Whether it may take the place of another one."""
    load: Callable[[], Load | None] = lambda: None
    """What the process is under when a caller comes."""
    take_back: Callable[[str], None] = lambda _: None
    """Has a channel leave Asterisk's own queue for the engine."""
    set_at_once: Callable[[LegId, str, str], bool] = lambda *_: False
    """Sets a channel's variable by another way than ARI; False when that way is closed."""
