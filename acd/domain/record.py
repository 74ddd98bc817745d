"""What is kept of a contact and of a recording: the rows an auditor recomputes every figure from."""

from __future__ import annotations

from dataclasses import dataclass

from acd.domain.callback_plan import AttemptOutcome
from acd.domain.exits import Exit
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.ids import (
    AgentId,
    ContactId,
    DispositionId,
    FlowId,
    Language,
    LegId,
    NodeId,
    QueueId,
    RecordingName,
    TrunkId,
)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call attempt. Times are seconds since the epoch, UTC; None means it did not come to that."""

    contact_id: ContactId
    exit: Exit
    access_code: str
    trunk: TrunkId | None
    caller: str
    """Calling number as the network gave it; empty when withheld."""
    arrived_at: float
    answered_at: float | None
    """The caller's channel was answered (by the flow or at the connection)."""
    queued_at: float | None
    """Entered the first queue."""
    connected_at: float | None
    """Joined with the agent."""
    ended_at: float
    queue: QueueId | None
    """The last queue waited in."""
    agent: AgentId | None
    language: Language | None
    flow: FlowId | None
    last_node: NodeId | None
    """Where in the flow the caller was last."""
    cause: int
    """Q.850 cause; 0 when Asterisk could not tell (the call ended while nobody watched)."""
    sip_code: int | None
    recording: RecordingName | None
    offers: int
    """How many agents were rung."""
    within_target: bool | None
    """Answered within the queue's service-level time; None when never queued."""
    plan_version: str
    disposition: DispositionId | None = None
    """How the agent said it went; one of the queue's own list. May still be set, or changed, during wrap-up."""
    attempts: int = 0
    """Outbound calls made to call the customer back; their rows are ``CallbackAttempt``."""
    follows: ContactId | None = None
    """The contact whose place in the queue this one took over: the customer called again."""
    path: tuple[PathStep, ...] = ()
    """The nodes of flows it came to, oldest first; the first 200."""
    talk_ended_at: float | None = None
    """The agent hung up and the caller stayed on in the flow; None: the conversation's end was the contact's."""
    consents: tuple[Consent, ...] = ()
    answers: tuple[SurveyAnswer, ...] = ()
    """To surveys, in the order given."""
    closed_as: Exit | None = None
    """Its Asterisk was out of reach, so the call was closed with this exit; it went on, and here is how it ended."""
    closed_at: float | None = None
    """The end it had been closed with."""

    @property
    def wait_s(self) -> float | None:
        """Seconds from entering the first queue to connection, or to the end without one."""
        if self.queued_at is None:
            return None
        return (self.connected_at if self.connected_at is not None else self.ended_at) - self.queued_at

    @property
    def talk_s(self) -> float | None:
        """Seconds joined with an agent."""
        if self.connected_at is None:
            return None
        return (self.ended_at if self.talk_ended_at is None else self.talk_ended_at) - self.connected_at


@dataclass(frozen=True, slots=True)
class RecordCorrection:
    """How a call really ended that had been closed: takes the place of its record, which it names."""

    contact_id: ContactId
    record: CallRecord


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """One recording file and whether it holds what it should."""

    name: RecordingName
    contact_id: ContactId
    agent: AgentId | None
    started_at: float
    talk_s: float
    """How long the parties were joined, by the engine's clock."""
    bytes: int
    """Size of the file; 0 when there is none."""
    duration_s: float
    """Sound in the file, from its own frames rather than from what Asterisk said."""
    ok: bool
    problem: str
    """Empty when ok, else what is wrong, in plain words."""


@dataclass(frozen=True, slots=True)
class DispositionRow:
    """How an agent said a contact went, after its call record was made: replaces what the record says of it."""

    contact_id: ContactId
    disposition: DispositionId
    agent: AgentId
    at: float


@dataclass(frozen=True, slots=True)
class CallbackAttempt:
    """One outbound call of a callback; ``leg`` is unique. Times are seconds since the epoch."""

    leg: LegId
    contact_id: ContactId
    number: str
    """The customer's, as it was called."""
    trunk: TrunkId
    started_at: float
    answered_at: float | None
    ended_at: float
    """For a customer who was connected, that moment: the rest is the call record's."""
    outcome: AttemptOutcome
    cause: int
    """Q.850; 0 when Asterisk could not tell."""
    sip_code: int | None


@dataclass(frozen=True, slots=True)
class HookRow:
    """An event that a webhook is to be told, until it was."""

    event_id: str
    webhook: str
    at: float
    body: str
    """JSON text."""


@dataclass(frozen=True, slots=True)
class HookDone:
    """What became of an event: told (``delivered``), or given up. Its body is forgotten."""

    event_id: str
    at: float
    delivered: bool
