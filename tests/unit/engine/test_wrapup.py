"""How long the work after a conversation may take, and how the conversation went."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.domain.ids import AgentId, DispositionId, LegId
from acd.domain.plan import DispositionPlan, FeatureCode, Plan
from acd.domain.record import DispositionRow
from acd.engine.state import Free, InCall, WrapUp
from tests.engine_kit import Bench, make_plan, with_queue

SOLVED, CASE, SPAM = (DispositionId(name) for name in ("solved", "case", "spam"))
WAYS = {
    SOLVED: DispositionPlan(SOLVED, "Solved"),
    CASE: DispositionPlan(CASE, "A case was opened", 40.0),
    SPAM: DispositionPlan(SPAM, "Nobody there", 0.0),
}


def plan(agent_s: float | None = None, longest_s: float = 60.0) -> Plan:
    """Billing has 10 s of wrap-up, at most a minute, and three dispositions; ana may have an own wrap-up."""
    made = with_queue(make_plan(), "billing", dispositions=WAYS, max_wrap_up_s=longest_s)
    ana = replace(made.agents[AgentId("ana")], wrap_up_s=agent_s)
    return replace(made, agents={**made.agents, ana.id: ana})


def in_wrap_up(bench: Bench) -> LegId:
    """Ana talked with a caller and writes notes."""
    leg = bench.talking("ana")
    bench.hang_up(leg)
    return leg


def until(bench: Bench) -> float:
    """Seconds of wrap-up from its beginning."""
    work = bench.agent("ana").work
    assert isinstance(work, WrapUp)
    assert bench.timers["wrap:ana"].due == work.until  # type: ignore[index]
    return work.until - work.since


@pytest.mark.parametrize(("agent_s", "longest_s", "expected"), [(None, 60, 10), (25.0, 60, 25), (25.0, 20, 20)])
def test_the_agents_own_wrap_up_comes_before_the_queues_and_neither_is_beyond_the_longest(
    agent_s: float | None, longest_s: float, expected: float
) -> None:
    bench = Bench(plan(agent_s, longest_s))
    in_wrap_up(bench)
    assert until(bench) == expected


def test_an_agent_without_wrap_up_is_free_at_once() -> None:
    bench = Bench(plan(0.0))
    in_wrap_up(bench)
    assert isinstance(bench.agent("ana").work, Free)


def test_wrap_up_is_extended_up_to_the_queues_longest_and_no_further() -> None:
    bench = Bench(plan())
    in_wrap_up(bench)
    bench.sleep(5)
    assert bench.request("ana", "extend_wrap_up", seconds=30).ok
    assert until(bench) == 40
    assert bench.request("ana", "extend_wrap_up", seconds=30).ok
    assert until(bench) == 60
    reply = bench.request("ana", "extend_wrap_up", seconds=30)
    assert (reply.ok, reply.message) == (False, "wrap-up is at its longest")
    bench.sleep(54)
    assert isinstance(bench.agent("ana").work, WrapUp)
    bench.sleep(1)
    assert isinstance(bench.agent("ana").work, Free)


def test_an_extended_wrap_up_can_be_ended_early_and_its_timer_with_it() -> None:
    bench = Bench(plan())
    in_wrap_up(bench)
    bench.request("ana", "extend_wrap_up", seconds=30)
    assert bench.request("ana", "end_wrap_up").ok
    assert isinstance(bench.agent("ana").work, Free)
    assert "wrap:ana" not in bench.timers


@pytest.mark.parametrize("action", ["extend_wrap_up", "disposition"])
def test_without_wrap_up_there_is_nothing_to_extend_and_without_a_conversation_nothing_to_say(action: str) -> None:
    bench = Bench(plan())
    bench.login("ana")
    reply = bench.request("ana", action, seconds=10, disposition="solved")  # type: ignore[arg-type]
    assert not reply.ok
    assert reply.message in {"not in wrap-up", "no conversation to say it of"}


def test_a_disposition_said_while_talking_stands_in_the_record_and_sets_the_wrap_up() -> None:
    bench = Bench(plan(25.0))
    leg = bench.talking("ana")
    assert bench.request("ana", "disposition", disposition="case").ok
    assert isinstance(bench.agent("ana").work, InCall)
    bench.hang_up(leg)
    assert until(bench) == 40
    assert bench.records[0].disposition == "case"
    assert not bench.dispositions


def test_a_disposition_said_in_wrap_up_is_written_after_the_record_and_the_last_one_counts() -> None:
    bench = Bench(plan())
    leg = in_wrap_up(bench)
    bench.sleep(4)
    assert bench.request("ana", "disposition", disposition="solved").ok
    assert until(bench) == 10, "no wrap-up of its own"
    assert bench.request("ana", "disposition", disposition="case").ok
    assert until(bench) == 40
    assert bench.records[0].disposition is None
    assert bench.dispositions == [
        DispositionRow(bench.contact_id(leg), way, AgentId("ana"), bench.at) for way in (SOLVED, CASE)
    ]


def test_a_disposition_whose_wrap_up_is_over_already_frees_the_agent_for_the_next_caller() -> None:
    bench = Bench(plan())
    in_wrap_up(bench)
    following = bench.queued()
    assert bench.agent("ana").leg is None
    bench.sleep(1)
    assert bench.request("ana", "disposition", disposition="spam").ok
    assert bench.agent("ana").leg == f"acd-l-{following}-1"
    assert "wrap:ana" not in bench.timers


def test_an_unknown_disposition_is_refused_with_those_the_queue_knows() -> None:
    bench = Bench(plan())
    in_wrap_up(bench)
    reply = bench.request("ana", "disposition", disposition="nonsense")
    assert (reply.ok, reply.message) == (
        False,
        "unknown disposition 'nonsense'; this queue knows solved, case, spam",
    )
    assert not bench.dispositions


def test_after_a_reload_that_took_the_queue_away_no_disposition_is_known() -> None:
    bench = Bench(plan())
    leg = bench.talking("ana")
    bench.state.plan = replace(bench.plan, queues={})
    reply = bench.request("ana", "disposition", disposition="solved")
    assert reply.message == "unknown disposition 'solved'; this queue knows none"
    bench.hang_up(leg)
    assert until(bench) == 10


def test_feature_codes_extend_wrap_up_and_say_how_it_went() -> None:
    codes = {
        "*5": FeatureCode("*5", "extend_wrap_up", seconds=20.0),
        "*61": FeatureCode("*61", "disposition", disposition="case"),
    }
    bench = Bench(replace(plan(), feature_codes=codes))
    in_wrap_up(bench)
    bench.dial("ana", "*5")
    assert until(bench) == 30
    bench.dial("ana", "*61")
    assert until(bench) == 40
    assert bench.dispositions[0].disposition == "case"
