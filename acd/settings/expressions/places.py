"""Where in a file a mistake within an expression stands.

Decides line and column when the YAML says the text as it is: in one plain or quoted line, or in a block after ``|``.
Elsewhere (folded text) the value's own position is given and the place within is told in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from acd.settings.expressions.wording import Slip
from acd.settings.yaml_marks import Document, Path_, Position

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def note(document: Document, path: Path_, source: str, slips: Iterable[Slip]) -> None:
    """Note the mistakes of the expression or template that stands at a path."""
    for slip in slips:
        place = _place(document, path, source, slip.offset)
        if place is None:
            document.add(path, f"{slip.message} (at character {slip.offset + 1})" if slip.offset else slip.message)
        else:
            document.add_at(place, path, slip.message)


def _place(document: Document, path: Path_, source: str, offset: int) -> Position | None:
    line, column = document.position(path)
    lines = _BREAK.split(document.raw.decode("utf-8-sig", "replace"))
    text = lines[line - 1][column - 1 :]
    before = source[:offset]
    if text[:1] in {"|", ">"}:
        return _in_block(lines, line, source, offset)
    quote = text[:1] if text[:1] in {"'", '"'} else ""
    if quote == "'":
        before = before.replace("'", "''")
    elif quote == '"':
        before = before.replace("\\", "\\\\").replace('"', '\\"')
    return (line, column + len(quote) + len(before)) if text.startswith(quote + before) else None


def _in_block(lines: list[str], line: int, source: str, offset: int) -> Position | None:
    number = source.count("\n", 0, offset)
    wanted = source.split("\n")[number]
    written = lines[line + number] if line + number < len(lines) else ""
    if not written.endswith(wanted) or written[: len(written) - len(wanted)].strip(" "):
        return None
    within = offset - (source.rfind("\n", 0, offset) + 1)
    return line + number + 1, len(written) - len(wanted) + within + 1
