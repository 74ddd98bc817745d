"""Whatever stands where an expression should: it is refused, or has a value or its one error, within bounds."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.domain.errors import ExpressionError
from acd.domain.flow_values import Expression, Template, Value, VariableType
from acd.settings.expressions import Checker, Slip, evaluate, note
from acd.settings.expressions.language import FUNCTIONS, MAX_SOURCE, MAX_TEXT
from acd.settings.yaml_marks import parse

TYPES: dict[str, VariableType] = {
    "s": "text",
    "d": "digits",
    "n": "number",
    "b": "boolean",
    "due": "date",
    "queue.q.length": "number",
    "calendar.a-b.state": "text",
}
CHECKER = Checker(TYPES)
PYTHON: dict[VariableType, type] = {
    "text": str,
    "digits": str,
    "date": str,
    "time": str,
    "number": int,
    "boolean": bool,
}

WORDS = [
    *TYPES, *FUNCTIONS, "calendar.`a-b`.state", "queue", "x", "has", "exists", "all", "map", "filter", "dyn", "type",
    "double", "timestamp", "duration", "true", "false", "null", "in", "and", "not", "package", "google.protobuf.Any",
]  # fmt: skip
SIGNS = [
    *"+-*/%!<>=&|?:.,()[]{}'\"`\\ \n\t#@$;~^",
    *("&&", "||", "==", "!=", "<=", ">=", "{{", "}}", "//", "r'", "b'"),
]
NUMBERS = ["0", "1", "2", "10", "9223372036854775807", "9223372036854775808", "1.5", "1e9", "0x1F", "1u", "1e400"]
TEXTS = [
    "''",
    "'a'",
    '"1"',
    "'12'",
    "'2026-02-28'",
    "'2026-02-30'",
    "'(a+)+$'",
    "'['",
    "'\\n'",
    "'😀é'",
    "'{{'",
    "'a{99}'",
]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Larger expressions, right in form though not always in types."""
    binary = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in"])
    method = st.sampled_from([*FUNCTIONS, "map", "exists", "replace", "format"])
    arguments = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        st.tuples(inner, binary, inner).map(" ".join),
        inner.map(lambda x: f"({x})"),
        st.tuples(st.sampled_from("!-"), inner).map("".join),
        st.tuples(inner, inner, inner).map(lambda x: f"{x[0]} ? {x[1]} : {x[2]}"),
        st.tuples(method, arguments).map(lambda x: f"{x[0]}({x[1]})"),
        st.tuples(inner, method, arguments).map(lambda x: f"{x[0]}.{x[1]}({x[2]})"),
        arguments.map(lambda x: f"[{x}]"),
        st.tuples(inner, inner).map(lambda x: f"{x[0]}[{x[1]}]"),
        st.tuples(inner, inner).map(lambda x: f"{{{x[0]}: {x[1]}}}"),
    )


def _made(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(lambda found: form.format(*found))


def _typed(depth: int) -> tuple[st.SearchStrategy[str], st.SearchStrategy[str], st.SearchStrategy[str]]:
    """Expressions whose types are right: texts, numbers and conditions."""
    text, whole, condition = (
        st.sampled_from(["s", "d", "due", "calendar.`a-b`.state", *TEXTS[:6]]),
        st.sampled_from(["n", "queue.q.length", *NUMBERS[:5]]),
        st.sampled_from(["b", "true", "false"]),
    )
    if depth == 0:
        return text, whole, condition
    t, w, c = _typed(depth - 1)
    compared = st.sampled_from(["<", "<=", "==", "!=", ">", ">="])
    return (
        st.one_of(
            text,
            _made("({} + {})", t, t),
            _made("({} ? {} : {})", c, t, t),
            _made("{}.substring({})", t, w),
            _made("{}.substring({}, {})", t, w, w),
            _made("{}.{}()", t, st.sampled_from(["lowerAscii", "upperAscii", "trim"])),
            _made("string({})", st.one_of(w, c)),
        ),
        st.one_of(
            whole,
            _made("({} {} {})", w, st.sampled_from("+-*/%"), w),
            _made("-({})", w),
            _made("({} ? {} : {})", c, w, w),
            _made("size({})", t),
            _made("int({})", t),
            _made("{}.indexOf({})", t, t),
            _made("days({}, {})", t, t),
        ),
        st.one_of(
            condition,
            _made("({} {} {})", c, st.sampled_from(["&&", "||", "==", "!="]), c),
            _made("!{}", c),
            _made("({} {} {})", w, compared, w),
            _made("({} {} {})", t, compared, t),
            _made("{} in [{}, {}]", t, t, t),
            _made("{}.{}({})", t, st.sampled_from(["contains", "startsWith", "endsWith"]), t),
            _made("{}.matches({})", t, st.sampled_from(["'^[0-9]{13}$'", "'(a+)+$'", "'(.*)(.*)(.*)x'", "'['"])),
        ),
    )


texts, whole, conditions = _typed(3)
leaves = st.sampled_from([*TYPES, "calendar.`a-b`.state", "true", *NUMBERS, *TEXTS])
grammar = st.recursive(leaves, _grown, max_leaves=25)
pieces = st.lists(st.sampled_from([*WORDS, *SIGNS, *NUMBERS, *TEXTS]), max_size=30).map("".join)
deep = st.tuples(
    st.sampled_from(["(", "[", "!", "-", "- ", "size(", "1+", "b?b:", "{", "s.", "n+", "!!"]), st.integers(1, 400)
)
garbage = st.one_of(
    pieces, st.text(max_size=40), st.text(alphabet=st.characters(), max_size=40), deep.map(lambda x: x[0] * x[1])
)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """A right source with some of it cut out or put in."""
    source, extra = draw(st.one_of(grammar, conditions)), draw(st.one_of(st.just(""), pieces))
    start = draw(st.integers(0, len(source)))
    return source[:start] + extra + source[min(len(source), start + draw(st.integers(0, 3))) :]


sources = st.one_of(texts, whole, conditions, grammar, garbage, spoilt())
scalars = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "0", "12", "-5", "2026-02-28", "\ud800", "x" * MAX_TEXT, "x" * (MAX_TEXT + 1), "1" * 400]),
    st.integers(-(2**64), 2**64),
    st.integers(-3, 3),
    st.floats(),
    st.booleans(),
)
names = st.fixed_dictionaries({}, optional=dict.fromkeys(TYPES, scalars))


def right(values: Mapping[str, Value]) -> dict[str, Value]:
    """The same values where they have the type of their name; something small elsewhere."""
    small: dict[type, Value] = {str: "12", int: 3, bool: True}
    return {
        name: values[name] if name in values and type(values[name]) is PYTHON[type_] else small[PYTHON[type_]]
        for name, type_ in TYPES.items()
    }


def hold_slips(found: list[Slip], source: str) -> None:
    assert found
    for slip in found:
        assert 0 <= slip.offset <= max(len(source), MAX_SOURCE)
        assert slip.message
        assert slip.message.isprintable(), slip.message


def value_or_error(expression: Expression, values: Mapping[str, Value]) -> Value | None:
    try:
        return evaluate(expression, values.__getitem__)
    except ExpressionError:
        return None


def hold(source: str, wanted: VariableType | None, values: Mapping[str, Value]) -> str:
    """What is to be true of any source and values. Tells what became of it, so that a run can say what it saw."""
    found = CHECKER.expression(source, wanted)
    if not isinstance(found, Expression):
        hold_slips(found, source)
        return "refused"
    given_as_it_is = value_or_error(found, values)
    given_right = value_or_error(found, right(values))
    assert given_right == value_or_error(found, right(values))
    for value in (given_as_it_is, given_right):
        if value is not None:
            assert type(value) is PYTHON[found.type]
            assert not isinstance(value, str) or len(value) <= MAX_TEXT
            assert not isinstance(value, int) or -(2**63) <= value < 2**63
    return "no value" if given_right is None else "value"


@settings(max_examples=300, deadline=None)
@given(sources, st.sampled_from([None, *PYTHON]), names)
def test_any_source_is_an_expression_with_a_value_or_an_error_or_it_is_refused(
    source: str, wanted: VariableType | None, values: dict[str, Value]
) -> None:
    hold(source, wanted, values)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.one_of(sources.map(lambda s: f"{{{{{s}}}}}"), sources, st.text(max_size=5)), max_size=6).map("".join)
)
def test_any_template_is_taken_or_refused_at_a_place_within_it(source: str) -> None:
    found = CHECKER.template(source)
    if isinstance(found, Template):
        assert all(isinstance(part, Expression | str) for part in found.parts)
    else:
        hold_slips(found, source)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.integers(0, 80), st.sampled_from(["", "'", '"', "|", ">", "|\n  ", ">-\n  "]))
def test_the_place_of_a_mistake_is_found_or_not_but_never_fails(source: str, offset: int, style: str) -> None:
    document = parse(f"when: {style}{source}".encode("utf-8", "replace"), "f.yaml")
    before = len(document.mistakes)
    note(document, ("when",), source, [Slip(min(offset, len(source)), "wrong")])
    (mistake,) = document.mistakes[before:]
    assert mistake.line >= 1
    assert mistake.column >= 1
