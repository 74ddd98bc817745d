"""What of CEL flows may use: types, operators, functions, and how large anything may be.

Decides the subset and its bounds; the library's checker does the rest. Must not know where names come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from acd.domain.flow_values import VariableType

MAX_SOURCE: Final = 1_000
"""Characters of one expression."""
MAX_NODES: Final = 200
"""Operators, calls, names and constants of one expression."""
MAX_TEMPLATE: Final = 10_000
"""Characters of one template."""
MAX_HOLES: Final = 50
"""Expressions of one template."""
MAX_TEXT: Final = 1_000
"""Characters of a text that an expression reads or gives."""
MAX_PATTERN: Final = 100
"""Characters of a regular expression."""
MAX_REPEATS: Final = 100
"""Product of the counts ``{n}`` of a regular expression: RE2 unfolds them."""

CEL_TYPES: Final[Mapping[VariableType, cel.Type]] = {
    "text": cel.Type.STRING,
    "digits": cel.Type.STRING,
    "number": cel.Type.INT,
    "boolean": cel.Type.BOOL,
    "date": cel.Type.STRING,
    "time": cel.Type.STRING,
}
OF_CEL: Final[Mapping[str, VariableType]] = {"STRING": "text", "INT": "number", "BOOL": "boolean"}
"""A value's type by CEL's name of it."""

FUNCTIONS: Final[Mapping[str, str]] = {
    "size": "size(text)",
    "contains": "text.contains(text)",
    "startsWith": "text.startsWith(text)",
    "endsWith": "text.endsWith(text)",
    "matches": "text.matches('pattern')",
    "substring": "text.substring(from) or text.substring(from, to)",
    "indexOf": "text.indexOf(text)",
    "lowerAscii": "text.lowerAscii()",
    "upperAscii": "text.upperAscii()",
    "trim": "text.trim()",
    "int": "int(text)",
    "string": "string(number) or string(boolean)",
    "days": "days(date, date)",
}
"""How each function is used."""
OVERLOADS: Final = frozenset(
    {
        *("logical_not", "logical_and", "logical_or", "conditional", "equals", "not_equals"),
        *(
            f"{op}_{type_}"
            for op in ("less", "less_equals", "greater", "greater_equals")
            for type_ in ("int64", "string")
        ),
        *(f"{op}_int64" for op in ("add", "subtract", "multiply", "divide", "modulo", "negate")),
        *("add_string", "in_list", "size_string", "string_size"),
        *("contains_string", "starts_with_string", "ends_with_string", "matches", "matches_string"),
        *("string_to_int64", "int64_to_string", "bool_to_string", "string_to_string", "int64_to_int64"),
        *("string_substring_int", "string_substring_int_int", "string_index_of_string"),
        *("string_lower_ascii", "string_upper_ascii", "string_trim", "days_date_date"),
    }
)
"""CEL's names of what may be called. Left out on purpose: whatever can make a text many times longer (``replace``,
``format``, ``join``), values without a known type (``dyn``), the clock and everything of fractions."""
RESERVED: Final = frozenset(
    {
        *("as", "bool", "break", "bytes", "const", "continue", "double", "dyn", "else", "false", "for", "function"),
        *("if", "import", "in", "int", "let", "list", "loop", "map", "namespace", "null", "null_type", "package"),
        *("return", "string", "true", "type", "uint", "var", "void", "while"),
    }
)
"""Words that cannot be a variable's name."""
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A name that needs no backticks."""

NO_DATE: Final = "text is no date"

_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def days(start: str, end: str) -> int:
    """Days from one ISO date to another; negative when ``end`` is earlier. Raises ``ValueError`` with ``NO_DATE``."""
    try:
        return (date.fromisoformat(end) - date.fromisoformat(start)).days
    except ValueError:
        raise ValueError(NO_DATE) from None


def environment(types: Mapping[str, VariableType]) -> cel.Env:
    """Make what compiles expressions that may read these names."""
    strings = (cel.Type.STRING, cel.Type.STRING)
    overload = cel.Overload("days_date_date", return_type=cel.Type.INT, parameters=strings, impl=days)
    return cel.NewEnv(
        variables={name: CEL_TYPES[type_] for name, type_ in types.items()},
        extensions=(ext_strings.ExtStrings(),),
        functions=(cel.FunctionDecl("days", (overload,)),),
    )


def bad_pattern(pattern: str) -> str | None:
    """Say why a regular expression cannot be used, as far as its size tells."""
    if len(pattern) > MAX_PATTERN:
        return f"a pattern has at most {MAX_PATTERN} characters"
    product = 1
    for least, most in _REPEAT.findall(pattern):
        product *= max(int(least[:9]), int((most or "1")[:9]), 1)
    return f"the pattern repeats too much: the counts multiply to over {MAX_REPEATS}" if product > MAX_REPEATS else None
