"""Replay: the events of a journal through the engine again, giving the commands they gave then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from acd.domain.commands import Command
from acd.domain.events import Event
from acd.engine.core import Engine, PoliciesFor
from acd.engine.ivr import Evaluator, no_evaluator
from acd.engine.matching import standard
from acd.engine.state import EngineState


@dataclass(frozen=True, slots=True)
class Step:
    """One event, its number in the journal and what came of it; ``defect`` is the engine's own failure, if any."""

    seq: int
    event: Event
    commands: tuple[Command, ...]
    defect: str = ""


def replay(
    state: EngineState | None,
    events: Iterable[tuple[int, Event]],
    policies: PoliciesFor = standard,
    evaluate: Evaluator = no_evaluator,
) -> Iterator[Step]:
    """Apply events (with their sequence numbers) to a state, None for the empty one. Changes ``state``."""
    engine = Engine(state, policies, evaluate)
    for seq, event in events:
        try:
            commands = (*engine.handle(event), *(explain() for explain in engine.account()))
        except Exception as error:  # noqa: BLE001 - as when it ran: the dispatcher goes on with the next event
            yield Step(seq, event, (), f"{type(error).__name__}: {error}")
        else:
            yield Step(seq, event, commands)
