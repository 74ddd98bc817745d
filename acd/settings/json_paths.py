"""JSONPath (RFC 9535): where in an answer a value stands.

Decides which paths may be written. python-jsonpath, as it needs no other package and passes the RFC's compliance suite
in its strict mode. Without the functions ``match`` and ``search``: a regular expression's time has no bound.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jsonpath import CompoundJSONPath, JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathError

LONGEST = 200
_PATHS = JSONPathEnvironment(strict=True)
for _unbounded in ("match", "search"):
    _PATHS.function_extensions.pop(_unbounded, None)


def mistake_in(path: str) -> str | None:
    """What is wrong with a path; None if it can be used."""
    if len(path) > LONGEST:
        return f"a path has at most {LONGEST} characters"
    if any(path.count(costly) > 1 for costly in ("..", "?", "$")):
        return "has at most one `..`, one filter and one `$`, so that looking through an answer takes no time"
    try:
        _compiled(path)
    except (JSONPathError, RecursionError, ValueError) as error:
        # The library's own text of an error fails for an empty path; its first argument is the message.
        why = str(error.args[0]).splitlines()[0] if error.args else type(error).__name__
        return f"is no JSONPath such as $.data.status: {why}"
    return None


def first(path: str, document: Any) -> tuple[bool, Any]:
    """The first value at a path, and whether there is one.

    Raises:
        ValueError: the document is nested too deeply to look through.
    """
    try:
        match = next(iter(_compiled(path).finditer(document)), None)
    except (JSONPathError, RecursionError) as error:
        raise ValueError("the path cannot be followed in this document") from error
    return (match is not None, match.value if match is not None else None)


@lru_cache(maxsize=1000)
def _compiled(path: str) -> JSONPath | CompoundJSONPath:
    return _PATHS.compile(path)
