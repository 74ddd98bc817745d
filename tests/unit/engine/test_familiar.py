"""A caller comes to the agent of last time, if that is still of use, and nobody waits for an agent in vain."""

from __future__ import annotations

from typing import Any

import pytest

from acd.domain.commands import Originate
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, QueueId
from acd.engine import familiar
from acd.engine.state import LastAgent
from tests.engine_kit import Bench, make_plan, n, with_node

CALLER = "0811222333"


def bench(**node: Any) -> Bench:
    settings: dict[str, Any] = {"last_agent_within_s": 600.0, "agent_wait_s": 20.0, **node}
    return Bench(with_node(make_plan(), QueueNode(n("q_bill"), QueueId("billing"), **settings)))


def talked(made: Bench, agent: str = "ana") -> None:
    """The caller talked with an agent and hung up."""
    leg = made.talking(agent)
    made.hang_up(leg)
    made.request(agent, "end_wrap_up")


def rung(made: Bench) -> list[str]:
    return [command.device.removeprefix("PJSIP/") for command in made.got(Originate)]


def test_the_agent_of_last_time_is_asked_before_a_better_one() -> None:
    made = bench()
    talked(made)
    made.login("budi")
    made.queued()
    assert rung(made) == ["ana"]


def test_another_caller_gets_the_best_agent() -> None:
    made = bench()
    talked(made)
    made.login("budi")
    made.queued(caller="0899")
    assert rung(made) == ["budi"]


@pytest.mark.parametrize("why", ["too long ago", "logged out", "does not qualify", "not asked for"])
def test_the_agent_of_last_time_is_not_waited_for_when_that_is_of_no_use(why: str) -> None:
    made = bench(**({"last_agent_within_s": None} if why == "not asked for" else {}))
    talked(made)
    made.login("budi")
    if why == "too long ago":
        made.sleep(601.0)
    if why == "logged out":
        made.request("ana", "logout")
    made.queued(language="2" if why == "does not qualify" else "1")
    assert rung(made) == ["budi"]


def test_a_busy_agent_of_last_time_is_waited_for_and_taken_when_free() -> None:
    made = bench()
    talked(made)
    made.login("budi")
    made.request("ana", "pause", "lunch")
    made.queued()
    assert not rung(made)
    made.request("ana", "ready")
    assert rung(made) == ["ana"]


def test_numbers_are_forgotten_after_the_longest_time_any_flow_asks_for_and_beyond_the_most() -> None:
    made = bench()
    talked(made)
    known = made.state.last_agents
    assert known == {CALLER: LastAgent(AgentId("ana"), made.at)}
    known.update({f"{number}": LastAgent(AgentId("ana"), made.at) for number in range(familiar.MOST)})
    made.sleep(1.0)
    talked(made)
    assert len(known) == familiar.MOST
    assert list(known)[-1] == CALLER
    made.sleep(601.0)
    leg = made.talking("ana", caller="")
    made.hang_up(leg)
    assert known == {}


def test_nothing_is_kept_when_no_flow_asks_for_it() -> None:
    made = Bench()
    talked(made)
    assert made.state.last_agents == {}
