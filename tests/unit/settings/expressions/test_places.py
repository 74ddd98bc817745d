"""Mistakes within expressions, told by line and column of the file."""

from __future__ import annotations

import pytest

from acd.settings.expressions import Checker, note
from acd.settings.yaml_marks import Document, parse


def noted(text: str) -> Document:
    document = parse(text.encode(), "f.yaml")
    assert isinstance(document.value, dict)
    source = document.value["when"]
    assert isinstance(source, str)
    slips = Checker({"nib": "digits"}).template(source)
    assert isinstance(slips, list)
    note(document, ("when",), source, slips)
    return document


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("when: a {{ nibb }}\n", [(1, 12)]),
        ("a: b\nwhen:   'a {{ nibb }}'\n", [(2, 15)]),
        ('when: "a \'{{ nibb }}"\n', [(1, 14)]),
        ("when: 'it''s {{ nibb }}'\n", [(1, 17)]),
        ('when: "a \\"b\\" {{ nibb }}"\n', [(1, 19)]),
        ("when: |\n  a {{ nib }}\n  b {{ nibb }}\n", [(3, 8)]),
        ("when: |-\n    a {{ nibb }}\n      b {{ 1 + }}\n", [(2, 10), (3, 16)]),
        ("when: >\n  a {{ nibb }}\n", [(2, 8)]),
        ("\ufeffwhen: a {{ nibb }}\n", [(1, 12)]),
    ],
)
def test_a_mistake_stands_where_it_is_in_the_file(text: str, places: list[tuple[int, int]]) -> None:
    document = noted(text)
    assert [(mistake.line, mistake.column) for mistake in document.mistakes] == places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('when: "\\u0061 {{ nibb }}"\n', "unknown name 'nibb'; did you mean 'nib'? (at character 6)"),
        ("when: a\n  b {{ nibb }}\n", "unknown name 'nibb'; did you mean 'nib'? (at character 8)"),
        ("when: >\n  a\n  b {{ nibb }}\n", "unknown name 'nibb'; did you mean 'nib'? (at character 8)"),
    ],
)
def test_where_the_file_says_it_otherwise_the_place_is_told_in_words(text: str, message: str) -> None:
    (mistake,) = noted(text).mistakes
    assert (mistake.line, mistake.column, mistake.message) == (1, 7, message)
