"""The bytes of a state, piece by piece: each short enough that the event loop may make it between two callers.

Decides where a value is cut. Joined, the pieces are what ``acd.store.codec.encode`` makes of it, byte for byte. The
plan of a large centre is half of its state and changes with a reload only: its bytes are kept for the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from itertools import chain, islice
from typing import Any, Final

from acd.domain.flow import FlowPlan
from acd.domain.flow_data import TablePlan
from acd.domain.plan import Plan
from acd.engine.ivr_figures import IvrFigures
from acd.engine.state import EngineState
from acd.engine.take_state import Voicemails
from acd.store.codec import encode

PIECE_BYTES: Final = 32_768
"""What a piece should have. A first portion of a mapping is small, the next ones are fitted to this."""
FIRST: Final = 4
MOST: Final = 4_096
"""Entries of a mapping in one piece, at first and at most."""
_LARGE: Final = (EngineState, Plan, FlowPlan, TablePlan, IvrFigures, Voicemails)
"""What is cut field by field; any other value is small."""


class StatePieces:
    """Makes the pieces of states, one after the other, with the bytes of the latest plan at hand."""

    def __init__(self) -> None:
        self._plan: Plan | None = None
        self._of_plan: tuple[bytes, ...] = ()

    def __call__(self, state: EngineState) -> Iterator[bytes]:
        """Give the pieces of a state that does not change meanwhile. Raises ``StoreError``."""
        return self._fields(state)

    def _pieces(self, value: object) -> Iterator[bytes]:
        if isinstance(value, Plan):
            return self._plan_pieces(value)
        if isinstance(value, _LARGE):
            return self._fields(value)
        if isinstance(value, dict) and value:
            return self._entries(value)
        return iter((encode(value),))

    def _plan_pieces(self, plan: Plan) -> Iterator[bytes]:
        if plan is not self._plan:
            made = list[bytes]()
            for piece in self._fields(plan):
                made.append(piece)
                yield piece
            self._plan, self._of_plan = plan, tuple(made)
        else:
            yield from self._of_plan

    def _fields(self, value: Any) -> Iterator[bytes]:
        before = b"{"
        for field in fields(value):
            yield before + encode(field.name) + b":"
            yield from self._pieces(getattr(value, field.name))
            before = b","
        yield b"}"

    def _entries(self, mapping: Mapping[Any, object]) -> Iterator[bytes]:
        if isinstance(next(iter(mapping.values())), _LARGE):
            return chain(_each(mapping, self._pieces), (b"}",))
        return chain(_portions(mapping), (b"}",))


def _each(mapping: Mapping[Any, object], pieces: Callable[[object], Iterator[bytes]]) -> Iterator[bytes]:
    """One entry after the other, each cut in turn."""
    before = b"{"
    for key, value in mapping.items():
        yield before + encode({key: 0})[1:-2]
        yield from pieces(value)
        before = b","


def _portions(mapping: Mapping[Any, object]) -> Iterator[bytes]:
    """So many entries at a time as make a piece."""
    entries, size, before = iter(mapping.items()), FIRST, b"{"
    while portion := dict(islice(entries, size)):
        piece = encode(portion)
        yield before + piece[1:-1]
        before = b","
        size = max(1, min(MOST, size * 8, size * PIECE_BYTES // len(piece)))
