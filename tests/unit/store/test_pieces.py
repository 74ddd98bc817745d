"""A state's bytes in pieces: the same bytes, however large the state and whatever is in it, and each piece short."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.domain.errors import StoreError
from acd.domain.events import CallArrived, DigitPressed, LinkChanged, PlanLoaded
from acd.domain.flow_data import TablePlan
from acd.domain.ids import AgentId, LegId
from acd.domain.plan import Plan
from acd.engine.core import Engine
from acd.engine.state import EngineState, LastAgent
from acd.settings.expressions import evaluate_in_flow
from acd.settings.loader import load
from acd.store.codec import encode
from acd.store.pieces import PIECE_BYTES, StatePieces

ROOT = Path(__file__).parents[3]
AT = 1_800_000_000.0


def centre(agents: int, callers: int, rows: int = 0) -> EngineState:
    """The sample deployment with so many agents, so many callers somewhere in 169's flow, and a table."""
    plan = load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
    known = list(plan.agents.values())
    many = (
        replace(known[n % len(known)], id=AgentId(f"a{n}"), device=f"PJSIP/a{n}", login_at_start=n % 2 == 0)
        for n in range(agents)
    )
    table = TablePlan(("town",), {f"{n:05}": (f"Kota {n}",) for n in range(rows)})
    plan = replace(plan, agents={agent.id: agent for agent in many}, tables={"towns": table})
    engine = Engine(evaluate=evaluate_in_flow)
    engine.handle(PlanLoaded(AT, plan))
    engine.handle(LinkChanged(AT, "ari", up=True))
    for number in range(callers):
        engine.handle(CallArrived(AT + number, LegId(f"c{number}"), f"PJSIP/x-{number}", "169", f"08{number:08}"))
        engine.handle(DigitPressed(AT + number + 0.5, LegId(f"c{number}"), "1"))
    return engine.state


def test_pieces_of_a_large_centre_are_its_bytes_and_short() -> None:
    state = centre(2_000, 300, 5_000)
    pieces = list(StatePieces()(state))
    assert b"".join(pieces) == encode(state)
    assert len(pieces) > 50
    assert max(map(len, pieces)) < 4 * PIECE_BYTES


def test_the_bytes_of_a_plan_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    state, pieces = centre(50, 5), StatePieces()
    list(pieces(state))
    encoded: list[object] = []

    def counting(value: object) -> bytes:
        encoded.append(value)
        return encode(value)

    monkeypatch.setattr("acd.store.pieces.encode", counting)
    assert b"".join(pieces(state)) == encode(state)
    assert "calendars" not in encoded
    changed = centre(51, 5)
    assert b"".join(pieces(changed)) == encode(changed)
    assert "calendars" in encoded


def test_pieces_that_were_not_asked_for_to_the_end_are_no_plans_bytes() -> None:
    state, pieces = centre(50, 0), StatePieces()
    half = pieces(state)
    for _ in range(5):
        next(half)
    assert b"".join(pieces(state)) == encode(state)


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=30), max_size=200))
def test_mappings_of_any_size_are_put_together_again(names: dict[str, str]) -> None:
    state = EngineState(last_agents={key: LastAgent(AgentId(name), 1.0) for key, name in names.items() if key})
    try:
        whole = encode(state)
    except StoreError:  # lone surrogates
        with pytest.raises(StoreError):
            list(StatePieces()(state))
    else:
        assert b"".join(StatePieces()(state)) == whole


def test_a_state_without_anything_has_pieces_too() -> None:
    assert b"".join(StatePieces()(EngineState())) == encode(EngineState())
    empty = EngineState(Plan("", {}, {}, {}, {}, {}, {}))
    assert b"".join(StatePieces()(empty)) == encode(empty)
