"""Spoils YAML files in the ways that people and programs do: the same seed gives the same file."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import yaml

from tests.fuzz.small import FILES

_TOKEN = re.compile(r"[A-Za-z0-9_.:/+$'*-]+|[^\sA-Za-z0-9]")
TOKENS = sorted({token for text in FILES.values() for token in _TOKEN.findall(text)})
ODD = [
    "", " ", "\t", "\n", "\r", "\0", "\x7f", "\ufeff", "\u2028", "😀", "é", "\ud800", "0", "-1", "1e9",
    "9" * 30, "99999999s", "0s", "~", "null", "true", "no", "08:00", "2026-02-30", "[]", "{}", "{", "}", "[",
    "]", ":", "- ", "? ", "&a", "*a", "!t", "|", ">", "%", "@", "`", "'", '"', "#", ",", "\\", "\\U00110000",
    '"\\ud800"', "---", "...", "<<", "{{", "}}", "{{ x }}", "{{ 1/0 }}", "$.a[?(@", "(a+)+$", "[a-",
    "../../etc/passwd", "a" * 300, "[" * 40, "{a: " * 35, "http://169.254.1.1/", "q_umum", "id", "kind", "next",
]  # fmt: skip
"""What files should not hold, or not there."""


def spoilt(chance: Random, text: str) -> bytes:
    """The text with one to four things wrong, or nothing of it."""
    if chance.random() < 0.03:
        return chance.randbytes(chance.randrange(200))
    if chance.random() < 0.1:
        return dumped(chance, made(chance)).encode("utf-8", "surrogatepass")
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        text = chance.choice(_WAYS)(chance, text)
    raw = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.03:
        at = chance.randrange(len(raw) + 1)
        raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at:]
    return raw


def _piece(chance: Random, text: str) -> str:
    """Cut out some characters, put in something odd."""
    at, length = chance.randrange(len(text) + 1), chance.choice((0, 0, 1, 1, 3, 20))
    return text[:at] + chance.choice(ODD) + text[at + length :]


def _token(chance: Random, text: str) -> str:
    """Put one word in the place of another."""
    found = list(_TOKEN.finditer(text))
    if not found:
        return text
    at: re.Match[str] = chance.choice(found)
    word: str = chance.choice(TOKENS if chance.random() < 0.7 else ODD)
    return text[: at.start()] + word + text[at.end() :]


def _line(chance: Random, text: str) -> str:
    """Lose a line, say it twice, put it elsewhere, indent it differently."""
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            lines.insert(chance.randrange(len(lines)), lines.pop(at))
        case 3:
            lines[at] = " " * chance.randrange(8) + lines[at].lstrip()
        case _:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
    return "\n".join(lines)


def _structure(chance: Random, text: str) -> str:
    """Put one part of the structure in the place of another, or anything at all."""
    try:
        root = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings only
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
    holders: list[dict[str, Any] | list[Any]] = []
    parts: list[Any] = []
    _gather(root, holders, parts)
    if not holders:
        return text
    holder = chance.choice(holders)
    new = chance.choice(parts) if chance.random() < 0.6 else made(chance)
    if isinstance(holder, list):
        holder.insert(chance.randrange(len(holder) + 1), new)
    else:
        key = chance.choice([*holder, chance.choice(TOKENS)])
        if chance.random() < 0.3:
            holder.pop(key, None)
        else:
            holder[key] = new
    try:
        return dumped(chance, root)
    except RecursionError:  # a part put into itself
        return text


def _gather(value: Any, holders: list[dict[str, Any] | list[Any]], parts: list[Any]) -> None:
    parts.append(value)
    if isinstance(value, dict | list) and value:
        holders.append(value)
        for below in value.values() if isinstance(value, dict) else value:
            _gather(below, holders, parts)


_WAYS = (_piece, _piece, _token, _token, _token, _line, _line, _structure, _structure)


def made(chance: Random, depth: int = 0) -> Any:
    """Any structure of words."""
    kind = chance.random()
    if depth > 3 or kind < 0.6:
        return chance.choice(TOKENS if chance.random() < 0.8 else ODD)
    size = chance.randrange(4)
    if kind < 0.75:
        return [made(chance, depth + 1) for _ in range(size)]
    return {str(chance.choice(TOKENS)): made(chance, depth + 1) for _ in range(size)}


def dumped(chance: Random, value: Any) -> str:
    """Write a structure as YAML: on many lines, or on one."""
    text: str = yaml.dump(value, default_flow_style=chance.random() < 0.3, allow_unicode=True, sort_keys=False)
    return text
