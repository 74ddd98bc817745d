"""The shape of ``data`` in acd.yaml: which other systems flows may ask and tell.

Decides keys, ranges and defaults. Must not know flows; ``data_checks`` says what refers to what.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from acd.settings.fields import EnvName, Flag, Name, PositiveDuration, Strict, Text, Whole, matching

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
_HEADER = r"[A-Za-z][A-Za-z0-9-]{0,60}"
HostPort = Annotated[
    str,
    matching(_HOST, "a host such as api.example.go.id or 127.0.0.1:8170"),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{_HOST})$"}),
]
HeaderName = Annotated[
    str,
    matching(_HEADER, "a header's name such as X-Api-Key"),
    WithJsonSchema({"type": "string", "pattern": f"^(?:{_HEADER})$"}),
]


class HostSection(Strict):
    """A host that flows may ask."""

    scheme: Literal["https", "http"] = "https"
    internal: Flag = False
    """In our own network: its addresses may be private or loopback. Without it only public ones are connected to."""
    failures: Whole = Field(default=5, ge=1, le=1000)
    """So many in a row, and callers no longer wait for it for a while."""
    pause: PositiveDuration = 15.0
    """How long; then one question tries it."""
    connections: Whole = Field(default=20, ge=1, le=1000)
    """Questions at once."""


class SecretSection(Strict):
    """Where a secret comes from."""

    value_env: EnvName | None = None
    value_file: Text | None = None


class SecretHeaderSection(Strict):
    """A header with a secret."""

    secret: Name
    """Name of a secret of acd.yaml."""
    prefix: Text | None = None
    """Before it, such as ``Bearer`` and a space."""


class WebhookSection(Strict):
    """Where events are told to."""

    url: Text
    headers: dict[HeaderName, Text] = Field(default_factory=dict)
    secret_headers: dict[HeaderName, SecretHeaderSection] = Field(default_factory=dict)
    timeout: PositiveDuration = 5.0


class DataSection(Strict):
    """Other systems that flows may ask (nodes ``http``) and tell (nodes ``event``); none by default."""

    hosts: dict[HostPort, HostSection] = Field(default_factory=dict)
    """Everything else is refused, redirects too."""
    secrets: dict[Name, SecretSection] = Field(default_factory=dict)
    """By the names flows know them by."""
    webhooks: dict[Name, WebhookSection] = Field(default_factory=dict)
    most_bytes: Whole = Field(default=65_536, ge=256, le=1_048_576)
    """Of an answer; a longer one is an invalid answer."""
