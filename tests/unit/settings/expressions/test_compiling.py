"""Expressions and templates checked when files are loaded."""

from __future__ import annotations

import pytest

from acd.domain.flow_values import Expression, Reads, Template, VariableType
from acd.settings.expressions import Checker, Slip
from acd.settings.expressions.language import MAX_HOLES, MAX_SOURCE, MAX_TEMPLATE, OVERLOADS

TYPES: dict[str, VariableType] = {
    "nib": "digits",
    "stage": "text",
    "count": "number",
    "ok": "boolean",
    "due": "date",
    "at": "time",
    "caller.number": "text",
    "queue.q_lkpm.length": "number",
    "calendar.kantor-pusat.state": "text",
}


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(TYPES)


def slips(found: object) -> list[tuple[int, str]]:
    assert isinstance(found, list), found
    return [(slip.offset, slip.message) for slip in found]


def test_a_checked_expression_knows_its_type_and_exactly_what_it_reads(checker: Checker) -> None:
    source = "queue.q_lkpm.length > 5 && nib != '' || caller.number.startsWith('+62')"
    assert checker.expression(source, "boolean") == Expression(
        source,
        "boolean",
        (Reads("caller.number", "text"), Reads("nib", "digits"), Reads("queue.q_lkpm.length", "number")),
    )


@pytest.mark.parametrize(
    ("source", "type_"),
    [
        ("count + 1", "number"),
        ("-count * 2 / 3 % 4 - 1", "number"),
        ("nib + '-' + stage", "text"),
        ("ok ? nib : 'none'", "text"),
        ("!ok && count <= 3 || count >= 7 || stage < 'b'", "boolean"),
        ("nib in ['1', '2', stage]", "boolean"),
        ("count in [1, 2]", "boolean"),
        ("stage in []", "boolean"),
        ("size(nib) == 13 && nib.size() == 13", "boolean"),
        ("nib.matches('^[0-9]{13}$') && matches(nib, '.')", "boolean"),
        ("stage.contains('a') && stage.startsWith('b') && stage.endsWith('c')", "boolean"),
        ("stage.trim().lowerAscii() + stage.upperAscii()", "text"),
        ("nib.substring(0, 3) + nib.substring(3)", "text"),
        ("stage.indexOf('x')", "number"),
        ("int(nib) + 1", "number"),
        ("string(count) + string(ok)", "text"),
        ("days('2026-01-01', due)", "number"),
        ("calendar.`kantor-pusat`.state == 'open'", "boolean"),
        ("0x1F + 1", "number"),
        ("r'a\\d' == stage // a comment", "boolean"),
    ],
)
def test_the_documented_language_is_taken(checker: Checker, source: str, type_: VariableType) -> None:
    found = checker.expression(source)
    assert isinstance(found, Expression), found
    assert found.type == type_


DIGITS_ARE_TEXT = "; digits are text: quote them, or use int(...) and string(...)"
DOTS = "a dot stands only in names such as queue.NAME.length and before a function"
WHOLE = "numbers are whole: count in the smaller unit"


@pytest.mark.parametrize(
    ("source", "offset", "message"),
    [
        ("nib > 5", 4, f"> does not go with text and number{DIGITS_ARE_TEXT}"),
        ("ok && nib", 3, "&& does not go with boolean and text"),
        ("-nib", 0, "- does not go with text"),
        ("nib in stage", 4, "in does not go with text and text"),
        ("nib[0]", 3, f"[ ] does not go with text and number{DIGITS_ARE_TEXT}"),
        ("ok ? 1 : nib", 3, "both values after ? are of one type, not number and text"),
        ("count ? 1 : 2", 6, "before ? stands a condition, not number"),
        ("ok && countt > 1", 6, "unknown name 'countt'; did you mean 'count'?"),
        ("1 < queue.q_lkpm.lenght", 4, "unknown name 'queue.q_lkpm.lenght'; did you mean 'queue.q_lkpm.length'?"),
        ("caller == ''", 0, "unknown name 'caller'; did you mean 'caller.number'?"),
        ("nib.number", 3, DOTS),
        ("foo(nib)", 0, "unknown function 'foo'"),
        ("nib.sizee() > 1", 4, "unknown function 'sizee'; did you mean 'size'?"),
        ("size(nib, 3) > 1", 0, "is used as size(text)"),
        ("size(count)", 4, "is used as size(text), not with number"),
        ("nib.indexOf(1)", 11, "is used as text.indexOf(text), not with text and number"),
        ("1 +", 3, "the expression is not complete"),
        ("", 0, "the expression is not complete"),
        ("nib.substring(1", 15, "lacks a ')'"),
        ("ok and ok", 3, "write && for and"),
        ("ok or ok", 3, "write || for or"),
        ("not ok", 4, "write ! for not"),
        ("count = 1", 6, "write == to compare"),
        ("ok & ok", 3, "write && for and"),
        ("ok @ ok", 3, "'@' is not expected here"),
        ("ok ok", 3, "'ok' is not expected here"),
        ("nib == '1", 7, "a text without its end"),
        ("nib == '\\d'", 7, "a text without its end, or an escape CEL does not know (write \\\\)"),
        ("package == 1", 0, "is a word CEL keeps for itself"),
        ("count > 99999999999999999999", 8, "a number has at most 64 bits"),
        ("nib\n  > 5", 6, f"> does not go with text and number{DIGITS_ARE_TEXT}"),
        ("stage == 'é😀' && countt > 1", 17, "unknown name 'countt'; did you mean 'count'?"),
        ("count == 1.0", 6, WHOLE),
        ("1.5", 0, WHOLE),
        ("null", 0, "this kind of value is not supported here"),
        ("b'x'", 0, "this kind of value is not supported here"),
        ("[1, 2]", 0, "a list stands only after `in`"),
        ("count in [1, 'a']", 9, "a list holds values of one type, at least one"),
        ("has(nib.a)", 3, DOTS),
        ("nib.replace('1', nib)", 11, "this function or operator is not supported here"),
        ("timestamp(due)", 9, "this function or operator is not supported here"),
        ("[1].exists(x, x > count)", 10, "loops over lists are not supported"),
        ("{'a': 1}", 0, "structures cannot be written here"),
        ("nib.matches(stage)", 12, "a pattern is written out, as text in quotes"),
        ("nib.matches('[')", 12, "is no regular expression (RE2)"),
        ("nib.matches('(a{11}){11}')", 12, "the pattern repeats too much: the counts multiply to over 100"),
        (f"nib.matches('{'a' * 101}')", 12, "a pattern has at most 100 characters"),
        ("1 / 0", 0, "divides by zero"),
        ("9223372036854775807 + 1", 0, "a number grows over 64 bits"),
        ("int('x')", 0, "text is no number"),
        ("days('2026-02-30', '2026-03-01')", 0, "text is no date"),
        ("\ud800", 0, "holds half a character (a lone surrogate)"),
        ("(" * 60 + "1" + ")" * 60, 0, "is nested too deeply"),
        (" + ".join(["1"] * 60), 0, "is nested too deeply"),
        (" && ".join(["ok"] * 110), 0, "has more than 200 parts"),
        ("x" * (MAX_SOURCE + 1), MAX_SOURCE, f"is longer than {MAX_SOURCE} characters"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(checker: Checker, source: str, offset: int, message: str) -> None:
    assert (offset, message) in slips(checker.expression(source))


def test_a_name_with_a_dash_is_shown_in_backticks(checker: Checker) -> None:
    first = slips(checker.expression("calendar.kantor-pusat.state == 'open'"))[0]
    hint = "a name with - stands in backticks: calendar.`kantor-pusat`.state"
    assert first == (0, f"'calendar.kantor' is unknown; {hint}")


def test_every_unknown_name_of_an_expression_is_told(checker: Checker) -> None:
    found = slips(checker.expression("foo == 1 && bar == 2"))
    assert [offset for offset, _ in found] == [0, 12]


@pytest.mark.parametrize(
    ("source", "wanted", "message"),
    [
        ("count", "boolean", "is a number; wanted is a condition"),
        ("ok", "text", "is a condition; wanted is text"),
        ("nib", "number", "is text; wanted is a number"),
        ("count", "date", "is a number; wanted is a date"),
        ("'12a'", "digits", "its value is no digits"),
        ("'2026-02-30'", "date", "its value is no date"),
        ("'24:00'", "time", "its value is no time"),
    ],
)
def test_the_value_must_be_what_is_wanted(checker: Checker, source: str, wanted: VariableType, message: str) -> None:
    assert slips(checker.expression(source, wanted)) == [(0, message)]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("stage", "digits"),
        ("stage", "date"),
        ("at", "time"),
        ("'2026-02-28'", "date"),
        ("'23:59'", "time"),
        ("''", "date"),
    ],
)
def test_text_may_become_digits_a_date_or_a_time(checker: Checker, source: str, wanted: VariableType) -> None:
    found = checker.expression(source, wanted)
    assert isinstance(found, Expression)
    assert found.type == wanted


def test_nothing_that_multiplies_text_or_hides_a_type_is_on_the_white_list() -> None:
    refused = ("replace", "format", "join", "dyn", "split", "reverse", "double", "timestamp", "duration", "list", "map")
    assert not [name for name in OVERLOADS - {"in_list"} for word in refused if word in name]


# --- templates


def test_a_template_holds_its_texts_and_its_expressions_in_order(checker: Checker) -> None:
    found = checker.template('{"nib": {"no": "{{ nib }}"}, "n": {{count + 1}}}')
    assert found == Template(
        (
            '{"nib": {"no": "',
            Expression(" nib ", "text", (Reads("nib", "digits"),)),
            '"}, "n": ',
            Expression("count + 1", "number", (Reads("count", "number"),)),
            "}",
        )
    )


@pytest.mark.parametrize("source", ["", "plain", "}} and }", '{"a":{"b":1}}', "{ {"])
def test_text_without_an_expression_is_a_template_as_it_is(checker: Checker, source: str) -> None:
    assert checker.template(source) == Template((source,) if source else ())


@pytest.mark.parametrize("source", ["{{ '}}' }}", '{{ "}}" }}', "{{ 'it\\'s }}' }}"])
def test_braces_within_quotes_end_no_expression(checker: Checker, source: str) -> None:
    assert checker.template(source) == Template((Expression(source[2:-2], "text"),))


def test_mistakes_of_a_template_stand_where_they_are_in_the_whole(checker: Checker) -> None:
    source = "a {{ nibb }} b {{ 1 + }} c {{ nib"
    assert slips(checker.template(source)) == [
        (5, "unknown name 'nibb'; did you mean 'nib'?"),
        (22, "the expression is not complete"),
        (27, "lacks its closing }}"),
    ]


def test_templates_have_a_largest_size(checker: Checker) -> None:
    assert slips(checker.template("x" * (MAX_TEMPLATE + 1))) == [
        (MAX_TEMPLATE, f"is longer than {MAX_TEMPLATE} characters")
    ]
    assert slips(checker.template("{{nib}}" * (MAX_HOLES + 1))) == [(0, f"has more than {MAX_HOLES} expressions")]


def test_a_slip_is_ordered_by_its_place() -> None:
    assert sorted([Slip(2, "a"), Slip(1, "b")]) == [Slip(1, "b"), Slip(2, "a")]
