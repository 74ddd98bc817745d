"""The agent's table: each transition in each state of work, each request in each presence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from acd.domain.ids import AgentId, ContactId, LegId
from acd.engine import agent as agents
from acd.engine.agent import Action, Refused
from acd.engine.state import Agent, Free, InCall, Offered, Presence, Work, WrapUp

CALL = ContactId("call1")
FREE, OFFERED, IN_CALL, WRAP = Free(10.0), Offered(20.0, CALL, 10.0), InCall(30.0, CALL), WrapUp(40.0, CALL, 50.0)
REASONS = ("lunch", "prayer")
NOW = 60.0


def ana(work: Work = FREE, presence: Presence = "ready", **more: object) -> Agent:
    return replace(Agent(AgentId("ana"), work, presence), **more)  # type: ignore[arg-type]


TRANSITIONS: dict[str, Callable[[Agent], Agent]] = {
    "offered": lambda a: agents.offered(a, CALL, LegId("l"), NOW, 7),
    "connected": lambda a: agents.connected(a, NOW),
    "missed": lambda a: agents.unoffered(a, NOW, missed=True, rest=True),
    "failed": lambda a: agents.unoffered(a, NOW, missed=False, rest=True),
    "rescinded": lambda a: agents.unoffered(a, NOW, missed=False, rest=False),
    "released": lambda a: agents.released(a, 5.0, NOW),
    "released without wrap-up": lambda a: agents.released(a, 0.0, NOW),
    "wrapped_up": lambda a: agents.wrapped_up(a, NOW),
}
SAME = object()
TABLE: list[tuple[str, Work, object]] = [
    ("offered", FREE, Offered(NOW, CALL, 10.0)),
    ("connected", FREE, SAME),
    ("connected", OFFERED, InCall(NOW, CALL)),
    ("connected", IN_CALL, SAME),
    ("connected", WRAP, SAME),
    ("missed", FREE, SAME),
    ("missed", OFFERED, Free(NOW)),
    ("missed", IN_CALL, SAME),
    ("missed", WRAP, SAME),
    ("failed", FREE, SAME),
    ("failed", OFFERED, Free(NOW)),
    ("failed", IN_CALL, SAME),
    ("failed", WRAP, SAME),
    ("rescinded", FREE, SAME),
    ("rescinded", OFFERED, Free(10.0)),
    ("rescinded", IN_CALL, SAME),
    ("rescinded", WRAP, SAME),
    ("released", FREE, SAME),
    ("released", OFFERED, SAME),
    ("released", IN_CALL, WrapUp(NOW, CALL, 65.0)),
    ("released", WRAP, SAME),
    ("released without wrap-up", IN_CALL, Free(NOW)),
    ("wrapped_up", FREE, SAME),
    ("wrapped_up", OFFERED, SAME),
    ("wrapped_up", IN_CALL, SAME),
    ("wrapped_up", WRAP, Free(NOW)),
]


@pytest.mark.parametrize(("transition", "work", "expected"), TABLE)
def test_work_changes_as_the_table_says(transition: str, work: Work, expected: object) -> None:
    before = ana(work)
    after = TRANSITIONS[transition](before)
    if expected is SAME:
        assert after == before
    else:
        assert after.work == expected


def test_a_conversation_counts_and_forgives_missed_offers() -> None:
    after = agents.connected(ana(OFFERED, missed=2, contacts=4), NOW)
    assert (after.missed, after.contacts) == (0, 5)


@pytest.mark.parametrize(("missed", "rest", "count"), [(True, True, 2), (False, True, 1), (False, False, 1)])
def test_only_an_offer_that_rang_out_counts_as_missed(missed: bool, rest: bool, count: int) -> None:  # noqa: FBT001 - drawn from the table
    after = agents.unoffered(ana(OFFERED, missed=1), NOW, missed=missed, rest=rest)
    assert (after.missed, after.resting) == (count, rest)


OUT: Final = "logged_out"
READY: Final = "ready"
PAUSED: Final = "paused"
REQUESTS: list[tuple[Presence, Action, str, Presence | None]] = [
    (OUT, "login", "", READY),
    (OUT, "logout", "", OUT),
    (OUT, "ready", "", None),
    (OUT, "pause", "lunch", None),
    (OUT, "end_wrap_up", "", None),
    (READY, "login", "", READY),
    (READY, "logout", "", OUT),
    (READY, "ready", "", READY),
    (READY, "pause", "lunch", PAUSED),
    (READY, "pause", "nonsense", None),
    (READY, "end_wrap_up", "", None),
    (PAUSED, "login", "", PAUSED),
    (PAUSED, "logout", "", OUT),
    (PAUSED, "ready", "", READY),
    (PAUSED, "pause", "prayer", PAUSED),
    (PAUSED, "end_wrap_up", "", None),
]


@pytest.mark.parametrize("work", [FREE, OFFERED, IN_CALL])
@pytest.mark.parametrize(("presence", "action", "reason", "expected"), REQUESTS)
def test_presence_changes_as_the_table_says_whatever_the_work(
    work: Work, presence: Presence, action: Action, reason: str, expected: Presence | None
) -> None:
    result = agents.request(ana(work, presence, pause_reason="lunch"), action, reason, REASONS, NOW)
    if expected is None:
        assert isinstance(result, Refused)
        assert result.why
    else:
        assert isinstance(result, Agent)
        assert result.presence == expected
        assert isinstance(result.work, type(work))


@pytest.mark.parametrize(
    ("presence", "action", "reason"),
    [
        (OUT, "logout", ""),
        (READY, "ready", ""),
        (READY, "login", ""),
        (PAUSED, "pause", "lunch"),
        (PAUSED, "login", ""),
    ],
)
def test_asking_for_what_is_already_so_changes_nothing(presence: Presence, action: Action, reason: str) -> None:
    agent = ana(FREE, presence, pause_reason="lunch" if presence == PAUSED else "", presence_since=1.0, missed=1)
    assert agents.request(agent, action, reason, REASONS, NOW) == agent


def test_a_change_of_presence_wakes_a_resting_phone_and_begins_the_idle_time_anew() -> None:
    agent = ana(FREE, "paused", resting=True, missed=2)
    result = agents.request(agent, "ready", "", REASONS, NOW)
    assert result == ana(Free(NOW), "ready", presence_since=NOW)


def test_end_of_wrap_up_is_granted_only_in_wrap_up() -> None:
    result = agents.request(ana(WRAP), "end_wrap_up", "", REASONS, NOW)
    assert isinstance(result, Agent)
    assert result.work == Free(NOW)


def test_a_pause_without_a_reason_takes_the_first_one_and_needs_one_to_exist() -> None:
    result = agents.request(ana(), "pause", "", REASONS, NOW)
    assert isinstance(result, Agent)
    assert result.pause_reason == "lunch"
    assert isinstance(agents.request(ana(), "pause", "", (), NOW), Refused)


@pytest.mark.parametrize(
    ("presence", "missed", "limit", "paused"),
    [(READY, 3, 3, True), (READY, 2, 3, False), (READY, 9, 0, False), (OUT, 3, 3, False), (PAUSED, 3, 3, False)],
)
def test_too_many_missed_offers_pause_a_ready_agent(presence: Presence, missed: int, limit: int, paused: bool) -> None:  # noqa: FBT001 - table
    after = agents.missed_too_often(ana(FREE, presence, missed=missed), limit, NOW)
    assert (after.pause_reason == "no_answer") is paused
    assert after.presence == (PAUSED if paused else presence)
