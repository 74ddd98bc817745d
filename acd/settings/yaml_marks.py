"""Reads YAML so that nothing is guessed and everything has a position.

Decides: every scalar stays the text that was written (``0217``, ``08:00`` and ``no`` are what they look like), a key
may stand once, and each key and value keeps its line and column. Anchors, aliases, tags and further documents are
refused: they save an operator little, and without them a value has one position and a file cannot unfold into more
than it is.
Must not know what the values mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeAlias

import yaml
from yaml.events import AliasEvent, NodeEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from acd.domain.errors import Mistake

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
Path_: TypeAlias = tuple[str | int, ...]
Position: TypeAlias = tuple[int, int]

MAX_BYTES = 1_000_000
"""No file an operator writes by hand is larger; a device or a dump given by accident is."""
MAX_DEPTH = 30
_START: Position = (1, 1)
_LONGEST = 3_000
"""Characters of a message."""
_FIRST_SURROGATE, _LAST_SURROGATE = "\ud800", "\udfff"


def show(path: Path_) -> str:
    """Render a path as ``queues.q_umum.requires[0]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{printable(part)}" if text else printable(part)
    return text


def printable(text: str, length: int = 60) -> str:
    """Text from a file as it can stand in a message: on one line, short, without control characters."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:length])
    return shown + ("…" if len(text) > length else "")


@dataclass(slots=True)
class Document:
    """One file: its value (None if it could not be read) and where each path stands, line and column from 1."""

    file: str
    raw: bytes = b""
    value: Value | None = None
    keys: dict[Path_, Position] = field(default_factory=dict)
    values: dict[Path_, Position] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    warnings: list[Mistake] = field(default_factory=list)
    """What can be used as it is, and should be looked at."""

    def add(self, path: Path_, message: str, *, at_key: bool = False) -> None:
        """Note a mistake at a path; at the nearest parent written down when the path itself is not there."""
        self.add_at(self.position(path, at_key=at_key), path, message)

    def warn(self, path: Path_, message: str, *, at_key: bool = False) -> None:
        """Note at a path what is no mistake, but will not do for long."""
        position = self.position(path, at_key=at_key)
        self.warnings.append(Mistake(self.file, *position, show(path), printable(message, _LONGEST)))

    def add_at(self, position: Position, path: Path_, message: str) -> None:
        """Note a mistake at a position. Whatever the message quotes of a file, it stays on one line."""
        self.mistakes.append(Mistake(self.file, *position, show(path), printable(message, _LONGEST)))

    def position(self, path: Path_, *, at_key: bool = False) -> Position:
        """Where a path stands: its value or its key; for a path that is not there, the key of its nearest parent."""
        if not at_key and path in self.values:
            return self.values[path]
        for length in range(len(path), 0, -1):
            if path[:length] in self.keys:
                return self.keys[path[:length]]
            if path[:length] in self.values:
                return self.values[path[:length]]
        return _START


def read(path: Path) -> Document:
    """Read a file; whatever is wrong with it stands in the document's mistakes, nothing is raised."""
    document = read_bytes(path)
    if not document.mistakes:
        _fill(document)
    return document


def read_bytes(path: Path) -> Document:
    """Read a file that need not be YAML: only ``raw`` is filled."""
    document = Document(printable(str(path), 4096))
    try:
        if not S_ISREG(path.stat().st_mode):
            document.add((), "is no ordinary file")
            return document
        with path.open("rb") as stream:
            document.raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        document.add((), "this file is missing")
    except (OSError, ValueError) as error:
        document.add((), f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(document.raw) > MAX_BYTES:
        document.add((), f"is larger than {MAX_BYTES} bytes")
    return document


def parse(text: bytes, file: str) -> Document:
    """Parse the bytes of a file named ``file``."""
    document = Document(file, raw=text)
    _fill(document)
    return document


def _fill(document: Document) -> None:
    if len(document.raw) > MAX_BYTES:
        document.add((), f"is larger than {MAX_BYTES} bytes")
        return
    try:
        text = document.raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = document.raw[: error.start].decode("utf-8", "replace")
        document.add_at(_position_in(before, len(before)), (), "is not UTF-8 text")
        return
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        where = _position_in(text, error.position)
        document.add_at(where, (), f"the character U+{ord(text[error.position]):04X} is not allowed")
        return
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        # PyYAML notices a key without a colon, or a quote without its end, where it gives up: say where it began.
        began_there = error.context in {"while scanning a simple key", "while scanning a quoted scalar"}
        mark = (error.context_mark if began_there else None) or error.problem_mark
        where = (mark.line + 1, mark.column + 1) if mark else _START
        document.add_at(where, (), _plain(error))
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML lets the chr() of an impossible \U escape through.
        document.add_at((loader.line + 1, loader.column + 1), (), "cannot be understood as YAML here")
    else:
        if root is None or (isinstance(root, ScalarNode) and not root.value):
            document.add((), "is empty")
        else:
            document.value = _convert(document, root, ())


def _position_in(text: str, offset: int) -> Position:
    before = text[:offset]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def _plain(error: yaml.MarkedYAMLError) -> str:
    """Say a syntax error of PyYAML in an operator's words where a common slip is known."""
    problem, context = str(error.problem or "cannot be understood"), str(error.context or "")
    if isinstance(error, _RefusedError):
        return problem
    if "'\\t'" in problem:
        return "a tab cannot indent YAML; use spaces"
    if "alias" in context and "expected alphabetic" in problem:
        return 'a star is special in YAML; write it in quotes: "*"'
    if "mapping values are not allowed" in problem:
        return "a colon is not allowed here; is the indentation right, or does the text need quotes?"
    if "could not find expected ':'" in problem:
        return "a key without a colon; is the line complete?"
    if "quoted scalar" in context and "end of stream" in problem:
        return "a quote without its end"
    if "expected <block end>" in problem:
        return "the indentation does not fit what stands above"
    if "expected a single document" in context:
        return "a second document begins here; one file holds one"
    if context.startswith("while parsing a flow") and error.context_mark and error.problem_mark:
        opened = error.context_mark.line
        if opened < error.problem_mark.line:  # noticed below, at what can stand in no bracket
            return f"not YAML: {problem}; has the bracket of line {opened + 1} its end?"
    return f"not YAML: {problem}" + (f" ({context})" if context else "")


class _RefusedError(yaml.MarkedYAMLError):
    """YAML that we do not take; the problem is said in our words."""


class _Loader(yaml.BaseLoader):
    """PyYAML's base loader (all scalars text) without what the docstring above refuses."""

    _depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call] # the stubs leave it out
        if isinstance(event, AliasEvent):
            problem = "aliases are not supported; write the value out, or quote a text that begins with *"
        elif isinstance(event, NodeEvent) and event.anchor is not None:
            problem = "anchors are not supported; quote a text that begins with &"
        elif getattr(event, "tag", None) not in {None, "!"}:
            problem = "tags are not supported; quote a text that begins with !"
        elif self._depth >= MAX_DEPTH:
            problem = f"nested deeper than {MAX_DEPTH} levels"
        else:
            self._depth += 1
            node = super().compose_node(parent, index)
            self._depth -= 1
            return node
        raise _RefusedError(problem=problem, problem_mark=event.start_mark)


def _convert(document: Document, node: Node, path: Path_) -> Value:
    """Turn a node into plain values, noting where each stands; at most ``MAX_DEPTH`` deep."""
    document.values[path] = _at(node)
    match node:
        case MappingNode():
            return _convert_mapping(document, node, path)
        case SequenceNode():
            return [_convert(document, item, (*path, number)) for number, item in enumerate(node.value)]
        case _:
            return _text(document, node, path)


def _convert_mapping(document: Document, node: MappingNode, path: Path_) -> dict[str, Value]:
    mapping: dict[str, Value] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode):
            document.add_at(_at(key_node), path, "a key must be text")
            continue
        key = _text(document, key_node, path)
        below = (*path, key)
        if key in mapping:
            first = document.keys[below][0]
            document.add_at(_at(key_node), below, f"this key stands twice; the first is in line {first}")
            continue
        document.keys[below] = _at(key_node)
        mapping[key] = _convert(document, value_node, below)
    return mapping


def _text(document: Document, node: Node, path: Path_) -> str:
    text = str(node.value)
    if any(_FIRST_SURROGATE <= c <= _LAST_SURROGATE for c in text):
        document.add_at(_at(node), path, "holds half a character (a lone surrogate)")
        return "?"
    return text


def _at(node: Node) -> Position:
    return node.start_mark.line + 1, node.start_mark.column + 1
