"""What is noted of a contact is bounded."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.flow_path import PathStep
from acd.domain.ids import FlowId
from acd.engine import ivr, noting
from acd.engine.turn import Turn
from tests.engine_kit import MONDAY_10, Bench, n


def test_a_path_is_kept_up_to_its_longest_and_counted_beyond() -> None:
    bench = Bench()
    contact = bench.contact(bench.call())
    step = PathStep(MONDAY_10, FlowId("main"), n("menu"))
    contact = replace(contact, path=(step,) * (noting.LONGEST_PATH - 1))
    assert bench.state.plan is not None
    turn = Turn(bench.state, bench.state.plan, bench.engine.matcher, bench.at)
    before = bench.state.ivr.visits.get("main menu", 0)
    for _ in range(3):
        contact = noting.note(turn, contact, ivr.Visit(step))
    assert len(contact.path) == noting.LONGEST_PATH
    assert bench.state.ivr.visits["main menu"] == before + 3
