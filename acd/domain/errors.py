"""Every error that leaves a room of this program. Adapters map library errors to these once, at their edge."""

from __future__ import annotations

from dataclasses import dataclass


class AcdError(Exception):
    """Root of all errors raised on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a file an operator wrote; line and column count from 1."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        """Render as ``file:line:column: path: message``, which editors can jump to."""
        return f"{self.file}:{self.line}:{self.column}: {self.path or '(file)'}: {self.message}"


class ConfigError(AcdError):
    """The configuration or a flow cannot be used; carries every mistake found, in file order."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(m) for m in mistakes))
        self.mistakes = mistakes


class ExpressionError(AcdError):
    """An expression has no value here: a division by zero, a text that is no number, a result too large.

    The message says why and holds nothing that was read.
    """


class TelephonyError(AcdError):
    """Asterisk, or the way to it, refused or failed."""


class ChannelGone(TelephonyError):  # noqa: N818 - the house's word for it
    """The channel, bridge, playback or recording named no longer exists (ARI 404)."""


class PbxUnavailable(TelephonyError):  # noqa: N818 - the house's word for it
    """There is no usable connection to Asterisk now."""


class CommandTimeout(TelephonyError):  # noqa: N818 - the house's word for it
    """Asterisk did not answer in time; whether it acted is unknown."""


class DataError(AcdError):
    """Another system gave no usable answer; the message names no person and no address."""


class StoreError(AcdError):
    """The store could not keep or give what was asked."""


class StoreInUseError(StoreError):
    """Another process has a file of it."""


class DeployError(AcdError):
    """Something needed beside the engine is missing or did not start; the message says what to do."""
