"""One thing an Asterisk lacks, in the words an operator reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; ``serious`` where calls would not be served."""

    serious: bool
    message: str
    remedy: str

    def __str__(self) -> str:
        """Render for a person."""
        return f"{'MISSING' if self.serious else 'note'}: {self.message}\n    -> {self.remedy}"


def missing(message: str, remedy: str) -> Finding:
    """Make a serious finding."""
    return Finding(serious=True, message=message, remedy=remedy)


def note(message: str, remedy: str) -> Finding:
    """Make a finding without which calls are served all the same."""
    return Finding(serious=False, message=message, remedy=remedy)
