"""A scenario of a deployment: its queues, agents, trunks and languages, with contacts that come to its queues.

Decides how a kind of contact is asked for in a deployment's words. Must not know what-ifs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acd.domain.errors import ConfigError
from acd.domain.flow import QueueNode
from acd.domain.ids import Language, NodeId, QueueId
from acd.domain.plan import Plan
from acd.engine.matching.facts import Requirement
from acd.engine.matching.fit import fit, group_of
from acd.engine.matching.requirement import preferences, requirement
from acd.settings import load
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_
from acd.sim import scenario_file as file
from acd.sim.crews import Roster
from acd.sim.model import Kind
from acd.sim.own import MINUTE_S
from acd.sim.parts import Parts
from acd.sim.times import Reader

NO_PLAN = Plan(version="", agents={}, queues={}, trunks={}, access_codes={}, calendars={}, flows={})
"""Stands in for a deployment that could not be read."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a simulation takes from a configuration."""

    plan: Plan
    time_zone: str


NO_DEPLOYMENT = Deployment(NO_PLAN, "UTC")


def read_deployment(document: Document, folder: Path, config: str, flows: str | None, path: Path_) -> Deployment:
    """Read a configuration; its mistakes go to the document, each with its own file and line."""
    config_dir = folder / config
    flows_dir = folder / flows if flows else config_dir.resolve().parent / "ivr_flows"
    try:
        settings = load(config_dir, flows_dir, {}, secrets=False)
    except ConfigError as error:
        document.add((*path, "config"), "this deployment has mistakes")
        document.mistakes.extend(error.mistakes)
        return NO_DEPLOYMENT
    return Deployment(settings.plan, settings.time_zone)


def rosters_of(plan: Plan) -> tuple[Roster, ...]:
    """Each agent a crew of one, at work all the time."""
    return tuple(Roster(agent, (agent,), ((0.0, 1),)) for agent in plan.agents)


def need_for(plan: Plan, queue: QueueId, language: Language | None) -> Requirement:
    """What a caller of a queue asks for who speaks a language."""
    queue_plan = plan.queues[queue]
    skills = requirement(plan, queue_plan, None, language)
    return Requirement(queue, skills, preferences(queue_plan, None), queue_plan.tier)


def parts_of(
    section: file.ScenarioFile, document: Document, reader: Reader, plan: Plan, *, again: bool = False
) -> Parts:
    """Make the parts of a deployment with the file's contacts; ``again`` for another deployment of the same file."""
    if plan is NO_PLAN:
        return Parts(plan, (), (), None)
    if section.agents and not again:
        document.add(("agents",), "a scenario with config takes the deployment's agents")
    if not section.contacts:
        document.add(("contacts",), "at least one kind of contact is needed")
    kinds = []
    for number, contact in enumerate(section.contacts):
        kind = _kind(document, reader, plan, number, contact, again=again)
        if kind is not None:
            kinds.append(kind)
    capacity = sum(trunk.capacity for trunk in plan.trunks.values())
    return Parts(plan, tuple(kinds), rosters_of(plan), capacity if plan.trunks else None)


def _kind(
    document: Document, reader: Reader, plan: Plan, number: int, contact: file.ContactSection, *, again: bool
) -> Kind | None:
    path: Path_ = ("contacts", number)
    if contact.requires is not None or contact.prefers or contact.relaxation:
        document.add(path, "name the queue instead of skills: the queue's are the deployment's")
    if contact.queue is None:
        document.add(path, "queue is missing: the deployment's queue this contact comes to")
        return None
    if contact.queue not in plan.queues:
        also = " of the other deployment" if again else ""
        hint = did_you_mean(contact.queue, list(plan.queues))
        document.add((*path, "queue"), f"unknown queue '{contact.queue}'{also}{hint}")
        return None
    if contact.language is not None and contact.language not in plan.language_skills:
        hint = did_you_mean(contact.language, list(plan.language_skills))
        document.add((*path, "language"), f"no language that needs a skill: '{contact.language}'{hint}")
        return None
    queue = plan.queues[QueueId(contact.queue)]
    need = need_for(plan, queue.id, Language(contact.language) if contact.language else None)
    if all(isinstance(fit(group_of(agent), need), str) for agent in plan.agents.values()):
        document.add((*path, "queue"), "no agent can serve this queue and language")
    reader.per_period(contact.arrivals_per_minute, (*path, "arrivals_per_minute"), "rates")
    return Kind(
        name=contact.name,
        need=need,
        language=Language(contact.language) if contact.language else None,
        priority=queue.priority if contact.priority is None else contact.priority,
        rates=tuple(rate / MINUTE_S for rate in contact.arrivals_per_minute),
        service=reader.time(contact.service, (*path, "service")),
        patience=reader.time(contact.patience, (*path, "patience")) if contact.patience is not None else None,
        ivr=reader.time(contact.ivr, (*path, "ivr")) if contact.ivr is not None else None,
        node=QueueNode(NodeId(contact.name), queue.id, priority=contact.priority),
    )
