"""How the interpreter of Python is set for a process whose event loop serves calls. Must not know what is served."""

from __future__ import annotations

import gc
import sys

SWITCH_S = 0.0005
"""Longest wait of the event loop for a thread that computes; the default is 5 ms, a call's whole way."""


def favour_calls() -> None:
    """Let the event loop have the interpreter soon when writers hold it, and keep the collector off what stays."""
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
