"""When the engine was alive last: a small file that is written every second and read at the next start.

A killed process leaves it; a power cut may take the last seconds with it, which makes the gap longer, never shorter.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


class Heartbeat:
    """The file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> float | None:
        """Give the last time written, seconds since the epoch; None when there is none to be read."""
        with suppress(OSError, ValueError):
            return float(self._path.read_text(encoding="ascii"))
        return None

    def beat(self, now: float) -> None:
        """Write the time. A disk that refuses is the journal's to tell."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        with suppress(OSError):
            fresh.write_text(f"{now:.3f}\n", encoding="ascii")
            fresh.replace(self._path)
