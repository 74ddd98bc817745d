"""Checks expressions and templates when files are loaded: names, types, the language's subset, and size.

Decides whether an operator's text may become part of a plan. Must not know the YAML it stands in; mistakes carry an
offset within the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from cel_expr_python import cel

from acd.domain.errors import ExpressionError
from acd.domain.flow_values import Expression, Reads, Template, Value, VariableType
from acd.settings.expressions import language, tree
from acd.settings.expressions.evaluating import evaluate, ready
from acd.settings.expressions.wording import TOO_LONG, Slip, slips

_TEXTS = ("text", "digits", "date", "time")
_MATCHING = frozenset({"matches", "matches_string"})
_WRONG_KIND = {
    "struct": "structures cannot be written here",
    "loop": "loops over lists are not supported",
    "part": "a dot stands only in names such as queue.NAME.length and before a function",
}


class Checker:
    """Checks what may read the names of ``types``: dotted names and variables, each with its type."""

    def __init__(self, types: Mapping[str, VariableType]) -> None:
        self._types = types

    @cached_property
    def _environment(self) -> cel.Env:
        return language.environment(self._types)

    def expression(self, source: str, wanted: VariableType | None = None) -> Expression | list[Slip]:
        """Check an expression whose value shall be ``wanted``, or may be of any type; else give the mistakes.

        Whether text is made of digits alone, or is a date, is seen when it is evaluated; of constants at once.
        """
        if len(source) > language.MAX_SOURCE:
            return [Slip(language.MAX_SOURCE, TOO_LONG)]
        if (odd := next((n for n, char in enumerate(source) if "\ud800" <= char <= "\udfff"), None)) is not None:
            return [Slip(odd, "holds half a character (a lone surrogate)")]
        try:
            checked = self._environment.compile(source)
        except Exception as error:  # noqa: BLE001 - pybind11 maps the library's errors to several of Python's
            return slips(str(error), source, self._types)
        nodes = tree.read(checked.serialize())
        if found := sorted(set(_outside(nodes))):
            return found
        type_ = language.OF_CEL.get(checked.return_type().name())
        if type_ is None:
            return [Slip(0, "its value is no text, number or boolean")]
        if wanted is not None and type_ != wanted and not (type_ == "text" and wanted in _TEXTS):
            return [Slip(0, f"is {_a(type_)}; wanted is {_a(wanted)}")]
        names = sorted({node.name for node in nodes.values() if node.name})
        reads = tuple(Reads(name, self._types[name]) for name in names)
        expression = Expression(source, wanted or type_, reads)
        return expression if reads else _constant(expression)

    def made(self, source: str, wanted: VariableType | None = None) -> Expression:
        """An expression without mistakes, see ``expression``; compiled, so that no call waits for that."""
        found = self.expression(source, wanted)
        if isinstance(found, Expression):
            return ready(found)
        raise TypeError(f"{source!r} was not checked: {found[0].message}")

    def made_template(self, source: str) -> Template:
        """A template without mistakes; see ``template``."""
        found = self.template(source)
        if isinstance(found, Template):
            return Template(tuple(ready(part) if isinstance(part, Expression) else part for part in found.parts))
        raise TypeError(f"{source!r} was not checked: {found[0].message}")

    def template(self, source: str) -> Template | list[Slip]:
        """Check text with ``{{ expression }}`` in it; else give the mistakes."""
        if len(source) > language.MAX_TEMPLATE:
            return [Slip(language.MAX_TEMPLATE, f"is longer than {language.MAX_TEMPLATE} characters")]
        parts: list[str | Expression] = []
        found: list[Slip] = []
        for start, text, hole in _split(source):
            if not hole:
                parts.append(text)
                continue
            checked = Slip(0, "lacks its closing }}") if hole == "open" else self.expression(text)
            match checked:
                case Expression():
                    parts.append(checked)
                case Slip():
                    found.append(Slip(start, checked.message))
                case _:
                    found += [Slip(start + slip.offset, slip.message) for slip in checked]
        if sum(isinstance(part, Expression) for part in parts) > language.MAX_HOLES:
            found.append(Slip(0, f"has more than {language.MAX_HOLES} expressions"))
        return found or Template(tuple(parts))


def _a(type_: VariableType) -> str:
    return {"number": "a number", "boolean": "a condition", "date": "a date", "time": "a time"}.get(type_, type_)


def _outside(nodes: Mapping[int, tree.Node]) -> Iterator[Slip]:
    """What CEL allows and flows do not."""
    lists = {node.children[1] for node in nodes.values() if "in_list" in node.overloads}
    if len(nodes) > language.MAX_NODES:
        yield Slip(0, f"has more than {language.MAX_NODES} parts")
    for node in nodes.values():
        if node.kind in _WRONG_KIND:
            yield Slip(node.offset, _WRONG_KIND[node.kind])
        elif node.type == "fraction":
            yield Slip(node.offset, "numbers are whole: count in the smaller unit")
        elif node.kind == "list" and node.id not in lists:
            yield Slip(node.offset, "a list stands only after `in`")
        elif node.kind == "call" and not language.OVERLOADS.issuperset(node.overloads):
            yield Slip(node.offset, "this function or operator is not supported here")
        elif node.kind == "list" and node.type.removeprefix("list of ") not in language.OF_CEL.values():
            yield Slip(node.offset, "a list holds values of one type, at least one")
        elif node.kind != "list" and node.type not in language.OF_CEL.values():
            yield Slip(node.offset, "this kind of value is not supported here")
        elif _MATCHING.intersection(node.overloads):
            yield from _pattern(nodes[node.children[1]])


def _pattern(node: tree.Node) -> Iterator[Slip]:
    if node.text is None:
        yield Slip(node.offset, "a pattern is written out, as text in quotes")
    elif (why := language.bad_pattern(node.text)) is not None:
        yield Slip(node.offset, why)
    else:
        try:
            evaluate(
                Expression("''.matches(pattern)", "boolean", (Reads("pattern", "text"),)), lambda _: str(node.text)
            )
        except ExpressionError:
            yield Slip(node.offset, "is no regular expression (RE2)")


def _constant(expression: Expression) -> Expression | list[Slip]:
    """An expression that reads nothing has its value already; one without is a mistake."""
    try:
        evaluate(expression, _nothing)
    except ExpressionError as error:
        return [Slip(0, str(error))]
    return expression


def _nothing(name: str) -> Value:
    raise KeyError(name)


def _split(source: str) -> Iterator[tuple[int, str, str]]:
    """Cut a template into texts ('') and expressions ('hole', or 'open' when the end is missing), with their offsets.

    Quotes are understood, so that ``{{ '}}' }}`` is one expression.
    """
    at = 0
    while at < len(source):
        opening = source.find("{{", at)
        if opening < 0:
            yield at, source[at:], ""
            return
        if opening > at:
            yield at, source[at:opening], ""
        closing = _closing(source, opening + 2)
        if closing is None:
            yield opening, "", "open"
            return
        yield opening + 2, source[opening + 2 : closing], "hole"
        at = closing + 2


def _closing(source: str, at: int) -> int | None:
    quote = ""
    while at < len(source):
        char = source[at]
        if quote and char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif source.startswith("}}", at):
            return at
        at += 1
    return None
