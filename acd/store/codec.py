"""Values of the domain to bytes and back: JSON that names its own types by ``kind``.

Knows nothing of what the values mean or where the bytes are kept. Encoding is orjson over the frozen dataclasses as
they are; decoding is pydantic in strict mode, so that what something else wrote is refused rather than guessed at.
Fields a newer version added are ignored, fields with a default may be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from acd.domain.errors import StoreError
from acd.domain.events import Event
from acd.engine.state import EngineState

T = TypeVar("T")

_OPTIONS = orjson.OPT_NON_STR_KEYS  # figures are keyed by the Exit enum


_adapter_of: Callable[[Any], TypeAdapter[Any]] = cache(TypeAdapter)


@cache
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def warm() -> None:
    """Make beforehand what reading a journal needs, where there is time for it."""
    _adapter_of(EngineState)
    _events()


def encode(value: object) -> bytes:
    """Make the JSON of a dataclass, or of anything built of dataclasses, tuples, dicts keyed by strings and scalars.

    Raises:
        StoreError: for what JSON cannot hold (lone surrogates, sets, integers over 64 bits).
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (orjson.JSONEncodeError, RecursionError) as error:
        raise StoreError(f"cannot encode {type(value).__name__}: {error}") from error


def decode(type_: type[T], data: bytes) -> T:
    """Read back what ``encode`` made of a ``type_``. Raises ``StoreError`` when it is not one."""
    try:
        value: T = _adapter_of(type_).validate_json(data, strict=True)
    except ValidationError as error:
        raise StoreError(f"not a {type_.__name__}: {_plain(error)}") from error
    return value


def encode_event(event: Event) -> bytes:
    """``encode`` for one event, which must have happened at a finite time (JSON would make it null)."""
    if not isfinite(event.at):
        raise StoreError(f"{event.kind} at {event.at}")
    return encode(event)


def decode_event(data: bytes) -> Event:
    """Read one event, its class chosen by ``kind``. Raises ``StoreError``."""
    try:
        return _events().validate_json(data, strict=True)
    except ValidationError as error:
        raise StoreError(f"not an event: {_plain(error)}") from error


def _plain(error: ValidationError) -> str:
    """First fault, where it is and what is wrong; never the value, which may be a caller's number."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'document'}: {first['msg']}"
