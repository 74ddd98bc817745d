"""What-ifs as they are asked on the command line: ``2:lkpm`` and ``50%:11:00-13:00``.

Decides how such a word is read; what it names is checked with the scenario.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from acd.domain.errors import AcdError
from acd.sim.scenario_file import WhatIfSection

_ABSENT = re.compile(r"(?P<who>[^:]+):(?P<start>[0-9]{1,2}:[0-9]{2})-(?P<end>[0-9]{1,2}:[0-9]{2})")


class NotUnderstoodError(AcdError):
    """An option that says nothing we know; the message says how it is written."""


def what_if(add: list[str], absent: list[str], arrivals: float = 1.0) -> WhatIfSection | None:
    """One what-if of all options together; None when there are none.

    Args:
        add: ``COUNT:LIKE``; LIKE is an agent, a group or a skill.
        absent: ``WHO:FROM-TO``; WHO is a share (``50%``), ``waves=N`` or names with commas between.
        arrivals: factor of all arrival rates.

    Raises:
        NotUnderstoodError: an option cannot be read.
    """
    if not add and not absent and arrivals == 1.0:
        return None
    words = [*(f"+{word}" for word in add), *(f"absent {word}" for word in absent)]
    words += [f"arrivals x {arrivals:g}"] if arrivals != 1.0 else []
    made: dict[str, Any] = {
        "name": ", ".join(words),
        "add": [_more(word) for word in add],
        "arrivals": f"{arrivals:.9f}",
    }
    if absent:
        made["absent"] = [_away(word) for word in absent]
    try:
        return WhatIfSection.model_validate(made)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise NotUnderstoodError(f"{made['name']}: {first['msg']}") from None


def _more(word: str) -> dict[str, Any]:
    count, _, like = word.partition(":")
    if not count.isdecimal() or not like:
        raise NotUnderstoodError(f"--add {word}: write COUNT:LIKE, such as 2:lkpm or 1:agent120")
    return {"count": count, "like": like}


def _away(word: str) -> dict[str, Any]:
    match = _ABSENT.fullmatch(word)
    if match is None:
        raise NotUnderstoodError(f"--absent {word}: write WHO:FROM-TO, such as 50%:11:00-13:00")
    who: dict[str, Any]
    if match["who"].startswith("waves="):
        who = {"waves": match["who"].removeprefix("waves=")}
    elif re.fullmatch(r"[0-9.]+%", match["who"]):
        who = {"share": match["who"]}
    else:
        who = {"agents": match["who"].split(",")}
    return {"from": match["start"], "to": match["end"], **who}
