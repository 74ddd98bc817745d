"""What a contact asks for when it comes into a queue, from the queue, the flow's node and the caller's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acd.domain.flow import QueueNode
from acd.domain.ids import Language, SkillId
from acd.domain.plan import Plan, QueuePlan, RelaxationStep
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement


def highest(demands: Iterable[SkillLevel]) -> tuple[SkillLevel, ...]:
    """Join demands, in the order of the skills' names; of two minimums for a skill the higher counts."""
    wanted: dict[SkillId, int] = {}
    for demand in demands:
        wanted[demand.skill] = max(demand.level, wanted.get(demand.skill, 0))
    return tuple(SkillLevel(skill, level) for skill, level in sorted(wanted.items()))


def requirement(
    plan: Plan, queue: QueuePlan, node: QueueNode | None, language: Language | None
) -> tuple[SkillLevel, ...]:
    """Join the queue's, the node's and the language's demands."""
    spoken = plan.language_skills.get(language) if language is not None else None
    return highest([*queue.requires, *(node.requires if node else ()), *([SkillLevel(spoken, 1)] if spoken else ())])


def preferences(queue: QueuePlan, node: QueueNode | None) -> tuple[SkillLevel, ...]:
    """Join what the queue and the node prefer."""
    liked = (*queue.prefers, *(node.prefers if node else ()))
    return highest(liked) if liked else ()


def relaxed(need: Requirement, step: RelaxationStep) -> Requirement:
    """Take a step of relaxation: what is asked after it."""
    lowered = {low.skill: low.level for low in step.lower}
    levels = (SkillLevel(asked.skill, min(asked.level, lowered.get(asked.skill, asked.level))) for asked in need.skills)
    return need._replace(
        skills=tuple(asked for asked in levels if asked.level > 0),
        prefers=() if step.drop_preferred else need.prefers,
        tier=need.tier if step.tier is None or need.tier is None else max(need.tier, step.tier),
        helpers=tuple(dict.fromkeys((*need.helpers, *step.helpers))),
    )


def needs_of(plan: Plan) -> Iterator[Requirement]:
    """Every requirement with which callers will come first, so that none has to be worked out for the first caller."""
    languages = (None, *plan.language_skills)
    nodes = [node for flow in plan.flows.values() for node in flow.nodes.values() if isinstance(node, QueueNode)]
    for node in nodes:
        queue = plan.queues.get(node.queue)
        if queue is not None:
            for language in languages:
                skills = requirement(plan, queue, node, language)
                yield Requirement(queue.id, skills, preferences(queue, node), queue.tier)
