"""Who may be offered anything, and what is said of who may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acd.domain.ids import AgentId, ContactId, LegId
from acd.engine.matching.guards import available, guard
from acd.engine.state import Agent, Free, InCall, Offered, WrapUp

ANA = Agent(AgentId("ana"), Free(0.0), "ready")


def test_a_ready_agent_with_a_quiet_phone_is_available() -> None:
    assert available(ANA)
    assert guard(ANA) is None


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        ({"presence": "paused", "pause_reason": "lunch"}, "paused (lunch)"),
        ({"presence": "logged_out"}, "logged out"),
        ({"work": Offered(0.0, ContactId("c"), 0.0)}, "the phone rings for another contact"),
        ({"work": InCall(0.0, ContactId("c"))}, "in a conversation"),
        ({"work": WrapUp(0.0, ContactId("c"), 1.0)}, "in wrap-up"),
        ({"leg": LegId("old")}, "the phone is not on the hook yet"),
        ({"reachable": False}, "the phone is unreachable"),
        ({"busy": True}, "the phone is in use"),
        ({"dialling": True}, "dialling a feature code"),
        ({"resting": True}, "left alone for a moment after an offer that came to nothing"),
        ({"leaving": True}, "no longer in the plan"),
    ],
)
def test_any_obstacle_makes_an_agent_unavailable_and_has_words(obstacle: dict[str, Any], words: str) -> None:
    agent = replace(ANA, **obstacle)
    assert not available(agent)
    assert guard(agent) == words
