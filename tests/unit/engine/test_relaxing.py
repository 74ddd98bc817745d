"""What a waiting contact asks for becomes less, in time, and waited time is never lost."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.commands import Originate
from acd.domain.events import PlanLoaded
from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, LegId, QueueId
from acd.domain.plan import Plan, RelaxationStep
from acd.engine.relaxing import relax
from acd.engine.state import Position, Waiting
from tests.engine_kit import Bench, levels, make_plan, n, with_node, with_queue

STEPS = (
    RelaxationStep(10.0, lower=levels(billing=3)),
    RelaxationStep(20.0, tier=2, lower=levels(lang_id=0), drop_preferred=True),
    RelaxationStep(25.0, helpers=(QueueId("tech"),), lower=levels(billing=0)),
)


def plan(**changes: object) -> Plan:
    """Billing wants level 5 of agents at level 1: ana has 3, budi 5 but at level 2, citra serves tech only."""
    made = make_plan()
    served = {"ana": ("billing",), "budi": ("billing",), "citra": ("tech",), "dewi": ("general",)}
    tiers = {"budi": {QueueId("billing"): 2}}
    agents = {
        a.id: replace(a, queues=tuple(map(QueueId, served[a.id])), tiers=tiers.get(a.id, {}))
        for a in made.agents.values()
    }
    made = replace(made, agents=agents)
    return with_queue(
        made,
        "billing",
        **{"requires": levels(billing=5), "tier": 1, "relaxation": STEPS, "max_wait_s": None, **changes},
    )


def rung(bench: Bench) -> list[str]:
    return [command.device.removeprefix("PJSIP/") for command in bench.got(Originate)]


def test_a_minimum_is_lowered_after_its_time_and_not_before() -> None:
    bench = Bench(plan())
    bench.login("ana")
    leg = bench.queued()
    assert not bench.sleep(9.9)
    bench.sleep(0.2)
    assert rung(bench) == ["ana"]
    waiting = bench.contact(leg).phase
    assert isinstance(waiting, Waiting)
    assert (waiting.requires, waiting.step) == (levels(billing=3, lang_id=1), 1)


def test_agents_of_a_higher_level_are_asked_after_their_time() -> None:
    bench = Bench(plan())
    bench.login("budi")
    bench.queued()
    assert not bench.sleep(15.0) or not rung(bench)
    bench.sleep(10.0)
    assert rung(bench) == ["budi"]


def test_helpers_of_another_queue_are_asked_last_of_all() -> None:
    bench = Bench(plan())
    bench.login("citra")
    bench.queued()
    bench.sleep(24.0)
    assert not rung(bench)
    bench.sleep(2.0)
    assert rung(bench) == ["citra"]


def test_steps_go_on_while_a_phone_rings() -> None:
    bench = Bench(plan())
    bench.login("ana")
    leg = bench.queued()
    bench.sleep(21.0)
    waiting = bench.contact(leg).phase
    assert isinstance(waiting, Waiting)
    assert (len(waiting.offers), waiting.step, waiting.tier) == (1, 2, 2)


def test_waited_time_counts_in_the_queue_a_contact_overflows_to() -> None:
    made = with_queue(make_plan(), "general", requires=levels(billing=5), relaxation=STEPS)
    bench = Bench(with_queue(made, "billing", requires=levels(billing=5), max_wait_s=22.0))
    bench.login("dewi")
    leg = bench.queued()
    bench.sleep(22.1)
    waiting = bench.contact(leg).phase
    assert isinstance(waiting, Waiting)
    assert (waiting.queue, waiting.step) == ("general", 2)
    bench.sleep(3.0)
    assert rung(bench) == ["dewi"]


def test_a_step_due_in_a_queue_that_a_reload_took_away_changes_nothing() -> None:
    bench = Bench(plan())
    leg = bench.queued()
    before = bench.contact(leg)
    made = make_plan(queues={})
    bench.feed(PlanLoaded(bench.at, made))
    bench.sleep(11.0)
    assert bench.contact(leg) == before


def test_no_timer_is_left_when_the_contact_is_served_or_goes_elsewhere() -> None:
    for settle in ("answer", "overflow"):
        bench = Bench(with_node(plan(max_wait_s=12.0, overflow_queue=None), QueueNode(n("q_bill"), QueueId("billing"))))
        bench.login("ana")
        bench.queued()
        bench.sleep(11.0)
        if settle == "answer":
            bench.pick_up("ana")
        else:
            bench.sleep(2.0)
        assert not [key for key in bench.state.timers if key.startswith(("relax:", "named:"))]


def test_a_step_changes_only_what_it_names() -> None:
    waiting = Waiting(
        0.0, QueueId("q"), levels(a=2, b=3), 0, Position(next(iter(make_plan().flows)), n("q")), prefers=levels(c=1)
    )
    assert relax(waiting, RelaxationStep(1.0)) == waiting
    assert relax(waiting, RelaxationStep(1.0, tier=3)).tier is None, "all levels were asked already"
    assert relax(replace(waiting, tier=4), RelaxationStep(1.0, tier=3)).tier == 4
    assert relax(waiting, RelaxationStep(1.0, lower=levels(a=3, b=1))).requires == levels(a=2, b=1)
    assert relax(waiting, RelaxationStep(1.0, drop_preferred=True)).prefers == ()


def test_waiting_for_one_agent_ends_and_then_everybody_is_asked() -> None:
    node = QueueNode(n("q_bill"), QueueId("billing"), agent=AgentId("ana"), agent_wait_s=8.0)
    bench = Bench(with_node(make_plan(), node))
    bench.login("ana", "budi")
    first = bench.queued()
    assert rung(bench) == ["ana"], "budi knows more, but ana is asked for"
    second = bench.queued()
    assert not rung(bench)
    bench.sleep(8.1)
    assert rung(bench) == ["budi"]
    bench.hang_up(first)
    assert bench.leg_of("budi") == LegId(f"acd-l-{second}-1")


def test_one_agent_who_lets_the_contact_pass_is_waited_for_no_longer() -> None:
    node = QueueNode(n("q_bill"), QueueId("billing"), agent=AgentId("ana"), agent_wait_s=60.0)
    bench = Bench(with_node(make_plan(), node))
    bench.login("ana", "budi")
    bench.queued()
    bench.sleep(15.1)
    assert rung(bench) == ["budi"]
    assert not [key for key in bench.state.timers if key.startswith("named:")]
