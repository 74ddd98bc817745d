"""Recorded callers again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from acd.domain.exits import Exit
from acd.domain.ids import AgentId, ContactId, FlowId, Language, NodeId, QueueId
from acd.domain.record import CallRecord
from acd.settings import load as load_settings
from acd.sim.answer import answer
from acd.sim.asked import what_if
from acd.sim.chance import Empirical, Exponential
from acd.sim.model import Given
from acd.sim.recorded import NoTrafficError, Traffic
from acd.sim.scenario import of_records
from acd.sim.scenario_file import WhatIfSection

ROOT = Path(__file__).parents[3]
PLAN = load_settings(ROOT / "config", ROOT / "ivr_flows", {}, secrets=False).plan
EIGHT = datetime(2026, 8, 3, 1, 0, tzinfo=UTC).timestamp()
"""08:00 on a Monday in Jakarta."""


def call(number: int, at: float, **changes: Any) -> CallRecord:
    """A call of LKPM that is answered after 10 s and takes 300 s."""
    arrived = EIGHT + at
    made = CallRecord(
        contact_id=ContactId(f"c{number:03}"),
        exit=Exit.ANSWERED,
        access_code="169",
        trunk=None,
        caller="",
        arrived_at=arrived,
        answered_at=arrived,
        queued_at=arrived + 40,
        connected_at=arrived + 50,
        ended_at=arrived + 350,
        queue=QueueId("q_lkpm"),
        agent=AgentId("agent120"),
        language=Language("id"),
        flow=FlowId("169"),
        last_node=NodeId("q_lkpm"),
        cause=16,
        sip_code=None,
        recording=None,
        offers=1,
        within_target=True,
        plan_version="",
    )
    return replace(made, **changes)


def gave_up(number: int, at: float, wait: float, **changes: Any) -> CallRecord:
    arrived = EIGHT + at
    exit_ = Exit.SHORT_ABANDONED if wait <= 5 else Exit.ABANDONED
    ended = arrived + 40 + wait
    return call(number, at, exit=exit_, connected_at=None, agent=None, ended_at=ended, **changes)


def traffic(*records: CallRecord) -> Traffic:
    return Traffic(records, PLAN, "Asia/Jakarta", 20.0)


def test_what_the_record_knows_is_kept_and_the_rest_is_drawn() -> None:
    made = traffic(call(1, 600), gave_up(2, 660, 60), gave_up(3, 900, 4)).parts(PLAN)
    (kind,) = made.kinds
    assert kind.given == (
        Given(600, 40.0, 300.0, None, 10.0),
        Given(660, 40.0, None, 60.0, 60.0),
        Given(900, 40.0, None, 4.0, 4.0),
    )
    assert kind.service == Empirical((300.0,))
    # Two gave up in 10 + 60 + 4 seconds of waiting.
    assert kind.patience == Exponential((37.0,))
    assert (kind.name, kind.priority) == ("q_lkpm", 0)
    assert kind.node == PLAN.flows[FlowId("169")].nodes[NodeId("q_lkpm")]
    assert [(skill.skill, skill.level) for skill in kind.need.skills] == [("lang_id", 1), ("lkpm", 2)]


def test_a_queue_nobody_gave_up_in_is_waited_in_for_ever() -> None:
    assert traffic(call(1, 0)).parts(PLAN).kinds[0].patience is None


def test_a_caller_comes_to_the_queue_of_the_flow_and_not_to_where_an_overflow_led() -> None:
    made = traffic(call(1, 0, queue=QueueId("q_umum")), call(2, 10, queue=QueueId("q_umum"), last_node=None)).parts(
        PLAN
    )
    assert [kind.name for kind in made.kinds] == ["q_lkpm", "q_umum"]


def test_languages_are_kinds_of_their_own_where_there_are_several() -> None:
    made = traffic(call(1, 0), call(2, 10, language=Language("en"))).parts(PLAN)
    assert [kind.name for kind in made.kinds] == ["q_lkpm-id", "q_lkpm-en"]
    assert "lang_en" in [skill.skill for skill in made.kinds[1].need.skills]


def test_a_blocked_call_gets_a_queue_and_a_call_that_wanted_no_agent_takes_a_channel() -> None:
    blocked = call(1, 5, exit=Exit.BLOCKED, queue=None, queued_at=None, connected_at=None, ended_at=EIGHT + 5)
    flow = call(2, 7, exit=Exit.SELF_SERVICE, queue=None, queued_at=None, connected_at=None, ended_at=EIGHT + 67)
    unknown = call(3, 9, exit=Exit.UNKNOWN_NUMBER, queue=None, queued_at=None, connected_at=None)
    made = traffic(call(4, 0), blocked, flow, unknown)
    parts = made.parts(PLAN)
    assert [one.at for one in parts.kinds[0].given] == [0, 5]
    assert parts.kinds[0].given[1] == Given(5, 40.0, None, None, 0.0)
    assert parts.lines == ((8 * 3600.0 + 7, 60.0),)
    lived = made.lived(parts.model(made.frame))
    assert (lived.total.offered, lived.total.blocked, lived.total.answered) == (2, 1, 1)


def test_periods_are_the_hours_of_one_day_and_the_days_of_several() -> None:
    one = traffic(call(1, 600), call(2, 7300)).frame
    assert (one.start_s, one.periods_s) == (8 * 3600.0, (3600.0,) * 3)
    several = traffic(call(1, 600), call(2, 200_000)).frame
    assert (several.start_s, several.periods_s) == (0.0, (86400.0,) * 3)


def test_agents_are_there_on_the_days_they_took_a_call() -> None:
    made = traffic(call(1, 0), call(2, 100, agent=AgentId("agent119")), call(3, 86400))
    model = made.parts(PLAN).model(made.frame)
    staffing = {crew.name: crew.staffing for crew in model.crews}
    begin, hour = 8 * 3600.0, 3600.0
    assert staffing["agent119"] == ((0.0, 0), (begin, 1), (begin + 450 + hour, 0))
    assert staffing["agent120"] == ((0.0, 0), (begin, 1), (begin + 450 + hour, 0), (begin + 86400, 1))
    assert staffing["agent101"] == ((0.0, 0),)


def test_a_queue_the_other_configuration_does_not_have_is_refused() -> None:
    made = traffic(call(1, 0))
    with pytest.raises(NoTrafficError, match="no queue q_lkpm"):
        made.parts(replace(PLAN, queues={}))
    with pytest.raises(NoTrafficError, match="nobody who came to a queue"):
        traffic()


def test_the_same_callers_under_the_same_routing_live_through_about_the_same_and_more_agents_help() -> None:
    """Ten callers come at once to three agents who know LKPM; the records are of that day."""
    records = []
    for number in range(10):
        agent = AgentId(f"agent{119 + number % 3}")
        wait = 90.0 * (number // 3)
        queued = EIGHT + 40 + number
        ends = {"connected_at": queued + wait, "ended_at": queued + wait + 60.0}
        records.append(call(number, number, agent=agent, queued_at=queued, **ends))
    more = what_if(["2:lkpm"], [])
    assert more is not None
    scenario = of_records(records, ROOT / "config", None, [more])
    found = answer(replace(scenario, replications=3)).as_json()
    assert found["recorded"]["total"]["wait_all_mean"]["mean"] == 108.0
    assert found["total"]["served"] == {"mean": 10.0, "ci95": 0.0}
    (asked,) = found["what_if"]
    assert asked["difference"]["total"]["wait_all_mean"]["mean"] < 0
    assert set(asked["difference"]["total"]) == set(found["total"])
    assert list(found["recorded"]) == ["total", "contacts"]


def test_the_same_traffic_under_another_configuration_is_compared_in_every_figure(tmp_path: Path) -> None:
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    queues = tmp_path / "config/queues.yaml"
    text = queues.read_text(encoding="utf-8")
    assert "requires: {lkpm: 2}" in text
    # Everybody may take these callers at once, and not only after an overflow.
    queues.write_text(text.replace("requires: {lkpm: 2}", "requires: {umum: 1}"), encoding="utf-8")
    records = [call(n, n * 60.0, agent=AgentId(f"agent{117 + n % 8}")) for n in range(40)]
    other = WhatIfSection(name="everybody helps", config=str(tmp_path / "config"))
    found = answer(of_records(records, ROOT / "config", None, [other])).as_json()
    assert found["what_if"][0]["difference"]["total"]["wait_all_mean"]["mean"] < -10
