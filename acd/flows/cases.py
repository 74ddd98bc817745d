"""Reads the test cases of a flow, with every mistake at its line.

Decides what a case must fulfil beyond its shape: what it names exists, a time is given, a step is one thing. Must not
know how a case is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.domain.errors import Mistake
from acd.domain.flow_data import HttpNode
from acd.domain.ids import AgentId, CalendarId, FlowId, NodeId, QueueId
from acd.engine.earlier import Earlier
from acd.flows.case_file import (
    ANY,
    STEPS,
    AnswerSection,
    CaseFile,
    CaseSection,
    EarlierSection,
    ExpectSection,
    GivenSection,
    StepSection,
)
from acd.flows.given import DataGiven, Given, QueueGiven
from acd.settings.names import Known, refer, refer_all
from acd.settings.sources import FLOW_TEST_SUFFIX
from acd.settings.structure import did_you_mean, validate
from acd.settings.values import Settings
from acd.settings.yaml_marks import Document, Path_, Position, read

ANONYMOUS = "anonymous"
_CALLER = "+628110000001"


@dataclass(frozen=True, slots=True)
class Case:
    """A call to make: what is given, the steps, and where each stands."""

    name: str
    flow: FlowId
    given: Given
    steps: tuple[StepSection, ...]
    strict: bool
    file: str
    places: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases of a flow; ``coverage`` is the share that must be walked."""

    flow: FlowId
    coverage: float
    cases: tuple[Case, ...]


def case_files(folder: Path) -> dict[str, Path]:
    """Give the files of test cases, by flow."""
    return {path.name.removesuffix(FLOW_TEST_SUFFIX): path for path in sorted(folder.glob(f"*{FLOW_TEST_SUFFIX}"))}


def read_cases(path: Path, flow: str, settings: Settings) -> tuple[Cases | None, tuple[Mistake, ...]]:
    """Read a flow's cases; None, with the mistakes, when there are any."""
    document = read(path)
    section, whole = validate(document, CaseFile)
    if flow not in settings.plan.flows:
        document.add((), f"there is no flow '{flow}'{did_you_mean(flow, list(settings.plan.flows))}")
    elif section is not None:
        reading = _Reading(document, section, FlowId(flow), settings, whole=whole)
        cases = tuple(reading.case(name, case, section.given) for name, case in section.cases.items())
        if whole and not document.mistakes:
            return Cases(FlowId(flow), section.coverage, cases), ()
    return None, tuple(sorted(set(document.mistakes)))


class _Reading:
    def __init__(self, document: Document, section: CaseFile, flow: FlowId, settings: Settings, *, whole: bool) -> None:
        plan = settings.plan
        self._whole = whole
        self._parts = section.parts
        self._document, self._flow = document, flow
        self._zone = ZoneInfo(settings.time_zone)
        self._prompts: Known = frozenset(settings.prompts.texts)
        self._queues: Known = frozenset(plan.queues)
        self._agents: Known = frozenset(plan.agents)
        self._calendars: Known = frozenset(plan.calendars)
        self._skills: Known = frozenset(settings.skills)
        self._flows: Known = frozenset(plan.flows)
        self._codes: Known = frozenset(plan.access_codes)
        self._nodes: Known = frozenset(node for flow in plan.flows.values() for node in flow.nodes)
        every = (node for flow in plan.flows.values() for node in flow.nodes.values())
        self._asking: Known = frozenset(node.id for node in every if isinstance(node, HttpNode))
        self._languages: Known = frozenset(settings.languages)

    def case(self, name: str, case: CaseSection, common: GivenSection) -> Case:
        path: Path_ = ("cases", name)
        self._check_given(("given",), common)
        self._check_given((*path, "given"), case.given)
        if case.given.time is None and common.time is None:
            self._document.add(
                path, "no time is given: neither here nor for all cases, as given: {time: ...}", at_key=True
            )
        if not case.steps and self._whole:
            self._document.add((*path, "steps"), "a case needs steps", at_key=True)
        steps = list(self._steps((*path, "steps"), case.steps))
        given = self._given(common, case.given)
        places = tuple(place for _, place in steps)
        return Case(name, self._flow, given, tuple(step for step, _ in steps), case.strict, self._document.file, places)

    def _steps(
        self, path: Path_, given: tuple[StepSection, ...], *, within: bool = False
    ) -> Iterator[tuple[StepSection, Position]]:
        """Put parts in their place; each step with where it stands."""
        for number, step in enumerate(given):
            below = (*path, number)
            self._check_step(below, step)
            if step.part is None:
                yield step, self._document.position(below)
            elif within:
                self._document.add((*below, "part"), "a part is made of steps, not of parts")
            elif refer(self._document, (*below, "part"), step.part, frozenset(self._parts), "part"):
                yield from self._steps(("parts", step.part), self._parts[step.part], within=True)

    def _given(self, common: GivenSection, own: GivenSection) -> Given:
        time = own.time or common.time
        caller = own.caller or common.caller or _CALLER
        queues = {**common.queues, **own.queues}
        return Given(
            at=time.replace(tzinfo=self._zone).timestamp() if time is not None else 0.0,
            flow=self._flow,
            caller="" if caller == ANONYMOUS else caller,
            access_code=own.access_code or common.access_code,
            calendars={CalendarId(k): v for k, v in {**common.calendars, **own.calendars}.items()},
            queues={QueueId(k): QueueGiven(v.length, v.agents_ready, v.estimated_wait) for k, v in queues.items()},
            agents=tuple(AgentId(agent) for agent in dict.fromkeys((*common.agents, *own.agents))),
            data={NodeId(k): _answer(v) for k, v in {**common.data, **own.data}.items()},
            earlier=self._earlier(own.earlier or common.earlier, time),
            recordings_fail=own.recordings_fail or common.recordings_fail,
            errors=frozenset(NodeId(node) for node in (*common.errors, *own.errors)),
        )

    def _earlier(self, section: EarlierSection | None, time: datetime | None) -> Earlier | None:
        if section is None or time is None:
            return None
        at = time.replace(tzinfo=self._zone).timestamp() - section.ago
        return Earlier(
            section.calls, at, section.last_exit, QueueId(section.last_queue) if section.last_queue else None
        )

    def _check_given(self, path: Path_, given: GivenSection) -> None:
        document = self._document
        for calendar in given.calendars:
            refer(document, (*path, "calendars", calendar), calendar, self._calendars, "calendar", at_key=True)
        for queue, wanted in given.queues.items():
            refer(document, (*path, "queues", queue), queue, self._queues, "queue", at_key=True)
            if wanted.length and wanted.agents_ready:
                document.add((*path, "queues", queue), "nobody waits where an agent is ready: give one or the other")
        refer_all(document, (*path, "agents"), given.agents, self._agents, "agent")
        for node in given.data:
            refer(document, (*path, "data", node), node, self._asking, "node that asks another system", at_key=True)
        if given.earlier is not None and given.earlier.last_queue is not None:
            refer(document, (*path, "earlier", "last_queue"), given.earlier.last_queue, self._queues, "queue")
        refer_all(document, (*path, "errors"), given.errors, self._nodes, "node")
        if given.access_code is not None:
            refer(document, (*path, "access_code"), given.access_code, self._codes, "access code")

    def _check_step(self, path: Path_, step: StepSection) -> None:
        given = [key for key in STEPS if getattr(step, key) is not None]
        if len(given) != 1 and (given or self._whole):
            self._document.add(path, f"a step is one of {', '.join(STEPS[:-1])}, not {len(given)} of them")
        for number, prompt in enumerate(step.hear or ()):
            if prompt != ANY and " " not in prompt:  # what has a space is a text made at run time
                refer(self._document, (*path, "hear", number), prompt, self._prompts, "prompt")
        if step.expect is not None:
            self._check_expect((*path, "expect"), step.expect)

    def _check_expect(self, path: Path_, expect: ExpectSection) -> None:
        known = {
            "node": self._nodes, "flow": self._flows, "queue": self._queues, "language": self._languages,
            "agent": self._agents,
        }  # fmt: skip
        for key, names in known.items():
            word = getattr(expect, key)
            if word is not None:
                refer(self._document, (*path, key), word, names, key)
        for skill in expect.requires or ():
            refer(self._document, (*path, "requires", skill), skill, self._skills, "skill", at_key=True)
        if not expect.model_fields_set:
            self._document.add(path, "expects nothing")


def _answer(section: AnswerSection) -> DataGiven:
    return DataGiven(section.outcome or "ok", section.values, section.body, section.after)
