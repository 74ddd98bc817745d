"""JSON that operators write as YAML with templates in it.

Decides how it becomes JSON text with values to fill in. Must not know what it is sent to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from acd.domain.flow_data import Filling
from acd.domain.flow_values import Template
from acd.settings.yaml_marks import Path_


def texts(body: Any, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
    """Every text of a body, each a template, and where it stands below."""
    match body:
        case str():
            yield path, body
        case dict():
            for key, below in body.items():
                yield from texts(below, (*path, key))
        case list():
            for number, below in enumerate(body):
                yield from texts(below, (*path, number))
        case _:
            pass


def parts(body: Any, read: Callable[[str], Template]) -> tuple[str | Filling, ...]:
    """JSON text and the values to fill in, in order; texts without an expression are text already."""
    joined: list[str | Filling] = []
    for part in _parts(body, read):
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def _parts(body: Any, read: Callable[[str], Template]) -> Iterator[str | Filling]:
    match body:
        case dict():
            yield "{"
            for number, (key, below) in enumerate(body.items()):
                yield f"{',' if number else ''}{json.dumps(key)}:"
                yield from _parts(below, read)
            yield "}"
        case list():
            yield "["
            for number, below in enumerate(body):
                yield "," if number else ""
                yield from _parts(below, read)
            yield "]"
        case _:
            template = read(str(body))
            if all(isinstance(part, str) for part in template.parts):
                yield json.dumps("".join(map(str, template.parts)), ensure_ascii=False)
            else:
                yield Filling(template)
