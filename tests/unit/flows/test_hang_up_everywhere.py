"""Callers of the sample's flows who hang up at each node there is, subflows included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acd.domain.commands import Command, WriteRecord
from acd.domain.events import Event
from acd.domain.exits import Exit
from acd.domain.ids import FlowId, NodeId
from acd.engine.state import InIvr, Waiting
from acd.flows import running
from acd.flows.cases import Case
from acd.flows.line import CALLER, Line
from acd.flows.suite import read_suite
from acd.settings import Settings, load

ROOT = Path(__file__).parents[3]
Place = tuple[FlowId, NodeId, str]
"""A node, and whether the caller is in the flow, waits, or was served before."""
PASSED = {"answer", "branch", "event", "gate", "hang_up", "hours", "language", "return", "set", "subflow"}
"""Kinds at which nobody is ever found: they lead on at once, or end the call."""


EXITS = {
    "flow": {Exit.IVR_EXIT},
    "waits": {Exit.ABANDONED, Exit.SHORT_ABANDONED},
    "served": {Exit.ANSWERED},
}


def _here(line: Line) -> Place | None:
    """Where a caller can hang up now."""
    contact = line.contact
    if line.over or not isinstance(contact.phase, InIvr | Waiting):
        return None
    how = "waits" if isinstance(contact.phase, Waiting) else "served" if contact.connected_at is not None else "flow"
    return contact.phase.position.flow, contact.phase.position.node, how


class Leaving(Line):
    """A line that notes where its caller came to; at ``leave_at`` the caller hangs up at once."""

    seen: dict[Place, None]
    leave_at: Place | None = None
    left: Place | None = None
    records = 0

    def _do(self, event: Event) -> None:
        super()._do(event)
        if self._contact is None or (here := _here(self)) is None:
            return
        type(self).seen[here] = None
        if here == self.leave_at and self.left is None:
            type(self).left = here
            self.hang_up()

    def _answer(self, command: Command) -> Iterator[Event]:
        if isinstance(command, WriteRecord) and command.record.contact_id == str(CALLER):
            type(self).records += 1
        return super()._answer(command)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False)


def _cases(settings: Settings) -> list[Case]:
    return [case for cases in read_suite(settings, ROOT / "ivr_flows") for case in cases.cases]


def test_whoever_hangs_up_at_any_node_leaves_one_record_and_nothing_else(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "Line", Leaving)
    ways: dict[Place, Case] = {}
    for case in _cases(settings):
        monkeypatch.setattr(Leaving, "seen", {}, raising=False)
        running.run(case, settings.plan)
        for place in Leaving.seen:
            ways.setdefault(place, case)

    for place, case in ways.items():
        lines: list[Leaving] = []
        monkeypatch.setattr(Leaving, "leave_at", place)
        monkeypatch.setattr(Leaving, "left", None)
        monkeypatch.setattr(Leaving, "records", 0)

        def leaving(*args: Any, lines: list[Leaving] = lines) -> Leaving:
            lines.append(Leaving(*args))
            return lines[0]

        monkeypatch.setattr(running, "Line", leaving)
        running.run(case, settings.plan)
        (line,) = lines
        assert Leaving.left == place
        _nothing_is_left(line, place)

    resting = {(flow, node) for flow, node, _ in ways}
    others = {
        (flow.id, node.id): node.kind for flow in settings.plan.flows.values() for node in flow.nodes.values()
        if (flow.id, node.id) not in resting
    }  # fmt: skip
    assert set(others.values()) == PASSED, others
    assert len(resting) > 40


def _nothing_is_left(line: Leaving, place: Place) -> None:
    flow, node, how = place
    state, record = line._engine.state, line.record
    assert record is not None, place
    assert Leaving.records == 1, place
    assert record.exit in EXITS[how], (place, record.exit)
    assert record.last_node == node, place
    assert (record.path[-1].flow, record.path[-1].node) == (flow, node), place
    assert not {key for key in state.contacts if key == str(CALLER)}, place
    assert CALLER not in state.leases, place
    assert not [key for key in state.timers if key.endswith(f":{CALLER}")], place
