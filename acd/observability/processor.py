"""How long the main thread could have run and had no core: what Linux counts for each thread (proc(5), schedstat).

Decides nothing. Where the kernel does not count that, it is always 0.
"""

from __future__ import annotations

import os
from contextlib import suppress

_SCHEDSTAT = "/proc/self/schedstat"
_NANOSECONDS = 1e-9
_MOST_BYTES = 100


class CoreWanted:
    """Reads it again and again, a few microseconds each time; ``close`` in the end."""

    def __init__(self, path: str = _SCHEDSTAT) -> None:
        self._fd = -1
        with suppress(OSError):
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __call__(self) -> float:
        """Seconds since the process began in which its main thread waited for a core."""
        with suppress(OSError, ValueError, IndexError):
            return int(os.pread(self._fd, _MOST_BYTES, 0).split()[1]) * _NANOSECONDS  # time on a core, off it, turns
        return 0.0

    def close(self) -> None:
        """Let go of the file."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
