"""A scenario that brings its own contacts and agents: each kind of contact becomes a queue, each group a crew.

Decides what such a scenario must hold. Must not know what-ifs.
"""

from __future__ import annotations

from itertools import accumulate, pairwise

from acd.domain.flow import QueueNode
from acd.domain.ids import AgentId, NodeId, QueueId, SkillId
from acd.domain.plan import AgentPlan, Plan, QueuePlan, RelaxationStep
from acd.domain.skills import SkillLevel
from acd.engine.matching.facts import Requirement
from acd.engine.matching.fit import fit, group_of
from acd.engine.matching.requirement import relaxed
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import Document, Path_
from acd.sim import scenario_file as file
from acd.sim.chance import mean_of
from acd.sim.crews import Roster
from acd.sim.model import Kind
from acd.sim.parts import Parts, group
from acd.sim.times import Reader

MINUTE_S = 60.0


def parts_of(section: file.ScenarioFile, document: Document, reader: Reader) -> Parts:
    """Make the parts; mistakes go to the document."""
    kinds = tuple(_kind(document, reader, n, contact) for n, contact in enumerate(section.contacts))
    starts = tuple(accumulate(section.periods[:-1], initial=section.start))
    rosters: list[Roster] = []
    agents: dict[AgentId, AgentPlan] = {}
    for number, crew in enumerate(section.agents):
        reader.per_period(crew.count, ("agents", number, "count"), "numbers")
        members = group(crew.name, max(crew.count), _levels(crew.skills))
        counts = crew.count if len(crew.count) == len(starts) else crew.count[:1] * len(starts)
        rosters.append(Roster(crew.name, tuple(a.id for a in members), tuple(zip(starts, counts, strict=True))))
        agents |= {agent.id: agent for agent in members}
    plan = Plan(
        version="",
        agents=agents,
        queues={kind.need.queue: _queue(kind, contact) for kind, contact in zip(kinds, section.contacts, strict=True)},
        trunks={},
        access_codes={},
        calendars={},
        flows={},
    )
    _check(section, document)
    capacity = section.trunks.capacity if section.trunks is not None else None
    return Parts(plan, kinds, tuple(rosters), capacity)


def _kind(document: Document, reader: Reader, number: int, contact: file.ContactSection) -> Kind:
    path: Path_ = ("contacts", number)
    if contact.requires is None:
        document.add(path, "requires is missing: the skills an agent needs, such as {a: 1}")
    if contact.queue is not None or contact.language is not None:
        document.add((*path, "queue" if contact.queue else "language"), "only a scenario with config can name this")
    reader.per_period(contact.arrivals_per_minute, (*path, "arrivals_per_minute"), "rates")
    for place, (step, following) in enumerate(pairwise(contact.relaxation), 1):
        if following.after <= step.after:
            document.add((*path, "relaxation", place, "after"), "must be later than the step before")
    need = Requirement(QueueId(contact.name), _levels(contact.requires or {}), _levels(contact.prefers))
    return Kind(
        name=contact.name,
        need=need,
        priority=contact.priority or 0,
        rates=tuple(rate / MINUTE_S for rate in contact.arrivals_per_minute),
        service=reader.time(contact.service, (*path, "service")),
        patience=reader.time(contact.patience, (*path, "patience")) if contact.patience is not None else None,
        ivr=reader.time(contact.ivr, (*path, "ivr")) if contact.ivr is not None else None,
        node=QueueNode(NodeId(contact.name), need.queue, priority=contact.priority) if contact.relaxation else None,
    )


def _queue(kind: Kind, contact: file.ContactSection) -> QueuePlan:
    return QueuePlan(
        id=kind.need.queue,
        name=kind.name,
        requires=kind.need.skills,
        prefers=kind.need.prefers,
        relaxation=_relaxation(contact),
        wrap_up_s=0.0,
        weight=contact.weight,
        service_time_s=mean_of(kind.service),
        share=contact.share,
    )


def _relaxation(contact: file.ContactSection) -> tuple[RelaxationStep, ...]:
    return tuple(
        RelaxationStep(step.after, _levels(step.lower), drop_preferred=step.drop_preferred)
        for step in contact.relaxation
    )


def _levels(skills: dict[str, int]) -> tuple[SkillLevel, ...]:
    return tuple(SkillLevel(SkillId(name), level) for name, level in sorted(skills.items()))


def _check(section: file.ScenarioFile, document: Document) -> None:
    """What contacts and agents say about each other."""
    if not section.contacts:
        document.add(("contacts",), "at least one kind of contact is needed")
    if not section.agents:
        document.add(("agents",), "at least one group is needed, or config for a deployment")
    groups = [group_of(group("", 1, _levels(crew.skills))[0]) for crew in section.agents]
    skills = sorted({skill for crew in section.agents for skill in crew.skills})
    for number, contact in enumerate(section.contacts):
        path: Path_ = ("contacts", number, "requires")
        unknown = [skill for skill in contact.requires or {} if skill not in skills]
        for skill in unknown:
            document.add((*path, skill), f"no group has skill '{skill}'{did_you_mean(skill, skills)}", at_key=True)
        for place, step in enumerate(contact.relaxation):
            for skill in step.lower:
                if skill not in (contact.requires or {}):
                    lowered: Path_ = ("contacts", number, "relaxation", place, "lower", skill)
                    document.add(lowered, f"'{skill}' is not required", at_key=True)
        least = Requirement(QueueId(contact.name), _levels(contact.requires or {}))
        for relaxing in _relaxation(contact):
            least = relaxed(least, relaxing)
        if section.agents and not unknown and all(isinstance(fit(g, least), str) for g in groups):
            document.add(path, "no group has these skills at these levels")
