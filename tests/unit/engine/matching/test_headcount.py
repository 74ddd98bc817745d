"""The headcount follows agents one by one and always says what counting them all would."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.ids import AgentId, QueueId
from acd.engine.matching import group_of, headcount
from acd.engine.matching.facts import Requirement
from acd.engine.matching.fit import Group
from acd.engine.matching.headcount import Headcount
from acd.engine.state import Agent, Free
from tests.engine_kit import levels, make_plan

PLAN = make_plan()
ANYBODY = Requirement(QueueId("general"), ())
BILLING = Requirement(QueueId("billing"), levels(billing=1))


def groups(agent: AgentId) -> Group | None:
    plan = PLAN.agents.get(agent)
    return None if plan is None else group_of(plan)


def agent(name: str, **values: object) -> Agent:
    return replace(Agent(AgentId(name), Free(0.0)), **values)  # type: ignore[arg-type]


def test_agents_are_counted_by_what_they_do_and_can() -> None:
    count = Headcount(groups)
    count.note(agent("ana", presence="ready"))
    count.note(agent("citra", presence="paused"))
    assert [count.count(ANYBODY, who) for who in ("logged_in", "ready", "available")] == [2, 1, 1]
    assert [count.count(BILLING, who) for who in ("logged_in", "ready", "available")] == [1, 1, 1]
    count.note(agent("ana", presence="ready", busy=True))
    assert [count.count(BILLING, who) for who in ("ready", "available")] == [1, 0]
    count.note(agent("ana"))
    assert count.count(BILLING, "logged_in") == 0


def test_a_group_that_comes_to_work_later_counts_for_what_was_asked_before() -> None:
    count = Headcount(groups)
    assert count.count(ANYBODY, "ready") == 0
    count.note(agent("budi", presence="ready"))
    assert count.count(ANYBODY, "ready") == 1


def test_who_is_not_in_the_plan_or_forgotten_does_not_count() -> None:
    count = Headcount(groups)
    count.note(agent("nobody", presence="ready"))
    count.note(agent("budi", presence="ready"))
    count.forget(AgentId("budi"))
    count.forget(AgentId("budi"))
    count.forget(AgentId("nobody"))
    assert count.count(ANYBODY, "logged_in") == 0
    assert count.snapshot() == Headcount(groups).snapshot()


def test_requirements_without_end_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headcount, "MOST_NEEDS", 2)
    count = Headcount(groups)
    count.note(agent("ana", presence="ready"))
    for level in range(1, 6):
        need = Requirement(QueueId("billing"), levels(billing=level))
        assert count.count(need, "ready") == (level <= 3)
    assert len(count._fitting) <= 2
