"""Whether a failed connection tells that nobody listens there: the machine is there, and the server is not."""

from __future__ import annotations

from errno import ECONNREFUSED


def nobody_listens(error: BaseException | None) -> bool:
    """Tell by an error's causes. A machine that does not answer at all, or a network that leads nowhere, is none."""
    while error is not None:
        if isinstance(error, OSError) and error.errno == ECONNREFUSED:
            return True
        error = error.__cause__
    return False
