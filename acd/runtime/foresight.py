"""Foresight: whose phone would ring if a caller came now, so that a channel to it can be made before.

Decides for which kinds of callers that is worth it (those who came lately) and when it is looked at (a moment after an
event, when nobody waits for the processor). A guess only: the engine decides, and a wrong guess costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from acd.domain.ids import AgentId, ContactId
from acd.engine.core import Engine
from acd.engine.matching.facts import Requirement
from acd.engine.matching.matcher import need_of
from acd.engine.state import Waiting
from acd.engine.turn import Chosen

AFTER_S = 0.02
"""How long after an event: the call being connected needs the processor, and Asterisk, now."""
MOST = 8
"""Kinds of callers looked at, those who came last; as many channels wait at most."""
LATELY_S = 900.0
"""How long after the last caller of a kind the next one is expected."""
_NOBODY = ContactId("")


class Foresight:
    """Looks at one engine after its events.

    Args:
        engine: gives the engine.
        prepare: told the phones that ring next, each time they were looked at.
    """

    def __init__(self, engine: Callable[[], Engine], prepare: Callable[[Collection[str]], None]) -> None:
        self._engine = engine
        self._prepare = prepare
        self._kinds: dict[tuple[Requirement, int], float] = {}
        """What callers asked for and with what priority, the latest last, and when."""
        self._timer: asyncio.TimerHandle | None = None

    def happened(self) -> None:
        """An event was dealt with and its commands are out."""
        turn = self._engine().turn
        if turn is None:
            return
        for offer in turn.offers:
            contact = turn.state.contacts.get(offer.contact) if isinstance(offer, Chosen) else None
            if contact is not None and isinstance(contact.phase, Waiting):
                kind = need_of(contact.phase), contact.phase.priority
                self._kinds.pop(kind, None)
                self._kinds[kind] = turn.at
                if len(self._kinds) > MOST:
                    del self._kinds[next(iter(self._kinds))]
        if self._timer is None and self._kinds:
            self._timer = asyncio.get_running_loop().call_later(AFTER_S, self._look, turn.at)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, at: float) -> None:
        self._timer = None
        self._kinds = {kind: came for kind, came in self._kinds.items() if at - came <= LATELY_S}
        engine = self._engine()
        plan = engine.state.plan
        if plan is None:
            return
        chosen = [engine.matcher.router.best_agent(_NOBODY, need, priority) for need, priority in self._kinds]
        agents = [plan.agents.get(AgentId(choice.id)) for choice in chosen if choice is not None]
        self._prepare(tuple(dict.fromkeys(agent.device for agent in agents if agent is not None)))
