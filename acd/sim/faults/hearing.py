"""When an engine finds one of its links dead: by the links' own rule, from what it hears and how it pings.

Decides when the rule is asked. The rule is telephony's own code, handed in as ``Patience``; must not know what is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from acd.sim.faults.clock import EngineLoop


class Silence(Protocol):
    """See ``acd.telephony.silence``."""

    tick_s: float

    def tick(self, *, heard: bool) -> Any: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Patience:
    """How a kind of link deals with silence, and its times."""

    silence: Callable[[], Silence]
    ask: Any
    """The verdict that a sign of life is to be asked for."""
    dead: Any
    """The verdict that nobody is there."""
    unseen_s: float
    """For how long nothing may have been heard when it is found dead."""


class Ear:
    """Listens on one connection.

    Args:
        loop: of the engine this belongs to.
        patience: with this kind of link.
        ask: asks for a sign of life.
        lose: gives the connection up.
    """

    def __init__(
        self, loop: EngineLoop, patience: Patience, ask: Callable[[], object], lose: Callable[[], object]
    ) -> None:
        self._loop = loop
        self._patience = patience
        self._silence = patience.silence()
        self._ask = ask
        self._lose = lose
        self._heard = False
        self._closed = False
        self._loop.call_later(self._silence.tick_s, self._tick)

    def hear(self) -> None:
        """Something came, whatever it is."""
        self._heard = True

    def close(self) -> None:
        """The connection is no more."""
        self._closed = True

    def _tick(self) -> None:
        if self._closed:
            return
        heard, self._heard = self._heard, False
        verdict = self._silence.tick(heard=heard)
        if verdict is self._patience.dead:
            self._lose()
            return
        if verdict is self._patience.ask:
            self._ask()
        self._loop.call_later(self._silence.tick_s, self._tick)
