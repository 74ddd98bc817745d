"""Expressions at random: right, nearly right and none at all. What is true of each stands in the unit tests."""

from __future__ import annotations

from random import Random

from acd.domain.flow_values import Value, VariableType
from acd.settings.expressions.language import FUNCTIONS
from tests.unit.settings.expressions.test_fuzz import NUMBERS, PYTHON, SIGNS, TEXTS, TYPES, WORDS
from tests.unit.settings.expressions.test_fuzz import hold as hold_one

_TEXTS = {
    0: ["s", "d", "due", "calendar.`a-b`.state", *TEXTS[:6]],
    1: [
        "({t} + {t})",
        "({c} ? {t} : {t})",
        "{t}.substring({n})",
        "{t}.substring({n}, {n})",
        "{t}.trim()",
        "{t}.lowerAscii()",
        "string({n})",
        "string({c})",
    ],
}
_NUMBERS = {
    0: ["n", "queue.q.length", *NUMBERS[:5]],
    1: [
        "({n} + {n})",
        "({n} - {n})",
        "({n} * {n})",
        "({n} / {n})",
        "({n} % {n})",
        "-({n})",
        "({c} ? {n} : {n})",
        "size({t})",
        "int({t})",
        "{t}.indexOf({t})",
        "days({t}, {t})",
    ],
}
_CONDITIONS = {
    0: ["b", "true", "false"],
    1: [
        "({c} && {c})",
        "({c} || {c})",
        "!{c}",
        "({n} < {n})",
        "({n} == {n})",
        "({t} != {t})",
        "({t} <= {t})",
        "{t} in [{t}, {t}]",
        "{t}.contains({t})",
        "{t}.startsWith({t})",
        "{t}.matches('(a+)+$')",
        "{t}.matches('[')",
    ],
}
_FORMS = {"t": _TEXTS, "n": _NUMBERS, "c": _CONDITIONS}
_DEEP = ["(", "[", "!", "-", "- ", "size(", "1+", "b?b:", "{", "s.", "n+", "!!"]
_SCALARS: list[Value] = [
    *("", "0", "12", "-5", "2026-02-28", "\ud800", "x" * 2000, "x" * 20_000, "1" * 400, "😀é"),
    *(0, 1, -3, 2**63 - 1, 2**63, -(2**64), 1.5, float("inf"), float("nan"), True, False),
]


def _right(chance: Random, kind: str, depth: int) -> str:
    """An expression whose types are right."""
    form = chance.choice(_FORMS[kind][1 if depth and chance.random() < 0.8 else 0])
    made, rest = "", form
    while (at := rest.find("{")) >= 0:
        made, rest = made + rest[:at] + _right(chance, rest[at + 1], depth - 1), rest[at + 3 :]
    return made + rest


def source(chance: Random) -> str:
    """Any source."""
    match chance.randrange(6):
        case 0 | 1:
            return _right(chance, chance.choice("tnc"), chance.randrange(5))
        case 2 | 3:
            text = _right(chance, chance.choice("tnc"), chance.randrange(4))
            at = chance.randrange(len(text) + 1)
            return text[:at] + "".join(_pieces(chance, 3)) + text[at + chance.randrange(4) :]
        case 4:
            return "".join(_pieces(chance, 30))
        case _:
            return chance.choice(_DEEP) * chance.randrange(400)


def _pieces(chance: Random, most: int) -> list[str]:
    return chance.choices([*WORDS, *FUNCTIONS, *SIGNS, *NUMBERS, *TEXTS], k=chance.randrange(most))


def hold(seed: int) -> str:
    """Check an expression, and find its value among any values. Tells what became of it."""
    chance = Random(seed)
    wanted: VariableType | None = None if chance.random() < 0.6 else chance.choice([*PYTHON])
    values = {name: chance.choice(_SCALARS) for name in TYPES if chance.random() < 0.8}
    return hold_one(source(chance), wanted, values)
