"""How the interpreter of Python is set for a process whose event loop serves calls. Must not know what is served."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005
"""Longest wait of the event loop for a thread that computes; the default is 5 ms, a call's whole way."""


def hasten_start() -> None:
    """Keep the collector off while modules, configuration and journal are read: what they make stays, as a rule.

    ``favour_calls`` lets it work again. A tenth of the processor's time of a start was the collector's.
    """
    gc.disable()


def favour_calls() -> None:
    """Let the event loop have the interpreter soon when writers hold it, and keep the collector off what stays.

    Nothing is collected now: that would take a tenth of a second, and callers wait.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
