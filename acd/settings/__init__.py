"""Reads config/ and ivr_flows/ into the engine's frozen plan; every mistake has file:line:column.

``load`` is the way in. ``yaml_marks`` reads text with positions, ``files`` and ``flow_file`` say what a file looks
like, ``structure`` checks a document against that, ``checks`` and ``flow_checks`` hold what files say about each other,
``build`` makes the plan. A file with mistakes still takes part with what is right of it: all mistakes come at once.
"""

from acd.settings.loader import load
from acd.settings.values import Secret, Settings

__all__ = ["Secret", "Settings", "load"]
