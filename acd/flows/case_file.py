"""The shape of a file of test cases, ``ivr_flows/NAME.test.yaml``; ``acd schema flow_test`` publishes it.

Decides which keys there are, their types and defaults. Must not know whether what they name exists; ``cases`` does.
Editors show the docstrings.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from acd.domain.exits import Exit
from acd.settings.fields import (
    AccessNumber,
    Count,
    Duration,
    Flag,
    Level,
    LongDuration,
    Name,
    Strict,
    Text,
    Whole,
    quoted,
    wrong,
)
from acd.settings.structure import did_you_mean

WORDS = ("hang_up", "agent_answers", "agent_hangs_up")
"""Steps that are one word."""
ANY = "..."
"""In a list of prompts: whatever is said up to the next one."""
STEPS = ("hear", "press", "speak", "wait", "expect", "part", "do")
_KEYS = r"[0-9*#A-D]{1,60}"
_PERCENT = r"(?:100|[0-9]{1,2})(?:\.[0-9])?%"
_CALLER = r"\+?[0-9]{3,15}|anonymous"


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?", value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise wrong(f"must be a local time such as 2026-11-23 10:00, not {quoted(str(value))}")


def _percent(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(_PERCENT, value):
        return float(value[:-1]) / 100
    raise wrong(f"must be a percentage such as 100%, not {quoted(str(value))}")


def _like(pattern: str, what: str) -> BeforeValidator:
    def check(value: Any) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise wrong(f"must be {what}, not {quoted(str(value))}")

    return BeforeValidator(check)


def _written(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "integer"], "pattern": f"^(?:{pattern})$"})


Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string"})]
"""A local time of the deployment, ``2026-11-23 10:00``."""
Percent = Annotated[
    float, BeforeValidator(_percent), WithJsonSchema({"type": "string", "pattern": f"^(?:{_PERCENT})$"})
]
Keys = Annotated[str, _like(_KEYS, "keys: 0-9, *, # and A-D"), _written(_KEYS)]
Caller = Annotated[str, _like(_CALLER, "a calling number, or anonymous"), _written(_CALLER)]


class QueueSection(Strict):
    """A queue as the caller finds it."""

    length: Count = 0
    """Callers that wait in it."""
    agents_ready: Count = 0
    """Agents that are free and can serve it, in the order of the file."""
    estimated_wait: Duration | None = None
    """What a newcomer is told to wait."""


class AnswerSection(Strict):
    """What another system answers."""

    outcome: Literal["ok", "not_found", "invalid", "timeout", "failed"] | None = None
    """Instead of an answer; ``ok`` with nothing is an answer without values."""
    values: dict[Name, Text] = Field(default_factory=dict)
    """By variable, as if found in the answer."""
    body: Text | None = None
    """The answer as it comes, in JSON; the node's results are found in it as in a real one."""
    after: Duration = 0.0
    """How long it takes; longer than the node waits is a timeout."""


class EarlierSection(Strict):
    """What is remembered of this caller."""

    calls: Count = 1
    last_exit: Exit = Exit.ABANDONED
    last_queue: Name | None = None
    ago: LongDuration = 3600.0
    """How long ago the last call ended."""


class GivenSection(Strict):
    """What is given when the call comes."""

    time: Moment | None = None
    """When it comes, in the deployment's time zone."""
    caller: Caller | None = None
    """Calling number, or ``anonymous``."""
    access_code: AccessNumber | None = None
    """Number dialled; by default the first that leads to this flow."""
    calendars: dict[Name, Literal["open", "closed", "holiday"]] = Field(default_factory=dict)
    """What calendars say, whatever the time."""
    queues: dict[Name, QueueSection] = Field(default_factory=dict)
    agents: tuple[Name, ...] = ()
    """Agents that are ready, beside those the queues ask for. All others are logged out."""
    data: dict[Name, AnswerSection] = Field(default_factory=dict)
    """What other systems answer, by the node that asks."""
    earlier: EarlierSection | None = None
    """Earlier calls of the same number."""
    recordings_fail: Flag = False
    """What callers record cannot be kept."""
    errors: tuple[Name, ...] = ()
    """Nodes whose expressions have no value."""


class ExpectSection(Strict):
    """How things must stand once everything has been said; only what is written is looked at."""

    node: Name | None = None
    flow: Name | None = None
    queue: Name | None = None
    """The queue waited in, or waited in last."""
    requires: dict[Name, Level] | None = None
    """All skills asked of an agent, the queue's and the language's included."""
    priority: Whole | None = None
    language: Name | None = None
    variables: dict[Name, Text] = Field(default_factory=dict)
    """Some of the flow's variables; ``none`` is the empty text."""
    agent: Name | None = None
    """Who talks, or talked, with the caller."""
    answered: Flag | None = None
    """Whether the caller's channel was answered."""
    transfer: Text | None = None
    """Where in the dialplan the caller went: ``CONTEXT/EXTENSION``."""
    events: tuple[Name, ...] | None = None
    """Events told to other systems so far, in order."""
    exit: Exit | None = None
    """How the call ended."""
    cause: Whole | None = None
    """Q.850 cause the call ended with."""


class StepSection(Strict):
    """A step: one word, or one of the keys ``hear``, ``press``, ``speak``, ``wait``, ``expect`` and ``part``."""

    hear: tuple[Text, ...] | None = Field(default=None, min_length=1)
    """Prompts said since the last time, all of them in this order. ``...`` is whatever comes in between."""
    press: Keys | None = None
    """Keys, pressed at once: into what is being said."""
    speak: Duration | None = None
    """The caller says something for so long, after everything was said and the tone."""
    wait: Duration | None = None
    """Silence after everything was said: speech takes no time."""
    expect: ExpectSection | None = None
    part: Text | None = None
    """Steps that stand under ``parts``."""
    do: Literal["hang_up", "agent_answers", "agent_hangs_up"] | None = None
    """The same as the word alone."""

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value in WORDS:
            return {"do": value}
        near = did_you_mean(value, [*WORDS, *STEPS]) or f"; it is {', '.join(WORDS)} or a key such as hear:"
        raise wrong(f"{quoted(value)} is no step{near}")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Let editors know the words."""
        return {"anyOf": [{"enum": list(WORDS)}, handler.resolve_ref_schema(handler(schema))]}


class CaseSection(Strict):
    """A call."""

    given: GivenSection = GivenSection()
    """Beside, or instead of, what is given for all cases."""
    steps: tuple[StepSection, ...] = ()
    strict: Flag = True
    """Whether a prompt that no ``hear`` names is a failure."""


class CaseFile(Strict):
    """Test cases of the flow of the same name."""

    coverage: Percent = 1.0
    """Share of nodes, and of branches, that the cases must walk."""
    given: GivenSection = GivenSection()
    """For all cases."""
    parts: dict[Text, Annotated[tuple[StepSection, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Steps that cases share, by name."""
    cases: dict[Text, CaseSection] = Field(min_length=1)
