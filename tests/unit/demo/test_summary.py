"""The figures counted by hand are the engine's, and a recording without one of the parties is found."""

from __future__ import annotations

import wave
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.demo.audio import AGENT_HZ, ALAW, CALLER_HZ, tone
from acd.demo.summary import figures_agree, same, service_level, silent_recordings, success_call_ratio, worth_explaining
from acd.domain.exits import Exit
from acd.domain.record import CallRecord
from acd.engine import kpi

TARGET_S = 20.0


@st.composite
def records(draw: st.DrawFn) -> CallRecord:
    exit_ = draw(st.sampled_from(Exit))
    queued = exit_ in {Exit.ANSWERED, Exit.ABANDONED, Exit.SHORT_ABANDONED, Exit.OVERFLOWED}
    connected = exit_ is Exit.ANSWERED
    wait = draw(st.floats(0, 60))
    values: dict[str, Any] = {field.name: None for field in fields(CallRecord)}
    values.update(
        contact_id="1",
        exit=exit_,
        arrived_at=0.0,
        queued_at=0.0 if queued else None,
        connected_at=wait if connected else None,
        ended_at=wait + 5,
        queue="q" if queued else None,
        within_target=connected and wait <= TARGET_S if queued else None,
    )
    return CallRecord(**values)


@given(st.lists(records(), max_size=30))
def test_ratios_counted_by_hand_equal_the_engines_figures(made: list[CallRecord]) -> None:
    figures = kpi.Figures()
    for record in made:
        figures = kpi.count(figures, record, TARGET_S)
    rows = [{field.name: getattr(record, field.name) for field in fields(record)} for record in made]
    assert same(success_call_ratio(rows), figures.success_call_ratio)
    assert same(service_level(rows), figures.service_level)


def test_no_traffic_is_no_figure() -> None:
    assert success_call_ratio([]) is None
    assert service_level([]) is None
    assert same(None, None)
    assert not same(None, 0.0)


def test_a_figure_that_differs_fails_its_check() -> None:
    row = {"exit": "answered", "queue": "q", "within_target": True}
    told = {"success_call_ratio": {"value": 1.0}, "service_level": {"value": 0.5}}
    assert [check.ok for check in figures_agree([row], told)] == [True, False]


def record_of(name: str | None, talk_s: float = 2.0, exit_: str = "answered") -> dict[str, Any]:
    return {"contact_id": "c", "exit": exit_, "talk_s": talk_s, "recording": name}


def write(path: Path, *hertz: int) -> None:
    voices = [[ALAW[byte] for byte in tone(one, 16000)] for one in hertz] or [[0] * 16000]
    mixed = [sum(parts) // 2 for parts in zip(*voices, strict=True)]
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in mixed))


def test_a_recording_with_both_parties_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "both.wav", CALLER_HZ, AGENT_HZ)
    assert silent_recordings([record_of("both")], tmp_path) == []


@pytest.mark.parametrize(
    ("hertz", "missing"), [((CALLER_HZ,), ["agent"]), ((AGENT_HZ,), ["caller"]), ((), ["caller", "agent"])]
)
def test_a_recording_without_one_of_them_is_named(tmp_path: Path, hertz: tuple[int, ...], missing: list[str]) -> None:
    write(tmp_path / "one.wav", *hertz)
    found = silent_recordings([record_of("one")], tmp_path)
    assert [complaint.split()[2] for complaint in found] == missing


def test_a_conversation_without_a_recording_or_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    found = silent_recordings([record_of(None), record_of("gone"), record_of("broken")], tmp_path)
    assert [complaint.split(":")[0] for complaint in found] == ["c", "gone", "broken"]


def test_calls_without_a_conversation_need_no_recording(tmp_path: Path) -> None:
    assert silent_recordings([record_of(None, exit_="abandoned"), record_of(None, talk_s=0.3)], tmp_path) == []


def test_worth_explaining_is_who_was_offered_most_often_and_of_those_waited_longest() -> None:
    rows = [
        {"contact_id": "menu", "offers": 0, "wait_s": None},
        {"contact_id": "once", "offers": 1, "wait_s": 90.0},
        {"contact_id": "twice", "offers": 2, "wait_s": 20.0},
        {"contact_id": "twice and long", "offers": 2, "wait_s": 30.0},
    ]
    assert worth_explaining(rows) == "twice and long"
    assert worth_explaining(rows[:1]) is None
