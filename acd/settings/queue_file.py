"""The shape of ``queues.yaml``, as an operator writes it.

Decides which keys a queue has, their types, ranges and defaults. Must not know other files.
"""

from __future__ import annotations

from pydantic import Field

from acd.settings.fields import (
    Count,
    Duration,
    Flag,
    Key,
    Level,
    Name,
    PolicyName,
    PositiveDuration,
    Priority,
    Strict,
    Text,
    Whole,
    Word,
)
from acd.settings.limit_file import LimitsSection
from acd.settings.matching_files import QueueMatching, ReservationSection


class OverflowSection(Strict):
    """What happens to a caller nobody could serve in time."""

    after: PositiveDuration | None = None
    """Longest wait in this queue; without it only a full queue overflows."""
    after_by_language: dict[Name, PositiveDuration] = Field(default_factory=dict)
    """Longest wait of callers who speak a language, where it is another than ``after``."""
    queue: Name | None = None
    """Queue to wait in next; without it the flow's node decides."""
    drop_language: Flag = False
    """In the next queue an agent need not speak the caller's language."""
    prompt: Name | None = None
    """Said before the next queue when the language is dropped."""


class DispositionSection(Strict):
    """A way a conversation can have gone."""

    name: Text = Field(examples=["Selesai"])
    wrap_up: Duration | None = None
    """Wrap-up after such a conversation, instead of the agent's or the queue's."""


class AnnounceSection(Strict):
    """What waiting callers hear besides music: what is new of their place and wait, else a comfort message."""

    position: Flag = False
    """Say the place in the queue."""
    at_most_positions: Whole = Field(default=999, ge=1, le=999)
    """A place beyond this is not said."""
    estimate: Flag = False
    """Say the estimated wait, once enough callers of the queue were served to know it."""
    estimate_at_least: PositiveDuration = 60.0
    """A shorter wait is said as "less than" this."""
    estimate_at_most: PositiveDuration = 1800.0
    """A longer wait is said as "more than" this."""
    estimate_step: PositiveDuration = 60.0
    """Waits are said rounded up to a multiple of this."""
    comfort: tuple[Name, ...] = ()
    """Prompts said in turn when there is nothing new."""
    lunch: Name | None = None
    """Calendar whose lunch prompt is said once to those who begin to wait during its lunch."""
    first_after: PositiveDuration = 15.0
    """From entering the queue to the first announcement."""
    every: PositiveDuration = 45.0
    """From the beginning of one announcement to that of the next."""


class CallbackOfferSection(Strict):
    """How those who wait in a queue can ask to be called back."""

    key: Key = "1"
    from_position: Whole = Field(default=1, ge=1)
    """Offered from this position in the queue on."""
    announce_after: PositiveDuration | None = None
    """When the offer is said first; without it, never: the key works all the same."""
    announce_every: PositiveDuration | None = None
    prompt: Name = "callback_offer"


class QueueSection(QueueMatching):
    """A queue."""

    name: Text = Field(examples=["Umum"])
    requires: dict[Name, Level] = Field(default_factory=dict)
    """Skills an agent needs, with the minimum level."""
    ring: Whole = Field(default=1, ge=1, le=50)
    """Phones that ring at once for one caller; the first agent to answer gets the call."""
    ring_timeout: PositiveDuration = 15.0
    """How long a phone rings before the next agent is tried."""
    wrap_up: Duration = 10.0
    """Time for notes after a conversation."""
    max_wrap_up: Duration = 600.0
    """Longest wrap-up, whatever the agent or the disposition asks for."""
    dispositions: dict[Name, DispositionSection] = Field(default_factory=dict)
    """Ways a conversation can have gone; agents choose from this list only."""
    overflow: OverflowSection = OverflowSection()
    limits: LimitsSection | None = None
    """What the queue refuses, each with an own destination."""
    max_length: Count | None = None
    """Callers that may wait at once; one more overflows at once."""
    max_no_answer: Whole = Field(default=3, ge=1)
    """Offers in a row an agent may leave unanswered before being paused."""
    music: Word = "default"
    announce: AnnounceSection = AnnounceSection()
    priority: Priority = 0
    """Higher is served first when an agent could take callers of several queues."""
    record: Flag = True
    """Record the conversations of this queue."""
    service_level: PositiveDuration = 20.0
    """An answer within this time counts towards the service level."""
    short_abandon: Duration = 5.0
    """Who leaves the queue within this time does not count against us."""
    callback: CallbackOfferSection | None = None
    """Those who wait can ask to be called back without losing their place; ``callbacks`` of acd.yaml says how."""
    redial_within: PositiveDuration | None = None
    """Who leaves the queue and calls again from the same number within this time gets the place back."""


class QueuesFile(Strict):
    """queues.yaml."""

    queues: dict[Name, QueueSection]
    contact_policy: PolicyName = "longest_wait"
    """Which waiting caller a free agent takes, across queues, priority aside: longest_wait, weight, best_skill_first,
    generalised_cmu, fixed_queue_ratio, or ``module:Class`` of your own."""
    reservations: tuple[ReservationSection, ...] = ()
    """Agents kept back for some callers."""
