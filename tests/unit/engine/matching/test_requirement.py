"""What a contact asks for when it comes into a queue."""

from __future__ import annotations

from dataclasses import replace

from acd.domain.flow import QueueNode
from acd.domain.ids import QueueId
from acd.engine import matching
from acd.engine.matching.facts import Requirement
from acd.engine.matching.requirement import needs_of
from tests.engine_kit import EN, ID, levels, make_plan, n, with_node, with_queue

PLAN = make_plan()
BILLING = PLAN.queues[QueueId("billing")]


def test_requirements_join_queue_node_and_language_with_the_higher_minimum() -> None:
    node = QueueNode(n("q"), QueueId("billing"), requires=levels(billing=4, vip=1))
    assert matching.requirement(PLAN, BILLING, node, EN) == levels(billing=4, lang_en=1, vip=1)
    assert matching.requirement(PLAN, BILLING, None, None) == levels(billing=1)
    unspoken = replace(PLAN, language_skills={})
    assert matching.requirement(unspoken, BILLING, None, ID) == levels(billing=1)


def test_preferences_join_the_queues_and_the_nodes() -> None:
    queue = replace(BILLING, prefers=levels(lang_en=2))
    assert matching.preferences(queue, QueueNode(n("q"), queue.id, prefers=levels(lang_en=3, vip=1))) == levels(
        lang_en=3, vip=1
    )
    assert matching.preferences(queue, None) == levels(lang_en=2)


def test_what_callers_will_ask_for_first_is_known_from_the_plan() -> None:
    plan = with_queue(PLAN, "billing", prefers=levels(vip=1), tier=1)
    plan = with_node(plan, QueueNode(n("lost"), QueueId("no_such_queue")))
    needs = set(needs_of(plan))
    assert Requirement(QueueId("billing"), levels(billing=1, lang_id=1), levels(vip=1), 1) in needs
    assert {need.queue for need in needs} == set(PLAN.queues)
