"""Calls at random: whatever a plan says and whoever calls, each call ends in one record, and nothing is left behind.

Plans are loaded ones, or put together of all kinds of nodes with ways that lead anywhere, as no loader would let them
pass. Callers press, wait, speak, stay silent, hang up; other systems answer anything; what is late, twice or unknown
happens too, and plans change in the middle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from random import Random
from typing import Literal

from acd.domain.commands import Command, FetchData, WriteRecord
from acd.domain.data import DataOutcome
from acd.domain.events import (
    CommandFailed,
    DataFetched,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LinkChanged,
    PlanLoaded,
    PlaybackEnded,
    RecordingEnded,
    TalkingStarted,
    TimerFired,
)
from acd.domain.exits import Exit
from acd.domain.flow import FlowPlan, Node
from acd.domain.ids import FlowId, LegId, NodeId, PlaybackId, RecordingName, RequestId, TimerKey
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.flows.given import DataGiven, Given
from acd.flows.line import CALLER, Endless, Line
from acd.flows.ways import _mapped

MONDAY = 1780880400.0
"""2026-06-08, 08:00 in Jakarta."""
MOST_COMMANDS = 1_500
"""Of one event: a hundred nodes at most, each with a few."""
MOST_STEPS = 60
"""Of a caller."""
LATER_S = 1800.0
"""Promises expire after four hours; an hour and a half is enough for everything else."""
_KEYS = "0123456789*#ABCD"
_FAILURES: tuple[Literal["gone", "refused", "timeout", "unavailable"], ...] = (
    "gone",
    "refused",
    "timeout",
    "unavailable",
)
_OUTCOMES: tuple[DataOutcome, ...] = ("ok", "ok", "not_found", "invalid", "timeout", "failed")
_CALLERS = ("+628110000001", "", "anonymous", "0811999", "62811999", "+62811999", "x" * 80, "\ud800", "+" + "9" * 40)


class WatchedLine(Line):
    """A line that sees to it that no event makes endless work, and that there is one record."""

    _turn: object = None
    _commands = 0
    records = 0

    def _answer(self, command: Command) -> Iterator[Event]:
        if self._engine.turn is not self._turn:
            self._turn, self._commands = self._engine.turn, 0
        self._commands += 1
        assert self._commands <= MOST_COMMANDS, f"{self._commands} commands of one event, the last {command}"
        if isinstance(command, WriteRecord) and command.record.contact_id == str(CALLER):
            self.records += 1
        return super()._answer(command)


def live(chance: Random, plan: Plan, code: str, other: Plan | None = None) -> tuple[str, CallRecord | None]:
    """Let one call happen, from its arrival until nothing is left of it. Tells how it ended, and its record.

    ``other`` is a plan that may come into force meanwhile.
    """
    given = Given(
        MONDAY + chance.randrange(7 * 86400), plan.access_codes[code].flow, chance.choice(_CALLERS), code,
        recordings_fail=chance.random() < 0.2,
    )  # fmt: skip
    line = WatchedLine(plan, given, asked=lambda question: _answered(chance, question))
    how = "went its way"
    try:
        for _ in range(chance.randrange(MOST_STEPS)):
            if line.over:
                break
            _step(chance, line, other)
    except Endless:
        how = "speaks on"
    if not line.over:
        how = how if how == "speaks on" else "hung up"
        line.hang_up()
    _rest(line)
    return how, line.record


def _rest(line: WatchedLine) -> None:
    """What is true when a call is over, and all that was to come of it has come."""
    line.agent_hangs_up()
    if line.handed_over is not None:
        line._do(LegEnded(line.at, CALLER, 16))  # the dialplan is done with the channel, too
    for _ in range(30):
        if line.over and not line._engine.state.contacts:
            break
        line.speaking = None
        with suppress(Endless):
            line.wait(LATER_S)
        line.agent_hangs_up()
        for contact in list(line._engine.state.contacts.values()):  # who was called back has to go, too
            line._do(LegEnded(line.at, contact.leg, 16))
    state = line._engine.state
    assert line.records == 1, f"{line.records} records"
    assert line.record is not None
    assert line.record.exit in set(Exit)
    assert not state.contacts, state.contacts
    assert not state.leases
    assert not state.callbacks
    left = [key for key in state.timers if key.partition(":")[0] not in _MEMORIES]
    assert not left, left
    assert len(line.record.path) <= 1_000


_MEMORIES = {"redial", "rec", "wrap", "rest"}
"""Timers that are not of a contact in progress."""


def _step(chance: Random, line: WatchedLine, other: Plan | None) -> None:
    match chance.randrange(16):
        case 0 | 1 | 2 | 3 | 4:
            line.press(chance.choice(_KEYS))
        case 5:
            for key in chance.choices(_KEYS, k=chance.randrange(1, 15)):
                line.press(key)
        case 6 | 7:
            line.finish_speech()
        case 8 | 9:
            line.wait(chance.choice((0.1, 1.0, 3.0, 10.0, 100.0)))
        case 10:
            line.wait_for_next()
        case 11:
            line.speak(chance.uniform(0.1, 20.0))
        case 12:
            line.agent_answers()
        case 13:
            line.agent_hangs_up()
        case 14:
            line._do(_out_of_place(chance, line, other))
        case _:
            if chance.random() < 0.3:
                line.hang_up()


def _out_of_place(chance: Random, line: WatchedLine, other: Plan | None) -> Event:
    """Something late, twice, or about nobody."""
    at, contact = line.at, line.contact
    leg = chance.choice((CALLER, LegId("nobody")))
    plays = range(8)
    events: list[Event] = [
        PlaybackEnded(at, PlaybackId(f"acd-p-{contact.id}-{chance.choice(plays)}")),
        TimerFired(at, TimerKey(f"{chance.choice(_TIMERS)}:{contact.id}"), chance.randrange(20)),
        DataFetched(at, contact.id, RequestId(f"{contact.id}-{chance.choice(plays)}"), chance.choice(_OUTCOMES)),
        DigitPressed(at, leg, chance.choice(("", "12", "x", "\ud800"))),
        LegAnswered(at, leg),
        TalkingStarted(at, leg),
        RecordingEnded(at, RecordingName(f"acd/{contact.id}-r{chance.choice(plays)}"), ok=False),
        LinkChanged(at, "ami", up=chance.random() < 0.5),
        CommandFailed(at, chance.choice(("play", "originate", "record")), contact.id, chance.choice(_FAILURES), leg),
        LegEnded(at, LegId("nobody"), 16),
    ]
    if other is not None and chance.random() < 0.5:
        return PlanLoaded(at, other)
    return chance.choice(events)


_TIMERS = (
    "ivr",
    "play",
    "wait",
    "tell",
    "tone",
    "relax",
    "named",
    "leave",
    "left",
    "declined",
    "rec",
    "wrap",
    "redial",
)


def _answered(chance: Random, question: FetchData) -> DataGiven:
    if chance.random() < 0.3:
        return DataGiven(
            "ok", body=chance.choice(('{"n": 4, "day": "2026-01-02"}', '{"n": "x"}', "[]", "{", '{"n": 1e400}'))
        )
    values = {
        want.variable: chance.choice(("1", "-5", "x", "2026-02-30", "true", "9" * 25, "")) for want in question.wanted
    }
    return DataGiven(chance.choice(_OUTCOMES), values, after_s=chance.choice((0.0, 0.0, 0.5, 2.0, 60.0)))


# ---------------------------------------------------------------- plans of any nodes


def any_plan(chance: Random, plan: Plan) -> Plan:
    """A plan of the same nodes in any number, whose ways lead anywhere: to themselves, round, to nowhere."""
    kinds = [node for flow in plan.flows.values() for node in flow.nodes.values()]
    flows = {flow.id: _any_flow(chance, flow, kinds, list(plan.flows)) for flow in plan.flows.values()}
    return replace(plan, version=f"v{chance.randrange(1000)}", flows=flows)


def _any_flow(chance: Random, flow: FlowPlan, kinds: list[Node], flows: list[FlowId]) -> FlowPlan:
    names = [NodeId(f"n{number}") for number in range(chance.randrange(1, 12))]

    def anywhere(_way: str, _target: NodeId, _says: str) -> NodeId:
        return NodeId("nowhere") if chance.random() < 0.01 else chance.choice(names)

    nodes: dict[NodeId, Node] = {}
    for name in names:
        node = replace(_mapped(chance.choice(kinds), anywhere), id=name)
        nodes[name] = _turned(chance, node, flows)
    return replace(
        flow,
        version=f"v{chance.randrange(1000)}",
        entry=chance.choice(names),
        on_error=chance.choice([None, *names]),
        nodes=nodes,
    )


def _turned(chance: Random, node: Node, flows: list[FlowId]) -> Node:
    """The node with other numbers and switches, and another flow where it names one."""
    changes: dict[str, object] = {}
    for field in fields(node):
        held = getattr(node, field.name)
        if isinstance(held, bool):
            changes[field.name] = chance.random() < 0.5
        elif field.name == "retries":
            changes[field.name] = chance.randrange(4)
        elif field.name == "flow" and held is not None:
            changes[field.name] = chance.choice(flows)
        elif isinstance(held, float):
            changes[field.name] = chance.choice((0.1, 1.0, 5.0, 600.0))
        elif field.name.endswith("prompts") and chance.random() < 0.2:
            changes[field.name] = ()
    return replace(node, **changes)  # type: ignore[arg-type] # of the field's own type


def hold(plan: Plan, seed: int) -> str:
    """Let a call happen on a plan of any nodes. Tells how it ended."""
    chance = Random(seed)
    mine = any_plan(chance, plan)
    other = any_plan(chance, plan) if chance.random() < 0.3 else None
    how, record = live(chance, mine, chance.choice(list(mine.access_codes)), other)
    return f"{how}, {record.exit}" if record is not None else how


def kinds_in(plan: Plan) -> Counter[str]:
    """How many nodes of each kind there are."""
    return Counter(node.kind for flow in plan.flows.values() for node in flow.nodes.values())
