"""Reads what the library's checker made of an expression: CEL's ``CheckedExpr``, in protobuf's wire format.

The library shows its syntax tree no other way, and a handful of fields of a published, frozen format
(cel-spec, ``cel/expr/checked.proto`` and ``syntax.proto``) needs no protobuf library. Decides nothing about the tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["constant", "name", "part", "call", "list", "struct", "loop"]
_KINDS: dict[int, Kind] = {3: "constant", 4: "name", 5: "part", 6: "call", 7: "list", 8: "struct", 9: "loop"}
_TEXT = 6
"""Field of a constant that is text."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_PRIMITIVE, _LIST = 3, 6
"""Fields of a type."""
_PRIMITIVES = {1: "boolean", 2: "number", 4: "fraction", 5: "text"}


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree; ``offset`` in characters from the expression's beginning."""

    id: int
    kind: Kind
    offset: int
    type: str
    """``text``, ``number``, ``boolean``, ``list of ...``; ``other`` is everything else."""
    name: str = ""
    """Of a name, as it was resolved."""
    overloads: tuple[str, ...] = ()
    """Of a call."""
    text: str | None = None
    """Of a constant that is text."""
    children: tuple[int, ...] = ()
    """Ids, a method's object first."""


@dataclass(slots=True)
class _Facts:
    """The side tables of the tree, by node id."""

    names: dict[int, str] = field(default_factory=dict)
    overloads: dict[int, tuple[str, ...]] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)


def read(serialized: bytes) -> dict[int, Node]:
    """Read the serialized form of a checked expression; nodes by id, the root first."""
    facts, tree = _Facts(), b""
    for number, part in _fields(_bytes(serialized, 2)):  # google.protobuf.Any.value
        if not isinstance(part, bytes):
            continue
        match number:
            case 2:
                reference = _bytes(part, 2)
                facts.names[_int(part, 1)] = _bytes(reference, 1).decode()
                facts.overloads[_int(part, 1)] = tuple(_all(reference, 3))
            case 3:
                facts.types[_int(part, 1)] = _type(_bytes(part, 2))
            case 4:
                tree = part
            case 5:
                facts.offsets = {_int(entry, 1): _int(entry, 2) for n, entry in _fields(part)
                                 if n == 4 and isinstance(entry, bytes)}  # fmt: skip # noqa: PLR2004 - its number
            case _:
                pass
    nodes: dict[int, Node] = {}
    ahead = [tree]
    while ahead:
        node, below = _node(ahead.pop(), facts)
        nodes[node.id] = node
        ahead += reversed(below)
    return nodes


def _node(expr: bytes, facts: _Facts) -> tuple[Node, list[bytes]]:
    kind: Kind = "constant"
    text: str | None = None
    below: list[bytes] = []
    id_ = _int(expr, 2)
    for number, value in _fields(expr):
        if number not in _KINDS or not isinstance(value, bytes):
            continue
        kind = _KINDS[number]
        match kind:
            case "constant":
                found = [v for n, v in _fields(value) if n == _TEXT and isinstance(v, bytes)]
                text = found[0].decode() if found else None
            case "part" if id_ not in facts.names:  # a resolved name with dots has no parts
                below = [_bytes(value, 1)]
            case "call":
                below = [v for n, v in _fields(value) if n in {1, 3} and isinstance(v, bytes)]
            case "list":
                below = [v for n, v in _fields(value) if n == 1 and isinstance(v, bytes)]
            case _:
                pass
    name = "" if facts.overloads.get(id_) else facts.names.get(id_, "")
    node = Node(
        id=id_,
        kind="name" if name else kind,
        offset=facts.offsets.get(id_, 0),
        type=facts.types.get(id_, "other"),
        name=name,
        overloads=facts.overloads.get(id_, ()),
        text=text,
        children=tuple(_int(b, 2) for b in below),
    )
    return node, below


def _type(given: bytes) -> str:
    for number, value in _fields(given):
        if number == _PRIMITIVE and isinstance(value, int):
            return _PRIMITIVES.get(value, "other")
        if number == _LIST and isinstance(value, bytes):
            return f"list of {_type(_bytes(value, 1))}"
    return "other"


# --- protobuf's wire format: a key (field number and wire type), then the value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follow
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
        else:
            size = {_FIXED64: 8, _FIXED32: 4}.get(wire)
            if size is None:
                size, at = _varint(data, at)
            yield number, data[at : at + size]
            at += size


def _bytes(data: bytes, wanted: int) -> bytes:
    return next((v for n, v in _fields(data) if n == wanted and isinstance(v, bytes)), b"")


def _int(data: bytes, wanted: int) -> int:
    return next((v for n, v in _fields(data) if n == wanted and isinstance(v, int)), 0)


def _all(data: bytes, wanted: int) -> Iterator[str]:
    return (v.decode() for n, v in _fields(data) if n == wanted and isinstance(v, bytes))
