"""The shape of a scenario file, as an operator writes it; ``acd schema scenario`` publishes it.

Decides which keys there are, their types, ranges and defaults. Must not know what keys say about each other, or whether
what they name exists; ``scenario`` checks that. Editors show the docstrings.
"""

from __future__ import annotations

import re
from math import fsum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from acd.settings.fields import (
    Count,
    Flag,
    Level,
    Name,
    Strict,
    Text,
    Whole,
    quoted,
    wrong,
)

_CLOCK = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]|24:00"
_MINUTES = 60
_NUMBER = r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?"
_LONGEST = 40
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = r"(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?(?:[0-9]+ms)?|[0-9]+\.[0-9]+(?:h|m|s|ms)"
_LONG_S = 1e9


def _real(value: Any) -> float:
    if isinstance(value, str) and len(value) <= _LONGEST and re.fullmatch(_NUMBER, value):
        return float(value)
    raise wrong(f"must be a number, not {quoted(value) if isinstance(value, str) and value else 'this'}")


def _whole(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    raise wrong(f"must be a whole number, not {quoted(value) if isinstance(value, str) else 'this'}")


def _duration(value: Any) -> float:
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        raise wrong("must be a duration such as 20s, 3m or 1h30m")
    if re.fullmatch(_DURATION, value):
        parts = re.findall(r"([0-9.]+)(ms|h|m|s)", value)
        return fsum(float(number) * _UNITS[unit] for number, unit in parts)
    if re.fullmatch(r"[0-9.]+", value):
        raise wrong(f"a duration needs its unit: {value}s for seconds, {value}m for minutes")
    raise wrong(f"must be a duration such as 20s, 3m or 1h30m, not {quoted(value)}")


def _share(value: Any) -> float:
    if isinstance(value, str) and value.endswith("%"):
        return _real(value[:-1]) / 100
    return _real(value)


def _clock(value: Any) -> float:
    if isinstance(value, str) and re.fullmatch(_CLOCK, value):
        hours, minutes = value.split(":")
        return float((int(hours) * _MINUTES + int(minutes)) * _MINUTES)
    raise wrong(f"must be a time of day such as 08:00, not {quoted(value) if isinstance(value, str) else 'this'}")


def _some(item: Any) -> BeforeValidator:
    """Let one value stand for a list of one; a mistake in it is the field's, not that of a place in a list."""
    adapter = TypeAdapter(item)

    def check(value: Any) -> Any:
        if isinstance(value, list | tuple):
            if not value:
                raise wrong("must not be empty: give one value, or one for each period")
            return value
        try:
            adapter.validate_python(value)
        except ValidationError as error:
            raise _first(error) from None
        return [value]

    return BeforeValidator(check)


def _one_or_more(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]})


def _first(error: ValidationError) -> PydanticCustomError:
    detail = error.errors(include_url=False)[0]
    context = detail.get("ctx", {})
    match detail["type"]:
        case "greater_than":
            return wrong(f"must be more than {context['gt']:g}")
        case "greater_than_equal":
            return wrong(f"must be at least {context['ge']:g}")
        case "less_than_equal":
            return wrong(f"must be at most {context['le']:g}")
        case _:
            return wrong(str(context.get("message", "is not what is expected here")))


_DURATION_SCHEMA: dict[str, Any] = {"type": "string", "pattern": f"^(?=[0-9])(?:{_DURATION})$"}
_COUNT_SCHEMA: dict[str, Any] = {"type": "integer", "minimum": 0}
_REAL_SCHEMA: dict[str, Any] = {"type": "number", "minimum": 0}

Duration = Annotated[float, Field(ge=0, le=_LONG_S), BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
"""Seconds, written ``500ms``, ``20s``, ``2.5m`` or ``1h30m``; unlike in a configuration also longer than a day."""
PositiveDuration = Annotated[
    float, Field(gt=0, le=_LONG_S), BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)
]
Real = Annotated[float, Field(ge=0), BeforeValidator(_real)]
PositiveReal = Annotated[float, Field(gt=0), BeforeValidator(_real)]
Share = Annotated[
    float,
    Field(ge=0, le=1),
    BeforeValidator(_share),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^[0-9.]+%$"}]}
    ),
]
"""A part of the whole: ``50%`` or ``0.5``."""
Clock = Annotated[float, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": f"^(?:{_CLOCK})$"})]
"""A time of day, ``08:00``; seconds since midnight."""
Durations = Annotated[tuple[PositiveDuration, ...], _some(PositiveDuration), _one_or_more(_DURATION_SCHEMA)]
Rates = Annotated[tuple[Real, ...], _some(Real), _one_or_more(_REAL_SCHEMA)]
Counts = Annotated[tuple[Count, ...], _some(Count), _one_or_more(_COUNT_SCHEMA)]
Priority = Annotated[int, Field(ge=0, le=999), BeforeValidator(_whole)]


Lowered = Annotated[int, Field(ge=0, le=5), BeforeValidator(_whole)]
"""A minimum that may be none: 0 to 5."""

# ---------------------------------------------------------------- distributions of times


class ExponentialTime(Strict):
    """Exponential."""

    distribution: Literal["exponential"]
    mean: Durations
    """One mean, or one per period of arrival."""


class GammaTime(Strict):
    """Gamma; shape 1 is exponential, a high shape is near its mean."""

    distribution: Literal["gamma"]
    shape: PositiveReal
    mean: Durations
    """One mean, or one per period of arrival."""


class LogNormalTime(Strict):
    """Lognormal, as conversations often are."""

    distribution: Literal["lognormal"]
    mean: Durations
    """One mean, or one per period of arrival."""
    cv: PositiveReal = 1.0
    """Standard deviation divided by the mean."""


class DeterministicTime(Strict):
    """Always the mean."""

    distribution: Literal["deterministic"]
    mean: Durations
    """One mean, or one per period of arrival."""


class UniformTime(Strict):
    """Anything between two times, each as likely."""

    distribution: Literal["uniform"]
    low: Duration
    high: PositiveDuration


class EmpiricalTime(Strict):
    """Times that were measured, each as likely."""

    distribution: Literal["empirical"]
    file: Text
    """CSV file, relative to the scenario; seconds, one value a row."""
    column: Text | None = None
    """The column's heading; without it the first column is read, with or without a heading."""


TimeSection: TypeAlias = Annotated[
    ExponentialTime | GammaTime | LogNormalTime | DeterministicTime | UniformTime | EmpiricalTime,
    Field(discriminator="distribution"),
]

# ---------------------------------------------------------------- distributions of a factor


class ExponentialFactor(Strict):
    """Exponential."""

    distribution: Literal["exponential"]
    mean: PositiveReal = 1.0


class GammaFactor(Strict):
    """Gamma."""

    distribution: Literal["gamma"]
    shape: PositiveReal
    mean: PositiveReal = 1.0


class LogNormalFactor(Strict):
    """Lognormal."""

    distribution: Literal["lognormal"]
    mean: PositiveReal = 1.0
    cv: PositiveReal = 1.0
    """Standard deviation divided by the mean."""


class DeterministicFactor(Strict):
    """Always the mean."""

    distribution: Literal["deterministic"]
    mean: PositiveReal = 1.0


class UniformFactor(Strict):
    """Anything between two numbers, each as likely."""

    distribution: Literal["uniform"]
    low: Real
    high: PositiveReal


class EmpiricalFactor(Strict):
    """Factors that were measured, each as likely."""

    distribution: Literal["empirical"]
    file: Text
    """CSV file, relative to the scenario; one value a row."""
    column: Text | None = None
    """The column's heading; without it the first column is read, with or without a heading."""


FactorSection: TypeAlias = Annotated[
    ExponentialFactor | GammaFactor | LogNormalFactor | DeterministicFactor | UniformFactor | EmpiricalFactor,
    Field(discriminator="distribution"),
]

# ---------------------------------------------------------------- the rest


class TrunksSection(Strict):
    """The lines; a contact that finds all in use is blocked."""

    capacity: Whole = Field(ge=0)
    """Channels (SST)."""


class PolicySection(Strict):
    """Who takes whom, by the names of the live configuration."""

    agent: Text | None = None
    """Which agent a contact gets; best_proficiency by default, of a deployment what each queue says."""
    contact: Text | None = None
    """Which contact a freed agent takes; longest_wait by default, of a deployment what it says."""


class RelaxSection(Strict):
    """What a contact asks for no longer after a while."""

    after: PositiveDuration
    """Waited so long."""
    lower: dict[Name, Lowered] = Field(default_factory=dict)
    """New, lower minimums; at 0 the skill is not asked at all."""
    drop_preferred: Flag = False
    """Skills that were preferred no longer matter."""


class ContactSection(Strict):
    """A kind of contact and how it arrives (Poisson), lasts and gives up."""

    name: Name
    requires: dict[Name, Level] | None = None
    """Skills with minimum proficiency; of a deployment, name the queue instead."""
    queue: Name | None = None
    """The deployment's queue it comes to."""
    language: Name | None = None
    """The caller's language, in a deployment."""
    arrivals_per_minute: Rates
    """One rate, or one per period."""
    service: TimeSection
    """How long an agent is busy with it. Of a deployment the queue's wrap-up comes on top."""
    patience: TimeSection | None = None
    """How long it waits before it gives up; absent: it never does."""
    ivr: TimeSection | None = None
    """How long it is on the line before it waits; takes a channel of the trunk, but is no wait."""
    priority: Priority | None = None
    """0 to 999, higher first; 0 by default, of a deployment the queue's."""
    prefers: dict[Name, Level] = Field(default_factory=dict)
    """Skills that make an agent come first, though nobody waits for them."""
    relaxation: tuple[RelaxSection, ...] = ()
    """Steps by waited time, ascending; of a deployment, its queue's."""
    weight: PositiveReal = 1.0
    """What a second of waiting costs, for the contact policies weight and generalised_cmu."""
    share: Whole = Field(default=1, ge=1, le=1_000_000)
    """Share of all who wait, for the contact policy fixed_queue_ratio."""


class AgentsSection(Strict):
    """Agents who know the same."""

    name: Name
    count: Counts
    """How many, or one number per period. Who is busy when the number falls finishes first."""
    skills: dict[Name, Level]


class AddSection(Strict):
    """More agents."""

    like: Name
    """A group or agent, or a skill: then they are as the middle one, by level, of those who know nothing better."""
    count: Whole = Field(default=1, ge=1, le=10000)


class AbsentSection(Strict):
    """Agents who are away for a time; who is busy then finishes first."""

    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    share: Share | None = None
    """The part of all agents, spread over the list in the order of the file."""
    agents: tuple[Name, ...] = ()
    """Instead of a share: these."""
    waves: Whole | None = Field(default=None, ge=1, le=100)
    """Instead of a share: everybody, in so many waves of equal length one after the other."""


class WhatIfSection(Strict):
    """The same traffic with something changed."""

    name: Text
    add: tuple[AddSection, ...] = ()
    """More agents, all the time."""
    absent: tuple[AbsentSection, ...] | None = None
    """Who is away, instead of what the scenario says."""
    arrivals: PositiveReal = 1.0
    """Factor of all arrival rates."""
    trunks: TrunksSection | None = None
    policy: PolicySection | None = None
    config: Text | None = None
    """Another folder of configuration, relative to the scenario: the same traffic under other routing."""


class ScenarioFile(Strict):
    """A scenario of ``acd simulate``."""

    name: Text
    seed: Whole = Field(default=1, ge=0)
    """Same seed, same figures, to the last byte."""
    replications: Whole = Field(default=100, ge=1, le=1_000_000)
    """Independent repetitions; more make the intervals narrower."""
    warm_up: Duration = 0.0
    """Of each replication; contacts that arrive in it are not counted."""
    start: Clock = 0.0
    """Time of day at which the first period begins."""
    periods: Durations
    """Lengths of the periods, or one length; after the last, arrivals stop and those in progress are served."""
    day_factor: FactorSection | None = None
    """One draw per replication multiplies all arrival rates."""
    target: PositiveDuration = 20.0
    """Service level: answered within this time."""
    trunks: TrunksSection | None = None
    """Absent: unlimited; of a deployment, its trunks together."""
    policy: PolicySection | None = None
    contacts: tuple[ContactSection, ...] = ()
    agents: tuple[AgentsSection, ...] = ()
    config: Text | None = None
    """Instead of agents: the folder with a deployment's configuration, relative to the scenario."""
    flows: Text | None = None
    """The deployment's flows; ``ivr_flows`` beside ``config`` by default."""
    absent: tuple[AbsentSection, ...] = ()
    """Who is away when."""
    what_if: tuple[WhatIfSection, ...] = ()
    """What to compare with the scenario as it stands."""
