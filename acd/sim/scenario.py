"""Loads a scenario: reads the file, collects every mistake with its line, and only then makes models.

Decides what the keys of a scenario must fulfil together. Must not know how a model is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import fsum
from pathlib import Path

from acd.domain.errors import ConfigError
from acd.domain.record import CallRecord
from acd.settings.matching_checks import check_policy
from acd.settings.structure import did_you_mean, validate
from acd.settings.yaml_marks import Document, Path_, read
from acd.sim import deployment, own
from acd.sim import scenario_file as file
from acd.sim.crews import Absence
from acd.sim.model import Model
from acd.sim.parts import Frame, Parts, with_arrivals, with_more, with_policies
from acd.sim.recorded import Traffic
from acd.sim.tally import Outcome
from acd.sim.times import Reader


@dataclass(frozen=True, slots=True)
class Variant:
    """A model under a name."""

    name: str
    model: Model


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a file asks for: the scenario as it stands, and what to compare with it."""

    name: str
    seed: int
    replications: int
    model: Model
    what_if: tuple[Variant, ...]
    lived: Outcome | None = None
    """With recorded traffic: what the callers really lived through."""


def load(path: Path, asked: Iterable[file.WhatIfSection] = (), records: Sequence[CallRecord] | None = None) -> Scenario:
    """Read a scenario.

    Args:
        path: the file.
        asked: further what-ifs beside the file's own.
        records: take the callers from these instead of from the file, which then names a deployment.

    Raises:
        ConfigError: with every mistake, as file:line:column.
        AcdError: the records cannot be used.
    """
    document = read(path)
    section, whole = validate(document, file.ScenarioFile)
    made = None
    if section is not None and whole:
        made = _Making(document, path.parent, section, tuple(asked), records).scenario()
    if document.mistakes or made is None:
        raise ConfigError(tuple(sorted(document.mistakes)))
    return made


def of_records(
    records: Sequence[CallRecord], config: Path, flows: Path | None, asked: Iterable[file.WhatIfSection] = ()
) -> Scenario:
    """A scenario without a file: the callers of some records under a configuration.

    Raises:
        ConfigError: the configuration has mistakes, or a what-if names what is not there.
        AcdError: the records cannot be used.
    """
    document = Document("command line")
    words = {"name": "recorded traffic", "replications": "20", "periods": "1h", "config": str(config)}
    section = file.ScenarioFile.model_validate(words if flows is None else {**words, "flows": str(flows)})
    made = _Making(document, Path(), section, tuple(asked), records).scenario()
    if document.mistakes:
        raise ConfigError(tuple(sorted(document.mistakes)))
    return made


class _Making:
    """Makes models of one file and notes what is wrong with it."""

    def __init__(
        self,
        document: Document,
        folder: Path,
        section: file.ScenarioFile,
        asked: tuple[file.WhatIfSection, ...],
        records: Sequence[CallRecord] | None,
    ) -> None:
        self._document = document
        self._folder = folder
        self._section = section
        self._asked = asked
        self._records = records
        self._traffic: Traffic | None = None
        self._reader = Reader(document, folder, len(section.periods))

    def scenario(self) -> Scenario:
        section = self._section
        self._names("contacts", [contact.name for contact in section.contacts])
        self._names("agents", [crew.name for crew in section.agents])
        base = self._changed(
            self._parts(section.config),
            (),
            absent=section.absent,
            trunks=section.trunks,
            policy=section.policy,
        )
        frame = self._traffic.frame if self._traffic is not None else self._frame()
        variants = [self._what_if(frame, base, ("what_if", n), what) for n, what in enumerate(section.what_if)]
        variants += [self._what_if(frame, base, ("asked", n), what) for n, what in enumerate(self._asked)]
        model = base.model(frame)
        lived = self._traffic.lived(model) if self._traffic is not None else None
        return Scenario(section.name, section.seed, section.replications, model, tuple(variants), lived)

    def _frame(self) -> Frame:
        section = self._section
        if section.warm_up >= fsum(section.periods):
            self._document.add(("warm_up",), "must be shorter than all periods together")
        factor = self._reader.factor(section.day_factor, ("day_factor",)) if section.day_factor is not None else None
        return Frame(section.start, section.periods, section.warm_up, factor, section.target)

    def _names(self, what: str, names: list[str]) -> None:
        for number, name in enumerate(names):
            if name in names[:number]:
                self._document.add((what, number, "name"), f"'{name}' stands twice")

    def _parts(self, config: str | None, path: Path_ = ()) -> Parts:
        section, document = self._section, self._document
        if config is None:
            if self._records is not None:
                document.add((), "recorded callers came to a deployment: config must name it")
            return own.parts_of(section, document, self._reader)
        flows = section.flows if not path else None
        found = deployment.read_deployment(document, self._folder, config, flows, path)
        if self._records is None:
            return deployment.parts_of(section, document, self._reader, found.plan, again=bool(path))
        if found is deployment.NO_DEPLOYMENT:
            return Parts(found.plan, (), (), None)
        if self._traffic is None:
            self._traffic = Traffic(self._records, found.plan, found.time_zone, section.target)
        return self._traffic.parts(found.plan)

    def _what_if(self, frame: Frame, base: Parts, path: Path_, what: file.WhatIfSection) -> Variant:
        parts = base
        if what.config is not None:
            there = self._parts(what.config, path)
            parts = replace(there, absences=base.absences)
        parts = self._changed(parts, path, absent=what.absent, trunks=what.trunks, policy=what.policy)
        for number, add in enumerate(what.add):
            more = with_more(parts, add.like, add.count)
            if more is None:
                known = [*(roster.name for roster in parts.rosters), *_skills(parts)]
                self._unknown((*path, "add", number, "like"), add.like, "agent, group or skill", known)
            else:
                parts = more
        if what.arrivals != 1.0:
            if self._records is not None:
                self._document.add((*path, "arrivals"), "recorded callers cannot be multiplied")
            parts = with_arrivals(parts, what.arrivals)
        return Variant(what.name, parts.model(frame))

    def _changed(
        self,
        parts: Parts,
        path: Path_,
        *,
        absent: tuple[file.AbsentSection, ...] | None,
        trunks: file.TrunksSection | None,
        policy: file.PolicySection | None,
    ) -> Parts:
        if absent is not None:
            absences = tuple(self._absence(parts, (*path, "absent", n), one) for n, one in enumerate(absent))
            parts = replace(parts, absences=absences)
        if trunks is not None:
            parts = replace(parts, capacity=trunks.capacity)
        if policy is not None:
            if policy.agent is not None:
                check_policy(self._document, (*path, "policy", "agent"), policy.agent, agent=True)
            if policy.contact is not None:
                check_policy(self._document, (*path, "policy", "contact"), policy.contact, agent=False)
            parts = with_policies(parts, policy.agent, policy.contact)
        return parts

    def _absence(self, parts: Parts, path: Path_, section: file.AbsentSection) -> Absence:
        if section.end <= section.start:
            self._document.add((*path, "to"), "must be later than from")
        ways = (section.share is not None, bool(section.agents), section.waves is not None)
        if sum(ways) != 1:
            self._document.add(path, "needs one of share, agents and waves")
        names = {roster.name for roster in parts.rosters} | set(parts.plan.agents)
        for number, name in enumerate(section.agents):
            if name not in names:
                self._unknown((*path, "agents", number), name, "agent or group", names)
        return Absence(section.start, section.end, frozenset(section.agents), section.share, section.waves)

    def _unknown(self, path: Path_, name: str, what: str, known: Iterable[str]) -> None:
        self._document.add(path, f"unknown {what} '{name}'{did_you_mean(name, sorted(known))}")


def _skills(parts: Parts) -> set[str]:
    return {skill.skill for agent in parts.plan.agents.values() for skill in agent.skills}
