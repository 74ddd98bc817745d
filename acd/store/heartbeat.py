"""When the engine was alive last: a small file that is written every second and read at the next start.

A killed process leaves it; a power cut may take the last seconds with it, which makes the gap longer, never shorter.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life."""

    at: float
    """The engine's time."""
    ahead: float
    """Seconds by which the system's clock was ahead of it."""
    shifted: float = 0.0
    """Seconds by which the engine's had been set in all."""


class Heartbeat:
    """The file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> Beat | None:
        """Give the last one; None when there is none to be read."""
        with suppress(OSError, ValueError, TypeError):
            return Beat(*map(float, self._path.read_text(encoding="ascii").split()))
        return None

    def beat(self, beat: Beat) -> None:
        """Write one. A disk that refuses is the journal's to tell."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        with suppress(OSError):
            fresh.write_text(f"{beat.at:.3f} {beat.ahead:.3f} {beat.shifted:.3f}\n", encoding="ascii")
            fresh.replace(self._path)
