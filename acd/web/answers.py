"""What the API answers with, beside the engine's own views: frozen values, made without any I/O."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from acd.domain.callback_plan import AttemptOutcome
from acd.domain.decision import Decision, Step
from acd.domain.exits import Exit
from acd.domain.flow_path import Consent, PathStep, SurveyAnswer
from acd.domain.gaps import Gap
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
from acd.domain.record import (
    CallbackAttempt,
    CallRecord,
    RecordingRow,
)
from acd.engine.kpi import NOT_OFFERED, SCR_FORM, SERVICE_LEVEL_FORM, SUCCESSES, Figures, QueueFigures
from acd.engine.view_shapes import AgentView, ContactView, QueueView, TrunkView
from acd.engine.views import masked


@dataclass(frozen=True, slots=True)
class Health:
    """The process is alive."""

    status: Literal["alive"] = "alive"


@dataclass(frozen=True, slots=True)
class Agents:
    """All agents."""

    agents: tuple[AgentView, ...]


@dataclass(frozen=True, slots=True)
class Queues:
    """All queues."""

    queues: tuple[QueueView, ...]


@dataclass(frozen=True, slots=True)
class Trunks:
    """All trunks."""

    trunks: tuple[TrunkView, ...]


@dataclass(frozen=True, slots=True)
class Contacts:
    """All contacts now in the system."""

    contacts: tuple[ContactView, ...]


_APART = ("path", "consents", "answers")
"""Fields of a record that are given for one record only."""


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """A call record; ``caller`` is masked to the last three digits unless a supervisor asks."""

    contact_id: ContactId
    exit: Exit
    access_code: str
    trunk: TrunkId | None
    caller: str
    arrived_at: float
    answered_at: float | None
    queued_at: float | None
    connected_at: float | None
    ended_at: float
    queue: QueueId | None
    agent: AgentId | None
    language: Language | None
    flow: FlowId | None
    last_node: NodeId | None
    cause: int
    sip_code: int | None
    recording: RecordingName | None
    offers: int
    within_target: bool | None
    plan_version: str
    disposition: DispositionId | None
    attempts: int
    """Outbound calls made to call the customer back."""
    follows: ContactId | None
    """The contact whose place in the queue this one took over."""
    talk_ended_at: float | None
    closed_as: Exit | None
    """The exit a call had been closed with that went on, as its Asterisk was out of reach; null for all others."""
    closed_at: float | None
    """The end it had been closed with."""
    wait_s: float | None
    talk_s: float | None

    @classmethod
    def of(cls, record: CallRecord, *, full_numbers: bool) -> RecordAnswer:
        """Make the answer from a record."""
        values = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in _APART}
        values["caller"] = record.caller if full_numbers else masked(record.caller)
        return cls(**values, wait_s=record.wait_s, talk_s=record.talk_s)


@dataclass(frozen=True, slots=True)
class RecordsAnswer:
    """A page of call records, oldest end first; ``next`` is the cursor of the following page, null at the end."""

    records: tuple[RecordAnswer, ...]
    next: str | None
    incomplete: tuple[Gap, ...]
    """When between ``since`` and ``until`` not everything was seen: records of that time may be missing or inexact."""


@dataclass(frozen=True, slots=True)
class AttemptAnswer:
    """An outbound call of a callback; ``number`` is masked to the last three digits unless a supervisor asks."""

    leg: LegId
    number: str
    trunk: TrunkId
    started_at: float
    answered_at: float | None
    ended_at: float
    outcome: AttemptOutcome
    cause: int
    sip_code: int | None

    @classmethod
    def of(cls, attempt: CallbackAttempt, *, full_numbers: bool) -> AttemptAnswer:
        """Make the answer from a row."""
        values = {field.name: getattr(attempt, field.name) for field in fields(cls)}
        values["number"] = attempt.number if full_numbers else masked(attempt.number)
        return cls(**values)


@dataclass(frozen=True, slots=True)
class RecordWithRecordings:
    """A call record, its way through the flows, its recordings, and the outbound calls if it was a callback."""

    record: RecordAnswer
    path: tuple[PathStep, ...]
    """The nodes of flows the contact came to; keys by their kind only."""
    consents: tuple[Consent, ...]
    answers: tuple[SurveyAnswer, ...]
    recordings: tuple[RecordingRow, ...]
    callback_attempts: tuple[AttemptAnswer, ...]


@dataclass(frozen=True, slots=True)
class ExplanationAnswer:
    """How a contact was served: each offer with all who were passed over, and its way (empty until it has ended)."""

    contact_id: ContactId
    decisions: tuple[Decision, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with what it was made of: ``value`` is numerator / denominator, null without traffic."""

    form: str
    explanation: str
    value: float | None
    numerator: int
    denominator: int
    excluded: dict[str, int]
    """Contacts left out of both, by why."""


@dataclass(frozen=True, slots=True)
class QueueRatio:
    """One queue's service level; ``target_s`` is its T in seconds."""

    queue: QueueId
    target_s: float
    answered: int
    abandoned: int
    mean_wait_s: float | None
    """Over every contact whose last queue this was."""
    mean_talk_s: float | None
    """Over the answered ones."""
    service_level: Ratio
    estimates: EstimatesAnswer


@dataclass(frozen=True, slots=True)
class EstimatesAnswer:
    """Announced waits against what callers then waited; null before anybody got an agent.

    Who left before is censored: the figures are those of the product-limit estimate of Kaplan and Meier.
    """

    answered: int
    """Announcements to callers who then got an agent."""
    censored: int
    """Announcements to callers who left before."""
    mean_error_s: float | None
    """Waited less announced: positive when callers waited longer."""
    mean_absolute_error_s: float | None
    within_30s: float | None
    """Share that was right within 30 s, 0 to 1."""


@dataclass(frozen=True, slots=True)
class FiguresAnswer:
    """The figures since ``since`` (seconds since the epoch), each with its form's name and its parts."""

    since: float
    contacts: int
    by_exit: dict[Exit, int]
    success_call_ratio: Ratio
    service_level: Ratio
    queues: tuple[QueueRatio, ...]
    offers: dict[str, int]
    recordings_ok: int
    recordings_bad: int
    callbacks_promised: int
    callback_attempts: dict[str, int]
    """Outbound calls by outcome."""
    places_regained: int
    fallback_seen: int
    taken_back: int
    incomplete: tuple[Gap, ...]
    """When since ``since`` not everything was seen: the figures lack what happened then."""

    @classmethod
    def of(cls, figures: Figures, gaps: tuple[Gap, ...]) -> FiguresAnswer:
        """Lay the figures open."""
        queues = figures.queues.values()
        return cls(
            since=figures.since,
            contacts=figures.records,
            by_exit=figures.by_exit,
            success_call_ratio=_success(figures),
            service_level=_level(
                figures.service_level,
                sum(q.within_target for q in queues),
                sum(q.offered for q in queues),
                sum(q.short_abandoned for q in queues),
            ),
            queues=tuple(_queue(name, queue) for name, queue in figures.queues.items()),
            offers=figures.offers,
            recordings_ok=figures.recordings_ok,
            recordings_bad=figures.recordings_bad,
            callbacks_promised=figures.callbacks_promised,
            callback_attempts=figures.callback_attempts,
            places_regained=figures.places_regained,
            fallback_seen=figures.fallback_seen,
            taken_back=figures.taken_back,
            incomplete=gaps,
        )


def _success(figures: Figures) -> Ratio:
    excluded = {exit_.value: figures.by_exit.get(exit_, 0) for exit_ in NOT_OFFERED}
    return Ratio(
        form=SCR_FORM,
        explanation=(
            f"({' + '.join(SUCCESSES)}) / (all contacts - {' - '.join(NOT_OFFERED)}). "
            "Left out are callers who gave up at once, rang outside the opening hours or dialled no number of ours, "
            "and callbacks taken back."
        ),
        value=figures.success_call_ratio,
        numerator=sum(figures.by_exit.get(exit_, 0) for exit_ in SUCCESSES),
        denominator=figures.records - sum(excluded.values()),
        excluded=excluded,
    )


def _level(value: float | None, within: int, offered: int, short: int) -> Ratio:
    return Ratio(
        form=SERVICE_LEVEL_FORM,
        explanation=(
            "answered within T / offered to the queue. Abandoned contacts count against it whatever their wait; "
            "those who gave up within the short-abandon time, and callbacks taken back, are left out."
        ),
        value=value,
        numerator=within,
        denominator=offered,
        excluded={Exit.SHORT_ABANDONED.value: short},
    )


def _queue(name: QueueId, queue: QueueFigures) -> QueueRatio:
    waited = sum(queue.buckets)
    return QueueRatio(
        queue=name,
        target_s=queue.target_s,
        answered=queue.answered,
        abandoned=queue.abandoned,
        mean_wait_s=queue.wait_sum_s / waited if waited else None,
        mean_talk_s=queue.talk_sum_s / queue.answered if queue.answered else None,
        service_level=_level(queue.service_level, queue.within_target, queue.offered, queue.short_abandoned),
        estimates=EstimatesAnswer(
            answered=queue.estimates.answered_total,
            censored=queue.estimates.censored_total,
            mean_error_s=queue.estimates.mean_error_s,
            mean_absolute_error_s=queue.estimates.mean_absolute_error_s,
            within_30s=queue.estimates.within_ratio,
        ),
    )
