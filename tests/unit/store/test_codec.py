"""Events and state survive the way to bytes and back, unchanged; anything else is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acd.domain.commands import Command
from acd.domain.errors import StoreError
from acd.domain.events import Event, LegAnswered, LegEnded
from acd.domain.ids import LegId
from acd.domain.record import CallRecord, RecordingRow
from acd.engine.kpi import Figures, new_queue
from acd.store.codec import decode, decode_event, encode, encode_event
from tests.unit.store.values import values

EVENTS = get_args(Event)
COMMANDS = [m for part in get_args(Command) for m in (get_args(part) or (part,))]


@pytest.mark.parametrize("type_", EVENTS, ids=lambda t: t.__name__)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_event_comes_back_equal_and_of_its_own_class(type_: Any, data: st.DataObject) -> None:
    event = data.draw(values(type_))
    back = decode_event(encode_event(event))
    assert type(back) is type_
    assert back == event


@pytest.mark.parametrize("type_", [*COMMANDS, CallRecord, RecordingRow, Figures], ids=lambda t: t.__name__)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_command_record_and_figure_comes_back_equal(type_: Any, data: st.DataObject) -> None:
    value = data.draw(values(type_))
    assert decode(type_, encode(value)) == value


@dataclass(frozen=True, slots=True)
class _State:
    figures: Figures
    events: dict[str, Event]
    pairs: tuple[tuple[str, int], ...] = ()
    nothing: None = None
    more: dict[str, tuple[LegId, ...]] = field(default_factory=dict)


def test_a_state_of_nested_dataclasses_unions_and_enum_keyed_dicts_comes_back_equal() -> None:
    state = _State(
        Figures(queues={"q": new_queue(20.0)}),  # type: ignore[dict-item]
        {"a": LegAnswered(1.5, LegId("x")), "b": LegEnded(2.0, LegId("y"), 16, 200)},
        (("a", 1), ("b", 2)),
        more={"k": (LegId("1"), LegId("2"))},
    )
    assert decode(_State, encode(state)) == state


@pytest.mark.parametrize("number", [0.1 + 0.2, 1e-300, 1.7976931348623157e308, 1763826000.123456])
def test_times_keep_every_bit(number: float) -> None:
    back = decode_event(encode_event(LegAnswered(number, LegId("x"))))
    assert back.at.hex() == number.hex()


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_an_event_at_no_time_is_refused_rather_than_written_as_null(at: float) -> None:
    with pytest.raises(StoreError, match="leg_answered at"):
        encode_event(LegAnswered(at, LegId("x")))


def test_what_json_cannot_hold_is_a_store_error() -> None:
    with pytest.raises(StoreError, match="cannot encode LegAnswered"):
        encode(LegAnswered(1.0, LegId("\ud800")))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"kind":"no_such_event","at":1}',
        b'{"kind":"leg_answered","at":"1","leg_id":"x"}',
        b'{"kind":"leg_answered","at":1}',
        b'{"kind":"leg_answered","at":null,"leg_id":"x"}',
    ],
)
def test_bytes_that_are_no_event_are_a_store_error(data: bytes) -> None:
    with pytest.raises(StoreError, match="not an event"):
        decode_event(data)


def test_an_error_never_repeats_the_value_it_complains_about() -> None:
    with pytest.raises(StoreError) as caught:
        decode_event(b'{"kind":"leg_answered","at":"0217001234","leg_id":"x"}')
    assert "0217001234" not in str(caught.value)


def test_fields_of_a_newer_version_are_ignored_and_defaults_fill_what_an_older_one_lacks() -> None:
    event = decode_event(b'{"kind":"leg_ended","at":1.0,"leg_id":"x","colour":"blue"}')
    assert event == LegEnded(1.0, LegId("x"))
    assert replace(LegEnded(1.0, LegId("x"), 17), cause=0) == event
