"""Says what the library's checker has to say about an expression in an operator's words.

Decides nothing; what it does not recognise it passes on, shortened. Must not know values: only sources.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from acd.settings.expressions.language import FUNCTIONS, MAX_SOURCE
from acd.settings.structure import did_you_mean
from acd.settings.yaml_marks import printable


@dataclass(frozen=True, slots=True, order=True)
class Slip:
    """A mistake in an expression; ``offset`` in characters from the source's beginning."""

    offset: int
    message: str


_WHERE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ")
_UNDECLARED = re.compile(r"undeclared reference to '(.*?)' \(in container ''\)", re.DOTALL)
_OVERLOAD = re.compile(r"found no matching overload for '(.*?)' applied to '\((.*)\)'", re.DOTALL)
_UNEXPECTED = re.compile(r"Syntax error: (?:mismatched|extraneous|no viable alternative at) input '(.*?)'", re.DOTALL)
_MISSING = re.compile(r"Syntax error: missing '(.*?)' at", re.DOTALL)
_UNKNOWN_SIGN = re.compile(r"Syntax error: token recognition error at: '(.*)'?", re.DOTALL)
_TYPES = {"string": "text", "int": "number", "bool": "boolean", "double": "fraction", "null_type": "null"}
_SAID = {
    "and": "write && for and",
    "or": "write || for or",
    "not": "write ! for not",
    "=": "write == to compare",
    "&": "write && for and",
    "|": "write || for or",
    "<EOF>": "the expression is not complete",
}
_QUOTES = "'\""


def slips(error: str, source: str, known: Collection[str]) -> list[Slip]:
    """Translate what the checker raised; ``known`` are the names that may be read."""
    if "recursion" in error:
        return [Slip(0, "is nested too deeply")]
    found: list[Slip] = []
    for line, column, message in _single(error):
        offset = _offset(source, line, column)
        syntax = message.startswith("Syntax error")
        found.append(_syntax(message, source, offset) if syntax else _meaning(message, source, offset, known))
        if syntax:
            break  # what follows is a consequence
    return sorted(set(found)) or [Slip(0, "cannot be understood")]


def _single(error: str) -> Iterator[tuple[int, int, str]]:
    marks = list(_WHERE.finditer(error))
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        message = error[mark.end() : after.start() if after else len(error)]
        yield int(mark[1]), int(mark[2]), message.partition("\n | ")[0]


def _offset(source: str, line: int, column: int) -> int:
    before = source.split("\n")[: max(line - 1, 0)]
    return max(0, min(sum(len(text) + 1 for text in before) + column - 1, len(source)))


def _syntax(message: str, source: str, offset: int) -> Slip:
    rest = source[offset:].lstrip()
    if (match := _UNEXPECTED.match(message)) is not None:
        sign = match[1]
        last_word = source[:offset].split()[-1:]
        hint = _SAID.get(sign) or (_SAID["not"] if last_word == ["not"] else None)
        return Slip(offset, hint or f"'{printable(sign, 20)}' is not expected here")
    if (match := _MISSING.match(message)) is not None:
        return Slip(offset, f"lacks a '{match[1]}'")
    if _UNKNOWN_SIGN.match(message) is not None and rest:
        if rest[0] in _QUOTES:
            wrong = "\\" in rest
            return Slip(offset, "a text without its end" + (", or an escape CEL does not know (write \\\\)" * wrong))
        return Slip(offset, _SAID.get(rest[0]) or f"'{printable(rest[0])}' is not expected here")
    return Slip(offset, "cannot be understood here")


def _meaning(message: str, source: str, offset: int, known: Collection[str]) -> Slip:
    if (match := _UNDECLARED.match(message)) is not None:
        return _unknown(match[1], source, offset, known)
    if (match := _OVERLOAD.match(message)) is not None:
        return Slip(offset, _mismatch(match[1], [_type(t) for t in match[2].split(", ")]))
    if "operand of a select" in message:
        return Slip(offset, "a dot stands only in names such as queue.NAME.length and before a function")
    if message.startswith("reserved identifier"):
        return Slip(offset, "is a word CEL keeps for itself")
    if message.startswith("invalid int literal"):
        return Slip(offset, "a number has at most 64 bits")
    return Slip(offset, printable(message, 100))


def _unknown(name: str, source: str, offset: int, known: Collection[str]) -> Slip:
    start = source.rfind(name, 0, offset + len(name) + 1)
    offset = start if start >= 0 else offset
    called = source[offset + len(name) :].lstrip().startswith("(")
    if called:
        usage = FUNCTIONS.get(name)
        if usage is not None:
            return Slip(offset, f"is used as {usage}")
        return Slip(offset, f"unknown function '{printable(name)}'{did_you_mean(name, sorted(FUNCTIONS))}")
    dashed = [k for k in known if k.startswith(f"{name}-")]
    if dashed:
        return Slip(offset, f"'{printable(name)}' is unknown; a name with - stands in backticks: {quoted(dashed[0])}")
    return Slip(offset, f"unknown name '{printable(name)}'{did_you_mean(name, sorted(known))}")


def quoted(name: str) -> str:
    """A name as it stands in an expression: parts that are no plain words in backticks."""
    return ".".join(part if part.replace("_", "a").isalnum() else f"`{part}`" for part in name.split("."))


def _type(name: str) -> str:
    if name.startswith("list("):
        return f"list of {_type(name.removeprefix('list(').removesuffix(')'))}"
    return _TYPES.get(name, "something else")


def _mismatch(function: str, given: list[str]) -> str:
    if function in FUNCTIONS:
        return f"is used as {FUNCTIONS[function]}, not with {' and '.join(given)}"
    if "fraction" in given:
        return "numbers are whole: count in the smaller unit"
    if function == "_?_:_":
        if given[0] != "boolean":
            return f"before ? stands a condition, not {given[0]}"
        return f"both values after ? are of one type, not {given[1]} and {given[2]}"
    sign = function.strip("_@") if function != "_[_]" else "[ ]"
    if len(given) == 1:
        return f"{sign} does not go with {given[0]}"
    hint = "; digits are text: quote them, or use int(...) and string(...)" if {*given} == {"text", "number"} else ""
    return f"{sign} does not go with {given[0]} and {given[1]}{hint}"


TOO_LONG = f"is longer than {MAX_SOURCE} characters"
