"""Checks what the files say about matching: names, levels, steps that change nothing, policies that can be loaded.

Decides what an operator's wishes must fulfil to have an effect. Must not know how agents are chosen.
"""

from __future__ import annotations

from acd.engine.matching import STANDARD
from acd.settings.files import AgentSection
from acd.settings.matching_files import NodeMatching, RelaxationSection
from acd.settings.names import Names, refer, refer_all
from acd.settings.own_policies import agent_policy, contact_policy
from acd.settings.queue_file import QueueSection
from acd.settings.sources import Sources
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_

HIGHEST = 9
_KEPT_FOR_NOBODY = "would keep the agents from everybody: name queues or a priority they are kept for"


def check_all(sources: Sources, names: Names) -> None:
    """Note every mistake of the queues' and the agents' files."""
    document, queues = sources.queues.document, sources.queues.model
    if queues is not None:
        check_policy(document, ("contact_policy",), queues.contact_policy, agent=False)
        for number, reservation in enumerate(queues.reservations):
            path: Path_ = ("reservations", number)
            refer(document, (*path, "skill"), reservation.skill, names.skills, "skill")
            refer_all(document, (*path, "queues"), reservation.queues, names.queues, "queue")
            if not reservation.queues and reservation.priority is None:
                document.add(path, _KEPT_FOR_NOBODY)
        for name, queue in queues.queues.items():
            _check_queue(document, ("queues", name), name, queue, names)
    if sources.agents.model is not None:
        for name, agent in sources.agents.model.agents.items():
            _check_agent(sources.agents.document, ("agents", name), agent, names)


def check_policy(document: Document, path: Path_, name: str, *, agent: bool) -> None:
    """Note a policy that is neither one of ours nor can be loaded; for agents, or else for contacts."""
    known = STANDARD.agent if agent else STANDARD.contact
    if ":" not in name:
        if name not in known:
            meant = did_you_mean(name, sorted(known))
            document.add(path, f"unknown policy '{name}'{meant}; there are {', '.join(sorted(known))}")
        return
    made = agent_policy(name) if agent else contact_policy(name)
    if isinstance(made, str):
        document.add(path, made)


def _check_queue(document: Document, path: Path_, name: str, queue: QueueSection, names: Names) -> None:
    check_policy(document, (*path, "policy"), queue.policy, agent=True)
    for skill in queue.prefers:
        refer(document, (*path, "prefers", skill), skill, names.skills, "skill", at_key=True)
    before = 0.0
    for number, step in enumerate(queue.relaxation):
        where = (*path, "relaxation", number)
        if step.after <= before:
            document.add((*where, "after"), f"must be later than the step before ({before:g}s)")
        before = step.after
        _check_step(document, where, name, queue, step, names)


def _check_step(
    document: Document, path: Path_, name: str, queue: QueueSection, step: RelaxationSection, names: Names
) -> None:
    for skill, level in step.lower.items():
        where = (*path, "lower", skill)
        known = refer(document, where, skill, names.skills, "skill", at_key=True)
        if known and skill in queue.requires and level >= queue.requires[skill]:
            document.add(where, f"is not lower than what the queue requires ({queue.requires[skill]})")
        elif level < 0:
            document.add(where, "must not be below 0")
    refer_all(document, (*path, "helpers"), step.helpers, names.queues, "queue")
    if name in step.helpers:
        document.add((*path, "helpers", step.helpers.index(name)), "a queue's own agents need not help out")
    if step.tier is not None and queue.tier is None:
        document.add((*path, "tier"), "has no effect: without `tier` in the queue all levels are asked from the start")
    elif step.tier is not None and queue.tier is not None and step.tier <= queue.tier:
        document.add((*path, "tier"), f"is not higher than the queue's tier ({queue.tier})")
    if not (step.lower or step.drop_preferred or step.helpers or step.tier is not None):
        document.add(path, "changes nothing")


def _check_agent(document: Document, path: Path_, agent: AgentSection, names: Names) -> None:
    for queue, tier in agent.tiers.items():
        where = (*path, "tiers", queue)
        known = refer(document, where, queue, names.queues, "queue", at_key=True)
        if known and agent.queues and queue not in agent.queues:
            document.add(where, f"'{queue}' is none of the agent's queues", at_key=True)
        if not 1 <= tier <= HIGHEST:
            document.add(where, f"must be from 1 to {HIGHEST}")
    voice = agent.capacity.get("voice")
    if voice is not None and voice.most > 1:
        document.add((*path, "capacity", "voice", "most"), "an agent has one call at a time")


def check_node(document: Document, path: Path_, node: NodeMatching, names: Names) -> None:
    """Note every mistake of a flow's queue node."""
    for skill in node.prefers:
        refer(document, (*path, "prefers", skill), skill, names.skills, "skill", at_key=True)
    if node.agent is not None:
        refer(document, (*path, "agent"), node.agent, names.agents, "agent")
        if node.last_agent is not None:
            document.add((*path, "last_agent"), "has no effect beside `agent`")
