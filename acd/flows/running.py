"""Runs a test case on the engine: step by step, up to the first thing that is not as expected.

Decides what a step means and how a failure reads. Must not know files or coverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acd.domain.flow_path import PathStep
from acd.domain.ids import FlowId
from acd.domain.plan import Plan
from acd.engine import ivr
from acd.flows.case_file import ANY, ExpectSection, StepSection
from acd.flows.cases import Case
from acd.flows.given import CannotBeGiven
from acd.flows.line import Endless, Line
from acd.flows.ways import Step, steps
from acd.settings.expressions import evaluate_in_flow

_EMPTY = "none"


@dataclass(frozen=True, slots=True)
class Failure:
    """What was not as expected, where it stands, and how the call had gone."""

    file: str
    line: int
    column: int
    case: str
    message: str
    way: str
    heard: tuple[str, ...]

    def __str__(self) -> str:
        """Render for people and for editors that jump to ``file:line:column``."""
        said = f"\n    heard: {', '.join(self.heard)}" if self.heard else ""
        return f"{self.file}:{self.line}:{self.column}: {self.case}: {self.message}\n    way: {self.way or '-'}{said}"


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went; ``walked`` are the ways the caller took, also up to a failure."""

    case: Case
    failure: Failure | None
    walked: tuple[Step, ...]
    way: str = ""
    """The same for people."""


class _Unlike(Exception):  # noqa: N818 - not an error of ours
    """Something is not as expected."""


def run(case: Case, plan: Plan, evaluate: ivr.Evaluator = evaluate_in_flow) -> Result:
    """Run a case; ``plan`` is a ``marked`` one."""
    try:
        running = _Running(case, Line(plan, case.given, evaluate))
    except CannotBeGiven as error:
        return Result(case, Failure(case.file, *case.places[0], case.name, f"cannot be given: {error}", "", ()), ())
    failure = None
    try:
        running.all()
    except _Unlike as unlike:
        failure = running.failure(str(unlike))
    except Endless:
        failure = running.failure("the flow speaks on without end")
    running.line.hang_up()
    return Result(case, failure, tuple(steps(running.line.path)), shown(running.line.path))


def shown(path: tuple[PathStep, ...]) -> str:
    """Write a path down: nodes with the way to each, ``jam_buka > [open] bahasa > [1] bahasa_id``."""
    parts = []
    flow: FlowId | None = None
    for step in steps(path):
        way = "" if step.name in {"", "next"} else f"[{step.name}] "
        elsewhere = f"{step.flow}:" if flow is not None and step.flow != flow else ""
        flow = step.flow
        parts.append(f"{way}{elsewhere}{step.target}")
    return " > ".join(parts)


class _Running:
    def __init__(self, case: Case, line: Line) -> None:
        self.case, self.line = case, line
        self._number = 0
        self._heard: list[str] = []

    def all(self) -> None:
        for number, step in enumerate(self.case.steps):
            self._number = number
            self._step(step)
        self.line.listen()
        self._nothing_more()

    def failure(self, message: str) -> Failure:
        heard = (*self._heard, *(spoken.prompt for spoken in self.line.unheard))
        where = self.case.places[self._number]
        return Failure(
            self.case.file, *where, self.case.name, f"step {self._number + 1}: {message}", shown(self.line.path), heard
        )

    def _step(self, step: StepSection) -> None:
        self._do(step)
        if self.line.unanswered is not None:
            node = self.line.unanswered
            raise _Unlike(f"'{node}' asks another system, and no answer is given: data: {{{node}: {{...}}}}")

    def _do(self, step: StepSection) -> None:
        if step.hear is not None:
            return self._hear(step.hear)
        self._nothing_more()
        if step.expect is None and self.line.over:
            raise _Unlike(f"the call is over: {self._ended()}")
        if step.press is not None:
            for key in step.press:
                self.line.press(key)
        elif step.speak is not None:
            self.line.speak(step.speak)
        elif step.wait is not None:
            self.line.wait(step.wait)
        elif step.expect is not None:
            self.line.listen()
            self._expect(step.expect)
        elif step.do == "hang_up":
            self.line.hang_up()
        elif step.do == "agent_answers":
            if not self.line.agent_answers():
                raise _Unlike("no agent's phone rings")
        elif not self.line.agent_hangs_up():
            raise _Unlike("no agent is on the line")
        return None

    # ------------------------------------------------------------ hearing

    def _next(self) -> str | None:
        """The next prompt that is said; None when nothing more is."""
        while not self.line.unheard:
            if not self.line.finish_speech():
                return None
        spoken = self.line.unheard.popleft()
        self._heard.append(spoken.prompt)
        return spoken.prompt

    def _hear(self, wanted: tuple[str, ...]) -> None:
        passing = not self.case.strict
        for prompt in wanted:
            if prompt == ANY:
                passing = True
                continue
            while (said := self._next()) != prompt:
                if said is None:
                    raise _Unlike(f"expected to hear '{prompt}', but nothing more is said: {self._state()}")
                if not passing:
                    raise _Unlike(f"expected to hear '{prompt}', but heard '{said}'")
            passing = not self.case.strict
        if wanted[-1] == ANY:
            while self._next() is not None:
                pass

    def _nothing_more(self) -> None:
        if not self.line.unheard:
            return
        said = [spoken.prompt for spoken in self.line.unheard]
        if self.case.strict:
            raise _Unlike(f"nothing more was expected to be said before this, but heard {', '.join(map(repr, said))}")
        self._heard += said
        self.line.unheard.clear()

    # ------------------------------------------------------------ expecting

    def _state(self) -> str:
        line = self.line
        if line.over:
            return f"the call is over ({self._ended()})"
        phase = line.contact.phase
        match phase.kind:
            case "ivr":
                return f"the caller is at '{line.node}'"
            case "waiting":
                return f"the caller waits in '{line.contact.queue}'"
            case "talking":
                return f"the caller talks with {line.contact.agent}"
            case _:
                return f"the call is {phase.kind.replace('_', ' ')}"

    def _ended(self) -> str:
        return str(self.line.record.exit) if self.line.record is not None else "it goes on"

    def _expect(self, expect: ExpectSection) -> None:
        unlike = [f"{what} is {_said(got)}, not {_said(wanted)}" for what, wanted, got in self._compared(expect)
                  if wanted != got]  # fmt: skip
        if unlike:
            raise _Unlike(f"{'; '.join(unlike)}: {self._state()}")

    def _compared(self, expect: ExpectSection) -> Iterator[tuple[str, object, object]]:
        """What is looked at: its name, what is expected of it, and what it is."""
        line, contact, waiting = self.line, self.line.contact, self.line.waiting
        record = line.record
        handed = line.handed_over
        found: dict[str, object] = {
            "node": line.node,
            "flow": line.flow,
            "queue": contact.queue if record is None else record.queue,
            "requires": {need.skill: need.level for need in waiting.requires} if waiting is not None else {},
            "priority": waiting.priority if waiting is not None else None,
            "language": contact.language,
            "agent": contact.agent,
            "events": tuple(line.events),
            "answered": contact.answered_at is not None,
            "transfer": f"{handed.context}/{handed.extension}" if handed is not None else None,
            "exit": record.exit if record is not None else None,
            "cause": record.cause if record is not None else None,
        }
        for name, got in found.items():
            wanted = getattr(expect, name)
            if wanted is not None:
                yield name, wanted, got
        for variable, text in expect.variables.items():
            yield f"variable '{variable}'", "" if text == _EMPTY else text, _text(contact.variables.get(variable))


def _text(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def _said(value: object) -> str:
    if value is None:
        return "not there"
    if isinstance(value, dict):
        return ", ".join(f"{k} at {v}" for k, v in value.items()) or "nothing"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value == "" else str(value)
