"""The shape of nodes that ask other systems (``http``) and tell them (``event``).

Decides their keys and defaults. Must not know which hosts there are; ``http_checks`` does.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from acd.settings.data_file import HeaderName, SecretHeaderSection
from acd.settings.fields import Duration, Flag, Name, PositiveDuration, Strict, Text, Whole, Word, wrong

_DEEPEST = 10


def _body(value: Any, depth: int = 0) -> Any:
    """Mappings, lists and texts, as YAML was read; nothing else comes from there."""
    if depth > _DEEPEST:
        raise wrong(f"is nested more than {_DEEPEST} deep")
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _body(below, depth + 1)
    return value


Body = Annotated[Any, BeforeValidator(_body), WithJsonSchema({})]
_Paths = dict[Name, Text]


class Http(Strict):
    """Ask another system over HTTP, while the caller hears something."""

    kind: Literal["http"]
    method: Literal["GET", "POST", "PUT"] = "GET"
    url: Text
    """Template; its values are quoted. The host is written out and is one of acd.yaml's ``data``."""
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    """Templates."""
    secret_headers: dict[HeaderName, SecretHeaderSection] = Field(default_factory=dict)
    body: Body = None
    """JSON, written as YAML; its texts are templates, and ``"{{ expression }}"`` alone keeps its type."""
    idempotent: Flag | None = None
    """Asking twice does no harm, so that it may be asked again; true for GET and PUT by default."""
    results: _Paths = Field(default_factory=dict)
    """Variables, and where in the answer the value of each stands (JSONPath). Without one of them: ``not_found``."""
    optional: _Paths = Field(default_factory=dict)
    """The same for values that may be missing; the variable is empty then."""
    timeout: Annotated[PositiveDuration, Field(le=30)] = 3.0
    """For all tries together."""
    retries: Whole = Field(default=1, ge=0, le=5)
    """Tries after the first, where that does no harm and time is left."""
    cache: Duration = 0.0
    """How long the same question is answered from memory."""
    cache_not_found: Duration = 0.0
    """The same for an answer that there is no such thing."""
    prompts: tuple[Name, ...] = ()
    """Said while it is asked, to their end."""
    music: Word | None = None
    """Class of music on hold, until the answer is there."""
    next: Name
    failed: Name
    """Node to go to when the other system is down, refuses, or is left alone for a while."""
    not_found: Name | None = None
    """Node to go to when there is no such thing; ``failed`` by default, as for the next two."""
    invalid: Name | None = None
    """Node to go to when the answer is no answer."""
    timed_out: Name | None = None
    """Node to go to when no answer came in time."""
    error: Name | None = None


class Event(Strict):
    """Tell a webhook of acd.yaml that something happened; the caller goes on at once."""

    kind: Literal["event"]
    webhook: Name
    event: Name
    """What happened."""
    values: dict[Name, Text] = Field(default_factory=dict)
    """What is told with it, and the expression each gets its value from."""
    next: Name
    error: Name | None = None
