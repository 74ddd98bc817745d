"""The journal makes the state: what a dead engine believed is what its events make again.

Decides how far the events were replayed already, so that each is read and applied once however many engines die. Must
not know what events mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from acd.domain.events import Event
from acd.engine.core import Engine
from acd.engine.state import EngineState
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for
from acd.sim.faults.disk import EventCodec, SimJournal


def once_decoded(codec: EventCodec) -> EventCodec:
    """Decode each event once, whoever asks: events are frozen, and the next life and who watches it read the same."""
    known: dict[bytes, Event] = {}

    def decode(payload: bytes) -> Event:
        event = known.get(payload)
        if event is None:
            event = known[payload] = codec.decode(payload)
        return event

    return replace(codec, decode=decode)


def _engine(state: EngineState | None) -> Engine:
    return Engine(state, policies_for, evaluate_in_flow)


class Replay:
    """An engine beside, brought forward by what is durable."""

    def __init__(self, decode_state: Callable[[bytes], EngineState], decode: Callable[[bytes], Event]) -> None:
        self._decode_state = decode_state
        self._decode = decode
        self._begun_with: tuple[int, bytes] | None = None
        self._engine = _engine(None)
        self._after = 0
        """The number of the last durable event applied."""

    def of(self, journal: SimJournal) -> tuple[EngineState, list[str]]:
        """Give the state a journal makes, what is not durable yet included, and the defects of the way there."""
        begun_with, durable, waiting = journal.contents()
        if begun_with is not self._begun_with:
            self._begun_with = begun_with
            self._engine = _engine(None if begun_with is None else self._decode_state(begun_with[1]))
            self._after = 0 if begun_with is None else begun_with[0]
        fresh = [event for event in durable if event[0] > self._after]
        defects = self._apply(self._engine, fresh)
        if fresh:
            self._after = fresh[-1][0]
        if not waiting:
            return self._engine.state, defects
        ahead = _engine(self._engine.state.copy())  # this may never become durable
        defects += self._apply(ahead, [event for event in waiting if event[0] > self._after])
        return ahead.state, defects

    def _apply(self, engine: Engine, events: Iterable[tuple[int, bytes]]) -> list[str]:
        defects: list[str] = []
        for _, payload in events:
            try:
                engine.handle(self._decode(payload))
                engine.account()
            except Exception as error:  # noqa: BLE001 - as when it ran: the dispatcher goes on with the next event
                defects.append(f"{type(error).__name__}: {error}")
        return defects
