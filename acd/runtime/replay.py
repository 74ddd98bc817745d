"""Replay: the events of a journal through the engine again, giving the commands they gave then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acd.domain.commands import Command
from acd.domain.events import Event
from acd.engine.core import Engine
from acd.engine.state import EngineState


def replay(
    state: EngineState | None, events: Iterable[tuple[int, Event]]
) -> Iterator[tuple[int, Event, list[Command]]]:
    """Apply events (with their sequence numbers) to a state, None for the empty one. Changes ``state``."""
    engine = Engine(state)
    for seq, event in events:
        yield seq, event, engine.handle(event)
