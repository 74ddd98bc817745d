"""Places to wait, decided from the plan and the queues' lengths alone."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.flow import QueueNode
from acd.domain.ids import FlowId, Language, NodeId, QueueId, SkillId
from acd.domain.plan import Plan, QueuePlan
from acd.domain.skills import SkillLevel
from acd.engine import places
from acd.engine.state import Position, Waiting

FIRST, SECOND, ENGLISH = QueueId("first"), QueueId("second"), Language("en")
NODE = QueueNode(NodeId("n"), FIRST, requires=(SkillLevel(SkillId("extra"), 3),), priority=7)
POSITION = Position(FlowId("f"), NodeId("n"))


def plan(**first: object) -> Plan:
    queues = {
        FIRST: replace(QueuePlan(FIRST, "First", (SkillLevel(SkillId("a"), 2),), overflow_queue=SECOND), **first),  # type: ignore[arg-type]
        SECOND: QueuePlan(SECOND, "Second", (SkillLevel(SkillId("b"), 1),), priority=3, tier=2),
    }
    return Plan("", {}, queues, {}, {}, {}, {}, language_skills={ENGLISH: SkillId("lang_en")})


def lengths(**counts: int) -> places.Length:
    return lambda queue: counts.get(queue, 0)


def entered(made: Plan, **counts: int) -> tuple[Waiting, places.Place] | None:
    return places.enter(made, NODE, ENGLISH, 5.0, POSITION, lengths(**counts))


def skills(waiting: Waiting) -> dict[str, int]:
    return {need.skill: need.level for need in waiting.requires}


def test_a_contact_asks_for_what_queue_node_and_language_ask() -> None:
    found = entered(plan())
    assert found is not None
    waiting, place = found
    assert skills(waiting) == {"a": 2, "extra": 3, "lang_en": 1}
    assert (waiting.since, waiting.priority, waiting.queue, place.overflows) == (5.0, 7, FIRST, 0)


def test_a_full_queue_leads_to_the_one_behind_which_asks_nothing_of_the_node() -> None:
    found = entered(plan(max_length=2, overflow_drops_language=True), first=2)
    assert found is not None
    waiting, place = found
    assert skills(waiting) == {"b": 1}
    assert (waiting.priority, waiting.tier, place.overflows) == (7, 2, 1)


def test_without_room_anywhere_or_without_the_queue_there_is_no_place() -> None:
    assert entered(plan(max_length=0, overflow_queue=None)) is None
    assert entered(plan(max_length=0, overflow_queue=FIRST)) is None
    assert places.enter(plan(), replace(NODE, queue=QueueId("gone")), None, 0.0, POSITION, lengths()) is None


def test_an_overflow_keeps_the_waited_time_and_the_higher_priority() -> None:
    found = entered(plan())
    assert found is not None
    moved = places.onward(plan(), ENGLISH, replace(found[0], step=1, helpers=(SECOND,)), lengths())
    assert moved is not None
    waiting, place = moved
    assert skills(waiting) == {"b": 1, "lang_en": 1}
    assert (waiting.since, waiting.priority, waiting.step, waiting.helpers, place.overflows) == (5.0, 7, 0, (), 1)
    assert places.onward(plan(), ENGLISH, waiting, lengths()) is None


def test_a_language_once_dropped_is_not_asked_for_again() -> None:
    found = entered(plan(max_length=0, overflow_drops_language=True))
    assert found is not None
    made = plan()
    made = replace(made, queues={**made.queues, SECOND: replace(made.queues[SECOND], overflow_queue=FIRST)})
    moved = places.onward(made, ENGLISH, replace(found[0], overflows=0), lengths())
    assert moved is not None
    assert skills(moved[0]) == {"a": 2}


def test_somebody_may_choose_a_full_queue() -> None:
    found = entered(plan())
    assert found is not None
    made = plan()
    waiting, place = places.into(made, ENGLISH, found[0], replace(made.queues[SECOND], max_length=0))
    assert (waiting.queue, place.overflows, skills(waiting)) == (SECOND, 0, {"b": 1, "lang_en": 1})


def test_a_language_may_have_a_longest_wait_of_its_own() -> None:
    queue = replace(plan().queues[FIRST], max_wait_s=90.0, max_wait_by_language={ENGLISH: 60.0})
    waits = [places.longest_wait(queue, language) for language in (ENGLISH, Language("id"), None)]
    assert waits == [60.0, 90.0, 90.0]
