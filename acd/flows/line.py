"""One caller on the real engine: a virtual clock, timers, a voice that takes no time, agents who do as they are told.

Decides what Asterisk and people would answer to a command. Must not know what a test expects.

Speech takes no time: a prompt is over as soon as something waits for its end, so that waited seconds are seconds of
silence and a flow's author can count them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from acd.domain.commands import (
    CheckRecording,
    Command,
    ContinueInDialplan,
    FetchData,
    HangUp,
    Originate,
    Play,
    SendHook,
    StartTimer,
    StopPlay,
    WriteRecord,
)
from acd.domain.errors import ExpressionError
from acd.domain.events import (
    CallArrived,
    DataFetched,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegLeft,
    LinkChanged,
    PlanLoaded,
    PlaybackEnded,
    RecordingChecked,
    RecordingEnded,
    TalkingStarted,
    TimerFired,
)
from acd.domain.flow_path import PathStep
from acd.domain.flow_values import Expression, Value
from acd.domain.ids import ContactId, FlowId, Language, LegId, NodeId, PlaybackId
from acd.domain.plan import Plan
from acd.domain.record import CallRecord
from acd.domain.sound_commands import PlayTake, StartListening, StartTake, StopListening, StopTake
from acd.engine import ivr
from acd.engine.core import Engine
from acd.engine.ivr.walk import Walk
from acd.engine.state import Contact, InIvr, Position, Waiting
from acd.flows.answers import answer
from acd.flows.given import DataGiven, Given, arranged, bring_about
from acd.settings.expressions import evaluate_in_flow
from acd.settings.own_policies import policies_for

CALLER = LegId("caller")
MOST_PROMPTS = 1_000
"""Spoken without anything else happening in between: a round nobody would get out of."""
MOST_EVENTS = 10_000
"""Happening by themselves within one wait: the same."""


PLAYED_BACK = "own recording"
"""Stands for what the caller recorded, where that is played back."""
TONE_S = 0.5
"""Longer than the tone before a recording."""


class Endless(Exception):  # noqa: N818 - says what it is
    """A flow speaks on and on, or goes on and on by itself."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A prompt, or a text made at run time, in the language it was spoken in."""

    prompt: str
    language: Language


class Line:
    """A call from its arrival to its end."""

    def __init__(
        self,
        plan: Plan,
        given: Given,
        evaluate: ivr.Evaluator = evaluate_in_flow,
        asked: Callable[[FetchData], DataGiven] | None = None,
    ) -> None:
        """Bring about what is given, and call. Without ``asked`` other systems answer what is given.

        Raises:
            CannotBeGiven: what is given contradicts itself.
        """
        self.plan, code = arranged(plan, given)
        self.at = given.at
        self.unheard: deque[Heard] = deque()
        """What was begun to be spoken and nobody asked for yet."""
        self.speaking: PlaybackId | None = None
        self.record: CallRecord | None = None
        self.handed_over: ContinueInDialplan | None = None
        self.events: list[str] = []
        """What other systems were told."""
        self.unanswered: NodeId | None = None
        """A node that asked another system for which no answer is given."""
        self.waiting: Waiting | None = None
        """How the caller waited last, or waits."""
        self._contact: Contact | None = None
        self._engine = Engine(policies=policies_for, evaluate=_Failing(evaluate, given.errors))
        self._given, self._ask = given, asked
        self._due: list[tuple[float, int, Event]] = []
        """What will happen by itself: when, a number that keeps the order, and what."""
        self._number = 0
        self._soon: deque[Event] = deque()
        self._listening = False
        self._take: StartTake | None = None
        """The recording of the caller that runs."""
        self._take_end: RecordingEnded | None = None
        self._take_began = self._said_s = 0.0
        self._ringing: dict[LegId, None] = {}
        self._agent: LegId | None = None
        self._do(PlanLoaded(self.at, self.plan))
        self._do(LinkChanged(self.at, "ari", up=True))
        bring_about(plan, given, self._engine.state, self._do)
        trunk = next((t.channel_prefixes[0] for t in plan.trunks.values() if t.channel_prefixes), "Local/caller")
        self._do(CallArrived(self.at, CALLER, f"{trunk}-00000001", code, given.caller))

    # ------------------------------------------------------------ what is seen

    @property
    def contact(self) -> Contact:
        """The caller's contact, or what it was at last."""
        assert self._contact is not None  # noqa: S101 - the call arrived
        return self._contact

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.record is not None

    @property
    def path(self) -> tuple[PathStep, ...]:
        """The nodes the caller came to."""
        return self.contact.path if self.record is None else self.record.path

    @property
    def flow(self) -> FlowId:
        """The flow the caller is in, or was in last."""
        return self._position().flow

    @property
    def node(self) -> NodeId:
        """The node the caller is at, or was at last."""
        return self._position().node

    def _position(self) -> Position:
        match self.contact.phase:
            case InIvr(position=position) | Waiting(position=position):
                return position
            case _:
                step = self.path[-1] if self.path else None
                return Position(step.flow, step.node) if step else Position(FlowId(""), NodeId(""))

    # ------------------------------------------------------------ what is done

    def finish_speech(self) -> bool:
        """Let what is being said come to its end. False when nothing is."""
        if self.speaking is None:
            return False
        ended, self.speaking = self.speaking, None
        self._do(PlaybackEnded(self.at, ended))
        return True

    def listen(self) -> None:
        """Let everything be said. Raises ``Endless``."""
        for _ in range(MOST_PROMPTS):
            if not self.finish_speech():
                return
        raise Endless

    def press(self, key: str) -> None:
        """Press a key, into whatever is being said; one that ends a recording does that, too."""
        if self._take is not None and self._take.terminator in {key, "any"}:
            self._end_take()
        self._do(DigitPressed(self.at, CALLER, key))

    def speak(self, seconds: float) -> None:
        """Say something for so long, after the tone if one is about to sound. Raises ``Endless``."""
        self.listen()
        if self._take is None and not self._listening:
            self.wait(TONE_S)
        if self._listening:
            self._do(TalkingStarted(self.at, CALLER))
        if self._take is not None:
            self._said_s += seconds
            self._take_ends_in(seconds + (self._take.silence_s or self._take.most_s))
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Listen, then be silent for so long; listen to whatever comes meanwhile. Raises ``Endless``."""
        until = self.at + seconds
        self.listen()
        for _ in range(MOST_EVENTS):
            if not self._due or self._due[0][0] > until:
                self.at = until
                return
            self._fire()
        raise Endless

    def wait_for_next(self) -> float | None:
        """Be silent until the next thing happens by itself; gives the seconds, None when nothing would.

        Raises ``Endless``.
        """
        self.listen()
        began, seen = self.at, (self.contact, len(self.unheard))
        for _ in range(MOST_EVENTS):
            if not self._due or self.over:
                return None
            self._fire()
            if seen != (self.contact, len(self.unheard)):
                return self.at - began
        raise Endless

    def hang_up(self) -> None:
        """End the call."""
        if not self.over:
            self._do(LegEnded(self.at, CALLER, 16))
            if self._take is not None:
                self._end_take()

    def agent_answers(self) -> bool:
        """Let the phone that rings be answered. False when none does."""
        leg = next(iter(self._ringing), None)
        if leg is None:
            return False
        del self._ringing[leg]
        self._agent = leg
        self._do(LegAnswered(self.at, leg))
        return True

    def agent_hangs_up(self) -> bool:
        """Let the agent end the conversation. False when there is none."""
        leg, self._agent = self._agent, None
        if leg is None:
            return False
        self._do(LegEnded(self.at, leg, 16))
        return True

    # ------------------------------------------------------------ the engine

    def _fire(self) -> None:
        due, _, event = heappop(self._due)
        if isinstance(event, TimerFired):
            timer = self._engine.state.timers.get(event.key)
            if timer is None or timer.generation != event.generation:
                return
        if isinstance(event, RecordingEnded):
            if event is not self._take_end:
                return
            self._take = None
        self.at = max(self.at, due)
        self._do(event)
        self.listen()

    def _take_ends_in(self, seconds: float) -> None:
        assert self._take is not None  # noqa: S101 - asked only then
        due = min(self.at + seconds, self._take_began + self._take.most_s)
        self._take_end = RecordingEnded(due, self._take.name, ok=True, duration_s=self._said_s)
        self._later(due, self._take_end)

    def _end_take(self) -> None:
        take, self._take, self._take_end = self._take, None, None
        if take is not None:
            self._do(RecordingEnded(self.at, take.name, ok=True, duration_s=self._said_s))

    def _later(self, at: float, event: Event) -> None:
        self._number += 1
        heappush(self._due, (at, self._number, event))

    def _do(self, event: Event) -> None:
        self._soon.append(event)
        while self._soon:
            for command in self._engine.handle(self._soon.popleft()):
                self._soon.extend(self._answer(command))
            contact = self._engine.state.contacts.get(ContactId(CALLER))
            if contact is not None:
                self._contact = contact
                if isinstance(contact.phase, Waiting):
                    self.waiting = contact.phase

    def _answer(self, command: Command) -> Iterator[Event]:
        """What Asterisk and people make of a command."""
        match command:
            case StartTimer(key, generation, due):
                self._later(due, TimerFired(due, key, generation))
            case Play(leg_id=leg, playback_id=playback, prompts=prompts, language=language) if leg == CALLER:
                self.speaking = playback
                said = (prompt if isinstance(prompt, str) else prompt.text for prompt in prompts)
                self.unheard.extend(Heard(one, language) for one in said)
            case StopPlay(playback_id=playback) if playback == self.speaking:
                self.speaking = None
            case Originate(leg_id=leg, alone=False):
                self._ringing[leg] = None
            case HangUp(leg_id=leg, cause=cause):
                self._ringing.pop(leg, None)
                yield LegEnded(self.at, leg, cause)
            case ContinueInDialplan(leg_id=leg):
                self.handed_over = command if leg == CALLER else self.handed_over
                yield LegLeft(self.at, leg)
            case FetchData(contact_id=contact) if contact == str(CALLER):
                answered = self._asked(command)
                if answered.latency_s:
                    self._later(answered.at, answered)
                else:
                    yield answered
            case StartTake():
                self._take, self._take_began, self._said_s = command, self.at, 0.0
                self._take_ends_in(command.silence_s or command.most_s)
            case StopTake():
                self._take = self._take_end = None
                yield RecordingEnded(self.at, command.name, ok=True, duration_s=self._said_s)
            case PlayTake(playback_id=playback, prompts=prompts, language=language):
                self.speaking = playback
                self.unheard.extend(Heard(one, language) for one in (PLAYED_BACK, *prompts))
            case CheckRecording(name=name) if "-r" in name:
                lasted, problem = 1 + self._said_s, "as given" if self._given.recordings_fail else ""
                silent = self._said_s == 0
                yield RecordingChecked(self.at, name, int(lasted * 8000), lasted, not problem, problem, silent)
            case StartListening() | StopListening():
                self._listening = isinstance(command, StartListening)
            case SendHook(body=body):
                self.events.append(json.loads(body)["event"])
            case WriteRecord(record) if record.contact_id == str(CALLER):
                self.record = record
            case _:
                pass

    def _asked(self, question: FetchData) -> DataFetched:
        node = NodeId(question.node.rpartition("/")[2])
        given = self._given.data.get(node) if self._ask is None else self._ask(question)
        if given is None:
            self.unanswered = node
            return DataFetched(self.at, question.contact_id, question.request_id, "failed")
        return answer(given, question, self.at)


class _Failing:
    """Evaluates, but for the nodes whose expressions shall have no value."""

    def __init__(self, evaluate: ivr.Evaluator, nodes: frozenset[NodeId]) -> None:
        self._evaluate, self._nodes = evaluate, nodes

    def __call__(self, expression: Expression, walk: Walk) -> Value:
        if walk.position.node in self._nodes:
            raise ExpressionError("no value, as given")
        return self._evaluate(expression, walk)
