"""Checks what the files of ``config/`` say about each other.

Decides what an operator's configuration must fulfil beyond each file's own shape. Works on what is right of every file:
a name counts as known when it is written down, even in an entry that has a mistake of its own, and nothing is concluded
from a file that could not be read. Must not know how a plan is built.
"""

from __future__ import annotations

from acd.settings.sources import Sources


def check(sources: Sources) -> None:
    """Note every mistake in the document it stands in."""
